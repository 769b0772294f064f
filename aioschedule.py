# aioschedule: starts aioctl tasks at a time or an interval and restarts those that fail
# MIT license; Copyright (c) 2026 the aioschedule authors

import binascii
import heapq
import json
import os
import random
import time

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
from micropython import const

import aioctl

__version__ = "0.1.0"

# The longest sleep in ms: asyncio cannot wait for half a period of ticks_ms (2**29 ms on a
# board) or more, and the monotonic clock below must be read at least that often.
_NAP = const(1 << 28)

# name -> entry. An entry is a plain dict that always holds
#   start_in  seconds after _AIOCTL_SCHEDULE_T0 of the first run; -1 once it has run
#   repeat    seconds, False, or a crontab string
#   due       (ms, name), the very object that waits in a heap; () when no run is left
#   phase     ms at which the next run is due, before jitter moves it
#   wall      1 where due and phase are on the wall clock, 0 on the monotonic clock
#   times     runs left, or None
#   until     [ms, wall] after which nothing runs, or None
#   jitter    ms
# and, once there is something to tell: first (not before this phase), last, last_dt, runs,
# missed and errors.
_AIOCTL_SCHEDULE_GROUP = {}
# What waits, soonest first: on the monotonic clock, and on the wall clock. An item that is no
# longer its entry's `due` is stale: it is dropped when it surfaces.
_heaps = ([], [])
# name -> [restarts, checks to wait after a failure, checks left of it, last error]
_fails = {}
_log = None
# The monotonic clock: ms since the start of schedule_loop, at the tick of the last reading
_ms = 0
_tick = None
# The wall-clock second at which the clock above stood at 0, as the loop saw it last
_t0 = 0
# The loop's task, and the asyncio queue in which it sleeps
_task = None
_queue = None


################################################################################
# The two clocks


def _days(y, m, d):
    # Days in the Gregorian calendar; a month 13 is January
    if m < 3:
        y -= 1
        m += 12
    return y * 365 + y // 4 - y // 100 + y // 400 + (153 * m - 457) // 5 + d


def _civil(t):
    # ms from the epoch to what a clock on the wall shows; time.gmtime() is the inverse
    return (((_days(*t[:3]) - _epoch) * 24 + t[3]) * 60 + t[4]) * 60000 + t[5] * 1000


_epoch = _days(*time.gmtime(0)[:3])


