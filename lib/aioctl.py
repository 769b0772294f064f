# aioctl: asyncio tasks by name. MIT license; Copyright (c) 2026 the aioschedule authors

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
import sys
import time

from micropython import const

# The two modules import each other, either one first: nothing of it is there before the end
# of the import, and none of it is needed
try:
    import aioschedule
except ImportError:
    aioschedule = None

# ms between two looks at whether the run before has ended
_WAIT = const(10)

_log = None
_debug = False
# name -> what stop() took out of aioschedule.group()
_kept = {}
# The queue of the event loop that the tasks belong to
_queue = None


class Task:
    """What the group holds of a task. `coro` (the coroutine function), `args` and `kwargs` are
    what start() runs it with, and may be changed. `task` is the asyncio task of the last run;
    `since` and `done_at` are time.time() in whole seconds, done_at None while it runs;
    `cancelled` is True when it was stopped; `result` is what it returned or the exception that
    ended it; `log`, `on_stop`, `on_error` and `_id` are as given to add(); `schedule` is its entry
    in aioschedule.group(), or the one that stop() took out of there, or None."""

    task = result = done_at = None
    cancelled = entered = False

    def __init__(self, coro, name, args, kwargs):
        self.coro = coro
        self.name = name
        self.args = args
        self.kwargs = kwargs

    def __getattr__(self, name):
        # A property would make each store of an attribute three times as slow, in MicroPython
        if name == "schedule":
            return _sched().get(self.name, _kept.get(self.name))
        raise AttributeError(name)


class TaskGroup:
    """`tasks`: name -> Task; `results`: name -> result, None where there is none yet"""

    def __init__(self):
        self.tasks = {}

    @property
    def results(self):
        return {n: t.result for n, t in self.tasks.items()}


_group = TaskGroup()


################################################################################
# Helpers


def _now():
    return int(time.time())


def _cur():
    # Not there before the first loop runs on MicroPython 1.21
    return getattr(asyncio.core, "cur_task", None)


def _sched():
    try:
        g = aioschedule.group()
    except AttributeError:
        g = None
    return g if isinstance(g, dict) else {}


def _waits(e):
    # Whether there is a run to come; anything can be in that dict, put there at the prompt
    return isinstance(e, dict) and (e.get("start_in", -1) != -1 or bool(e.get("repeat")))


def _sync():
    # Tasks that a replaced event loop left behind never end by themselves, and cancel() of one
    # would look for it in a queue in which it is not
    global _queue
    if _queue is not asyncio.core._task_queue:
        _queue = asyncio.core._task_queue
        for t in _group.tasks.values():
            if not t.task.done():
                t.task.state = False
                _stopped(t)


def _stopped(t):
    t.cancelled = True
    t.done_at = _now()


def _match(parts, name):
    i = len(parts[0])
    if not name.startswith(parts[0]):
        return False
    for part in parts[1:-1]:
        i = name.find(part, i)
        if i < 0:
            return False
        i += len(part)
    return len(name) - i >= len(parts[-1]) and name.endswith(parts[-1])


def _names(name, spare=None):
    # The names meant; a wildcard leaves out the task `spare`
    tasks = _group.tasks
    if name in tasks:
        return [name]
    parts = ("*" if name is None else name).split("*")
    found = [n for n in sorted(tasks) if len(parts) > 1 and _match(parts, n)]
    if not found and name is not None:
        print("Task", name, "not found in", sorted(tasks))
    return [n for n in found if spare is None or tasks[n].task is not spare]


def _text(r):
    # On one line and whatever its repr() does
    try:
        if isinstance(r, BaseException):
            s = str(r)
            return type(r).__name__ + (s and ": " + s)
        return repr(r)
    except Exception as er:
        return "<%s in repr>" % type(er).__name__


################################################################################
# Running


async def _run(t, coro, old):
    me = asyncio.core.cur_task
    r = hook = stray = None
    args = ()
    try:
        try:
            while old and not old.done():
                await asyncio.sleep_ms(_WAIT)
            # The coroutine keeps its locals when it has ended: a chain of all runs ever
            old = None
            # stop() does not cancel before here: the asyncio task would end with an exception,
            # which takes down whoever gathers it
            if coro and t.task is me and not t.cancelled:
                t.entered = True
                r = await coro
        except asyncio.CancelledError as er:
            if t.cancelled or t.task is not me:
                hook = t.on_stop
            else:
                r = stray = er
        except Exception as er:
            r = er
            args = (er,)
            hook = t.on_error
            if t.log:
                try:
                    t.log.error("[%s] %s" % (t.name, _text(er)))
                except Exception:
                    pass
        if hook:
            try:
                r = hook(*args, *t.args, **t.kwargs)
                if isinstance(r, _coroutine):
                    r = await r
            except (Exception, asyncio.CancelledError) as er:
                r = er
    except BaseException:
        # Ctrl-C and exit() end the event loop before it marks this task as done
        me.state = False
        t.cancelled = True
        raise
    finally:
        if t.task is me:
            t.result = r
            t.done_at = _now()
    if stray and not callable(me.state):
        # Cancelled through a task that awaits this one, which is to hear of it
        raise stray
    return r


