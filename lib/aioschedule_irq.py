# aioschedule_irq: interrupts, other threads and the second core start tasks
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# What is called there stores True in two places and does nothing else. trigger_loop() finds that,
# in the event loop, and starts the task.

__version__ = "0.1.0"

import asyncio
import sys

try:
    import _thread
except ImportError:
    _thread = None

import aioctl

import aioschedule

if not hasattr(asyncio, "ThreadSafeFlag"):
    raise ImportError("aioschedule_irq needs asyncio.ThreadSafeFlag, which this port lacks")

# Set by whatever is to be noticed while the event loop waits
flag = asyncio.ThreadSafeFlag()

# To free it wakes the other core of a Pico, where that waits for an event
_lock = _thread.allocate_lock() if _thread else None

# name -> its trigger
_triggers = {}

# The asyncio task that waits for the flag, and the event loop's queue that it is in
_listener = None
_queue = None


class Trigger:
    """What trigger() returns. Called with or without an argument, it starts the task.

    name: the task's
    missed: how many times the task could not be started, most often because it still ran
    fired: whether it was called and the task is about to be started"""

    def __init__(self, name: str):
        self.name = name
        self.missed = 0
        self.fired = False
        # Whether it was said why it cannot be started
        self.told = False
        # The flag's set(): in a hard interrupt nothing can be bound
        self.set_flag = flag.set

    def __call__(self, source: object = None) -> None:
        self.fired = True
        self.set_flag()
        if _lock and _lock.acquire(0):
            _lock.release()


def trigger(name: str) -> Trigger:
    """A callable, with or without an argument, that starts a task at once. It may be called in a
    hard interrupt, in another thread and on the second core. Call trigger() itself at set-up.

    name: str; the task need not be there yet

    Several calls before the task starts are one. A task that still runs is left alone, and so is
    one that aioctl.stop() has taken out of the schedule. Raises TypeError where `name` is no
    str."""
    if not isinstance(name, str):
        raise TypeError("name=%r: accepted: the name of a task, a str" % (name,))
    _attach()
    if name not in _triggers:
        _triggers[name] = Trigger(name)
    if aioschedule.loop_runs():
        listen()
    return _triggers[name]


def _attach():
    # From here on schedule_loop listens, and wake() sets the flag
    module = sys.modules[__name__]
    if aioschedule._irq is not module:
        _triggers.clear()
        aioschedule._irq = module


def listen() -> None:
    """Starts a trigger_loop, unless one runs."""
    if _listener is None or _listener.done() or _queue is not asyncio.core._task_queue:
        asyncio.create_task(trigger_loop())


def is_fired() -> bool:
    """Whether a trigger was called and its task has not been started yet."""
    for name in _triggers:
        if _triggers[name].fired:
            return True
    return False


async def trigger_loop() -> None:
    """Starts the tasks whose triggers are called. schedule_loop has one of its own where there is
    a trigger. Added to aioctl it takes the place of that one, and does its work also without
    schedule_loop. While it runs, schedule(), unschedule(), aioctl.start() and aioctl.stop() take
    effect at once in a soft interrupt, too."""
    global _listener, _queue
    _attach()
    former = _listener
    is_same_loop = _queue is asyncio.core._task_queue
    _queue = asyncio.core._task_queue
    _listener = asyncio.current_task()
    if former and is_same_loop and former is not _listener:
        former.cancel()
    while True:
        try:
            await flag.wait()
            _start_all()
            if aioschedule._changed and aioschedule._sleeper and aioschedule.loop_runs():
                aioschedule._sleeper.cancel()
            # What was started takes its first step, and interrupts that never end stop nobody
            await asyncio.sleep_ms(0)
        except Exception as error:
            # When memory runs out, most often: it is tried again
            aioschedule._say("trigger_loop", "error", error)
            await asyncio.sleep_ms(1000)
            flag.set()


def _start_all():
    for name in list(_triggers):
        fire = _triggers[name]
        if fire.fired:
            # From here on another call is another run
            fire.fired = False
            try:
                error = _start(name)
            except MemoryError:
                fire.fired = True
                raise
            except Exception as exception:
                error = exception
            if error:
                _miss(fire, error)
            else:
                fire.told = False


def _start(name):
    # Returns why it was not started, or None
    record = aioschedule._tasks().get(name)
    if record is None:
        return KeyError("no such task")
    if aioschedule._kept(record) is not None and name not in aioschedule.group():
        # start() would give its schedule back instead
        return RuntimeError("stopped")
    other = aioschedule._other
    if not (record.task.done() or record.cancelled or other and other.is_held(name)):
        return RuntimeError("still running")
    aioschedule._under_way[name] = True
    if not aioctl.start(name):
        return RuntimeError("not started")
    if other:
        # It does not tell
        aioschedule.started(name)
    return None


def _miss(fire, error):
    # Said once, until it starts again
    fire.missed += 1
    aioschedule._load("aioschedule_runs").miss(fire.name)
    if not fire.told:
        fire.told = True
        aioschedule._say(fire.name, "missed", error)
