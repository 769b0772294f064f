# aioschedule_power: the chip sleeps while there is nothing to do
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# While a chip sleeps, the monotonic clock (ticks_ms), the RTC, or both may stand still. Which ones
# do is found out by comparing them, from sleeps of three seconds in all. Then
#   the ticks stand:  the RTC says how long it was; the monotonic clock is moved on by that
#   the RTC stands:   it is set, to what the ticks say; so is one that loses a part of each sleep
#   both stand:       both are moved on by the time that was asked for

__version__ = "0.1.0"

import asyncio
import heapq
import time

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Callable

# As in aioschedule.py
_NAME = const(2)
_CLOCK = const(3)
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)

# The longest sleep that a Pico can do. Others can sleep for longer.
_LONGEST_MS = const(4294966)
# asyncio sleeps at most for so long until the clocks are looked at
_LOOK_MS = const(1000)
# And schedule_loop sleeps at most for so long while it rests on that
_DRIFT_MS = const(600000)
# While something is under way: the time until it is asked again
_POLL_MS = const(20)

# Sleeps of so many ms in all tell which clocks stand still. Some RTCs tell whole seconds only, and
# not when those begin.
_TELLING_MS = const(3000)
# The two clocks never differ by more than that unless one was set or stood still
_STEP_MS = const(2000)
# An RTC of whole seconds may show so much too little
_ROUNDING_MS = const(1000)
# The same from one sleep to the next. An RTC that tells whole seconds only seems to differ by one.
_AWAKE_STEP_MS = const(1100)

# An RTC that falls behind the ticks by so much in a shorter time than this loses it in sleeps, as
# no crystal is so bad
_LAG_MS = const(1500)
_LAG_TIME_MS = const(10800000)

# What is known of the clocks
_UNKNOWN = const(0)
_BOTH_RUN = const(1)
_TICKS_STAND = const(2)
_RTC_STANDS = const(3)
_BOTH_STAND = const(4)
_kind = _UNKNOWN
# How many more sleeps are kept short, where it looks as if both clocks stand still. It may be that
# something ended those sleeps at once.
_doubts = 3

# ms asleep since the mark that have not been accounted for
_asleep = 0

# ticks_ms() when the clocks were looked at, and when schedule_loop was last woken for that
_looked = 0
_woken = 0


def _see():
    # The RTC second, and ticks_ms() at its beginning. If one ends meanwhile all is read again.
    while True:
        second = int(time.time())
        ms = time.time_ns() % 1000000000 // 1000000
        tick = time.ticks_ms()
        if time.time() - second < 1:
            return second, time.ticks_add(tick, -ms)


# The mark: an RTC second, and ticks_ms() when it began
_mark = _see()
# The same at the end of the last sleep; None until that is accounted for
_woke = _mark


def _passed(mark):
    # Since a mark: ms by the ticks, ms by the RTC
    second, tick = _see()
    now = time.ticks_ms()
    ticks = time.ticks_diff(now, mark[1])
    return ticks, (second - mark[0]) * 1000 + time.ticks_diff(now, tick)


def _mark_after(ticks, passed):
    # What the RTC should show, `ticks` after the mark, when that is `passed` ms after it: where
    # the RTC stands still it is set by this, so that no sleep adds an error
    second, tick = _mark
    return second + passed // 1000, time.ticks_add(tick, ticks - passed % 1000)


def slept(ms: int) -> None:
    """For programs that sleep by themselves, without sleep_loop: corrects the clock that stood
    still meanwhile. Call slept(0) just before the sleep and slept(ms) just after.

    ms: int, how long the chip slept. Raises TypeError or ValueError for anything else."""
    global _asleep, _woke
    if not isinstance(ms, int):
        raise TypeError("slept(%r): accepted: ms, an int from 0 on" % (ms,))
    if ms < 0:
        raise ValueError("slept(%r): accepted: ms, an int from 0 on" % (ms,))
    if ms == 0:
        # It is about to sleep
        _before_sleep()
        return
    _asleep += ms
    # Until that is accounted for
    _woke = None
    _account()


def _account():
    # Corrects the clock that stood still. Where memory runs out on the way that is done before
    # the next sleep, and nothing counts twice.
    global _woke
    asleep = _asleep
    ticks, rtc = _passed(_mark)
    if _kind in (_UNKNOWN, _BOTH_STAND) and asleep >= _TELLING_MS:
        _find_kind(ticks, rtc)
    _correct(ticks, rtc)
    wall = aioschedule._wall
    if wall:
        # By how much the RTC went on more than the ticks: that is no step, up to the time asleep
        ticks, rtc = _passed(wall._seen)
        if 0 < rtc - ticks < asleep + _ROUNDING_MS:
            second, tick = wall._seen
            wall._seen = second, time.ticks_add(tick, ticks - rtc)
        wall.look_closely()
    _woke = _see()


