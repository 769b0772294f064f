# aioschedule: starts aioctl tasks at a time or an interval and restarts those that fail
# MIT license; Copyright (c) 2026 the aioschedule authors

import heapq
import random
import time

try:
    import asyncio
except Exception:
    # That name only, on older firmware
    import uasyncio as asyncio

import aioctl

# name -> entry. An entry is a plain dict that always holds
#   start_in  seconds after _AIOCTL_SCHEDULE_T0 of the first run; -1 once it has run
#   repeat    seconds, a crontab string, or False
#   times     runs left, at most 0 when there is no limit
#   until     [ms, wall], or 0
#   jitter    ms
#   at        its phase: the ms at which it is due, but for jitter
#   due       the ms at which it is due; None when no run is left
#   wall      0 where these ms are on the monotonic clock, 1 where they are on the wall clock; -1
#             until a time tuple, the start, has come
# and, once there is something to tell: last, last_dt, runs and missed.
_AIOCTL_SCHEDULE_GROUP = {}
# What waits, (due, name), soonest first, on the monotonic and on the wall clock. An item that is
# not what its entry waits for is stale: it is dropped when it surfaces, or when such items are too
# many.
_heaps = [], []
# name -> (restarts, last error, checks to wait after it, checks to go: 1 is the one that restarts)
_fails = {}
_log = None
# The monotonic clock: ms since the start of schedule_loop; _now() has the tick at its last reading
_ms = 0
# The wall-clock second at which it stood at 0, as the loop saw it last
_t0 = time.time()
# The loop's task while it sleeps, and the asyncio queue in which it does
_task = None
_task_queue = None


################################################################################
# The two clocks


def _month(index):
    # Days before the month y * 12 + m - 1, since March of the year 0, and two more: a Sunday is a
    # multiple of 7
    index -= 2
    # A year has a quarter of a day more than 365, a century three quarters less than that
    return index // 12 * 1461 // 4 + index // 1200 * -3 // 4 + (index % 12 * 153 + 12) // 5


def _civil(t):
    # A time tuple as the ms since then
    y, m, d, h, mi, s, *_ = t
    return ((((_month(y * 12 + m - 1) + d) * 24 + h) * 60 + mi) * 60 + s) * 1000


def _date(ms):
    # The inverse of it; time.gmtime() of many boards ends in 2038
    s = ms // 1000
    d = s // 86400
    n = d * 16 // 487 + 4
    while _month(n) >= d:
        n -= 1
    return n // 12, n % 12 + 1, d - _month(n), s // 3600 % 24, s // 60 % 60, s % 60


