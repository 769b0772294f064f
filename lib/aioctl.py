# aioctl: asyncio tasks by name, to be started, stopped and looked at from a program or the prompt
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The way of a task:
#   add()     makes its record, a Task, and enters it into group().tasks under a free name
#   _launch() calls the coroutine function and makes an asyncio task of it: one run
#   _run()    is what that asyncio task runs: the coroutine, and what it returns is the result
#   _after()  follows where it failed or was cancelled: tells of it, calls on_error or on_stop
#   start()   launches the next run, or gives a schedule back that stop() has kept
#   stop()    cancels the run; one that has not begun is let go, and ends without a step
# A task that aioschedule has scheduled is not launched by add(). It is held back until aioschedule
# calls start().
#
# What no program needs to run its tasks is in aioctl_status.py, which is loaded when it is first
# asked for: state, results, tracebacks and log, and how tasks are forgotten.
#
# A run belongs to its task as long as `record.task` is its asyncio task: one store starts it, lets
# it go or makes it a former one, and no interrupt can see half of that.
#
# Ctrl-C leaves the event loop without a word to its tasks. _notice_left_loop() finds out, at the
# next call, stops them, and frees their names for the next start of the program.

__version__ = "0.1.0"

import asyncio
import sys
import time
from asyncio import core

from micropython import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any

for _name in ("time", "localtime"):
    if not hasattr(time, _name):
        raise ImportError("aioctl needs time.%s(), which this port lacks" % _name)
del _name

if not hasattr(core, "cur_task"):
    # In MicroPython 1.21 it is not there before the first task runs
    core.cur_task = None

# ms between two looks at whether a stopped run has ended
_WAIT = const(10)

# Tells aioschedule that its wake() is called when a task is added that it has scheduled
_WAKES = True

# What add() takes for itself. The coroutine gets `log` too, if it takes one.
_OWN = ("_id", "on_stop", "on_error", "log")

# The log that set_log() has set
_AIOCTL_LOG: "Any" = None
# Whether a failure has been told with the hint at traceback()
_hinted = False
# The last time that was told, in whole seconds: tasks that start together share that number
_second = 0

# The event loop's queue when it was last looked at, whether a task of ours has run since then, and
# the names of tasks whose event loop is gone: add() gives them anew. This is a dict and no set, as
# is _fresh: a set of MicroPython that finds no memory to grow is broken afterwards.
_queue = core._task_queue
_has_run = False
_free_names = {}


def __getattr__(name: str) -> "Any":
    # What is in aioctl_status.py. All that is at module level takes heap and makes each look at it
    # slower: that is why the names are here.
    if name not in (
        "result",
        "result_all",
        "traceback",
        "status",
        "debug",
        "get_datetime",
        "tmdelta_fmt",
        "set_log",
        "log",
        "follow",
        "delete",
        "reset",
        "set_group",
        "_refuse",
    ):
        raise AttributeError(name)
    try:
        import aioctl_status
    except ImportError as error:
        # dir() asks for each name, and passes on all but an AttributeError: so it is told when it
        # is called
        message = "install aioctl_status.py: %s" % error

        def value(*args, **kwargs):
            raise ImportError(message)

        return value
    # It may have been loaded by an aioctl before this one, in the same session
    aioctl_status.aioctl = sys.modules[__name__]
    return getattr(aioctl_status, name)


def _import_aioschedule():
    # The two modules import each other, either one first: nothing of it is there before the end
    # of the import, and none of it is needed
    try:
        import aioschedule

        return aioschedule
    except Exception as error:
        text = str(error)
        is_absent = isinstance(error, ImportError) and ("'" not in text or "'aioschedule'" in text)
        if not is_absent:
            print("aioctl: import aioschedule failed:", type(error).__name__ + ":", text)
        return None


aioschedule = _import_aioschedule()
del _import_aioschedule
# Whether aioschedule is there
_SCHEDULE = aioschedule is not None


async def _raise(error):
    raise error


# isinstance(x, _Coroutine) tells a coroutine from all that just happens to have a send()
_Coroutine = type(_raise(None))

# In the place of the asyncio task where no run is under way: one that has ended
_ENDED = core.Task(None)
_ENDED.state = None
_ENDED.data = StopIteration()