def _before_sleep():
    global _mark, _asleep
    if not _woke:
        _account()
    if aioschedule._wall:
        # A step is seen before the sleep, or it would be lost
        aioschedule._wall.look()
    _follow_rtc()
    ticks, rtc = _passed(_mark)
    if _asleep and 0 <= ticks < _LONGEST_MS:
        # Not enough for _find_kind() yet
        return
    _asleep = 0
    if _kind == _TICKS_STAND or not -_STEP_MS < rtc - ticks < _STEP_MS:
        # The RTC tells, also if it was set
        _mark = _see()
    elif _kind != _BOTH_RUN:
        _mark = _mark_after(ticks, ticks)
    elif ticks > _LAG_TIME_MS:
        _mark = _see()


def _follow_rtc():
    # If the RTC was set since the last sleep: the mark is moved as if it had been set before
    global _mark
    ticks, rtc = _passed(_woke)
    jump = rtc - ticks
    if not -_AWAKE_STEP_MS < jump < _AWAKE_STEP_MS:
        second, tick = _mark
        _mark = second + jump // 1000, time.ticks_add(tick, -(jump % 1000))


def _find_kind(ticks, rtc):
    global _kind, _doubts
    gap = rtc - ticks
    if gap * 2 > _asleep:
        _kind = _TICKS_STAND
    elif gap * 2 < -_asleep:
        _kind = _RTC_STANDS
    elif ticks * 2 >= _asleep:
        _kind = _BOTH_RUN
    else:
        _kind = _BOTH_STAND
        _doubts -= 1


def _correct(ticks, rtc):
    # What takes memory comes before the first store of each branch, or may be done twice
    global _mark, _kind, _asleep
    if _kind == _UNKNOWN:
        return
    if _kind == _BOTH_RUN and _LAG_MS <= ticks - rtc < _LAG_MS + _asleep:
        _kind = _RTC_STANDS
    if _kind == _TICKS_STAND:
        mark = _see()
        gap = rtc - ticks
        if not -_ROUNDING_MS < gap < _asleep + _STEP_MS:
            # The RTC was set meanwhile
            gap = _asleep
        _move_monotonic(gap)
        _mark = mark
    elif _kind == _BOTH_STAND:
        mark = _mark_after(ticks, ticks + _asleep)
        _move_monotonic(_asleep)
        _mark = mark
    elif _kind == _RTC_STANDS:
        _mark = _mark_after(ticks, ticks)
    _asleep = 0
    if _kind in (_RTC_STANDS, _BOTH_STAND):
        _set_rtc(_mark[0])


def _move_monotonic(ms):
    before, tick = aioschedule._monotonic_base
    if tick is not None:
        # What is due next is due sooner by the ticks. Before the other, as that counts once only.
        aioschedule.wake()
        aioschedule._monotonic_base = before + ms, tick


def _set_rtc(second):
    if second <= time.time():
        return
    import machine

    year, month, day, hour, minute, second, weekday = time.gmtime(second)[:7]
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def _is_told(name):
    # Whether it is known already that the one run of an entry waits for its task
    entry = aioschedule.group().get(name)
    return entry is not None and name in aioschedule._skipping and not entry["repeat"]


def _queues():
    # Those of aioschedule.py. While something waits for being tried again it is in none of them:
    # then copies that have all.
    if aioschedule._retry_tick is None:
        return aioschedule._monotonic_queue, aioschedule._wall_queue
    monotonic = []
    wall = []
    schedule = aioschedule.group()
    for name in list(schedule):
        entry = schedule.get(name)
        if aioschedule._is_ours(name, entry) and entry["state"][_CLOCK] < _FINISHED:
            (monotonic if entry["state"][_CLOCK] < _WALL else wall).append(entry["state"])
    heapq.heapify(monotonic)
    heapq.heapify(wall)
    return monotonic, wall


