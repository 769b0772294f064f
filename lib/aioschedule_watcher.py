# aioschedule_watcher: restarts aioctl tasks that failed, and waits longer after each failure
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it when watcher_loop is first used.

__version__ = "0.1.0"

import asyncio

from micropython import const

import aioschedule

# asyncio cannot sleep for half a period of ticks_ms
_LONGEST_SLEEP_MS = const(1 << 26)
_HOUR_MS = const(3600000)

# What aioschedule._failures holds of a task that has failed: a list of
#   record     of aioctl, to see whether it was deleted and added anew
#   restarts   how many there were
#   error      the last one
#   wait       checks that it has to wait after a failure
#   to_go      checks until its restart; 0 or less: minus the number of checks it has been well


async def watcher_loop(alog: object = None, sleep: float = 30) -> None:
    """Restarts failed tasks, unless their kwargs hold restart=False; for aioctl.add().

    alog: as for set_log()
    sleep: seconds (> 0) from one check to the next

    A task that fails again waits for twice as many checks, up to an hour, until it has run well
    for that long. Raises TypeError or ValueError where `sleep` is no such number."""
    ms = aioschedule._read_ms(sleep, "watcher_loop", "sleep", 1)
    if ms > _LONGEST_SLEEP_MS:
        text = "accepted: up to 67108 seconds"
        aioschedule._refuse(ValueError, "watcher_loop", "sleep", sleep, text)
    if alog:
        aioschedule.set_log(alog)
    while True:
        await asyncio.sleep_ms(ms)
        try:
            _check_all(max(1, _HOUR_MS // ms))
        except Exception as error:
            aioschedule._say("watcher_loop", "error", error)


def _check_all(longest):
    tasks = aioschedule._tasks()
    results = None
    for name in list(aioschedule._failures):
        if name not in tasks:
            aioschedule._failures.pop(name, None)
    for name in list(tasks):
        # Whatever fails here, also where no memory is left, the others come next
        try:
            record = tasks.get(name)
            if record is None:
                continue
            if hasattr(record, "error"):
                error = record.error
            else:
                results = results or aioschedule.aioctl.result_all(as_dict=True)
                error = results.get(name)
            if not isinstance(error, Exception) or not _may_restart(record, name):
                error = None
            _check(name, record, error, longest)
        except Exception as error:
            aioschedule._say(name, "restart", error)


def _may_restart(record, name):
    # Not what runs, nor what was stopped on purpose, maybe after it had failed
    kept = aioschedule._kept(record) is not None and name not in aioschedule.group()
    ended = record.task.done() and not record.cancelled
    return ended and not kept and record.kwargs.get("restart", True)


def _check(name, record, error, longest):
    failure = aioschedule._failures.get(name)
    if failure is None or failure[0] is not record:
        # Not known yet, or deleted and added anew
        aioschedule._failures.pop(name, None)
        if error is None:
            return
        failure = aioschedule._failures[name] = [record, 0, error, 0, 0]
    _, _, _, wait, to_go = failure
    to_go -= 1
    if error is None:
        to_go = min(0, to_go)
    elif to_go < 1:
        # It has failed anew
        was_well = -to_go >= 2 * wait
        wait = to_go = 1 if was_well else min(2 * wait, longest)
    failure[3] = wait
    failure[4] = to_go
    if error is not None:
        failure[2] = error
        if to_go == 1:
            failure[1] += 1
            aioschedule._say(name, "restart", error)
            aioschedule.aioctl.start(name)
            if aioschedule._other:
                aioschedule._other.note_start(name)
                aioschedule.started(name)
