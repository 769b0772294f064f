# A second aioctl for the tests, which behaves as the one in the field does.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Whoever imports it has it as `aioctl`, the scheduler too. It was written from a list of what the
# one in the field does where that differs from lib/aioctl.py, and is as strict as the list allows:
#
#    1. group() is None before the first add() and after reset(), which leaves all tasks running.
#    2. aiotask() gives a wrapper that never raises: results, exceptions and hooks end in its
#       return value, and done_at in the record of `_id` or else of the function's own name.
#    3. add() calls the function and makes the asyncio task at once, then enters the record.
#    4. The record has plain attributes, and none that tells whether the coroutine has begun.
#    5. start() gives a kept schedule back and runs nothing; else it removes the record and adds
#       the task anew, without a look at whether it runs. It prints errors and returns True.
#    6. stop() cancels what is not done; the record keeps the schedule, also of what is done.
#    7. delete() stops, then removes; tasks() gives what is neither done nor cancelled; wildcards.
#    8. result() is what the asyncio task ended with: its value, or the exception's first argument.
#    9. run() starts every name again, beside what add() has queued, and gathers.
#   10. status() in debug mode does arithmetic with the done_at of what waits for its schedule.
#   11. Services that read the schedule add a key to each entry and make JSON of it: that is
#       report() in programs.py.

import asyncio
import re
import sys
import time

# Before the scheduler looks for an aioctl: the two import each other
sys.modules["aioctl"] = sys.modules[__name__]

try:
    import aioschedule
except ImportError:
    aioschedule = None

# Of the dots that status() prints
RED = 91
GREEN = 92
YELLOW = 93
CYAN = 96

_SCHEDULE = aioschedule is not None
_AIOCTL_LOG = None

# Behaviour 1: there is no group until something is added
_group = None
_debug = False


class Record:
    # Behaviour 4: all plain attributes; nothing here tells whether the coroutine has begun

    def __init__(self, task, coro, name, args, kwargs):
        self.task = task
        self.coro = coro
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.since = time.time()
        self.done_at = None
        self.cancelled = False
        self.schedule = None


class TaskGroup:
    def __init__(self):
        self.tasks = {}

    @property
    def results(self):
        return {name: _result(record) for name, record in self.tasks.items()}


################################################################################
# Tasks and the group


def aiotask(function):
    """The pair (wrapper, name of the function)."""
    own_name = getattr(function, "__name__", "task")

    # Behaviour 2: the three are taken out, all else is passed on, `log` too
    async def wrapper(*args, on_stop=None, on_error=None, _id=None, **kwargs):
        cancelled = False
        result = None
        try:
            result = await function(*args, **kwargs)
        except asyncio.CancelledError:
            # Only after the first step: before it, the wrapper itself has not begun
            cancelled = True
            if on_stop:
                result = _answer(on_stop, *args, **kwargs)
        except Exception as exc:
            # Behaviour 2: an exception is a result; GeneratorExit is none of these
            result = _answer(on_error, exc, *args, **kwargs) if on_error else exc
        _note_end(_id or own_name, cancelled)
        return result

    return wrapper, own_name


def _answer(hook, *args, **kwargs):
    try:
        return hook(*args, **kwargs)
    except Exception as exc:
        return exc


def _note_end(name, cancelled):
    # Behaviour 2: in the record of that name, whichever run that is of, if there is one
    record = _group.tasks.get(name) if _group else None
    if record:
        record.done_at = time.time()
        if cancelled:
            record.cancelled = True


def add(task, *args, **kwargs):
    """Runs a pair of aiotask(), or a coroutine function, and enters it into the group."""
    global _group
    if not isinstance(task, tuple):
        task = task, getattr(task, "__name__", "task")
    function, own_name = task
    # Behaviour 3: only the name is taken out; it is called and queued whatever the schedule holds
    base = name = kwargs.pop("name", None) or own_name
    job = asyncio.create_task(function(*args, **kwargs))
    # Behaviours 1 and 3: up to here it was in no group, and there may have been none
    if _group is None:
        _group = TaskGroup()
    number = 0
    while name in _group.tasks:
        number += 1
        name = "%s@%d" % (base, number)
    _group.tasks[name] = Record(job, function, name, args, kwargs)
    # Behaviour 3: returns None


