# aioschedule_wall: entries on the wall clock: time tuples, rules, zones, steps of the RTC
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it with the first such entry, and calls it along the way of an entry:
#   schedule()      read_tuple(), read_rule(); first_phase() and due_time() say when it is due
#   schedule_loop() clocks_agree() each second, look() before a run is started: was the RTC set?
#                   Then _plan() plans anew what the table in the documents says
#     _fall_due()   is_past(), state_by_rule(), next_state(): what comes after a due time
#   set_zone()      local time, and what waits for it, is planned anew
#
# All instants here are RTC seconds of the port's epoch, with ms apart where they are needed: in
# one number they would be long ints, which take heap each time. Local time is a number of seconds
# as well: the RTC's, and what offset() adds.

import sys
import time

from micropython import const

import aioschedule

# As in aioschedule.py
_MONOTONIC = const(0)
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)
_DUE = const(0)
_PART = const(1)
_CLOCK = const(3)

# When what is over is due. Made once: it is a long int on boards.
_NEVER = 1 << 40

_DAY_MS = const(86400000)
# A smaller difference between the clocks is drift
_STEP_MS = const(2000)
# A step by so much is no slip: the RTC was wrong before. Cron draws the line here, too.
_BIG_STEP_MS = const(10800000)
# A look that is close enough to see drift is taken at least so often
_CLOSE_LOOK_MS = const(600000)
# What is read so late in a second may belong to two of them
_NEARLY_OVER_MS = const(900)

# Whether the port itself knows a zone, the C library's
_PORT_HAS_ZONE = sys.platform in ("linux", "darwin", "win32")
# The callable that set_zone() was given or has made: RTC seconds -> seconds east of UTC
_zone = None
# crontab string -> crontab.Rule: each is parsed once
_rules = {}
# How the clocks stood at the last close look: an RTC second, and ticks_ms() at its beginning
_seen = (0, 0)


def begin():
    """Called by the aioschedule that uses it."""
    global _zone, _seen
    _zone = None
    _rules.clear()
    _seen = _see()


################################################################################
# Dates and local time


def _days(year, month, day):
    # Days since the end of February of the year 0. A year that begins with March ends with the
    # leap day, and five of its months have 153 days.
    months = year * 12 + month - 3
    year = months // 12
    return year * 1461 // 4 - year // 100 + year // 400 + (months % 12 * 153 + 2) // 5 + day


# The first day of the port's epoch. West of Greenwich localtime(0) is in the year before.
_EPOCH_DAY = _days(time.localtime(1 << 24)[0], 1, 1)


def _seconds_of(fields):
    # The seconds of a date, in whatever zone that is
    year, month, day, hour, minute, second = fields[:6]
    return (((_days(year, month, day) - _EPOCH_DAY) * 24 + hour) * 60 + minute) * 60 + second


def _date_of(seconds, to_date):
    # `to_date` is localtime() or gmtime(); on boards that raises from 2038 on
    try:
        return to_date(seconds)
    except OverflowError:
        pass
    day = seconds // 86400 + _EPOCH_DAY
    # A year that begins with March, and its month, counted on from 3
    year = day * 400 // 146097 - 1
    while _days(year + 1, 3, 1) <= day:
        year += 1
    month = 3
    while _days(year, month + 1, 1) <= day:
        month += 1
    month_day = day - _days(year, month, 1) + 1
    if month > 12:
        year += 1
        month -= 12
    second = seconds % 60
    minute = seconds // 60 % 60
    # Day 2 was a Thursday
    weekday = (day + 1) % 7
    year_day = day - _days(year, 1, 1) + 1
    return year, month, month_day, seconds // 3600 % 24, minute, second, weekday, year_day


def offset(rtc):
    """Seconds (int) of local time east of the RTC, at that RTC second."""
    if _zone:
        return _zone(rtc)
    return _seconds_of(_date_of(rtc, time.localtime)) - rtc if _PORT_HAS_ZONE else 0


def to_rtc(local):
    """The RTC second of a local time. One that does not exist is the moment of the change, one
    that comes twice is the first."""
    if _zone or _PORT_HAS_ZONE:
        return aioschedule._part("crontab").to_rtc(local, offset)
    return local


def localtime(seconds=None):
    """The time tuple of RTC seconds (int; now if None), as time.localtime(), but in the zone that
    was set with set_zone()."""
    seconds = int(time.time() if seconds is None else seconds)
    if _zone:
        return _date_of(seconds + _zone(seconds), getattr(time, "gmtime", time.localtime))
    return _date_of(seconds, time.localtime)


