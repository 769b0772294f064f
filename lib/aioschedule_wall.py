# aioschedule_wall: entries on the wall clock: time tuples, rules, steps of the RTC
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it with the first such entry, and calls it along the way of an entry:
#   schedule()      read_rule(); first_phase() and due_time() say when it is due
#   schedule_loop() clocks_agree() each second, look() before a run is started: was the RTC set?
#                   Then _plan() plans anew what the table in the documents says
#     _fall_due()   is_past(), state_by_rule(), next_state(): what comes after a due time
#   set_zone()      plan_in_zone(): what waits for local time is planned anew
#
# All instants here are RTC seconds of the port's epoch, with ms apart where they are needed: in
# one number they would be long ints, which take heap each time. Local time is the business of
# aioschedule_zone.py.

__version__ = "0.1.0"

import time

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any, Callable

zone = aioschedule._load("aioschedule_zone")

# As in aioschedule.py
_MONOTONIC = const(0)
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)
_DUE = const(0)
_MS = const(1)
_CLOCK = const(3)
_PHASE = const(4)
_MISSED = const(7)
_START = const(8)
_UNTIL = const(9)

# When what is over is due. Made once: it is a long int on boards.
_NEVER = 1 << 40

_DAY_MS = const(86400000)
# A smaller difference between the clocks is drift
_STEP_MS = const(2000)
# A step by so much is no slip: the RTC was wrong before. Cron draws the line here, too.
_BIG_STEP_MS = const(10800000)
# The clocks drift apart: before a run is started, the last close look is not older than that
_RECENT_MS = const(3000)
# And after so long a slow drift would be taken for a step
_CLOSE_LOOK_MS = const(600000)

# crontab string -> crontab.Rule: each is parsed once
_rules = {}
# How the clocks stood at the last close look: an RTC second, and ticks_ms() at its beginning
_seen = (0, 0)


################################################################################
# Reading the options


def read_rule(repeat: "str | Callable[[int], int | None]", name: str) -> None:
    """Raises ValueError where a crontab string is none, or a callable no rule."""
    try:
        next_phase(repeat, -1, int(time.time()), 999)
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
        rule = aioschedule._load("crontab").Rule(repeat, zone.offset if zone.is_known() else None)
        if len(_rules) > len(aioschedule.group()) + 8:
            # Most of them are not used any more
            _rules.clear()
        _rules[repeat] = rule
    return rule


def first_phase(name: str, repeat: object, start_ms: int, start: int) -> tuple:
    """The first phase (RTC second, ms) of what is scheduled now, and waits for the wall clock."""
    # A step that nobody has seen yet would be taken for one that this entry lived through
    look()
    rtc = int(time.time())
    if not repeat:
        return zone.to_rtc(start), 0
    # With a start, what is due in the running second counts
    has_start = start_ms >= 0 or start >= 0
    following = _first_after(repeat, start, rtc - 1 if has_start else rtc)
    if following is None:
        aioschedule._refuse(ValueError, name, "repeat", repeat, "never due again")
    return following


################################################################################
# Due times


def _first_after(repeat, start, after):
    # The same of an entry that has not run: not before its start
    if start >= 0:
        first = zone.to_rtc(start)
        if after < first:
            if not aioschedule._is_rule(repeat):
                return first, 0
            after = first - 1
    return next_phase(repeat, start, after, 999)


def next_phase(repeat: "Any", start: int, after: int, after_ms: int) -> tuple | None:
    """The first phase of a repeat after an RTC second and ms: the same two of that, or None.
    start: local seconds of the time tuple that it counts from, if it is no rule."""
    if aioschedule._is_rule(repeat):
        second = _rule(repeat)(after)
        if second is None:
            return None
        if not isinstance(second, int) or not after < second < _NEVER:
            raise ValueError("rule: %r is no int after %d" % (second, after))
        return second, 0
    first = zone.to_rtc(start)
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
        second = zone.to_rtc(local)
        if second > after:
            return second
        local += period


def _last(entry, until):
    # The last RTC second of an entry; None if its `until` is on the other clock, or there is none
    if until >= 0 and aioschedule._is_tuple(entry.get("until")):
        return zone.to_rtc(until)
    return None


def due_time(entry: dict, phase: int, ms: int, start: int, until: int) -> tuple:
    """(due, ms, clock) for a phase, an RTC second and ms: with its jitter drawn, and its `until`
    looked at."""
    last = _last(entry, until)
    if last is not None and (phase, ms) > (last, 0):
        return _NEVER, 0, _OVER
    if not entry.get("jitter"):
        # `due` is the very object that `phase` is: a long int takes heap
        return phase, ms, _WALL
    following = next_phase(entry["repeat"], start, phase, ms) if entry["repeat"] else None
    ms += aioschedule._jitter_ms(
        entry,
        "entry",  # which one, nobody is told: it has been read before
        (following[0] - phase) * 1000 + following[1] - ms if following else None,
        None if last is None else (last - phase) * 1000 - ms,
    )
    return phase + ms // 1000, ms % 1000, _WALL