# isinstance(x, _coroutine) tells a coroutine from all that just happens to have a send()
_coroutine = type(_run(None, None, None))


def _launch(t, hold=False):
    # Starts a run of a task, or, to hold it back, one that does nothing
    coro = None
    if not hold:
        coro = t.coro(*t.args, **t.kwargs)
        if not isinstance(coro, _coroutine):
            raise TypeError("not a coroutine function: %r" % (t.coro,))
    old = t.task
    t.cancelled = t.entered = False
    t.result = None
    t.since = _now()
    t.done_at = t.since if hold else None
    t.task = asyncio.create_task(_run(t, coro, old))


async def _cancel(task):
    task.cancel()


################################################################################
# Tasks and groups


def aiotask(coro):
    """Decorator: makes of a coroutine function the pair (coroutine function, name) for add().

    Raises TypeError for what cannot be called."""
    if not callable(coro):
        raise TypeError("not a coroutine function: %r" % (coro,))
    return coro, getattr(coro, "__name__", "task")


def add(task, *args, name=None, _id=None, on_stop=None, on_error=None, log=None, **kwargs):
    """Creates a task and adds it to the group; returns its Task. It runs at once, with `args` and
    `kwargs`, except when aioschedule has it scheduled under its name: then it waits for that.

    `task` is a pair as @aiotask makes it, or a coroutine function. The name is `name` (str), else
    `_id` (str), else the function's; one in use becomes name@1, name@2. `on_stop(*args, **kwargs)`
    is called when it is stopped, `on_error(exc, *args, **kwargs)` when it raised an exception;
    what they return, or return when awaited, is the result. `log` is a logger whose error() is
    told of an exception, as "[name] ValueError: text".

    Raises TypeError for another kind of task or name, or for arguments that do not fit it."""
    if not isinstance(task, tuple):
        task = aiotask(task)
    if len(task) != 2 or not callable(task[0]):
        raise TypeError("not a task: %r" % (task,))
    base = name = name or _id or task[1]
    if not isinstance(name, str):
        raise TypeError("name=%r" % (name,))
    i = 0
    while name in _group.tasks:
        i += 1
        name = "%s@%d" % (base, i)
    t = Task(task[0], name, args, kwargs)
    t._id = _id
    t.on_stop = on_stop
    t.on_error = on_error
    t.log = log
    _sync()
    _launch(t, isinstance(_sched().get(name), dict))
    _group.tasks[name] = t
    return t


def group():
    """The group: .tasks and .results"""
    return _group


def set_group(group):
    """Makes another TaskGroup the group; running tasks of the old one go on unseen."""
    global _group
    _group = group


def reset():
    """Stops all tasks and forgets them and what stop() kept; leaves aioschedule alone."""
    stop(stop_sch=False)
    _group.tasks.clear()
    _kept.clear()


def tasks():
    """The asyncio tasks still to be awaited, without the one that asks"""
    _sync()
    me = _cur()
    return [t.task for t in _group.tasks.values() if not t.task.done() and t.task is not me]


async def _join():
    while True:
        ts = tasks()
        if not ts:
            return
        try:
            # One at a time: unlike gather() that lets others await them too
            await ts[0]
        except (Exception, asyncio.CancelledError):
            # Somebody gathers it
            await asyncio.sleep_ms(_WAIT)


def run():
    """Runs the event loop until no task is left, also of those added meanwhile. Ctrl-C and
    whatever else ends the loop is raised, and all tasks count as stopped: start() works again."""
    try:
        asyncio.run(_join())
    except BaseException:
        asyncio.new_event_loop()
        _sync()
        raise


################################################################################
# Control: `name` may hold `*` wildcards, and None is all; one that is not there is printed


def start(name=None):
    """Runs tasks again, at once, also those that are scheduled. One whose schedule stop() kept is
    given back to aioschedule instead. Returns True if any was started; one still running is not.

    Raises TypeError for changed args that do not fit the task."""
    if _queue is not asyncio.core._task_queue:
        _sync()
    hit = False
    # The short way for one name: what it takes, each run of a schedule is late by
    for n in (name,) if name in _group.tasks else _names(name):
        t = _group.tasks[n]
        live = not t.task.done()
        if live and t.done_at is None:
            continue
        hit = True
        e = _kept and _kept.pop(n, None)
        if not e or n in _sched():
            _launch(t)
            continue
        if live:
            # The stopped run is still cleaning up: make it a former one
            _launch(t, True)
        t.cancelled = False
        t.result = t.done_at = None
        t.since = _now()
        aioschedule.schedule(n, **e)
    return hit