def mktime(fields):
    """The RTC seconds (int) of a time tuple (6 to 9 fields) in local time, as time.mktime(), but
    in the zone that was set with set_zone(). A time that does not exist because the clocks go
    forward is the moment of the change, one that comes twice is the first.

    Raises TypeError or ValueError for what is no time tuple."""
    return to_rtc(read_tuple(fields, "mktime", "fields"))


def set_zone(zone):
    """Sets local time. The RTC must hold UTC.

    zone: a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3"; a callable that takes UTC
        seconds (int) and returns the seconds (int) of local time east of UTC; or None for what the
        port itself knows, which is UTC on boards

    What waits for a local time is planned anew, from now on. Raises TypeError or ValueError for
    what is no zone; nothing is changed then."""
    global _zone
    rtc = int(time.time())
    if isinstance(zone, str):
        zone = aioschedule._part("posixtz").Zone(zone)
    if zone is not None and not (callable(zone) and isinstance(zone(rtc), int)):
        raise TypeError("zone=%r: accepted: a POSIX TZ string, a callable, None" % (zone,))
    _zone = zone
    aioschedule._localtime = localtime
    # They were made for the zone before
    _rules.clear()
    for name in list(aioschedule.group()):
        _plan(name, _must_plan_in_zone, 0, (rtc, 0))
    aioschedule.wake()


################################################################################
# Reading the options


def read_tuple(fields, name, option):
    """The local seconds of a time tuple. TypeError or ValueError for what is none."""
    if not 6 <= len(fields) <= 9 or not all(isinstance(field, int) for field in fields):
        aioschedule._refuse(TypeError, name, option, fields, "accepted: a tuple of 6 to 9 ints")
    weekday, yearday = (tuple(fields[6:]) + (0, 0))[:2]
    year, month, day, hour, minute, second = fields[:6]
    if weekday > 6 or yearday > 366:
        text = "accepted: time.localtime(), not machine.RTC().datetime()"
    elif (
        1970 <= year <= 2099
        and 1 <= month <= 12
        and 1 <= day <= _days(year, month + 1, 1) - _days(year, month, 1)
        and 0 <= hour <= 23
        and 0 <= minute <= 59
        and 0 <= second <= 59
    ):
        return max(0, _seconds_of(fields))
    else:
        text = "no such time in the years 1970 to 2099"
    aioschedule._refuse(ValueError, name, option, fields, text)


def read_rule(repeat, name):
    """Raises ValueError where a crontab string is none, or a callable no rule."""
    try:
        _next(repeat, -1, int(time.time()), 999)
    except MemoryError:
        raise
    except Exception as error:
        aioschedule._refuse(ValueError, name, "repeat", repeat, error)


def _rule(repeat):
    # The callable behind a crontab string; a callable is one already
    if not isinstance(repeat, str):
        return repeat
    rule = _rules.get(repeat)
    if rule is None:
        has_zone = _zone or _PORT_HAS_ZONE
        rule = aioschedule._part("crontab").Rule(repeat, offset if has_zone else None)
        if len(_rules) > len(aioschedule.group()) + 8:
            # Most of them are not used any more
            _rules.clear()
        _rules[repeat] = rule
    return rule


def first_phase(name, repeat, start_ms, start):
    """The first phase (RTC second, ms) of what is scheduled now, and waits for the wall clock."""
    if not (aioschedule.loop_runs() and aioschedule._wall_queue):
        # Steps are noticed from here on
        look()
    rtc = int(time.time())
    if not repeat:
        return to_rtc(start), 0
    # With a start, what is due in the running second counts
    has_start = start_ms >= 0 or start >= 0
    following = _first_after(repeat, start, rtc - 1 if has_start else rtc)
    if following is None:
        aioschedule._refuse(ValueError, name, "repeat", repeat, "the rule has no time to come")
    return following


################################################################################
# Due times


def _first_after(repeat, start, after):
    # The same of an entry that has not run: not before its start
    return _next(repeat, start, max(after, to_rtc(start) - 1) if start >= 0 else after, 999)


