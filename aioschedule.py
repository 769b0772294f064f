# aioschedule: starts aioctl tasks at a time or an interval and restarts those that fail
# MIT license; Copyright (c) 2026 the aioschedule authors

import heapq
import time

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

import aioctl

__version__ = "0.1.0"

# name -> entry. An entry is a plain dict that always holds
#   start_in  seconds after _AIOCTL_SCHEDULE_T0 of the first run; -1 once it has run
#   repeat    seconds, a crontab string, or False
#   due       (ms, name, phase), the very object that waits in a heap; () when no run is left
#   wall      1 where these ms are on the wall clock, 0 where they are on the monotonic clock
#   times     runs left, at most 0 when there is no limit
#   jitter    ms
#   until     [ms, wall], or None
# and, once there is something to tell: first (a crontab rule's start), last, last_dt, runs,
# missed and errors.
_AIOCTL_SCHEDULE_GROUP = {}
# What waits, soonest first, on the monotonic and on the wall clock. An item that is no longer
# its entry's `due` is stale: it is dropped when it surfaces, or when such items are too many.
_heaps = [], []
# name -> [restarts, checks to wait after a failure, checks left, last error]
_fails = {}
_log = None
# The monotonic clock: ms since the start of schedule_loop, and the tick at its last reading
_ms = 0
_tick = None
# The wall-clock second at which it stood at 0, as the loop saw it last
_t0 = 0
# The loop's task, and the asyncio queue in which it sleeps
_task = None
_queue = None


################################################################################
# The two clocks


def _month(n):
    # Days before the month n, in months since March of the year 0
    y, n = divmod(n, 12)
    return y * 365 + y // 4 - y // 100 + y // 400 + (n * 153 + 2) // 5


def _civil(t, epoch=_month(time.gmtime(0)[0] * 12 - 2) + 1):  # noqa: B008
    # ms from the port's epoch to what a clock on the wall shows; time.gmtime() is the inverse
    y, m, d, h, mi, s = t[:6]
    return (((_month(y * 12 + m - 3) + d - epoch) * 24 + h) * 60 + mi) * 60000 + s * 1000


def _now(wall=0):
    # ms on the wall clock, or on the monotonic clock, which stands at 0 until the loop starts:
    # seconds are real seconds there, whatever is done to the RTC, and ticks_ms may wrap
    global _ms, _tick
    if wall:
        # A board's time() has whole seconds; its time_ns() has more, where the two agree
        s = time.time()
        ms = time.time_ns() // 1000000
        if ms // 1000 != int(s):
            ms = int(s * 1000)
        # What localtime() adds is whole quarters of an hour; its seconds may be of another
        # moment. localtime(s) would not, but ends in 2038 on many boards.
        return ms + (_civil(time.localtime()) - ms + 450000) // 900000 * 900000
    if _tick is not None:
        t = time.ticks_ms()
        # Less than 0 when nobody has looked for more than half a period
        _ms += max(0, time.ticks_diff(t, _tick))
        _tick = t
    return _ms


def __getattr__(name):
    # The wall-clock second at which the loop started, right whenever the RTC is
    if name == "_AIOCTL_SCHEDULE_T0":
        return int(time.time()) - _now() // 1000
    raise AttributeError(name)


################################################################################
# Crontab strings