def stop(name=None, stop_sch=True):
    """Cancels running tasks; stop_sch=True also takes them out of aioschedule.group(), which
    start() undoes. Returns True if there was anything to stop. A task may stop itself by name,
    which cancels it at its next await; a wildcard or None leaves out the task that calls."""
    _sync()
    me = _cur()
    hit = False
    for n in _names(name, me):
        t = _group.tasks[n]
        live = not t.task.done()
        e = _sched().pop(n, None) if stop_sch else None
        if _waits(e):
            _kept[n] = e
        elif not live:
            # A failed task may be about to be restarted, which stop() prevents
            if isinstance(t.result, Exception) and not t.cancelled:
                t.cancelled = hit = True
            continue
        hit = True
        _stopped(t)
        if t.task is me:
            asyncio.create_task(_cancel(me))
        elif live and t.entered:
            t.task.cancel()
    return hit


def delete(*names):
    """Stops tasks and forgets them, their results and schedules; returns True if there were any.
    As with stop(), a wildcard or no name at all leaves out the task that calls."""
    hit = False
    for name in names or (None,):
        for n in _names(name, _cur()):
            stop(n)
            _kept.pop(n, None)
            del _group.tasks[n]
            hit = True
    return hit


def result(name=None):
    """The result of a task, None while there is none; of a wildcard or None: a dict by name, None
    if that is empty. The result of a failed task is the exception."""
    if name in _group.tasks:
        return _group.tasks[name].result
    found = {n: _group.tasks[n].result for n in _names(name)}
    return found or None


def result_all(as_dict=False):
    """All results, as a dict by name or as a list in the order of the names"""
    r = _group.results
    return r if as_dict else [r[n] for n in sorted(r)]


def traceback(name=None):
    """Prints the tracebacks of failed tasks."""
    for n in _names(name):
        r = _group.tasks[n].result
        if isinstance(r, BaseException):
            print(n + ":")
            sys.print_exception(r)


################################################################################
# Status and log


def get_datetime(t):
    """A time tuple (6 or more fields) as "2023-03-29 12:06:47" """
    return "%04d-%02d-%02d %02d:%02d:%02d" % tuple(t[:6])


def tmdelta_fmt(seconds):
    """Seconds (int or float; less than 0 is 0) as "5 s", "00:02:31" or "1 days, 00:59:57" """
    s = max(0, int(seconds))
    if s < 60:
        return "%d s" % s
    text = "%02d:%02d:%02d" % (s // 3600 % 24, s // 60 % 60, s % 60)
    return "%d days, %s" % (s // 86400, text) if s >= 86400 else text


def _status(n, t, debug):
    e = _sched().get(n)
    opts = e if isinstance(e, dict) else {}
    r = t.result
    end = t.done_at
    colour = 0
    state = "done"
    if not t.task.done() and (end is None or t.cancelled):
        colour = 92
        state = "running"
        end = None
    elif isinstance(r, BaseException):
        colour = 91
        state = "ERROR"
    elif opts.get("start_in", -1) != -1:
        colour = 96
        state = "scheduled"
    elif "last" in opts:
        colour = 96
        state = "scheduled - done"
    elif t.cancelled:
        colour = 93
        state = "stopped"
    at = t.since if end is None else end
    try:
        when = get_datetime(time.localtime(at))
    except Exception:
        # A board's localtime() ends in 2038, and clocks can be set wrong
        when = at
    line = "%s %s: status: %s %s %s" % (
        "\x1b[%dm●\x1b[0m" % colour if colour else "●",
        n,
        state,
        "since" if colour == 92 else "@",
        when,
    )
    if state != "scheduled":
        line += "; %s ago" % tmdelta_fmt(_now() - at)
    if colour != 92:
        line += " --> result:"
        if r is not None:
            line += " " + _text(r)
    print(line)
    if debug:
        print("    Task:", getattr(t.coro, "__name__", t.coro), t.task)
        print("    ┗━► runtime:", tmdelta_fmt((_now() if end is None else end) - t.since))
        print("    ┗━► args:", _text(t.args))
        print("    ┗━► kwargs:", _text(t.kwargs))
    if e is not None:
        try:
            aioschedule.status_sc(n, debug=debug)
        except Exception as er:
            print("    ┗━► schedule:", _text(er))
    if debug and isinstance(r, BaseException):
        print("    ┗━► traceback:")
        sys.print_exception(r)


def status(name=None, log=True, debug=False):
    """Prints the state of tasks. log=True: with their lines of the log that set_log() set, those
    that hold "[name]"; debug=True, or debug(): with what they run and how they failed."""
    _sync()
    for n in _names(name):
        _status(n, _group.tasks[n], debug or _debug)
        if log and _log:
            _log.cat("[%s]" % n)
        print("<" + "-" * 80 + ">")


def debug():
    """Turns debug mode of status() on or off; returns whether it is on."""
    global _debug
    _debug = not _debug
    return _debug


def set_log(stream):
    """Sets the log that status(), log() and follow() read: an aiolog.AioStream, or None"""
    global _log
    _log = stream


def log(grep=""):
    """Prints the lines of the log that match `grep`, see aiolog."""
    if _log:
        _log.cat(grep)
    else:
        print("No log: set_log(stream)")


async def follow(grep="", wait=0.05):
    """Prints new lines of the log that match `grep` until cancelled, see aiolog."""
    if _log:
        await _log.follow(grep, wait)
    else:
        log()