class Task:
    """What the group holds of a task.

    coro, args, kwargs: what start() runs it with; they may be changed. kwargs are those of add(),
        with on_stop, on_error, log and _id, without name
    name: its name in the group
    task: the asyncio task of the last run; without one, a task that has ended
    since, done_at: when the last run was started and when it ended, in whole seconds of
        time.time(); done_at is None while it runs
    cancelled: whether the last run was stopped, or stop() was told of one that had failed
    ms: None until the last run has begun, below 0 while it runs, and then how long it took, right
        up to 6 days. It stays below 0 where a run was left without a word, as by Ctrl-C
    result: what the last run returned, or what its hook did; without a hook the exception
    error: the exception that ended the last run, also where on_error gave another result, or None
    schedule: the entry that stop() took out of aioschedule.group() and start() will give back, or
        None. It can be set, None forgets it
    """

    # Two things cost time here, on a Pico: a property, 20 us with every store to any attribute,
    # and what is at class level only, 13 us with every look at it
    args: tuple = ()
    schedule: dict | None = None
    # What the coroutine was called with, where that is not `kwargs`
    _passed = None
    # The error that expire() ends the run with
    _expired = None

    def __init__(self, coro, name: str, args: tuple, kwargs: dict):
        self.coro = coro
        self.name = name
        if args:
            self.args = args
        self.kwargs = kwargs
        # All that a run changes: its end can be noted also when there is no memory left
        self.since = self.done_at = self.ms = self.result = self.error = None
        self.cancelled = False
        self.task = _ENDED

    def is_fresh(self) -> bool:
        """Whether add() has started it and it has not begun: it may still be held back."""
        return self in _fresh

    def expire(self, error: BaseException | str) -> bool:
        """Ends a run that takes too long: it is cancelled and counts as failed.

        error: the exception, or the text of a TimeoutError. It is told and goes to on_error as any
        other. Returns whether there was a run to end."""
        if self.task.done() or self._expired is not None:
            return False
        if not isinstance(error, BaseException):
            error = asyncio.TimeoutError(error)
        if self.ms is not None:
            self._expired = error
            _cancel(self.task)
        else:
            self.task = asyncio.create_task(_run(self, _raise(error)))
        return True


class TaskGroup:
    """`tasks`: name -> Task; `results`: name -> result, None where there is none yet"""

    def __init__(self):
        self.tasks = {}

    @property
    def results(self) -> dict:
        return {name: record.result for name, record in self.tasks.items()}


_group = TaskGroup()
# record -> a stopped run that still cleans up: the next one waits for its end
_former_runs = {}
# Records that add() has started, until they have begun
_fresh = {}


################################################################################
# Helpers


def _now():
    # Some clocks are floats; a number of this size takes memory of its own on a board
    global _second
    try:
        now = time.time()
        if now != _second:
            _second = int(now)
    except MemoryError:
        # There is no room for the number: the last one will do
        pass
    return _second


def _schedule():
    # aioschedule.group(), or an empty dict
    try:
        schedule = aioschedule.group()
    except AttributeError:
        return {}
    return schedule if isinstance(schedule, dict) else {}


def _has_runs(entry):
    # Whether there is a run to come; anything can be in that dict, put there at the prompt
    return isinstance(entry, dict) and (
        entry.get("start_in", -1) != -1 or bool(entry.get("repeat"))
    )


def _names(name, spare):
    # The names meant, None being all; a wildcard leaves out the task `spare`
    tasks = _group.tasks
    if name is None:
        name = "*"
    elif not isinstance(name, str):
        __getattr__("_refuse")(name)
        return []
    elif name in tasks:
        return [name]
    found = tasks_match(name) if "*" in name else []
    if not found and name != "*":
        print("Task", name, "not found in", sorted(tasks))
    return [name for name in found if spare is None or tasks[name].task is not spare]


def _text(value):
    # On one line, whatever its str() or repr() does
    try:
        if isinstance(value, BaseException):
            text = str(value)
            name = type(value).__name__
            return "%s: %s" % (name, text) if text else name
        return repr(value)
    except Exception as error:
        name = type(error).__name__
        if isinstance(value, BaseException):
            return "%s: <%s in str>" % (type(value).__name__, name)
        return "<%s in repr>" % name


def _tell(record, error):
    # No failure goes unseen, also where there is hardly any memory left or the log raises
    global _hinted
    line = None
    try:
        line = "[%s] %s" % (record.name, _text(error))
        log = record.kwargs.get("log")
        if log is not None:
            log.error(line)
            return
    except Exception:
        pass
    try:
        if line:
            print(line)
        else:
            print("[", record.name, "]", type(error).__name__)
        if not _hinted:
            _hinted = True
            print('aioctl.traceback("%s") shows where' % record.name)
    except Exception:
        pass