def _cron(s, ms):
    # The first match at `ms` on the wall clock or later, in ms
    s = s.lower()
    i = "@hourly 0 * * * * @daily 0 0 * * * @weekly 0 0 * * 0 @monthly 0 0 1 * * @yearly 0 0 1 1 *"
    if s[:1] == "@" and s + " " in i:
        s = i[i.find(s) + len(s) + 1 :][:9]
    fields = s.split()
    if len(fields) != 5:
        raise ValueError("not 5 fields")
    sets = []
    for field, lo, hi, names in (
        ("minute", 0, 59, ""),
        ("hour", 0, 23, ""),
        ("day", 1, 31, ""),
        ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
        ("weekday", 0, 7, "sun mon tue wed thu fri sat"),
    ):
        names = names.split()
        match = set()
        try:
            for s in fields[len(sets)].split(","):
                s, slash, step = s.partition("/")
                if s == "*":
                    a, b = lo, hi
                else:
                    s = [int(v) if v.isdigit() else names.index(v) + lo for v in s.split("-")]
                    a = b = s[0]
                    if s[1:]:
                        a, b = s
                        # "fri-sun"
                        if a and hi == 7:
                            b = b or hi
                    elif slash:
                        # Sunday is the first day of the week here
                        b = hi - (hi == 7)
                if not lo <= a <= b <= hi or slash and not step.isdigit():
                    raise ValueError
                match.update(range(a, b + 1, int(step) if slash else 1))
        except Exception:
            raise ValueError("bad " + field)
        sets.append(match)
    minutes, hours, days, months, weekdays = sets
    # As Vixie cron has it, either day will do when neither field begins with a star
    both = "*" in (fields[2][0], fields[4][0])
    # gmtime() of many boards ends in 2038: the fields of `ms` by arithmetic, and n is the month
    mi = -((_civil((0, 3, 0, 0, 0, 0)) - ms) // 60000)
    d, h = divmod(mi // 60, 24)
    mi %= 60
    n = d * 4800 // 146097 - 1
    while _month(n + 1) < d:
        n += 1
    d -= _month(n)
    # 29 February meets every weekday within 40 years, whatever century ends between
    for n in range(n, n + 490):
        if (n + 2) % 12 + 1 in months:
            y = _month(n)
            for d in range(d, _month(n + 1) - y + 1):
                w = (y + d + 2) % 7
                if (d in days) + (w in weekdays or w + 7 in weekdays) > both:
                    for h in range(h, 24):
                        if h in hours:
                            for mi in range(mi, 60):
                                if mi in minutes:
                                    return _civil((0, n + 3, d, h, mi, 0))
                        mi = 0
                h = mi = 0
        d = 1
        h = mi = 0
    raise ValueError("never")


################################################################################
# Scheduling


def _sec(s, least=0):
    # Seconds as whole ms, the fraction apart: a float may have no more than 24 bits
    if not isinstance(s, (int, float)):
        raise TypeError(type(s))
    if 0 <= s < 1e10:
        ms = int(s) * 1000 + round(s % 1 * 1000)
        if ms >= least:
            return ms
    raise ValueError("out of range")


def _next(e, at, ms):
    # The first phase of a repeating entry after `ms`; None for a one-shot. No drift: phases count
    # from each other and not from now. Missed runs coalesce: all that are past are left out.
    r = e["repeat"]
    if isinstance(r, str):
        f = e.get("first")
        return _cron(r, max(ms + 1, f[0] - _now(f[1]) + _now(1) if f else 0))
    if r:
        # Checked again: somebody may have changed it in group()
        r = _sec(r, 1)
        return at + ((ms - at) // r + 1) * r


def _entry(name, o):
    # The entry that the options of a task make, its `due` still a phase; changes nothing else
    if isinstance(o.get("due"), tuple):
        # aioctl.start() gives back the very entry that aioctl.stop() took out of group()
        return o
    e = {
        "start_in": None,
        "repeat": False,
        "due": None,
        "wall": 0,
        "times": 0,
        "jitter": 0,
        "until": None,
    }
    start = o.get("start_in")
    k, v = "name", name
    try:
        if not isinstance(name, str):
            raise TypeError(type(name))
        for k, v in o.items():
            if k == "start_in" or k == "until":
                # [ms, wall]
                if isinstance(v, (tuple, list)):
                    ms = _civil(v)
                    # A time that exists comes back as it was
                    if time.gmtime(ms // 1000)[:6] != tuple(v[:6]):
                        raise ValueError("out of range")
                    v = [ms, 1]
                else:
                    v = [_now() + _sec(v), 0]
            elif k == "jitter":
                v = _sec(v)
            elif k == "times":
                if not isinstance(v, int) or v < 1:
                    raise ValueError("out of range")
            elif k != "repeat":
                raise TypeError("unknown")
            e[k] = v
        k, v = "repeat", e["repeat"]
        if v is True:
            e[k] = v = start
        now = _now()
        at, w = e["start_in"] or (now, 0)
        if isinstance(v, str):
            if start is not None:
                e["first"] = e["start_in"]
            w = 1
            at = _next(e, 0, _now(1))
        elif v is not False or start is None:
            # Neither a start nor a period: out of range too
            ms = _sec(v or 0, 1)
            if start is None:
                at += ms
    except Exception as err:
        raise type(err)("%s=%r: %s" % (k, v, err))
    e["start_in"] = -1
    e["wall"] = w
    e["due"] = at
    return e


def _live(item):
    # The entry for which an item of a heap waits; False where the item is stale
    e = _AIOCTL_SCHEDULE_GROUP.get(item[1])
    return isinstance(e, dict) and e.get("due") is item and e


def _push(name, e, at):
    # Lets an entry wait for its phase `at`; None, or one after `until`, is its end
    w = e["wall"]
    u = e["until"]
    q = _heaps[w]
    e["due"] = ()
    if at is not None:
        # -1 is for what has run
        if "last" not in e:
            e["start_in"] = max(0, at - _now(w) + _now()) // 1000
        if not u or u[1] != w or at <= u[0]:
            ms = at
            if e["jitter"]:
                import random

                ms += int(random.random() * e["jitter"])
                if u and u[1] == w:
                    ms = min(ms, u[0])
            e["due"] = (ms, name, at)
            heapq.heappush(q, e["due"])
    if len(q) > 2 * len(_AIOCTL_SCHEDULE_GROUP) + 8:
        q[:] = list(filter(_live, q))
        heapq.heapify(q)


def _install(name, e):
    global _task
    core = asyncio.core
    # Also to a program that starts anew in the same session
    new = name not in _AIOCTL_SCHEDULE_GROUP or _queue is not core._task_queue
    _AIOCTL_SCHEDULE_GROUP[name] = e
    at = e["due"]
    if not isinstance(at, tuple):
        _push(name, e, at)
        # Not one line early: what aioctl.add() has started is held back until it is due
        t = aioctl.group().tasks.get(name)
        t = new and t and t.task
        if t and not t.done() and t is not core.cur_task:
            if t.data is None and core.ticks_diff(t.ph_key, core.ticks()) <= 0:
                # Before its first step: a cancel would take down who gathers it
                t.coro.close()
            else:
                aioctl.stop(name, stop_sch=False)
    elif at:
        _push(name, e, at[2])
    # Brings the sleeping loop forward to now, as Task.cancel() does. One that has ended or is
    # being cancelled has `data`, which push() would lose.
    q = core._task_queue
    t = _task
    if _queue is q and t and not t.data and t is not core.cur_task:
        q.remove(t)
        q.push(t)
        _task = None


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
    _install(name, _entry(name, options))


def unschedule(name):
    """Forgets the schedule of a task. Returns False, and prints why, where there is none."""
    g = _AIOCTL_SCHEDULE_GROUP
    if name in g:
        del g[name]
        return True
    print("Task", name, "not found in", list(g))
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

        async def held(args, kwargs, new):
            t = aioctl.group().tasks.get(name)
            if new and name in _AIOCTL_SCHEDULE_GROUP and t and t.task is asyncio.core.cur_task:
                t.coro = f
            else:
                return await f(*args, **kwargs)

        def gate(*args, **kwargs):
            # aioctl.add() starts what it adds: that start, of a task that was not there before,
            # ends at once; one that comes from aioctl.start() goes to f
            t = aioctl.group().tasks.get(name)
            new = not t or t.task is asyncio.core.cur_task
            return held(args, kwargs, new)

        return gate, name

    return wrap


def group():
    """The schedule, a dict of name -> entry."""
    return _AIOCTL_SCHEDULE_GROUP


def set_group(d):
    """Makes the dict `d` the schedule: name -> options, as schedule() takes and refuses them."""
    global _AIOCTL_SCHEDULE_GROUP
    names = list(d)
    entries = list(map(_entry, names, d.values()))
    d.clear()
    _AIOCTL_SCHEDULE_GROUP = d
    for e in entries:
        _install(names.pop(0), e)


def set_log(log):
    """Sets the logger of the loops, whatever has an error(str); with None they print."""
    global _log
    _log = log


def reset(group=True, log=False):
    """Forgets the schedule, the logger, or both."""
    if group:
        set_group({})
    if log:
        set_log(None)


################################################################################
# The loops


def _say(name, s):
    # There is often nobody to see a traceback, and sometimes no room for one
    try:
        getattr(_log, "error", print)("[%s] %s" % (name, s))
    except Exception:
        pass


def _run(item, now):
    # Starts the task of an item that is due, and lets its entry wait for the next phase
    e = _live(item)
    if not e:
        return
    name = item[1]
    u = e["until"]
    f = e.get("first")
    at = k = None
    # What is due at the very end may be late by a pass
    if not u or _now(u[1]) - u[0] < 100:
        try:
            at = _next(e, item[2], now)
            if f and _now(f[1]) < f[0]:
                # The clock was set, and the start in seconds is yet to come
                pass
            elif aioctl.group().tasks[name].task.done():
                e["start_in"] = -1
                e["last"] = s = time.time()
                # Without an argument it is coarse on the unix port; with one it ends in 2038
                e["last_dt"] = time.localtime(s) if s < 2e9 else time.localtime()
                e.pop("first", 0)
                aioctl.start(name)
                k = "runs"
                e["times"] -= 1
                if not e["times"]:
                    at = None
            else:
                k = "missed"
                _say(name, "missed: still running")
        except Exception as err:
            k = "errors"
            _say(name, repr(err))
    if k:
        e[k] = e.get(k, 0) + 1
    _push(name, e, at)


def idle_ms():
    """The ms until the next due run: 0 when one is overdue, None when nothing is scheduled."""
    ms = None
    for w in (0, 1):
        q = _heaps[w]
        while q and not _live(q[0]):
            heapq.heappop(q)
        if q:
            left = max(0, q[0][0] - _now(w))
            ms = left if ms is None else min(ms, left)
    return ms


def _pass():
    # Starts what is due, and returns the ms to sleep: until the next run, not at a fixed rate
    global _t0
    # asyncio cannot sleep for half a period of ticks_ms (2**29 ms on a board), and the monotonic
    # clock must be read at least that often
    nap = 1 << 28
    q = _heaps[1]
    if q:
        # The wall clock was set when it is no longer as far from the monotonic one
        t0 = __getattr__("_AIOCTL_SCHEDULE_T0")
        if not -2 < t0 - _t0 < 2:
            _t0 = t0
            for item in q[:]:
                e = _live(item)
                if e:
                    at = item[2]
                    if "last" in e or isinstance(e["repeat"], str):
                        # Set back, what comes again is due again, but for the last run; also
                        # at the second that has just begun, when it is not the loop that begins
                        ms = _next(e, at, _now(1) - (_now() and 100))
                        if ms and "last" in e:
                            n = _next(e, at, ms)
                            if ms <= _civil(e["last_dt"]) + 999 < n:
                                ms = n
                        if ms and ms < at:
                            at = ms
                    _push(item[1], e, at)
        # A step is noticed within a second, and the next second as it begins
        nap = 1000 - _now(1) % 1000
    ms = None
    for w in (0, 1):
        q = _heaps[w]
        # The wall clock is not looked at for nothing: that costs 400 bytes of heap
        now = q and _now(w)
        while q and q[0][0] <= now:
            _run(heapq.heappop(q), now)
            ms = 0
    # What was started comes first, then the look at what is next
    if ms is None:
        ms = idle_ms()
    return nap if ms is None else min(ms, nap)


async def schedule_loop(alog=None):
    """The scheduler, for aioctl.add(). alog: as for set_log()."""
    global _task, _queue, _tick
    set_log(alog or _log)
    if _tick is None:
        _tick = time.ticks_ms()
    # One pass first, in which the tasks that are held back come to their end
    ms = 0
    while True:
        _task = asyncio.core.cur_task
        _queue = asyncio.core._task_queue
        await asyncio.sleep_ms(ms)
        if not _task:
            # Woken by schedule(): as at the start, tasks that are held back end first
            await asyncio.sleep_ms(0)
        try:
            ms = _pass()
        except Exception as err:
            # An entry that somebody took apart at the prompt, or no memory left
            _say("schedule_loop", repr(err))
            ms = 1000


async def watcher_loop(alog=None, sleep=30):
    """Restarts failed tasks, unless their kwargs hold restart=False; for aioctl.add().

    alog: as for set_log(). sleep: seconds from one check to the next. A task that fails again
    waits for twice as many checks, up to an hour, until it has been well for as long.
    """
    set_log(alog or _log)
    while True:
        await asyncio.sleep(sleep)
        results = aioctl.result_all(as_dict=True)
        for name, t in list(aioctl.group().tasks.items()):
            err = results.get(name)
            w = _fails.get(name) or [0, 0, 0, 0]
            try:
                if (
                    t.task.done()
                    and isinstance(err, Exception)
                    and not t.cancelled
                    and t.kwargs.get("restart", True)
                ):
                    _fails[name] = w
                    # Checks left: > 0 until a restart, < 0 until it was a good one
                    if w[2] < 1:
                        w[1] = w[2] = min(w[1] * 2 or 1, 3600 / sleep)
                    w[2] -= 1
                    if w[2] < 1:
                        w[0] += 1
                        w[2] = -w[1]
                        w[3] = err
                        _say(name, "restart after " + repr(err))
                        aioctl.start(name)
                elif w[2] < 0:
                    w[2] += 1
                else:
                    w[1] = 0
            except Exception as err:
                _say(name, repr(err))


################################################################################
# Status


def _left(e):
    # ms to the next run, or () when none is left
    d = e["due"]
    return d and max(0, d[0] - _now(e["wall"]))


def _span(ms):
    # How long that is, and what the clock on the wall will show then, to the nearest second
    try:
        at = aioctl.get_datetime(time.gmtime((_now(1) + ms + 500) // 1000))
    except OverflowError:
        # After 2038, which many boards cannot tell
        at = "?"
    return aioctl.tmdelta_fmt((abs(ms) + 500) // 1000), at


def status_sc(name=None, debug=False):
    """Prints what aioctl.status() shows of a schedule; without a name, status_sc_all()."""
    if name is None:
        return status_sc_all()
    e = _AIOCTL_SCHEDULE_GROUP.get(name)
    k = "    ┗━► "
    if e:
        s = "last @ %s --> " % aioctl.get_datetime(e["last_dt"]) if "last" in e else ""
        left = _left(e)
        if left == ():
            s += "done"
        else:
            s += ("next" if s else "starts") + " in %s @ %s" % _span(left)
        print(k + "schedule:", s)
        if debug:
            print(k + "schedule opts:", e)
    w = _fails.get(name)
    if w:
        print(k + "restarts:", w[0], repr(w[3]))


def status_sc_all():
    """Prints a table of all that is scheduled, soonest first."""
    f = "%-12s%-10s%-12s%-10s%4s%7s%9s %s"
    print(f % tuple("NEXT LEFT LAST AGO RUNS MISSED RESTARTS TASK".split()))
    rows = []
    for name, e in _AIOCTL_SCHEDULE_GROUP.items():
        try:
            left = _left(e)
        except Exception:
            # No entry: somebody wrote into group() at the prompt
            continue
        row = (left == (), left)
        for ms in left, int(e["last"] - time.time()) * 1000 if "last" in e else ():
            if ms == ():
                row += ("-", "-")
            else:
                s, at = _span(ms)
                row += (at[5:16], s.split(",")[0])
        row += (e.get("runs", 0), e.get("missed", 0), _fails.get(name, (0,))[0], name)
        rows.append(row)
    for row in sorted(rows):
        print(f % row[2:])


################################################################################
# State


def _seal(s):
    import binascii

    return "[%d, %s]" % (binascii.crc32(s), s)


def save(path="schedule.json"):
    """Writes the schedule to a file, all of it or none. Raises OSError."""
    import json
    import os

    with open(path + "~", "w") as f:
        f.write(_seal(json.dumps((int(time.time()), _now(), _AIOCTL_SCHEDULE_GROUP))))
    os.rename(path + "~", path)


def load(path="schedule.json"):
    """Adds the schedule of a file that save() wrote. Returns the names that have no task.

    Where the RTC was kept, the time that has passed counts; where it was not, seconds go on
    from where they stood. Raises OSError without a file, and ValueError with its path where it
    is damaged; nothing is changed then.
    """
    import json

    global _t0
    with open(path) as f:
        try:
            s = f.read()
            body = s[s.find(" ") + 1 : -1]
            if s != _seal(body):
                raise ValueError
            t, ms, new = json.loads(body)
        except ValueError:
            raise ValueError("damaged: " + path)
    ms = _now() - ms - max(0, int(time.time()) - t) * 1000
    # Entries on the wall clock look at it anew
    _t0 = 0
    for name, e in new.items():
        for u in e["until"], e.get("first"):
            if u and not u[1]:
                u[0] += ms
        at = e["due"]
        e["due"] = at[2] + (0 if e["wall"] else ms) if at else None
        _install(name, e)
    return [name for name in new if name not in aioctl.group().tasks]