def _now(wall=0):
    # ms on the monotonic clock, which stands at 0 until the loop starts, or the wall clock
    global _ms, _tick
    if wall:
        t = time.time()
        # A board's time() has whole seconds; its time_ns() has more, where the two agree
        n = time.time_ns() // 1000000
        if n // 1000 != int(t):
            n = int(t * 1000)
        return _civil(time.localtime(n // 1000)) + n % 1000
    if _tick is not None:
        t = time.ticks_ms()
        _ms += time.ticks_diff(t, _tick)
        _tick = t
    return _ms


def __getattr__(name):
    # The wall-clock second at which the loop started, right whenever the RTC is
    if name == "_AIOCTL_SCHEDULE_T0":
        return int(time.time()) - _now() // 1000
    raise AttributeError(name)


################################################################################
# Crontab rules


def _bits(s, lo, hi, names):
    # The values that a field matches, as the bits of an int
    def value(s):
        return int(s) if s.isdigit() else names.split().index(s) + lo

    bits = 0
    for part in s.split(","):
        r, slash, step = part.partition("/")
        a, dash, b = r.partition("-")
        if r == "*":
            a, b = lo, hi
        else:
            a = value(a)
            b = value(b) if dash else hi if slash else a
            # A range may end on Sunday
            if dash and hi == 7 and not b:
                b = 7
        step = int(step) if slash else 1
        if not (lo <= a <= b <= hi and step > 0):
            raise ValueError
        for v in range(a, b + 1, step):
            bits |= 1 << (v % 7 if hi == 7 else v)
    return bits


def _cron(rule, ms):
    # The first match of a crontab string at `ms` on the wall clock or later, in ms
    rule = rule.lower()
    fields = {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
    }.get(rule, rule).split()
    if len(fields) != 5:
        raise ValueError("not 5 fields")
    masks = []
    for field in (
        ("minute", 0, 59, ""),
        ("hour", 0, 23, ""),
        ("day", 1, 31, ""),
        ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
        ("weekday", 0, 7, "sun mon tue wed thu fri sat"),
    ):
        s = fields[len(masks)]
        try:
            masks.append(_bits(s, *field[1:]))
        except ValueError:
            raise ValueError("bad %s %r" % (field[0], s))
    minutes, hours, days, months, weekdays = masks
    y, mo, d, h, mi = time.gmtime(-(-ms // 60000) * 60)[:5]
    # 29 February meets every weekday within 40 years, whatever century ends between
    for _ in range(500):
        first = _days(y, mo, 1)
        # The weekdays of a month in the bits of its days
        w = (weekdays * 0x810204081) >> (first + 1) % 7
        # As Vixie cron has it, either day field will do when neither begins with a star
        w = days & w if "*" in (fields[2][0], fields[4][0]) else days | w
        if months >> mo & 1:
            for d in range(d, _days(y, mo + 1, 1) - first + 1):
                if w >> d & 1:
                    for h in range(h, 24):
                        if hours >> h & 1:
                            for mi in range(mi, 60):
                                if minutes >> mi & 1:
                                    return _civil((y, mo, d, h, mi, 0))
                        mi = 0
                h = mi = 0
        d = 1
        h = mi = 0
        mo += 1
        if mo > 12:
            mo = 1
            y += 1
    raise ValueError("never matches")


################################################################################
# Scheduling


def _sec(s):
    # Seconds as whole ms, the fraction apart: a float may have no more than 24 bits
    if not isinstance(s, (int, float)):
        raise TypeError("not seconds")
    if not 0 <= s < 1e10:
        raise ValueError("out of range")
    return int(s) * 1000 + round(s % 1 * 1000)


def _when(t):
    # The ms of a time, or of seconds from now, and whether it is on the wall clock
    if not isinstance(t, (tuple, list)):
        return [_now() + _sec(t), 0]
    ms = _civil(t)
    # A time that there is comes back as it was
    if time.gmtime(ms // 1000)[:6] != tuple(t[:6]):
        raise ValueError("no such time")
    return [ms, 1]


def _next(e, ms):
    # The first phase of a repeating entry after `ms`; None for a one-shot
    r = e["repeat"]
    if isinstance(r, str):
        return _cron(r, max(ms + 1, e.get("first", 0)))
    if r:
        r = _sec(r)
        return e["phase"] + ((ms - e["phase"]) // r + 1) * r


def _entry(name, o):
    # The entry that the options of a task make; raises before anything is changed
    if not isinstance(name, str):
        raise TypeError("name=%r: not a string" % (name,))
    # aioctl.start() gives back the very entry that aioctl.stop() took out of group()
    if isinstance(o.get("due"), tuple):
        return o
    e = {"start_in": -1, "repeat": False, "due": None, "phase": None, "wall": 0}
    e["times"] = e["jitter"] = 0
    e["until"] = None
    start = o.get("start_in")
    # `repeat` last: it builds on `start_in`
    for k in ("start_in", "until", "jitter", "times", "repeat"):
        v = o.pop(k, None)
        try:
            if v is None:
                pass
            elif k == "start_in":
                e["phase"], e["wall"] = _when(v)
            elif k == "until":
                e[k] = _when(v)
            elif k == "jitter":
                e[k] = _sec(v)
            elif k == "times":
                if v < 1 or v % 1:
                    raise ValueError("out of range")
                e[k] = v
            elif v is not False:
                e[k] = start if v is True else v
                if isinstance(v, str):
                    now = _now(1)
                    if start is not None:
                        e["first"] = e["phase"] + (0 if e["wall"] else now - _now())
                    e["wall"] = 1
                    e["phase"] = _next(e, now)
                elif not _sec(e[k]):
                    raise ValueError("out of range")
                elif start is None:
                    e["phase"] = _now() + _sec(v)
        except Exception as err:
            raise type(err)("%s=%r: %s" % (k, v, err))
    if o:
        raise TypeError("no such option: %r" % o)
    if e["phase"] is None:
        raise TypeError("neither start_in nor repeat")
    return e


def _push(name, e, at):
    # Lets an entry wait for its phase `at`; None, or one after `until`, ends it
    w = e["wall"]
    u = e["until"]
    e["due"] = ()
    if at is not None and not (u and at - _now(w) > u[0] - _now(u[1])):
        e["phase"] = at
        if "last" not in e:
            e["start_in"] = (at - _now(w) + _now()) // 1000
        e["due"] = (at + int(random.random() * e["jitter"]), name)
        heapq.heappush(_heaps[w], e["due"])
    _wake()


def _live(item):
    # The entry for which an item of a heap waits; None where the item is stale
    e = _AIOCTL_SCHEDULE_GROUP.get(item[1])
    return e if isinstance(e, dict) and e.get("due") is item else None


def _wake():
    # Brings the sleeping loop forward to now, as Task.cancel() does; a cancel that is already
    # on its way (data) is left alone, for push() would lose it
    global _queue
    q = asyncio.core._task_queue
    if _queue is q and not _task.data:
        _queue = None
        q.remove(_task)
        q.push(_task)


def _install(name, e):
    g = _AIOCTL_SCHEDULE_GROUP
    hold = e["due"] is None and name not in g
    g[name] = e
    if e["due"] != ():
        _push(name, e, e["phase"])
    # Not one line early: what aioctl.add() started waits for its time
    t = aioctl.group().tasks.get(name)
    if hold and t and not t.task.done() and t.task is not asyncio.core.cur_task:
        aioctl.stop(name, stop_sch=False)
    # Stale items go before they are the most
    for q in _heaps:
        if len(q) > 2 * len(g) + 8:
            q[:] = [i for i in q if _live(i)]
            heapq.heapify(q)


def schedule(name, **options):
    """Schedules a task of aioctl.group() by its name, or reschedules it.

    name: str; the task need not be there yet
    start_in: first run, in seconds (int or float, >= 0; from the start of schedule_loop, or
        from now when it runs), or at a time tuple as time.localtime() gives it (6 or more
        fields, on the wall clock); without it, after one `repeat`
    repeat: period in seconds (> 0, whole ms), True for `start_in` seconds, False for none, or
        a crontab string "minute hour day month weekday", @hourly ... @yearly (local time)
    times: finish after that many runs (int > 0)
    until: nothing runs after it (seconds or time tuple, as `start_in`)
    jitter: each run is up to that many seconds (>= 0) later, at random

    Raises TypeError or ValueError, naming option and value, and changes nothing then.
    """
    _install(name, _entry(name, options))


def unschedule(name):
    """Forgets the schedule of a task: True, or False where there is none."""
    if name in _AIOCTL_SCHEDULE_GROUP:
        del _AIOCTL_SCHEDULE_GROUP[name]
        return True
    print("Task %s not found in %s" % (name, list(_AIOCTL_SCHEDULE_GROUP)))
    return False


def schedule_task(**options):
    """Decorator above @aioctl.aiotask: schedules the task under its function's name.

    Options and errors are those of schedule(); TypeError in the wrong order of decorators.
    """

    def wrap(task):
        if not isinstance(task, tuple):
            raise TypeError("%r: write @schedule_task above @aiotask" % task)
        f, name = task
        schedule(name, **options)

        async def gate(*args, **kwargs):
            # aioctl.add() starts what it adds: that start ends here, later ones go to f
            for n, t in aioctl.group().tasks.items():
                if t.coro is gate and t.task is asyncio.core.cur_task:
                    e = _AIOCTL_SCHEDULE_GROUP.get(n)
                    if e and e["due"]:
                        t.coro = f
                        return
            return await f(*args, **kwargs)

        return gate, name

    return wrap


def group():
    """The schedule: a dict of name -> entry."""
    return _AIOCTL_SCHEDULE_GROUP


def set_group(d):
    """Makes `d` the schedule: a dict of name -> options as schedule() takes them."""
    global _AIOCTL_SCHEDULE_GROUP
    new = {name: _entry(name, dict(d[name])) for name in d}
    _AIOCTL_SCHEDULE_GROUP = d
    d.clear()
    for name in new:
        _install(name, new[name])


def set_log(log):
    """Sets the logger (whatever has an error(str)); None prints."""
    global _log
    _log = log


def reset(group=True, log=False):
    """Forgets the schedule, the log, or both."""
    if group:
        set_group({})
    if log:
        set_log(None)


################################################################################
# The loops


def _say(name, what):
    # There is often nobody to see a traceback
    getattr(_log, "error", print)("[%s] %s" % (name, what))


def _run(name, e, now):
    # Starts a due task and finds its next phase
    u = e["until"]
    if u and _now(u[1]) > u[0]:
        e["due"] = ()
        return
    n = "errors"
    at = None
    try:
        at = _next(e, now)
        if aioctl.group().tasks[name].task.done():
            e["start_in"] = -1
            e["last"] = time.time()
            e["last_dt"] = time.localtime()
            e.pop("first", 0)
            aioctl.start(name)
            n = "runs"
            # 0 is for ever
            e["times"] -= 1
            if not e["times"]:
                at = None
        else:
            n = "missed"
            _say(name, "missed: still running")
    except Exception as err:
        _say(name, repr(err))
    e[n] = e.get(n, 0) + 1
    _push(name, e, at)


def _rtc():
    # Follows a step of the wall clock
    global _t0
    t0 = int(time.time()) - _now() // 1000
    if not -2 < t0 - _t0 < 2:
        _t0 = t0
        q = _heaps[1][:]
        _heaps[1].clear()
        for item in q:
            e = _live(item)
            if e:
                at = e["phase"]
                if "last" in e or isinstance(e["repeat"], str):
                    # Set back: what is due again runs again, but for the run that was last
                    ms = _next(e, _now(1))
                    if ms and ms < at and ("last" not in e or _next(e, ms) < at):
                        at = ms
                _push(item[1], e, at)


def idle_ms():
    """The ms until the next due run: 0 when it is overdue, None when nothing is scheduled."""
    ms = None
    for w in (0, 1):
        q = _heaps[w]
        while q and not _live(q[0]):
            heapq.heappop(q)
        if q:
            left = max(0, q[0][0] - _now(w))
            if ms is None or left < ms:
                ms = left
    return ms


async def schedule_loop(alog=None):
    """The scheduler, a task for aioctl.add(). alog: as set_log()."""
    global _task, _queue, _tick
    set_log(alog or _log)
    # A second loop takes over from the first
    _wake()
    _task = task = asyncio.core.cur_task
    if _tick is None:
        _tick = time.ticks_ms()
    # One pass at first, in which the tasks that are held back end
    ms = 0
    while True:
        _queue = asyncio.core._task_queue
        try:
            await asyncio.sleep_ms(ms)
        finally:
            if _task is task:
                _queue = None
        if _task is not task:
            return
        nap = _NAP
        if _heaps[1]:
            _rtc()
            # A step of the RTC is noticed within a second, and seconds begin on time
            nap = 1000 - _now(1) % 1000
        for w in (0, 1):
            now = _now(w)
            q = _heaps[w]
            while q and q[0][0] <= now:
                item = heapq.heappop(q)
                e = _live(item)
                if e:
                    _run(item[1], e, now)
        ms = idle_ms()
        if ms is None or ms > nap:
            ms = nap


async def watcher_loop(alog=None, sleep=30):
    """Restarts failed tasks, a task for aioctl.add().

    alog: as set_log(). sleep: seconds between two checks; a task that fails again waits for
    twice as many checks as before, up to an hour, until it has run well for as long.
    """
    set_log(alog or _log)
    while True:
        await asyncio.sleep(sleep)
        results = aioctl.result_all(as_dict=True)
        for name, t in list(aioctl.group().tasks.items()):
            err = results.get(name)
            w = _fails.get(name)
            try:
                if not t.task.done() or not isinstance(err, Exception):
                    if w:
                        w[2] -= 1
                        if w[2] <= 0:
                            w[1] = 0
                elif not t.cancelled and t.kwargs.get("restart", True):
                    if not w:
                        w = _fails[name] = [0, 0, 0, None]
                    if err is not w[3]:
                        w[3] = err
                        w[1] = w[2] = min(w[1] * 2 or 1, 3600 / sleep)
                    w[2] -= 1
                    if w[2] <= 0:
                        w[0] += 1
                        w[2] = w[1]
                        _say(name, "restart after " + repr(err))
                        aioctl.start(name)
            except Exception as err:
                _say(name, repr(err))


################################################################################
# Status


def _left(e):
    # Whole seconds to the next run of an entry, or None
    d = e.get("due")
    if d:
        return max(0, -(-(d[0] - _now(e["wall"])) // 1000))


def _date(s):
    # The time in so many seconds
    return aioctl.get_datetime(time.localtime(int(time.time() + s)))


def status_sc(name=None, debug=False):
    """Prints what aioctl.status() shows of a schedule; without a name, status_sc_all()."""
    if name is None:
        return status_sc_all()
    e = _AIOCTL_SCHEDULE_GROUP.get(name, {})
    s = "last @ %s --> " % aioctl.get_datetime(e["last_dt"]) if "last" in e else ""
    left = _left(e)
    if left is None:
        s += "done"
    else:
        s += "%s in %s @ %s" % (
            "next" if s else "starts",
            aioctl.tmdelta_fmt(left),
            _date(left),
        )
    print("    ┗━► schedule:", s)
    if debug:
        print("    ┗━► schedule opts:", e)
    w = _fails.get(name)
    if w:
        print("    ┗━► restarts: %d, last error: %r" % (w[0], w[3]))


def status_sc_all():
    """Prints a table of all that is scheduled, soonest first."""
    f = "%-11s %-9s %-11s %-9s %5s %6s %8s %s"
    print(f % tuple("NEXT LEFT LAST AGO RUNS MISSED RESTARTS TASK".split()))
    rows = []
    for name, e in _AIOCTL_SCHEDULE_GROUP.items():
        left = _left(e)
        row = [1 << 60 if left is None else left]
        for s in left, int(e["last"] - time.time()) if "last" in e else None:
            row += (
                ["-", "-"]
                if s is None
                else [_date(s)[5:16], aioctl.tmdelta_fmt(abs(s)).split(",")[0]]
            )
        row += [e.get("runs", 0), e.get("missed", 0), _fails.get(name, (0,))[0], name]
        rows.append(row)
    for row in sorted(rows):
        print(f % tuple(row[1:]))


################################################################################
# State


def _seal(body):
    return "[%d, %s]" % (binascii.crc32(body), body)


def save(path="schedule.json"):
    """Writes the schedule to a file, all or nothing. Raises OSError."""
    with open(path + "~", "w") as f:
        f.write(_seal(json.dumps((int(time.time()), _now(), _AIOCTL_SCHEDULE_GROUP))))
    os.rename(path + "~", path)


def load(path="schedule.json"):
    """Adds the schedule of a file that save() wrote; returns the names that have no task.

    Seconds go on from where they stood, less the time that has passed where the RTC was kept.
    Raises OSError without a file, ValueError on a damaged one, and changes nothing then.
    """
    global _t0
    with open(path) as f:
        try:
            text = f.read()
            body = text[text.find(" ") + 1 : -1]
            if text != _seal(body):
                raise ValueError
        except ValueError:
            raise ValueError("damaged: " + path)
    t, ms, new = json.loads(body)
    ms = _now() - ms - max(0, int(time.time()) - t) * 1000
    _t0 = 0
    for name, e in new.items():
        u = e["until"]
        if u and not u[1]:
            u[0] += ms
        if not e["wall"]:
            e["phase"] += ms
        e["due"] = None if e["due"] else ()
        _install(name, e)
    return [n for n in new if n not in aioctl.group().tasks]