def idle_ms() -> int | None:
    """The ms (int) until the next due run; 0 when one is overdue, or while a run that the schedule
    started is under way (but for one with keep_awake=False in its kwargs); None when nothing is
    scheduled. What waits for its task to be added does not count."""
    tasks = aioschedule._tasks()
    for name in list(aioschedule._under_way):
        record = tasks.get(name)
        if not record or record.task.done():
            aioschedule._under_way.pop(name, None)
        elif record.kwargs.get("keep_awake", True):
            return 0
    if aioschedule._wall:
        aioschedule._wall.look()
    if aioschedule._changed or len(aioschedule.group()) != aioschedule._entries_seen:
        # The worker has to hear of it, too
        aioschedule.wake()
        aioschedule._take_up()
    ms = None
    for queue in _queues():
        item = aioschedule._soonest(queue)
        while item and item[_CLOCK] != _OVER:
            left = aioschedule._ms_until(item)
            if left > 0 or item[_NAME] in tasks:
                ms = max(0, left if ms is None else min(ms, left))
                break
            # It waits for its task, and is out of the queue until that comes
            heapq.heappop(queue)
            if not _is_told(item[_NAME]):
                # The worker has to tell of that, or to leave out a run
                aioschedule.wake()
            item = aioschedule._soonest(queue)
    return ms


async def sleep_loop(
    sleep: "Callable[[int], object]",
    may_sleep: "Callable[[], object] | None" = None,
    shortest: int = 20,
    awake: int = 0,
) -> None:
    """Lets the chip sleep while nothing is to be done, for aioctl.add(): no run under way of a
    scheduled task, nor one that a trigger has started (but for one with keep_awake=False in its
    kwargs), nothing due, and no task of the event loop ready. Tasks that wait for I/O are slept
    over.

    sleep: called with the ms (int) to sleep, machine.lightsleep for one. It may end early.
    may_sleep: called before each sleep; the chip stays awake while it returns False
    shortest: ms; no sleep is shorter
    awake: ms to stay awake after each sleep

    Raises what the two raise, and TypeError or ValueError for arguments that are none."""
    for ms in shortest, awake:
        if not isinstance(ms, int):
            raise TypeError("sleep_loop: %r: accepted: ms, an int from 0 on" % (ms,))
        if ms < 0:
            raise ValueError("sleep_loop: %r: accepted: ms, an int from 0 on" % (ms,))
    if not callable(sleep) or not (may_sleep is None or callable(may_sleep)):
        raise TypeError("sleep_loop: accepted: functions, sleep(ms) and may_sleep()")
    try:
        await _rest(0)
        while True:
            ms = _ms_asleep_at_most()
            if ms < max(1, shortest) or may_sleep and not may_sleep():
                await _rest(max(1, min(ms, _POLL_MS)) if 0 < ms else _POLL_MS)
                continue
            _before_sleep()
            # Once more, as late as can be: an interrupt may have come in
            ms = min(ms, _ms_asleep_at_most())
            if ms > 0:
                sleep(ms)
                slept(ms)
            await _rest(awake)
    finally:
        aioschedule._is_looked_at = False
        aioschedule.wake()


def _ms_asleep_at_most():
    # The ms that the chip may sleep now. It is up to whoever calls to look at the clocks: then the
    # worker of schedule_loop does not, and the timers of the event loop are real ones.
    if aioschedule._irq and aioschedule._irq.is_fired():
        return 0
    ms = idle_ms()
    if ms is None or ms > _LONGEST_MS:
        ms = _LONGEST_MS
    if _kind in (_UNKNOWN, _BOTH_STAND) and _doubts > 0:
        # What is not known yet does little harm
        ms = min(ms, _TELLING_MS)
    core = asyncio.core
    task = core._task_queue.peek()
    if task:
        ms = min(ms, core.ticks_diff(task.ph_key, core.ticks()))
    return max(0, ms)


async def _rest(ms):
    # Lets the other tasks run for so long, and looks at the RTC each second
    global _looked, _woken
    while True:
        if not aioschedule._is_looked_at:
            # schedule_loop has been started, it has the worker look
            aioschedule._is_looked_at = True
            aioschedule.wake()
        await asyncio.sleep_ms(min(ms, _LOOK_MS))
        now = time.ticks_ms()
        if aioschedule._wall and not 0 <= time.ticks_diff(now, _looked) < _LOOK_MS:
            _looked = now
            is_agreed = aioschedule._wall.clocks_agree()
            # They drift apart: what it waits for is found out anew
            if not is_agreed or not 0 <= time.ticks_diff(now, _woken) < _DRIFT_MS:
                aioschedule.wake()
                _woken = now
        ms -= _LOOK_MS
        if ms <= 0:
            return