def _next(repeat, start, after, after_ms):
    # The first phase after that RTC second and ms, as RTC second and ms; None if there is none
    if aioschedule._is_rule(repeat):
        second = _rule(repeat)(after)
        if second is None:
            return None
        if not isinstance(second, int) or second <= after:
            raise ValueError("rule: %r is no int after %d" % (second, after))
        return second, 0
    first = to_rtc(start)
    period = aioschedule._read_ms(repeat, "period", "repeat", 1)
    if period % _DAY_MS == 0:
        return _next_day(start, period // 1000, after, first), 0
    passed = (after - first) * 1000 + after_ms
    passed += period - passed % period
    return first + passed // 1000, passed % 1000


def _next_day(start, period, after, first):
    # Whole days keep the local time of day. From one period early on, as the offset may change.
    local = start + ((after - first) // period - 1) * period
    while True:
        second = to_rtc(local)
        if second > after:
            return second
        local += period


def _last(entry, until):
    # The last RTC second of an entry; None if its `until` is on the other clock, or there is none
    if until >= 0 and aioschedule._is_tuple(entry.get("until")):
        return to_rtc(until)
    return None


def due_time(entry, phase, part, start, until):
    """(due, part, clock) for a phase: with its jitter drawn, and its `until` looked at."""
    last = _last(entry, until)
    if last is not None and (phase, part) > (last, 0):
        return _NEVER, 0, _OVER
    jitter = entry.get("jitter")
    if not jitter:
        # `due` is the very object that `phase` is: a long int takes heap
        return phase, part, _WALL
    import random

    # Before the next phase, and not past `until`
    room = aioschedule._read_ms(jitter, "entry", "jitter") + 1
    if last is not None:
        room = min(room, (last - phase) * 1000 - part + 1)
    following = _next(entry["repeat"], start, phase, part) if entry["repeat"] else None
    if following is not None:
        room = min(room, (following[0] - phase) * 1000 + following[1] - part)
    ms = part + (room * random.getrandbits(30) >> 30)
    return phase + ms // 1000, ms % 1000, _WALL


def _planned(entry, state, following):
    # The state in which an entry waits for `following`, a phase as _next() gives it
    if following is None:
        return aioschedule._planned(entry, state, _FINISHED, None)
    return aioschedule._planned(entry, state, _WALL, following[0], following[1])


def next_state(entry, state):
    """The state after a due time of the wall clock; the counters in it are right already."""
    # The due time may be still to come, or come once more if the RTC has drifted back
    rtc, ms = max(_rtc(), state[:2])
    return _planned(entry, state, _next(entry["repeat"], state[8], rtc, ms))


def state_by_rule(entry, state, late_ms):
    """The state of an entry whose start, in seconds, has come: the rule says when it is due. A
    match in the very second of the start counts, also if that was a while ago."""
    # A step of the RTC before it waits for that is none
    look()
    try:
        ms = _rtc_ms()
        start = int(time.time()) + (ms - late_ms) // 1000
        return _planned(entry, state, _next(entry["repeat"], state[8], start - 1, 999))
    except MemoryError:
        raise
    except Exception as error:
        return aioschedule._state_after_failure(entry, state, error)


def is_past(entry, state, late_ms):
    """Whether the `until` of an entry that is due is on the other clock, and had passed then."""
    until = state[9]
    if state[_CLOCK] == _WALL:
        return _last(entry, until) is None and aioschedule._monotonic() - late_ms > until
    last = _last(entry, until)
    second, ms = _rtc()
    return last is not None and (second - last) * 1000 + ms > late_ms


def state_past(state):
    """The state of such an entry: over for good by the monotonic clock; by the RTC for as long as
    that says so."""
    due, part, name, clock, phase, left, runs, missed, start, until = state
    if clock == _WALL:
        return None, 0, name, _FINISHED, phase, left, runs, missed, start, until
    return _NEVER, 0, name, _OVER, phase, left, runs, missed, start, until


def ms_until(state):
    """The ms until a state of the wall clock is due; less than 0 when it is overdue."""
    second, ms = _rtc()
    return (state[_DUE] - second) * 1000 + state[_PART] - ms


################################################################################
# Steps of the RTC


def _rtc_ms():
    # ms of the running RTC second
    return time.time_ns() // 1000000 % 1000


def _rtc():
    # The RTC second, and the ms of it. Near the end of a second both are read again, until none
    # has ended in between.
    while True:
        ms = _rtc_ms()
        second = int(time.time())
        if ms < _NEARLY_OVER_MS or _rtc_ms() >= ms:
            return second, ms


def _see():
    # The RTC second, and ticks_ms() at its beginning
    second, ms = _rtc()
    return second, time.ticks_add(time.ticks_ms(), -ms)


def clocks_agree():
    """The quick look, once a second: 64 bytes of heap on a board. False if a close look is due."""
    # Both are whole seconds, so they may differ by one without a step
    second, tick = _seen
    passed = time.ticks_diff(time.ticks_ms(), tick)
    if passed > _CLOSE_LOOK_MS:
        return False
    passed //= 1000
    return passed - 1 <= time.time() - second <= passed + 1


def look():
    """The close look. After a step what waits is planned anew, as far as it has to be."""
    global _seen
    if clocks_agree():
        # The quick look is enough: it takes a tenth of the heap
        return
    second, tick = _seen
    now = _see()
    step = (now[0] - second) * 1000 - time.ticks_diff(now[1], tick)
    if not -_STEP_MS < step < _STEP_MS:
        passed = time.ticks_diff(time.ticks_ms(), tick)
        expected = second + passed // 1000, passed % 1000
        for name in list(aioschedule.group()):
            _plan(name, _must_plan, step, min(expected, (now[0], _rtc_ms())))
    # Last: if memory runs out, the step is seen again
    _seen = now


def _must_plan(entry, state, step, now):
    # The table of steps. `now`: RTC second and ms, after a step forward as if it had not been.
    loaded = step > 0 and entry.pop("loaded", False)
    if state[_CLOCK] == _OVER:
        # Perhaps it is not over any more
        return True
    if state[8] >= 0 and not entry["repeat"] or state[:2] <= now:
        # It waits for its one time, or is overdue and stays so
        return False
    if step > 0:
        # After a slip what was jumped over runs once. After a clock that was wrong it was never
        # due, unless a file was loaded that knew better.
        return step >= _BIG_STEP_MS and not loaded
    # Nothing runs twice, but for a rule that takes the clock as it shows
    return step <= -_BIG_STEP_MS or not _is_fixed(entry["repeat"])


def _must_plan_in_zone(entry, state, step, now):
    return state[_CLOCK] == _OVER or state[:2] > now


def _is_fixed(repeat):
    # Whether its runs are times of day
    if aioschedule._is_rule(repeat):
        return getattr(_rule(repeat), "fixed", True)
    return aioschedule._read_ms(repeat, "period", "repeat", 1) % _DAY_MS == 0


def _plan(name, must_plan, step, now):
    # Plans an entry anew from now on, if it waits for the wall clock and must_plan() says so
    entry = aioschedule.group().get(name)
    if not aioschedule._is_ours(name, entry):
        return
    state = entry["state"]
    if state[_CLOCK] != _WALL and state[_CLOCK] != _OVER:
        return
    try:
        if must_plan(entry, state, step, now):
            entry["state"] = state = _state_from_now(entry, state)
            aioschedule._changed = True
        if entry.get("start_in") != -1:
            # What is told as its start follows the RTC
            seconds = aioschedule._seconds_until(state)
            entry["start_in"] = seconds + aioschedule._monotonic() // 1000
    except MemoryError:
        raise
    except Exception as error:
        # A rule is asked again in an hour; what somebody has broken waits to be mended
        entry["state"] = aioschedule._state_after_failure(entry, state, error)
        aioschedule._changed = True


def _state_from_now(entry, state):
    # The state with the next due time after now, on the clock that the entry is on
    repeat = entry["repeat"]
    start = state[8]
    if start < 0 and not aioschedule._is_rule(repeat):
        # It is one of the monotonic clock, and was over by the RTC
        phase = state[4]
        if repeat:
            period = aioschedule._read_ms(repeat, "period", "repeat", 1)
            phase += max(0, (aioschedule._monotonic() - phase) // period + 1) * period
        return aioschedule._planned(entry, state, _MONOTONIC, phase)
    return _planned(entry, state, _next_from(entry, state, int(time.time())))


def _next_from(entry, state, after):
    # The first phase of an entry after that RTC second, whether it has had a due time or not
    if not entry["repeat"]:
        return to_rtc(state[8]), 0
    # Its runs tell nothing: it may have been started by hand
    if entry.get("start_in") == -1 or state[7]:
        return _next(entry["repeat"], state[8], after, 999)
    return _first_after(entry["repeat"], state[8], after)


def check_kept(entry):
    """Plans an entry anew that was kept elsewhere while the RTC was set back by three hours or
    more: then even three hours from now there is a time before the one that it waits for. What was
    loaded while the RTC was not set waits for that."""
    if not entry["repeat"]:
        has_run = entry.get("start_in") == -1
        if not has_run and to_rtc(entry["state"][8]) != entry["state"][4]:
            # The zone was set meanwhile
            entry["state"] = _state_from_now(entry, entry["state"])
    elif "loaded" not in entry:
        state = entry["state"]
        later = int(time.time()) + _BIG_STEP_MS // 1000
        following = _next_from(entry, state, later)
        if following is not None and following[0] < state[4]:
            entry["state"] = _state_from_now(entry, state)