################################################################################
# The event loop


def _runs(task):
    # Whether that asyncio task is the one that runs. pend_throw() refuses a coroutine that runs;
    # it gives what is pending for any other, which is put back.
    try:
        pending = task.coro.pend_throw(None)
        if pending is not None:
            task.coro.pend_throw(pending)
        return False
    except ValueError:
        return True
    except AttributeError:
        # Not a generator, or a port without: it is taken for one that runs until it has ended
        return not task.done()


def _in_interrupt():
    # Soft interrupts run one at a time: what one schedules has to wait
    import micropython

    ran = []
    try:
        micropython.schedule(ran.append, None)
    except AttributeError:
        # No such thing in this port
        return False
    except RuntimeError:
        # Too many wait
        return True
    for _ in range(2):
        # What is scheduled runs here
        time.sleep_ms(0)
    return not ran


if sys.implementation.version < (1, 23):

    def _is_left_waiting(task):
        # Left is the main task, which looks as if it ran. Ctrl-C in that one is not told from its
        # own end.
        if task.done():
            return core._task_queue.peek() is not None
        if any(record.task is task for record in _group.tasks.values()):
            return True
        return task.data is not None or time.ticks_diff(task.ph_key, time.ticks_ms()) > 0


def _notice_left_loop():
    # Called where it matters whether a run is under way. Nothing but this tells that the event
    # loop was replaced, or left by Ctrl-C or exit() with tasks of ours in it.
    if _queue is not core._task_queue:
        _leave_loop(True)
        return
    # A loop that ends in good order leaves no current task
    task = getattr(core, "cur_task", None)
    if not _has_run or task is None or not hasattr(asyncio, "run") or _runs(task):
        return
    if sys.implementation.version < (1, 23) and not _is_left_waiting(task):
        return
    # While the loop polls, an interrupt finds the same
    if not _in_interrupt():
        _leave_loop(False)


def _leave_loop(is_replaced):
    # Stops all tasks. Those in the queue of a loop that was replaced never run again; the others
    # would go on with the next asyncio.run(): they are cancelled, and clean up then.
    global _queue, _has_run
    if is_replaced:
        _former_runs.clear()
    for name, record in _group.tasks.items():
        _free_names[name] = True
        task = record.task
        if task.done():
            continue
        if record.ms is not None and not is_replaced:
            _let_go(record)
            _cancel(task)
        record.task = _ENDED
        _note_stop(record)
    # Where memory runs out before, the next call does the rest
    _queue = core._task_queue
    _has_run = False


def _cancel(task):
    # asyncio refuses the task that runs, and takes for that the one that ran last
    try:
        task.cancel()
    except RuntimeError:
        asyncio.create_task(_cancel_later(task))
        if not _runs(task):
            # It could be resumed before. It is a coroutine of ours.
            task.coro.pend_throw(asyncio.CancelledError())


async def _cancel_later(task):
    task.cancel()


################################################################################
# Running


async def _run(record, coro):
    global _has_run
    if _fresh:
        _fresh.pop(record, None)
    if record.task is not core.cur_task:
        # Let go before its first step
        return None
    _has_run = True
    # When it began, as a number below 0: that tells it from a duration. A small int on all ports,
    # so it takes no memory.
    record.ms = -1 - time.ticks_ms()
    if record.task is not core.cur_task:
        # An interrupt has stopped it between the two lines before
        return None
    try:
        result = await coro
        if record._expired is not None:
            # It has swallowed that it was cancelled
            raise record._expired
    except BaseException as error:
        result = _after(record, error)
        if isinstance(result, _Coroutine):
            result = await result
        return result
    # An asyncio task that has ended keeps its locals
    coro = None
    return _conclude(record, result, None)


def _conclude(record, result, stray):
    # Notes the result of the run that ends here, unless it is a former one, and returns it
    begun = record.ms
    if record.task is getattr(core, "cur_task", None):
        record.result = result
        record.done_at = _now()
        record.ms = time.ticks_diff(time.ticks_ms(), -1 - begun)
    elif _former_runs.get(record) is getattr(core, "cur_task", None):
        del _former_runs[record]
    if stray is not None:
        raise stray
    return result