def group():
    """The group, or None."""
    return _group


def set_group(group):
    """Another group in place of this one."""
    global _group
    _group = group


def reset(group=True, log=False):
    """Forgets the group, the log, or both."""
    global _group, _AIOCTL_LOG
    if group:
        # Behaviour 1: the asyncio tasks go on
        _group = None
    if log:
        _AIOCTL_LOG = None


def tasks():
    """The asyncio tasks that are neither done nor cancelled."""
    # Behaviour 7; behaviour 1: AttributeError where there is no group
    records = _group.tasks.values()
    return [r.task for r in records if not r.task.done() and not r.cancelled]


def tasks_match(pattern):
    """The names of the group that match."""
    return [name for name in _group.tasks if _matches(pattern, name)]


def _matches(pattern, name):
    return bool(re.match("^" + pattern.replace("*", ".*") + "$", name))


def _names(name):
    # Behaviour 7: wildcards; no name is all
    if name is None:
        return list(_group.tasks)
    found = [name] if name in _group.tasks else []
    if "*" in name:
        found = tasks_match(name)
    if not found:
        print("Task", name, "not found in", list(_group.tasks))
    return found


################################################################################
# Control


def start(name=None):
    """Runs tasks again, or gives them back to the scheduler."""
    names = _names(name)
    for found in names:
        try:
            _start(found)
        except Exception as exc:
            # Behaviour 5: that is all that is heard of it
            print(exc)
    return bool(names)


def _start(name):
    record = _group.tasks[name]
    if record.schedule:
        # Behaviour 5: given back, cleared, and nothing is run
        aioschedule.schedule(name, **record.schedule)
        record.schedule = None
        return
    # Behaviour 5: whether it runs or not, its record goes before the function is called, and does
    # not come back where that fails
    del _group.tasks[name]
    record.kwargs["name"] = name
    add(record.coro, *record.args, **record.kwargs)


def stop(name=None, stop_sch=True):
    """Cancels tasks, and with stop_sch takes them out of the schedule."""
    names = _names(name)
    for found in names:
        try:
            _stop(found, stop_sch)
        except Exception as exc:
            # asyncio refuses to cancel the task that asks
            print(exc)
    return bool(names)


def _stop(name, stop_sch):
    record = _group.tasks[name]
    # Behaviour 6: what is done is not cancelled any more, its schedule is kept all the same
    if not record.task.done():
        record.task.cancel()
        record.cancelled = True
    if stop_sch and _SCHEDULE and name in aioschedule.group():
        record.schedule = aioschedule.group().pop(name)


def delete(*names):
    """Stops tasks and removes them."""
    for name in names:
        for found in _names(name):
            # Behaviour 7: with its schedule, which goes with the record
            stop(found)
            del _group.tasks[found]


def run():
    """Starts all that was added, and runs the event loop until that has ended."""
    asyncio.run(_run())


async def _run():
    # Behaviour 9: what add() has queued already runs as well
    for name in list(_group.tasks):
        start(name)
    await asyncio.gather(*tasks())


################################################################################
# Results and status


def _result(record):
    # Behaviour 8: a coroutine that returns ends with StopIteration(value)
    ended = record.task.data if record.task.done() else None
    return ended.args[0] if ended and ended.args else None


def result(name):
    """What a task returned."""
    return _result(_group.tasks[name])


def result_all(as_dict=False):
    """All results, by name or as a list."""
    results = _group.results
    return results if as_dict else list(results.values())