def _now(wall=0):
    # ms on the wall clock, or on the monotonic clock, which stands at 0 until the loop starts:
    # seconds are real seconds there, whatever is done to the RTC, and ticks_ms may wrap
    global _ms, _tick
    if wall:
        # What localtime() adds to the port's epoch is whole quarters of an hour; its seconds may
        # be of another moment. localtime(seconds) would not, but ends in 2038 on many boards.
        ms = _civil(time.localtime()) + 450000
        return ms - (ms - time.time_ns() // 1000000) % 900000
    t = time.ticks_ms()
    if _task_queue:
        # Less than 0 when nobody has looked for more than half a period
        _ms += max(0, time.ticks_diff(t, _tick))
    _tick = t
    return _ms


def __getattr__(name):
    # The wall-clock second at which the loop started, right whenever the RTC is
    if "T0" in name:
        return int(time.time()) - _now() // 1000
    raise AttributeError(name)


################################################################################
# Crontab strings


def _fields(t):
    # The values of each field that match; whether either of the two for days begins with a star.
    # `words`: a field's name and those of its values; how the rules begin that macros stand for.
    words = (
        "minute hour day month,jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec "
        "weekday,sun,mon,tue,wed,thu,fri,sat "
        "0 00 00**0 001 0011 @hourly @daily @weekly @monthly @yearly"
    ).split()
    t = t.lower()
    rule = t.split()
    names = "not 5 fields"
    fields = []
    try:
        if len(rule) != 5:
            rule = words[words.index(t) - 5] + "*" * 4
        for s, names, lo, hi in zip(rule, words, b"\0\0\1\1\0", b";\x17\x1f\x0c\7"):
            found = []
            for t in s.split(","):
                v, *n = t.split("/")
                a = lo
                b = hi
                if v != "*":
                    # One value, or two
                    for v in v.split("-", 1):
                        a = b
                        # A field's own name is less than lo
                        b = int(v) if v.isdigit() else names.split(",").index(v) + lo - 1
                    if "-" not in t:
                        a = b
                        if n:
                            b = hi
                # "fri-sun"
                if a and hi == 7:
                    b = b or hi
                # What is wrong is False, which no list takes
                found += (
                    lo <= a <= b <= hi
                    and (not n or n[0].isdigit())
                    and range(a, b + 1, *map(int, n))
                )
            found.sort()
            fields += (found,)
    except MemoryError:
        raise
    except Exception:
        raise ValueError("bad %s %s" % (names.split(",")[0], t))
    # The weekdays: 7 is Sunday, too
    found[-1] %= 7
    return fields, "*" in rule[2][0] + s[0]


def _cron(t, ms):
    # The first match of a rule after `ms` on the wall clock, in ms
    (minutes, hours, days, months, weekdays), star = _fields(t)
    ms //= 60000
    # 29 February meets every weekday within 40 years, whatever century ends between
    for n in range(500):
        # From two or three months ago: what is past is left out below
        n += ms // 43830
        if n % 12 + 1 in months:
            a = _month(n)
            # From today on; where both day fields must match, not before the first day that can
            for d in range(max(ms // 1440, a + days[0] ** star), _month(n + 1) + 1):
                # As Vixie cron has it, either will do when neither begins with a star
                if (d - a in days) + (d % 7 in weekdays) > star:
                    for h in hours:
                        h += d * 24
                        # Not each minute of the hours that are past
                        if h * 60 + 60 > ms:
                            for v in minutes:
                                v += h * 60
                                if v > ms:
                                    return v * 60000
    raise ValueError("never")


################################################################################
# Scheduling


def _sec(t, ms):
    # Seconds as whole ms, not less than `ms`; the fraction apart: a float may have 24 bits only
    if t < (1 << 30) - 1 and ms <= t * 1000:
        return int(t) * 1000 + round(t % 1 * 1000)
    raise ValueError("out of range")


def _next(e, ms):
    # The first phase of a repeating entry after `ms`; None for a one-shot. No drift: phases count
    # from each other and not from now. Missed runs coalesce: all that are past are left out.
    r = e["repeat"]
    if r is False:
        return None
    if isinstance(r, str):
        return _cron(r, ms)
    # Checked again: somebody may have changed it in group()
    r = _sec(r, 1)
    return ms + r - (ms - int(e["at"])) % r


def _entry(name, d, ms):
    # The entry that the options of a task make; changes nothing else. `ms`: how far its monotonic
    # clock is ahead of the one of an entry of before
    e = {"start_in": 0, "repeat": False, "times": 0, "until": 0, "jitter": 0}
    k = "name"
    v = name
    try:
        # TypeError where it is no str
        k + name
        d = dict(d)
        if len(d) > 7:
            # An entry of before: from load(), or aioctl.start() gives back what aioctl.stop()
            # took out of group(). The original due time holds, except where the RTC was set back
            # meanwhile, by a minute or more.
            at = d["at"]
            if at is not None:
                if not d["wall"]:
                    d["at"] += ms
                    d["due"] += ms
                elif d["wall"] > 0 and d["repeat"] and _next(d, _now(1) + 60000) < at:
                    d["at"] = _next(d, _now(1))
                    d["due"] = None
            u = d["until"]
            if u and not u[1]:
                u[0] += ms
            if "last" in d:
                # JSON knows no tuples
                d["last_dt"] = tuple(d["last_dt"])
            return d
        for k, v in d.items():
            if k not in e:
                raise TypeError("unknown")
            if k == "jitter":
                v = _sec(v, 0)
            elif k == "times":
                # An int, and at least 1
                _sec(v | 0, 1)
            elif k != "repeat":
                if isinstance(v, tuple):
                    ms = _civil(v)
                    # A time that exists comes back as it was
                    if ms >> 47 or _date(ms) != v[:6]:
                        raise ValueError("out of range")
                    v = [ms, -1]
                else:
                    v = [_now() + _sec(v, 0), 0]
            e[k] = v
        k = "repeat"
        v = e[k]
        if v is True:
            e[k] = d.get("start_in")
        rule = isinstance(v, str)
        start = e["start_in"]
        at, wall = start or (_now(rule), rule)
        e["at"] = at
        e["wall"] = wall
        # Checked, whether it is used or not
        at = _next(e, max(at - 1, _now(wall)))
        if not start or rule and wall:
            if not at:
                raise ValueError("no start_in")
            e["at"] = at
    except Exception as err:
        raise err.__class__("%s=%r: %s" % (k, v, err))
    return e


def _live(run):
    # The entry that an item of a heap is for; False where the item is stale
    e = _AIOCTL_SCHEDULE_GROUP.get(run[1])
    return isinstance(e, dict) and e.get("due") == run[0] and e


def _push(name, e, at):
    # Lets an entry wait for a phase; None, or one after `until`, is its end
    w = e["wall"]
    u = e["until"]
    q = _heaps[w]
    j = e["jitter"]
    due = None
    if at is not None:
        # -1 is for what has run
        if "last" not in e:
            e["start_in"] = max(0, at - _now(w) + _now()) // 1000
        if u and (not u[1]) == (not w):
            j = min(j, u[0] - at)
        if j < 0:
            at = None
        else:
            # For the same phase the jitter stays what it was. Without jitter `due` is the very
            # `at`: of a long int each copy takes heap.
            due = at == e["at"] and e.get("due") or j and at + int(random.random() * j) or at
            heapq.heappush(q, (due, name))
    e["at"] = at
    e["due"] = due
    if len(q) > 2 * len(_AIOCTL_SCHEDULE_GROUP):
        q[:] = sorted(set(filter(_live, q)))


def schedule(name, **options):
    """Schedules a task of aioctl.group() by its name, or reschedules it.

    name: str; the task need not be there yet
    start_in: the first run, in seconds (int or float, >= 0; from the start of schedule_loop, or
        from now when it runs), or at a time tuple as time.localtime() gives it (6 or more
        fields, on the wall clock). Without it: after one `repeat`
    repeat: period in seconds (int or float, > 0, rounded to ms), True for `start_in` seconds,
        False for none, or a crontab string (local time): "minute hour day month weekday" or
        @hourly, @daily, @weekly, @monthly, @yearly
    times: finish after that many runs (int > 0)
    until: nothing starts after it (seconds or a time tuple, as `start_in`)
    jitter: each run is up to that many seconds (>= 0) later, at random

    Raises TypeError or ValueError that name the option and its value; nothing is changed then.
    """
    set_group({name: options}, 0)


def unschedule(name):
    """Forgets the schedule of a task. Returns False, and prints why, where there is none."""
    if _AIOCTL_SCHEDULE_GROUP.pop(name, None):
        return True
    print("Task", name, "not found in", list(_AIOCTL_SCHEDULE_GROUP))
    return False


def schedule_task(**options):
    """Decorator above @aioctl.aiotask: schedules the task under its function's name.

    Options and errors are those of schedule(). TypeError when it stands below @aioctl.aiotask.
    """

    def wrap(task):
        if not isinstance(task, tuple):
            raise TypeError("@schedule_task goes above @aiotask")
        f, name = task
        schedule(name, **options)

        async def run(task, args, kwargs):
            t = aioctl.group().tasks.get(name)
            now = asyncio.core.cur_task
            if t and t.task is now:
                t.coro = f
                if (not task or task is now) and name in _AIOCTL_SCHEDULE_GROUP:
                    return None
            return await f(*args, **kwargs)

        # aioctl.add() starts what it adds: that start, of a task that was not there before, or
        # from within the asyncio task itself, ends at once; one that comes from aioctl.start()
        # goes to f
        def start(*args, **kwargs):
            t = aioctl.group().tasks.get(name)
            return run(t and t.task, args, kwargs)

        return start, name

    return wrap


def group():
    """The schedule, a dict of name -> entry."""
    return _AIOCTL_SCHEDULE_GROUP


def set_group(d, ms=False):
    """Makes the dict `d` the schedule: name -> options, as schedule() takes and refuses them."""
    # schedule() and load() add to what there is, and say how many ms too early the entries are
    global _AIOCTL_SCHEDULE_GROUP, _task
    new = {}
    for name in d:
        new[name] = _entry(name, d[name], ms)
    old = _AIOCTL_SCHEDULE_GROUP
    if ms is False:
        _AIOCTL_SCHEDULE_GROUP = d
    core = asyncio.core
    q = _task_queue
    for name in new:
        # Its task, where it is new: also to a program that starts anew in the same session
        t = not (q is core._task_queue and name in old) and aioctl.group().tasks.get(name)
        _AIOCTL_SCHEDULE_GROUP[name] = e = new[name]
        _push(name, e, e["at"])
        if t and not getattr(t, "entered", False):
            # Not one line early: what aioctl.add() has started ends before its first step. It is
            # ready now and awaits nothing, if aioctl does not tell; a cancel would take down who
            # gathers it.
            t = t.task
            if (
                not t.done()
                and not t.data
                and core.ticks_diff(t.ph_key, core.ticks()) <= 0
                and t is not getattr(core, "cur_task", None)
            ):
                t.coro.close()
    # Brings the sleeping loop forward to now, as Task.cancel() does. One that has ended or is
    # being cancelled has `data`, which push() would lose.
    t = _task
    if t and not t.data:
        q.remove(t)
        q.push(t)
        _task = None


def set_log(log):
    """Sets the logger of the loops, whatever has an error(str); with None they print."""
    global _log
    _log = log


def reset(group=True, log=False):
    """Forgets the schedule, the logger, or both."""
    global _log
    if group:
        set_group({})
    if log:
        _log = None


################################################################################
# The loops


def _say(name, error, e):
    # There is often nobody to see a traceback, and sometimes no room for one, nor for *args
    try:
        getattr(_log, "error", print)("[%s] %s: %r" % (name, error, e))
    except Exception:
        pass


def _run(name, e, ms):
    # Starts the task of an entry that is due; returns its next phase
    u = e["until"]
    at = None
    # What is due at the very end may be late by a pass
    if not u or _now(u[1]) - u[0] < 100:
        k = "missed"
        try:
            if not e["wall"] and isinstance(e["repeat"], str):
                # A start in seconds has come: from here on the rule says when
                at = _next(e, _now(1) - ms + e["at"] - 1)
                e["wall"] = 1
                return at
            at = _next(e, ms)
            if not aioctl.group().tasks[name].task.done():
                raise RuntimeError("still running")
            # Takes its memory before the start, which is not to be repeated for want of it
            e["runs"] = e.get("runs", 0)
            aioctl.start(name)
            k = "runs"
            e["start_in"] = -1
            e["times"] -= 1
            if not e["times"]:
                at = None
            e["last"] = t = time.time()
            # By itself localtime() may be of the second before, on the unix port; with the seconds
            # it ends in 2038, on boards
            e["last_dt"] = time.localtime(t) if t < 1 << 31 else time.localtime()
        except MemoryError:
            if k == "missed":
                raise
        except Exception as err:
            _say(name, k, err)
        # A time tuple, the start, has come: -1 becomes 1
        e["wall"] &= 1
        e[k] = e.get(k, 0) + 1
    return at


def idle_ms(run=None, ms=None):
    """The ms until the next due run: 0 when one is overdue, None when nothing is scheduled."""
    # The loop passes what is to be done with a run that is due, and the most ms to sleep
    w = 0
    for q in _heaps:
        # The wall clock is not looked at for nothing: that costs 400 bytes of heap
        if q or not w:
            now = _now(w)
        while q:
            at, name = q[0]
            at -= now
            e = _live(q[0])
            if e and (at > 0 or not run):
                if ms is None or at < ms:
                    ms = max(0, at)
                break
            item = heapq.heappop(q)
            if e:
                try:
                    _push(name, e, run(name, e, now))
                except MemoryError as err:
                    # It is tried again in a second, and keeps no other waiting. Where there is no
                    # room for that either, it stays as it was.
                    e["due"] = item[0]
                    heapq.heappush(q, item)
                    _say(name, "missed", err)
                    at = now + 1000
                    heapq.heappush(q, (at, name))
                    e["due"] = at
                # What was started comes first, then the look at what is next, on either clock
                ms = 0
        w = 1
    return ms


async def schedule_loop(alog=None):
    """The scheduler, for aioctl.add(). alog: as for set_log()."""
    global _log, _task, _task_queue, _t0
    _log = alog or _log
    # From here on the monotonic clock goes
    _now()
    core = asyncio.core
    _task_queue = core._task_queue
    # One pass first, in which the tasks that are held back come to their end
    ms = 0
    while True:
        try:
            _task = core.cur_task
            await asyncio.sleep_ms(ms)
            if not _task:
                # Woken by schedule(): as at the start, tasks that are held back end first
                await asyncio.sleep_ms(0)
            _task = None
            q = _heaps[1]
            t = _t0
            # No step is noticed that was before anything waited
            _t0 = q and (__getattr__("T0") or 1) or 0
            if t and (_t0 - t) ** 2 >= 3600:
                # Wall-clock times follow the wall clock. The RTC was set forward: what was jumped
                # over is overdue, and runs once. Set back by a minute or more: what comes again is
                # due again, also what this second began with.
                now = _now(1) - min(_now(), 1000)
                for item in q[:]:
                    e = _live(item)
                    if e:
                        at = e["at"]
                        try:
                            if e["wall"] > 0:
                                at = min(at, _next(e, now))
                            _push(item[1], e, at)
                        except Exception as err:
                            _say(item[1], "error", err)
            # It sleeps until the next run, not at a fixed rate; while an entry waits for the wall
            # clock, a step of the RTC is noticed within a second. For half a period of ticks_ms
            # (2**29 ms on a board) asyncio can't sleep, nor may the monotonic clock be left alone.
            # On time: what has passed since it looked at the clock makes no run late.
            ms = idle_ms(_run, 1000 if q else 1 << 26)
            if ms:
                ms += _ms - _now()
        except Exception as err:
            # It does not die of an entry taken apart at the prompt, or where no memory is left
            _say("schedule_loop", "error", err)
            ms = 1000


async def watcher_loop(alog=None, sleep=30):
    """Restarts failed tasks, unless their kwargs hold restart=False; for aioctl.add().

    alog: as for set_log(). sleep: seconds (> 0) from one check to the next. A task that fails
    again waits for twice as many checks, up to an hour, until it has been well for as long.
    Raises TypeError or ValueError where `sleep` is no such number.
    """
    global _log, _fails
    _log = alog or _log
    ms = _sec(sleep, 1)
    todo = None
    while True:
        if not todo:
            await asyncio.sleep_ms(ms)
        # Whatever fails here, also where no memory is left, the others come next
        try:
            if not todo:
                name = "watcher_loop"
                results = aioctl.result_all(True)
                todo = list(aioctl.group().tasks)
                fails = _fails
                # Without what was deleted meanwhile
                _fails = {}
            while todo:
                name = todo.pop()
                t = aioctl.group().tasks[name]
                err = results.get(name)
                c, last, wait, go = fails.get(name, [0] * 4)
                go -= 1
                if (
                    isinstance(err, Exception)
                    and t.task.done()
                    and not t.cancelled
                    and t.kwargs.get("restart", True)
                ):
                    last = err
                    if go < 1:
                        # It has failed anew. The watcher does not make it worse: it waits for
                        # twice as many checks, up to an hour, unless it was well for as long.
                        wait *= 2
                        go = wait = -go < wait and min(wait, 3600 // sleep) or 1
                    c += go == 1
                else:
                    err = None
                _fails[name] = c, last, wait, go
                if err and go == 1:
                    _say(name, "restart", err)
                    aioctl.start(name)
        except Exception as err:
            _say(name, "restart", err)


################################################################################
# Status


def status_sc(name=None, debug=False):
    """Prints what aioctl.status() shows of a schedule; without a name a table of all, soonest
    first, as status_sc_all() does."""
    # That word is here anyway, as a name
    k = "    ┗━► " + "schedule"
    rows = []
    for n in [name] if name else _AIOCTL_SCHEDULE_GROUP:
        fails = _fails.get(n, [0])
        try:
            e = _AIOCTL_SCHEDULE_GROUP[n]
            s = k + ":"
            word = "starts"
            at = left = last = ago = "-"
            if "last" in e:
                word = aioctl.get_datetime(e["last_dt"])
                s += " last @ %s -->" % word
                last = word[5:16]
                ago = aioctl.tmdelta_fmt(time.time() - e["last"])
                word = "next"
            due = e["due"]
            ms = 1e30
            text = "done"
            if due is not None:
                # To the nearest second, and what the clock on the wall will show then
                ms = max(0, due - _now(e["wall"]))
                left = aioctl.tmdelta_fmt((ms + 500) // 1000)
                at = aioctl.get_datetime(_date(_now(1) + ms))
                text = word + " in %s @ %s" % (left, at)
                at = at[5:16]
            if name:
                print(s, text)
                if debug:
                    print(k, "opts:", e)
            c = e.get("runs", 0), e.get("missed", 0)
            rows += ((ms, at, left, last, ago) + c + (fails[0], n),)
        except Exception:
            # No entry: somebody wrote into group() at the prompt
            pass
    if name:
        if fails[0]:
            print(k, "restart", fails)
    else:
        # The first column is what they are sorted by, and takes no place
        for s in [tuple("- NEXT LEFT LAST AGO RUNS MISSED RESTARTS TASK".split())] + sorted(rows):
            print("%.0s%-12s%-10.8s%-12s%-10.8s%4s%7s%9s %s" % s)


status_sc_all = status_sc


################################################################################
# State


def save(path="schedule.json"):
    """Writes the schedule to a file, all of it or none. Raises OSError."""
    import json
    import os

    # State on flash is never half: the old one stays until the new one is whole
    s = json.dumps((_now(1), _now(), _AIOCTL_SCHEDULE_GROUP)) + "\n"
    new = path + "-"
    with open(new, "w") as f:
        # Twice: where it is damaged the lines differ
        f.write(s)
        f.write(s)
    os.rename(new, path)


def load(path="schedule.json"):
    """Adds the schedule of a file that save() wrote. Returns the names that have no task.

    Where the RTC was kept, the time that has passed counts; where it was not, seconds go on
    from where they stood. Raises OSError without a file, and ValueError with its path where it
    is damaged; nothing is changed then.
    """
    import json

    try:
        f = open(path)
    except Exception:
        # The new one may be all there is: on FAT, rename() removes the old file first
        f = open(path + "-")
    with f:
        try:
            s, same = f
            t, ms, new = s == same and json.loads(s)
            # A clock that is behind the file was set back
            set_group(new, _now() - ms - max(0, _now(1) - t))
        except MemoryError:
            raise
        except Exception:
            raise ValueError("damaged: " + path)
    return sorted(set(new) - set(aioctl.group().tasks))