def _after(record, error):
    # What follows a run that did not return: tells a failure and calls the hook. Returns the
    # result, or a coroutine that gives it. Without a hook it takes no memory.
    task = getattr(core, "cur_task", None)
    is_current = record.task is task
    expired = record._expired
    if expired is not None:
        record._expired = None
        if isinstance(error, asyncio.CancelledError):
            error = expired
    if isinstance(error, Exception):
        if is_current:
            record.error = error
        _tell(record, error)
        return _call_hook(record, "on_error", error, None)
    if not isinstance(error, asyncio.CancelledError):
        _interrupt(record, is_current, error)
        raise error
    stray = None
    if is_current and not record.cancelled:
        # It was cancelled by another task, which may await it and is to hear of it. One that
        # gathers it (that is a callable) would be taken down.
        record.cancelled = True
        if not callable(task.state):
            stray = error
    return _call_hook(record, "on_stop", None, stray)


def _call_hook(record, name, error, stray):
    # As above. The result is what the hook returns or raises; without one it is the error.
    result = error
    hook = record.kwargs.get(name)
    try:
        if hook is not None:
            passed = record._passed
            if passed is None:
                passed = _without_own(record.kwargs)
            if error is None:
                result = hook(*record.args, **passed)
            else:
                result = hook(error, *record.args, **passed)
            if isinstance(result, _Coroutine):
                return _await_hook(record, result, stray)
    except BaseException as raised:
        result = _note_hook_error(record, raised)
    return _conclude(record, result, stray)


async def _await_hook(record, hook, stray):
    try:
        result = await hook
    except BaseException as error:
        result = _note_hook_error(record, error)
    return _conclude(record, result, stray)


def _note_hook_error(record, error):
    is_current = record.task is getattr(core, "cur_task", None)
    if isinstance(error, Exception):
        _tell(record, error)
        if is_current and record.error is None:
            record.error = error
    elif not isinstance(error, asyncio.CancelledError):
        _interrupt(record, is_current, error)
        raise error
    return error


def _interrupt(record, is_current, error):
    # Ctrl-C or exit() ends the event loop before it has noted the end of this task
    if is_current:
        record.task = _ENDED
        _note_stop(record)
    if isinstance(error, GeneratorExit):
        return
    try:
        _leave_loop(False)
    except MemoryError:
        # The next call finds out
        pass


async def _run_later(record, former, coro):
    # A run while the one before still cleans up
    while not former.done():
        await asyncio.sleep_ms(_WAIT)
    if _former_runs.get(record) is former:
        del _former_runs[record]
    return await _run(record, coro)


def _without_own(kwargs):
    return {key: kwargs[key] for key in kwargs if key not in _OWN}


def _call(record):
    # Calls the coroutine function with what is meant for it
    passed = record.kwargs
    for key in _OWN:
        if key in passed:
            record._passed = passed = _without_own(passed)
            break
    if "log" in record.kwargs:
        passed["log"] = record.kwargs["log"]
        try:
            return record.coro(*record.args, **passed)
        except TypeError:
            # It takes no `log`, or its arguments do not fit: that is raised below
            del passed["log"]
    return record.coro(*record.args, **passed)


def _refuse_function(function):
    raise TypeError("not a coroutine function, write async def: %r" % (function,))


def _launch(record):
    # Starts a run. All that takes memory or may raise comes before the first store. What is done
    # here and in start() makes each run of a schedule late: it is written out for that, and asks
    # for no builtin, which is looked for among all names of the module first.
    global _second
    coro = _call(record) if record.kwargs else record.coro(*record.args)
    if coro.__class__ is not _Coroutine:
        _refuse_function(record.coro)
    if _former_runs:
        # The event loop in which they would end may be gone
        _notice_left_loop()
    if _former_runs and record in _former_runs:
        run = _run_later(record, _former_runs[record], coro)
    else:
        run = _run(record, coro)
    now = time.time()
    if now != _second:
        _second = int(now)
    # No branch from here on, so no interrupt comes in: it finds the run before, or this one
    task = core.create_task(run)
    record.since = _second
    record.cancelled = False
    record.ms = record.done_at = record.result = record.error = None
    record.task = task


def _hold_back(record):
    # As before the first run of a schedule
    _let_go(record)
    record.since = record.done_at = _now()
    record.cancelled = False
    record.ms = record.result = record.error = None


