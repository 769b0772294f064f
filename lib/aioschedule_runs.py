# aioschedule_runs: time limits, and counting the runs that the schedule did not start
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it when a task is scheduled with `timeout`, and when one of its tasks is
# started by hand, by a trigger or by the watcher.

__version__ = "0.1.0"

import asyncio
import time

from micropython import const

import aioschedule

# Places in a state, as in aioschedule.py
_RUNS = const(6)
_MISSED = const(7)

# asyncio cannot sleep for half a period of ticks_ms
_LONGEST_SLEEP_MS = const(1 << 26)
# A run that was cancelled has so many ms to clean up before it is said that it does not end
_CLEAN_UP_MS = const(5000)
_LOOK_MS = const(20)

# name -> _Limit, while something waits for the end of its time
_limits = {}


def started(name: str) -> None:
    """A run of a scheduled task was started that is not the schedule's."""
    try:
        aioschedule._under_way[name] = True
        _add_one(name, _RUNS)
        entry = aioschedule.group().get(name)
        if isinstance(entry, dict) and "timeout" in entry:
            limit_of(name, entry).begin(aioschedule._tasks()[name])
    except Exception as error:
        # It runs: whoever has started it cannot help
        aioschedule._say(name, "error", error)


def miss(name: str) -> None:
    """A task could not be started by a trigger."""
    _add_one(name, _MISSED)


def _add_one(name, place):
    # To a counter in the state of an entry, if there is one
    entry = aioschedule.group().get(name)
    if aioschedule._is_ours(name, entry):
        state = entry["state"]
        entry["state"] = state[:place] + (state[place] + 1,) + state[place + 1 :]
        # What waits in a queue is stale
        aioschedule._changed = True


class _Limit:
    # The time limit of a run. Where one still waits, for the end of an earlier run, the next run
    # takes it over.
    def __init__(self):
        self.queue = asyncio.core._task_queue
        self.record = self.task = None
        # What is left of `ms`, at `tick`
        self.ms = self.left = self.tick = 0

    def begin(self, record):
        """A run has just been started. Takes no memory."""
        self.tick = time.ticks_ms()
        self.left = self.ms
        self.record = record
        self.task = record and record.task
        if hasattr(record, "error") and not hasattr(record, "expire"):
            # That was the run before, see _note()
            del record.error

    def ms_left(self):
        tick = time.ticks_ms()
        self.left -= time.ticks_diff(tick, self.tick)
        self.tick = tick
        return self.left

    def can_wait_for(self, ms):
        # Whether it wakes before a run ends that may take so long from now. Tasks of another event
        # loop never wake again.
        return self.ms <= ms and self.queue is asyncio.core._task_queue


def limit_of(name: str, entry: dict) -> "_Limit":
    """The time limit for the run that is to be started next, of an entry with a `timeout`."""
    ms = aioschedule._read_ms(entry["timeout"], name, "timeout", 1)
    waiting = _limits.get(name)
    if waiting and waiting.can_wait_for(ms):
        waiting.ms = ms
        return waiting
    waiting = _Limit()
    waiting.ms = ms
    # In this order: without memory for the task there is nothing that seems to wait
    asyncio.create_task(_wait(name, waiting))
    _limits[name] = waiting
    return waiting


async def _wait(name, waiting):
    while _limits.get(name) is waiting and waiting.task and not waiting.task.done():
        ms = waiting.ms_left()
        if ms > 0:
            await asyncio.sleep_ms(min(ms, _LONGEST_SLEEP_MS))
            continue
        task = waiting.task
        try:
            await _expire(name, waiting.record, task, waiting.ms)
        except MemoryError:
            await asyncio.sleep_ms(1000)
            continue
        except Exception as error:
            aioschedule._say(name, "timeout", error)
        if waiting.task is task:
            break
    if _limits.get(name) is waiting:
        del _limits[name]


async def _expire(name, record, task, ms):
    # Ends a run, unless it has been stopped or replaced
    if record.task is not task or record.cancelled:
        return
    # A port without floats has whole seconds only
    seconds = ms / 1000 if ms % 1000 else ms // 1000
    error = asyncio.TimeoutError("took longer than %s s" % seconds)
    if hasattr(record, "expire"):
        record.expire(error)
    else:
        task.cancel()
        aioschedule._say(name, "timeout", error)
    left = _CLEAN_UP_MS
    while not task.done() and left > 0:
        await asyncio.sleep_ms(_LOOK_MS)
        left -= _LOOK_MS
    if not task.done():
        aioschedule._say(name, "timeout", RuntimeError("it goes on after it was cancelled"))
    if not hasattr(record, "expire"):
        _note(record, task, error)


def _note(record, task, error):
    # To another aioctl it was stopped. The watcher is to find that it failed.
    if record.task is task:
        record.error = error
        record.cancelled = False
