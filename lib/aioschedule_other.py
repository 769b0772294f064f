# aioschedule_other: makes up for what an aioctl does not do that knows nothing of aioschedule
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# This project's aioctl holds back what is in the schedule, and tells when a task is added or
# started. Another one runs each task at add(), tells nothing, and makes a new record for each run.
# With such a one aioschedule.py loads this module when it is imported, and asks it
#   wrap()           to hold back what is decorated, when add() calls it
#   hold_back()      to hold back a task that is scheduled after it was added
#   hold_all_back()  to do so with all that was scheduled before it was added, which is known by
#                    note_entry(): before the loop runs, and when it starts
#   note_start()     to note that a task has been started by the schedule

__version__ = "0.1.0"

import asyncio

import aioctl
from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any

# name -> the group of aioctl in which its task was met; None for what was scheduled before its
# task was added, until that is held back
_met = {}


def note_entry(name: str, record: "Any") -> None:
    """An entry was put into the schedule; `record` is that of its task, or None."""
    _met[name] = aioctl.group() if record else None


def forget_entry(name: str) -> None:
    """An entry was taken out of the schedule by unschedule()."""
    _met.pop(name, None)


def note_start(name: str) -> None:
    """The schedule has started a task."""
    _met[name] = aioctl.group()
    failure = aioschedule._failures.get(name)
    if failure:
        # The watcher knows a task by its record
        failure[0] = aioschedule._tasks().get(name)


def forget_names(tasks: dict) -> None:
    """Forgets what was noted of entries that are gone, or have met their task."""
    for name in list(_met):
        if name not in aioschedule.group():
            _met.pop(name, None)
        elif name in tasks and tasks[name].task.done() and is_held(name):
            _met[name] = aioctl.group()


def is_held(name: str) -> bool:
    """Whether the task of an entry has not been met yet: what it runs is not a run."""
    return name in _met and _met[name] is None


def hold_all_back() -> None:
    """Holds back what was scheduled first, and then added."""
    tasks = aioschedule._tasks()
    for name in list(tasks):
        if is_held(name):
            _met[name] = aioctl.group()
            hold_back(tasks[name], name)


def hold_back(record: "Any", name: str) -> None:
    """Not one line early. Nothing tells whether a task has begun, so it is only held back while no
    loop runs."""
    if not record.task.done():
        if aioschedule.loop_runs() or _is_current(record.task):
            return
        aioctl.stop(name, stop_sch=False)
    _end(record)


def _end(record):
    # Stopped before it began it has no done_at, and status() of that aioctl needs one
    if getattr(record, "done_at", 0) is None:
        record.done_at = record.since


def _is_current(task):
    # Whether this asyncio task runs now. Before the event loop runs MicroPython raises one or the
    # other, depending on its version.
    try:
        return asyncio.current_task() is task
    except (NameError, RuntimeError):
        return False


def wrap(task: tuple) -> tuple:
    """The pair (function, name) for add() in the place of `task`, which was decorated."""
    function, name = task

    # aioctl.add() calls it when the task is added, aioctl.start() when a run starts. There is no
    # record of it then, in both cases.
    def call(*args, **kwargs):
        if _is_start(name):
            return function(*args, **kwargs)
        _met[name] = None
        return _first(name, function, args, kwargs)

    return call, name


def _is_start(name):
    # Whether a run starts: it is not scheduled, or the schedule has asked for it, or another task
    # of that name is there, or this one was met before, in this very group
    if name not in aioschedule.group() or aioschedule.is_starting(name):
        return True
    record = aioschedule._tasks().get(name)
    if record and not _is_current(record.task):
        return True
    group = aioctl.group()
    return bool(group) and _met.get(name) is group


async def _first(name, function, args, kwargs):
    # The first step of what add() has started. Only now it can be seen under which name. Under its
    # own it is held back, also when its first run has taken its place by now.
    tasks = aioschedule._tasks()
    for added in list(tasks):
        if _is_current(tasks[added].task):
            break
    else:
        # None at all if somebody awaits it by hand
        added = name if name in tasks else None
    if added != name:
        return await function(*args, **kwargs)
    _met[name] = aioctl.group()
    _end(tasks[name])
    aioschedule.wake()
