# Virtual time for tests: the real asyncio on a clock that jumps over what would be idle time.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   import vclock
#   vclock.install(ticks=(1 << 30) - 5000, epoch=(2024, 2, 28, 23, 59, 0))
#   import aioschedule          # and all else that imports time: only after install()
#
# Two clocks, as on a board: the monotonic one (ticks, asyncio) and the RTC (time, localtime). Both
# move only when the event loop sleeps, in time.sleep*() and in block(): code takes no time.
#
# asyncio's C task queue stamps what is to run "now" with the real ticks, out of reach from here.
# The event loop's virtual ticks therefore start above: a real stamp is a past one. Where ticks
# have 62 bits (LONG) they start far above, and there is no end to that. Where they have a board's
# 30 bits, _stay_near() keeps them near the real ones, and moves all that waits in the event loop.

import asyncio
import sys
import time as _real

from asyncio import core

from micropython import const

try:
    LONG = _real.ticks_add(0, 1 << 40) == 1 << 40
except OverflowError:
    LONG = False

# Where ticks have 30 bits: how many ms virtual ticks are ahead of the real ones, and for how many
# what is overdue is sure to run in its order
_LEAD = const(1 << 19)
_OVERDUE = const(1 << 21)

# Seconds of 28 years, after which the calendar is the same, until 2100
_CYCLE = 883_612_800

wakes = 0  # how many times the event loop slept; set it to 0 at will
spin_limit = 100_000  # passes of the event loop with time standing still before that is an error

_now = 0  # ms since install
_base = 0  # the event loop's ticks at _since
_since = 0  # as _now
_us = 0  # 0..999
_spins = 0
_limit = None  # until_ms of run()


class Deadlock(Exception):
    # Nothing is left that could wake the event loop, or it spins without ever sleeping.
    pass


class _Stop(BaseException):
    pass


def install(ticks=0, wrap=1 << 30, epoch=(2024, 1, 1, 0, 0, 0), float_time=False):
    # ticks: what time.ticks_ms() starts with; wrap: the period of ticks, a power of two (1 << 62:
    # unix); epoch: the RTC, in seconds or as a tuple; float_time: time.time() as on unix.
    # Called again, all of it starts afresh, the event loop too; not from within a task.
    global wakes, _now, _us, _spins, _limit, _base, _since, _start, _mask, _half, _float, _spare
    wakes = _now = _us = _spins = 0
    _limit = None
    _start = ticks
    _mask = wrap - 1
    _half = wrap >> 1
    # The unix port has an int, too, where floats are short
    _float = float_time and 1 + 1 / (1 << 40) > 1
    _since = 0
    _base = 1 << 52 if LONG else _real.ticks_add(_real.ticks_ms(), _LEAD)
    set_rtc(epoch)
    sys.modules["time"] = sys.modules["utime"] = _Time
    asyncio.ticks = core.ticks = _loop_ticks
    if LONG:
        asyncio.ticks_add = core.ticks_add = _loop_ticks_add
    _spare = core.TaskQueue()
    core.IOQueue = _IOQueue
    core.cur_task = None
    core.new_event_loop()


def now():
    # ms since install()
    return _now


def block(ms):
    # ms go by while the event loop is kept from running.
    _sleep_us(int(ms * 1000))


def step(seconds):
    # The RTC is stepped, forward or back; ticks go on as they were.
    global _rtc_s, _rtc_ms
    whole = int(seconds)
    _rtc_s += whole
    _rtc_ms += round((seconds - whole) * 1000)


def set_rtc(when):
    # The RTC is set, to seconds as time() gives or a local time tuple of 6 or more fields.
    global _rtc_s, _rtc_ms
    if not isinstance(when, int):
        when = _mktime(when)
    _rtc_s = when
    _rtc_ms = -_now


def run(coro, until_ms=None, keep=False):
    # asyncio.run(), then a fresh event loop. If now() gets to until_ms first, what still runs is
    # dropped there, without a word to it, and None returned. keep: not after an exception; what
    # it has left in the event loop goes on with the next run().
    global _limit
    _limit = until_ms
    ended = []
    try:
        result = asyncio.run(_awaited(coro, ended))
        if not ended:  # MicroPython up to 1.25 returns when nothing can wake the event loop
            _stuck()
    except _Stop:
        result = None
    except BaseException:
        if not keep:
            core.new_event_loop()
        raise
    finally:
        _limit = None
        core.cur_task = None
    core.new_event_loop()
    return result


async def _awaited(coro, ended):
    result = await coro
    ended.append(True)
    return result


# The time module


def _ticks_ms():
    return (_start + _now) & _mask


def _ticks_us():
    return ((_start + _now) * 1000 + _us) & _mask


def _ticks_add(ticks, delta):
    _check(delta)
    return (ticks + delta) & _mask


def _ticks_diff(end, start):
    return ((end - start + _half) & _mask) - _half


def _seconds():
    return _rtc_s + (_rtc_ms + _now) // 1000


def _time():
    return _seconds() + (_rtc_ms + _now) % 1000 / 1000 if _float else _seconds()


def _time_ns():
    return ((_rtc_s * 1000 + _rtc_ms + _now) * 1000 + _us) * 1000