def _waiting(entry, state, following):
    # The state in which an entry waits for `following`, a phase as next_phase() gives it
    if following is None:
        return aioschedule._planned(entry, state, _FINISHED, None)
    return aioschedule._planned(entry, state, _WALL, following[0], following[1])


def next_state(entry: dict, state: tuple) -> tuple:
    """The state after a due time of the wall clock; the counters in it are right already."""
    rtc = state[_DUE]
    ms = state[_MS]
    # The due time may be still to come, or come once more if the RTC has drifted back
    if time.time() >= rtc:
        rtc, ms = max(_rtc(), (rtc, ms))
    return _waiting(entry, state, next_phase(entry["repeat"], state[_START], rtc, ms))


def state_by_rule(entry: dict, state: tuple) -> tuple | None:
    """The state of an entry whose start, in seconds, has come: the rule says when it is due. A
    match in the very second of the start counts, also if that was a while ago."""
    # First, so that an earlier step of the RTC is not taken for one that this entry lived through
    look()
    aioschedule._planned_anew = None
    try:
        second, ms = _rtc()
        # In this order: a second that ends in between makes it late by more, not by less
        late_ms = aioschedule._monotonic() - state[_DUE]
        came = second + (ms - late_ms) // 1000
        return _waiting(entry, state, next_from(entry, state, came - 1))
    except MemoryError:
        raise
    except Exception as error:
        return aioschedule._state_after_failure(entry, state, error)


def is_past(entry: dict, state: tuple, late_ms: int) -> bool:
    """Whether the `until` of an entry that is due is on the other clock, and had passed then."""
    until = state[_UNTIL]
    last = _last(entry, until)
    if state[_CLOCK] == _WALL:
        return last is None and aioschedule._monotonic() - late_ms > until
    if last is None:
        return False
    second, ms = _rtc()
    return (second - last) * 1000 + ms > late_ms


def state_past(state: tuple) -> tuple:
    """The state of such an entry: over for good by the monotonic clock; by the RTC for as long as
    that says so."""
    due, ms, name, clock, phase, left, runs, missed, start, until = state
    if clock == _WALL:
        return None, 0, name, _FINISHED, phase, left, runs, missed, start, until
    return _NEVER, 0, name, _OVER, phase, left, runs, missed, start, until


def ms_until(state: tuple) -> int:
    """The ms until a state of the wall clock is due; less than 0 when it is overdue."""
    ms = _ms_until(state)
    if ms <= 0 and (state[_MS] or time.time() < state[_DUE]):
        # It may have been set back since the last look, by less than a step
        look_closely()
        ms = _ms_until(state)
    return ms


def _ms_until(state):
    # From the last look on the ticks count: to read the ms of the RTC takes heap
    second, tick = _seen
    return (state[_DUE] - second) * 1000 + state[_MS] - time.ticks_diff(time.ticks_ms(), tick)


################################################################################
# Steps of the RTC


def _rtc():
    # The RTC second, and the ms of it. If a second has ended in between both are read again.
    while True:
        second = int(time.time())
        # In this order only two of the numbers are long ints
        ms = time.time_ns() % 1000000000 // 1000000
        if time.time() - second < 1:
            return second, ms


def _see():
    # The RTC second, and ticks_ms() at its beginning
    second, ms = _rtc()
    return second, time.ticks_add(time.ticks_ms(), -ms)


def clocks_agree() -> bool:
    """The quick look, once a second: 64 bytes of heap on a board. False if a close look is due."""
    # Both are whole seconds, so they may differ by one without a step
    second, tick = _seen
    passed = time.ticks_diff(time.ticks_ms(), tick)
    if passed > _CLOSE_LOOK_MS:
        return False
    passed //= 1000
    return passed - 1 <= time.time() - second <= passed + 1


def look() -> None:
    """A look that is close if the last one is a while ago."""
    if time.ticks_diff(time.ticks_ms(), _seen[1]) >= _RECENT_MS or not clocks_agree():
        look_closely()