def _let_go(record):
    # A run that is under way goes on as a former one
    _fresh.pop(record, None)
    if not record.task.done():
        _former_runs[record] = record.task
        if record._expired is not None:
            record._expired = None
        record.task = _ENDED


################################################################################
# Tasks and groups


class _Pair(tuple):
    # What @aiotask makes of a coroutine function. It goes by the same name, and who types that
    # with parentheses gets an answer.
    def __call__(self, *args, **kwargs):
        name = self[1]
        text = '%s is a task: aioctl.add(%s) adds it, aioctl.start("%s") runs it again'
        raise TypeError(text % (name, name, name))


def aiotask(coro) -> tuple:
    """Decorator: makes of a coroutine function the pair (coroutine function, name) for add().

    Raises TypeError for what is no coroutine function."""
    _notice_left_loop()
    name = getattr(coro, "__name__", "task")
    is_plain = type(coro) is type(aiotask) and name != "<lambda>"
    if is_plain or not callable(coro):
        _refuse_function(coro)
    return _Pair((coro, name))


def add(task, *args, name: str | None = None, **kwargs) -> Task:
    """Creates a task and adds it to the group. It runs at once, with `args` and `kwargs`, unless
    aioschedule has it scheduled under its name: then it waits for that.

    task: a pair as @aiotask makes it, or a coroutine function
    name: str, else that of `_id` (str), else the function's; one in use becomes name@1, name@2
    on_stop: on_stop(*args, **kwargs) is called when it is stopped
    on_error: on_error(exception, *args, **kwargs) is called when it has raised an exception. What
        these two return, or return when awaited, is the result
    log: a logger whose error() is told of a failure, "[name] ValueError: text", which is printed
        otherwise. The coroutine gets it too if it takes a `log`

    Returns its Task. Raises TypeError for another kind of task or name, or for arguments that do
    not fit."""
    if not isinstance(task, tuple):
        task = task, getattr(task, "__name__", "task")
    if len(task) != 2 or not callable(task[0]):
        raise TypeError("not a task: %r" % (task,))
    name = name or kwargs.get("_id") or task[1]
    if not isinstance(name, str):
        raise TypeError("name=%r" % (name,))
    _notice_left_loop()
    base = name
    count = 0
    while name in _group.tasks and name not in _free_names:
        count += 1
        name = "%s@%d" % (base, count)
    record = Task(task[0], name, args, kwargs)
    if isinstance(_schedule().get(record.name), dict):
        if type(record.coro) is type(_run):
            # Called in vain, to find out at once whether the arguments fit. Any other function
            # would run something of its own, before it is due.
            _call(record)
        _hold_back(record)
        _enter(record)
        _wake_scheduler()
    else:
        _launch(record)
        _fresh[record] = True
        _enter(record)
        if isinstance(_schedule().get(record.name), dict):
            # An interrupt has scheduled it meanwhile
            _hold_back(record)
            _wake_scheduler()
    return record


def _wake_scheduler():
    wake = getattr(aioschedule, "wake", None)
    if wake is not None:
        wake()


def _enter(record):
    try:
        _group.tasks[record.name] = record
        _free_names.pop(record.name, None)
    except MemoryError:
        # It is not to run unseen
        record.task = _ENDED
        raise


def group() -> TaskGroup:
    """The group: .tasks and .results"""
    return _group


def tasks() -> list:
    """The asyncio tasks still to be awaited, without the one that asks"""
    _notice_left_loop()
    me = getattr(core, "cur_task", None)
    found = [record.task for record in _group.tasks.values()]
    return [task for task in found if not task.done() and task is not me]


def tasks_match(pattern: str) -> list:
    """The names that match a pattern with `*` wildcards, sorted"""
    head, *parts = pattern.split("*")
    tail = parts.pop() if parts else None

    def matches(name):
        if tail is None:
            return name == head
        if not name.startswith(head):
            return False
        start = len(head)
        for part in parts:
            start = name.find(part, start)
            if start < 0:
                return False
            start += len(part)
        return len(name) - start >= len(tail) and name.endswith(tail)

    return [name for name in sorted(_group.tasks) if matches(name)]