def traceback(name=None, rtn=False, indent="", file=sys.stdout):
    """Prints the tracebacks of failed tasks."""
    for found in _names(name):
        failure = result(found)
        if isinstance(failure, Exception):
            print(indent + found + ":", file=file)
            sys.print_exception(failure, file)


def get_datetime(t):
    return "%04d-%02d-%02d %02d:%02d:%02d" % tuple(t[:6])


def tmdelta_fmt(seconds):
    seconds = int(seconds)
    if seconds < 60:
        return "%d s" % seconds
    text = "%02d:%02d:%02d" % (seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    return "%d days, %s" % (seconds // 86400, text) if seconds >= 86400 else text


def _ago(seconds):
    return tmdelta_fmt(time.time() - seconds)


def status(name=None, log=True, debug=False, indent="    "):
    """Prints the state of tasks, sorted by name."""
    for found in sorted(_names(name)):
        _status(found, _group.tasks[found], debug or _debug, indent)
        if log and _AIOCTL_LOG:
            _AIOCTL_LOG.cat("[%s]" % found)
        print("<" + "-" * 80 + ">")


def _status(name, record, debug, indent):
    entry = aioschedule.group().get(name) if _SCHEDULE else None
    waits = entry is not None and entry["start_in"] != -1
    print(_status_line(name, record, entry, waits))
    if debug:
        print("%sTask: %s" % (indent, record.task))
        print("%s┗━► runtime: %s" % (indent, tmdelta_fmt(_runtime(record, waits))))
        print("%s┗━► args: %s" % (indent, record.args))
        print("%s┗━► kwargs: %s" % (indent, record.kwargs))
    if entry is not None:
        aioschedule.status_sc(name, debug=debug)
    if debug and isinstance(_result(record), Exception):
        traceback(name, indent=indent)


def _dot(colour):
    return "\x1b[%dm●\x1b[0m" % colour if colour else "●"


def _status_line(name, record, entry, waits):
    if not record.task.done():
        when = "%s; %s ago" % (get_datetime(time.localtime(record.since)), _ago(record.since))
        return "%s %s: status: running since %s" % (_dot(GREEN), name, when)
    outcome = _result(record)
    shown = "" if outcome is None else " " + str(outcome)
    ended = record.since if record.done_at is None else record.done_at
    if waits:
        # Behaviour 10: what has not run yet has no time of its own to show
        if record.done_at is None:
            ended = aioschedule._AIOCTL_SCHEDULE_T0 + entry["start_in"]
        when = get_datetime(time.localtime(ended))
        return "%s %s: status: scheduled @ %s --> result:%s" % (_dot(CYAN), name, when, shown)
    if isinstance(outcome, Exception):
        shown = " %s: %s" % (type(outcome).__name__, outcome)
    state, colour = _state(record, entry, outcome)
    when = "%s; %s ago" % (get_datetime(time.localtime(ended)), _ago(ended))
    return "%s %s: status: %s @ %s --> result:%s" % (_dot(colour), name, state, when, shown)


def _state(record, entry, outcome):
    # The word and the colour for a task that is done
    if isinstance(outcome, Exception):
        return "ERROR", RED
    state = "stopped" if record.cancelled else "done"
    if entry is not None:
        return "scheduled - " + state, CYAN
    return state, YELLOW if record.cancelled else None


def _runtime(record, waits):
    if not record.task.done():
        return time.time() - record.since
    if waits:
        # Behaviour 10: a TypeError while done_at is None
        return record.done_at - record.since
    return (record.done_at or record.since) - record.since


################################################################################
# The log


def debug():
    """Turns debug mode of status() on or off."""
    global _debug
    _debug = not _debug


def set_log(stream):
    """The log that status(), log() and follow() read."""
    global _AIOCTL_LOG
    _AIOCTL_LOG = stream


def log(grep=""):
    _AIOCTL_LOG.cat(grep)


async def follow(grep="", wait=0.05):
    await _AIOCTL_LOG.follow(grep, wait)