def look_closely() -> None:
    """The close look. After a step what waits is planned anew, as far as it has to be."""
    global _seen
    # The worker may rest on how the clocks stood before
    aioschedule._rest_until = None
    second, tick = _seen
    now = _see()
    step = (now[0] - second) * 1000 - time.ticks_diff(now[1], tick)
    if -_STEP_MS < step < _STEP_MS:
        _seen = now
        return
    expected_ms = time.ticks_diff(time.ticks_ms(), tick)
    expected = second + expected_ms // 1000, expected_ms % 1000
    before = min(expected, _rtc())
    _tell_worker(_must_plan, step, before)
    for name in list(aioschedule.group()):
        plan_anew(name, _must_plan, step, before)
    # The loop may rest, and somebody else have looked
    aioschedule.wake()
    # Not before: if memory runs out, the step is seen again
    _seen = now
    if step > 0:
        for name in list(aioschedule.group()):
            entry = aioschedule.group().get(name)
            if isinstance(entry, dict):
                # From here on what load() brought is an entry like any other
                entry.pop("loaded", None)


def _must_plan(entry, state, step, before):
    # The table of steps. `before`: RTC second and ms; a due time up to then came before the step.
    if state[_CLOCK] == _OVER:
        # Perhaps it is not over any more
        return True
    if state[_START] >= 0 and not entry["repeat"] or state[:2] <= before:
        # It waits for its one time, or is overdue and stays so
        return False
    if step > 0:
        # After a slip what was jumped over runs once. After a clock that was wrong it was never
        # due, unless a file was loaded that knew better.
        return step >= _BIG_STEP_MS and "loaded" not in entry
    # Nothing runs twice, but for a rule that takes the clock as it shows
    return step <= -_BIG_STEP_MS or not _is_fixed(entry["repeat"])


def _must_plan_in_zone(entry, state, step, before):
    return state[_CLOCK] == _OVER or state[:2] > before


def _is_fixed(repeat):
    # Whether its runs are times of day
    if aioschedule._is_rule(repeat):
        return getattr(_rule(repeat), "fixed", True)
    return aioschedule._read_ms(repeat, "period", "repeat", 1) % _DAY_MS == 0


def plan_in_zone(rtc: int) -> None:
    """Plans what waits for local time anew, from now on: another zone was set. Also what
    aioctl.stop() has taken out of the schedule and keeps."""
    # They were made for the zone before
    _rules.clear()
    tasks = aioschedule._tasks()
    _tell_worker(_must_plan_in_zone, 0, (rtc, 0))
    for name in list(aioschedule.group()):
        plan_anew(name, _must_plan_in_zone, 0, (rtc, 0))
    for name in list(tasks):
        _plan(name, aioschedule._kept(tasks.get(name)), _must_plan_in_zone, 0, (rtc, 0))


def _tell_worker(must_plan, step, before):
    # If this is an interrupt, the worker may have made a state before, and not stored it yet
    aioschedule._prepared = (None, None, None)
    aioschedule._planned_anew = must_plan, step, before


def plan_anew(name: str, must_plan: "Callable", step: int, before: tuple) -> None:
    """Plans an entry of the schedule anew, if it has to be: the worker does so once more where an
    interrupt has done so meanwhile."""
    _plan(name, aioschedule.group().get(name), must_plan, step, before)


def _plan(name, entry, must_plan, step, before):
    # Plans an entry anew from now on, if it waits for the wall clock and must_plan() says so
    if not aioschedule._is_ours(name, entry):
        return
    state = entry["state"]
    if state[_CLOCK] != _WALL and state[_CLOCK] != _OVER:
        return
    try:
        if must_plan(entry, state, step, before):
            entry["state"] = state = state_from_now(entry, state)
            aioschedule._changed = True
        # It follows the RTC
        aioschedule._tell_start(entry, state)
    except MemoryError:
        raise
    except Exception as error:
        # A rule is asked again in an hour; what somebody has broken waits to be mended
        entry["state"] = aioschedule._state_after_failure(entry, state, error)
        aioschedule._changed = True


def state_from_now(entry: dict, state: tuple) -> tuple:
    """The state with the next due time after now, on the clock that the entry is on."""
    repeat = entry["repeat"]
    start = state[_START]
    if start < 0 and not aioschedule._is_rule(repeat):
        # It is one of the monotonic clock, and was over by the RTC
        phase = state[_PHASE]
        if repeat:
            period = aioschedule._read_ms(repeat, "period", "repeat", 1)
            phase += max(0, (aioschedule._monotonic() - phase) // period + 1) * period
        return aioschedule._planned(entry, state, _MONOTONIC, phase)
    return _waiting(entry, state, next_from(entry, state, int(time.time())))


def next_from(entry: dict, state: tuple, after: int) -> tuple | None:
    """The first phase of an entry after that RTC second, whether it has had a due time or not."""
    if not entry["repeat"]:
        return zone.to_rtc(state[_START]), 0
    # Its runs tell nothing: it may have been started by hand
    if entry.get("start_in") == -1 or state[_MISSED]:
        return next_phase(entry["repeat"], state[_START], after, 999)
    return _first_after(entry["repeat"], state[_START], after)


_seen = _see()