def run() -> None:
    """Runs the event loop until no task is left, also of those added meanwhile. Where one runs
    already, it says so and returns.

    Ctrl-C and whatever else ends the loop is raised, and all tasks are stopped."""
    task = getattr(core, "cur_task", None)
    if not hasattr(asyncio, "run") or task is not None and _runs(task):
        print("aioctl.run(): the event loop runs already, and so do the tasks")
        _say_if_nothing_runs_the_schedule(None)
        return

    async def join():
        # All tasks of before are at their first await when this begins, schedule_loop too
        _say_if_nothing_runs_the_schedule(None)
        while True:
            left = tasks()
            if not left:
                return
            try:
                # One at a time: unlike gather() that lets others await them too
                await left[0]
            except (Exception, asyncio.CancelledError):
                # Somebody gathers it
                await asyncio.sleep_ms(_WAIT)

    _notice_left_loop()
    try:
        asyncio.run(join())
    except BaseException:
        _leave_loop(False)
        raise
    for name in _group.tasks:
        _free_names[name] = True


def _say_if_nothing_runs_the_schedule(names):
    loop_runs = getattr(aioschedule, "loop_runs", None)
    schedule = _schedule()
    if loop_runs is None or loop_runs() or not schedule:
        return
    for record in _group.tasks.values():
        if record.coro is aioschedule.schedule_loop and not record.task.done():
            # It has not begun
            return
    if names is None or any(name in schedule for name in names):
        print("Nothing runs what is scheduled: aioctl.add(aioschedule.schedule_loop)")


################################################################################
# Control: `name` may hold `*` wildcards, and None is all; one that is not there is printed


def start(name: str | None = None) -> bool:
    """Runs tasks again, at once, also those that are scheduled. One whose schedule stop() has kept
    is given back to aioschedule instead. Returns True if any was started; one that still runs is
    not.

    Raises TypeError for changed args that do not fit the task, and what aioschedule.schedule()
    raises: the schedule stays kept then."""
    try:
        record = _group.tasks[name]
    except (KeyError, TypeError):
        started = [found for found in _names(name, None) if _start(_group.tasks[found])]
        return bool(started)
    if record.task.done() and record.schedule is None and not _free_names:
        _launch(record)
        _tell_scheduler(name)
        return True
    return _start(record)


def _start(record):
    if not record.task.done():
        _notice_left_loop()
        # What is started by hand is not to be held back any more
        _fresh.pop(record, None)
        if not record.cancelled:
            return False
        # The stopped run still cleans up
        _let_go(record)
    if record.schedule is not None:
        if record.name not in _schedule():
            if _is_due(record.name):
                # The scheduler starts it, but an interrupt has stopped it just now
                return False
            aioschedule.schedule(record.name, **record.schedule)
            record.schedule = None
            _hold_back(record)
            return True
        # A new one has replaced it
        record.schedule = None
    _free_names.pop(record.name, None)
    _launch(record)
    _tell_scheduler(record.name)
    return True


def _is_due(name):
    # Whether it is the scheduler that calls start()
    is_starting = getattr(aioschedule, "is_starting", None)
    return is_starting is not None and is_starting(name)


def _tell_scheduler(name):
    # Also a run that is started by hand counts, and may take no longer than its timeout
    try:
        aioschedule.started(name)
    except AttributeError:
        # There is none, or one that does not ask for it
        pass


def stop(name: str | None = None, stop_sch: bool = True) -> bool:
    """Cancels running tasks; stop_sch=True also takes them out of aioschedule.group(), which
    start() undoes. Returns True if there was anything to stop. A task may stop itself by name,
    which cancels it at its next await; a wildcard or None leaves out the task that calls."""
    _notice_left_loop()
    names = _names(name, getattr(core, "cur_task", None))
    stopped = [found for found in names if _stop(_group.tasks[found], stop_sch)]
    _wake_scheduler()
    return bool(stopped)


def _stop(record, stop_sch):
    keeps = False
    if stop_sch:
        # Takes the entry out of aioschedule.group(). It is kept first, or it could get lost.
        schedule = _schedule()
        entry = schedule.get(record.name)
        keeps = _has_runs(entry)
        if keeps:
            record.schedule = entry
        schedule.pop(record.name, None)
    if not record.task.done():
        _note_stop(record)
        if record.ms is not None:
            _cancel(record.task)
        else:
            record.task = _ENDED
        return True
    if keeps:
        _note_stop(record)
        return True
    if record.error is not None and not record.cancelled:
        # It has failed and may be about to be restarted: not any more
        record.cancelled = True
        return True
    return False


def _note_stop(record):
    record.cancelled = True
    record.done_at = _now()