def _localtime(*seconds):
    # None is an error on some ports
    return _real.localtime(*seconds) if seconds else _date(_real.localtime)


def _gmtime(*seconds):
    return _real.gmtime(*seconds) if seconds else _date(_real.gmtime)


def _date(to_date):
    try:
        return to_date(_seconds())
    except OverflowError:
        # An RTC counts on where the port has no more seconds, from 2038 on; here up to 2066
        date = to_date(_seconds() - _CYCLE)
        return (date[0] + 28,) + tuple(date[1:])


def _mktime(date):
    date = (tuple(date) + (0, 0))[:8]
    try:
        return int(_real.mktime(date))
    except OverflowError:
        return int(_real.mktime((date[0] - 28,) + date[1:])) + _CYCLE


def _sleep(seconds):
    _sleep_us(int(seconds * 1000000))


def _sleep_ms(ms):
    _sleep_us(ms * 1000)


def _sleep_us(us):
    global _us, _spins
    _spins = 0
    _loop_ticks()  # what is to run "now" was so before the time that passes here
    us = _us + max(0, us)
    _move(us // 1000)
    _us = us % 1000


class _Time:
    # Stands in for the module; a class, because a module cannot be made in MicroPython.
    pass


for _name in dir(_real):
    if not _name.startswith("_"):
        setattr(_Time, _name, getattr(_real, _name))
_Time.ticks_ms = _ticks_ms
_Time.ticks_us = _Time.ticks_cpu = _ticks_us
_Time.ticks_add = _ticks_add
_Time.ticks_diff = _ticks_diff
_Time.time = _time
_Time.time_ns = _time_ns
_Time.localtime = _localtime
_Time.gmtime = _gmtime
_Time.sleep = _sleep
_Time.sleep_ms = _sleep_ms
_Time.sleep_us = _sleep_us


# The event loop


def _check(delta):
    # As the real ticks_add, so that asyncio.sleep_ms() of too long a time fails here too.
    if not isinstance(delta, int):
        raise TypeError("can't convert %s to int" % type(delta).__name__)
    if not -_half < delta < _half:
        raise OverflowError("ticks interval overflow")


def _loop_ticks_add(ticks, delta):
    _check(delta)
    # In C, for a small int: what older versions reckon from a long one stays a long one
    return _real.ticks_add(ticks, delta)


def _loop_ticks():
    ticks = _real.ticks_add(_base, _now - _since)
    # What the C code queued for "now" gets its virtual stamp before another one is handed out, so
    # that tasks due at the same moment run in the order they were queued in, as in real time.
    queue = core._task_queue
    task = queue.peek()
    while task and _real.ticks_diff(task.ph_key, _base) < 0:
        # An interrupt may have put another one before it
        _push(queue, queue.pop(), ticks)
        task = queue.peek()
    if LONG:
        return ticks
    _stay_near(0)
    return _real.ticks_add(_base, _now - _since)


def _push(queue, task, ticks):
    data = task.data
    queue.push(task, ticks)
    task.data = data  # push() clears it; a cancelled task's exception is in there


def _move(ms):
    # Time passes
    global _now
    if not LONG:
        _stay_near(ms)
    _now += ms


def _stay_near(ms):
    # Before `ms` pass, on 30 bits: has the event loop's ticks come after the real ones, but not by
    # much, because ticks that are half a period apart cannot be compared.
    global _base, _since
    passed = _now - _since
    real = _real.ticks_ms()
    if passed + ms < 2 * _OVERDUE and _real.ticks_diff(_base, real) > _LEAD // 2:
        return
    now = _real.ticks_add(_base, passed)
    _base = _real.ticks_add(real, _LEAD)
    _since = _now + ms - _OVERDUE
    # All that waits goes to a second queue, in its order, with new stamps; and then back
    queue = core._task_queue
    while queue.peek():
        task = queue.pop()
        left = _real.ticks_diff(task.ph_key, now) - ms
        _push(_spare, task, _real.ticks_add(_base, max(0, _OVERDUE + left)))
    while _spare.peek():
        task = _spare.pop()
        _push(queue, task, task.ph_key)


def _stuck():
    # Nothing but the limit can end this wait.
    if _limit is None:
        raise Deadlock("nothing can wake the event loop")
    _move(max(0, _limit - _now))
    raise _Stop


class _IOQueue(core.IOQueue):
    def wait_io_event(self, dt):
        global wakes, _now, _spins
        queue = core._task_queue
        if self.map:
            # Real streams are polled, and waited for only when there is nothing else to do.
            first = queue.peek()
            super().wait_io_event(1000 if first is None and _limit is None else 0)
            task = queue.peek()
            # asyncio in C stamps it with the real ticks, asyncio in Python with the virtual ones
            if task is not first or task and _real.ticks_diff(task.ph_key, _base) < 0:
                return  # a stream is ready
        if queue.peek() is None:
            _stuck()
        if dt > 0:
            wakes += 1
            _spins = 0
            if _limit is not None and _now + dt > _limit:
                _stuck()
            _move(dt)
        else:
            _spins += 1
            if _spins > spin_limit:
                raise Deadlock("the event loop spins: a task never sleeps")
