# Tests of aioctl: no failure goes unseen, and mistakes get an answer.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import os
import sys

import micropython
from harness import Skip, eq, raises

_out = []
aioctl = None


def _print(*args):
    _out.append(" ".join(str(arg) for arg in args))


def printed():
    lines = list(_out)
    del _out[:]
    return lines


async def schedule_loop():
    await asyncio.sleep(1000)


class Schedule:
    # What aioctl asks of aioschedule
    def __init__(self):
        self.schedule_loop = schedule_loop
        self.entries = {}
        self.does_run = False

    def group(self):
        return self.entries

    def loop_runs(self):
        return self.does_run

    def status_sc(self, name=None, debug=False):
        pass


def fresh(schedule=None):
    # As after a reset
    global aioctl
    sys.modules.pop("aioctl", None)
    sys.modules["aioschedule"] = schedule or Schedule()
    import aioctl as module

    aioctl = module
    aioctl.print = _print
    __import__("aioctl_status").print = aioctl.print
    del _out[:]


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append(text)


async def passes(n=5):
    for _ in range(n):
        await asyncio.sleep_ms(0)


async def typo():
    raise NameError("name 'wh' isn't defined")


async def fails(error):
    raise error


async def sleeps():
    await asyncio.sleep(1000)


################################################################################
# Failures are told


async def test_a_failure_is_told_at_once():
    """One line, and the first time where to look; then only the line."""
    fresh()
    aioctl.add(typo, name="hello")
    await passes()
    eq(
        printed(),
        ["[hello] NameError: name 'wh' isn't defined", 'aioctl.traceback("hello") shows where'],
    )
    aioctl.start("hello")
    aioctl.add(fails, OSError(), name="two")
    await passes()
    eq(printed(), ["[hello] NameError: name 'wh' isn't defined", "[two] OSError"])


async def test_with_a_log_it_goes_there_alone():
    fresh()
    log = Log()
    aioctl.add(typo, name="hello", log=log)
    await passes()
    eq((log.lines, printed()), (["[hello] NameError: name 'wh' isn't defined"], []))


async def test_a_log_that_raises():
    """Then it is printed."""
    fresh()

    class Full:
        def error(self, text):
            raise OSError("log full")

    aioctl.add(typo, log=Full())
    aioctl.add(typo, name="none", log=5)
    await passes()
    lines = printed()
    eq(lines[0], "[typo] NameError: name 'wh' isn't defined")
    eq(lines[2], "[none] NameError: name 'wh' isn't defined")


async def test_an_exception_that_cannot_tell_what_it_is():
    fresh()

    class Bad(Exception):
        def __str__(self):
            raise ValueError

        __repr__ = __str__

    record = aioctl.add(fails, Bad(), name="bad")
    await passes()
    eq(printed()[0], "[bad] Bad: <ValueError in str>")
    eq((type(record.error), record.task.done()), (Bad, True))


async def test_a_failure_without_memory():
    """It is told and noted also where there is none left at all, and on_error gets its turn."""
    if not hasattr(micropython, "heap_lock"):
        raise Skip("no micropython.heap_lock()")
    fresh()
    told = [0, None, None]

    def count(first, *rest):
        # Takes no memory
        told[0] += 1

    def prints(first, second=None, third=None, fourth=None):
        told[0] += 1
        told[1] = second
        told[2] = fourth

    aioctl.print = prints
    __import__("aioctl_status").print = aioctl.print
    error = OSError(5)

    async def locks():
        await asyncio.sleep_ms(1)
        micropython.heap_lock()
        raise error

    async def unlocks():
        await asyncio.sleep_ms(2)
        micropython.heap_unlock()

    record = aioctl.add(locks)
    aioctl.add(unlocks)
    await asyncio.sleep_ms(20)
    assert told[0] > 0
    eq((told[1], told[2]), ("locks", "OSError"))
    eq((record.task.done(), type(record.error), type(record.result)), (True, OSError, OSError))
    assert record.done_at is not None


def test_ctrl_c_and_exit_are_no_failures():
    fresh()
    for error in (KeyboardInterrupt, SystemExit):
        aioctl.add(fails, error)
        raises(error, aioctl.run)
        record = aioctl.group().tasks["fails"]
        eq((printed(), record.error, record.cancelled), ([], None, True))
        assert record.task.done()


async def test_a_stop_is_no_failure():
    fresh()
    record = aioctl.add(sleeps)
    await passes()
    aioctl.stop("sleeps")
    await passes()
    eq((printed(), record.error), ([], None))


async def test_error():
    """`error` is what ended the last run, also where on_error made another result of it; an
    exception that a task returns is a result."""
    fresh()
    log = Log()
    error = ValueError("no good")

    async def gives():
        return error

    def on_error(exc, *args, **kwargs):
        return "handled"

    def worse(exc, *args, **kwargs):
        raise KeyError("worse")

    def bad_stop(*args, **kwargs):
        raise KeyError("stop")

    plain = aioctl.add(fails, error, name="plain", log=log)
    handled = aioctl.add(fails, error, name="handled", on_error=on_error, log=log)
    bad = aioctl.add(fails, error, name="bad", on_error=worse, log=log)
    returned = aioctl.add(gives, log=log)
    stopped = aioctl.add(sleeps, on_stop=bad_stop, log=log)
    await passes()
    aioctl.stop("sleeps")
    await passes()
    eq((plain.error, plain.result), (error, error))
    eq((handled.error, handled.result), (error, "handled"))
    eq((bad.error, type(bad.result)), (error, KeyError))
    eq((returned.error, returned.result), (None, error))
    eq((type(stopped.error), stopped.cancelled), (KeyError, True))
    eq(
        sorted(log.lines),
        [
            "[bad] KeyError: worse",
            "[bad] ValueError: no good",
            "[handled] ValueError: no good",
            "[plain] ValueError: no good",
            "[sleeps] KeyError: stop",
        ],
    )
    eq(printed(), [])
    aioctl.status("gives")
    assert printed()[0].startswith("● gives: status: done @")
    aioctl.status("handled")
    line = printed()[0]
    assert line.startswith("\x1b[91m●\x1b[0m handled: status: ERROR @"), line
    assert line.endswith("--> result: 'handled'"), line
    # The next run begins anew
    plain.coro = gives
    plain.args = ()
    aioctl.start("plain")
    eq(plain.error, None)


################################################################################
# Runs that take too long


async def test_expire():
    """The run is cancelled and has failed: on_error, not on_stop; told as any failure."""
    fresh()
    hooks = []

    async def cleans_up():
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep_ms(5)
            hooks.append("clean")

    def on_error(exc):
        hooks.append(exc)
        return "late"

    record = aioctl.add(
        cleans_up, name="slow", on_stop=lambda: hooks.append("stop"), on_error=on_error
    )
    await passes()
    eq(record.expire("longer than 5 s"), True)
    eq((record.expire("again"), record.task.done()), (False, False))
    await asyncio.sleep_ms(20)
    eq(printed()[0], "[slow] TimeoutError: longer than 5 s")
    eq((hooks[0], record.result, record.cancelled), ("clean", "late", False))
    eq((type(record.error), record.error, hooks[2:]), (asyncio.TimeoutError, hooks[1], []))
    eq(record.expire("it has ended"), False)
    # The next run has all its time
    record.coro = passes
    aioctl.start("slow")
    await passes(10)
    eq((record.error, record.cancelled), (None, False))


async def test_expire_with_an_exception():
    fresh()
    record = aioctl.add(sleeps)
    await passes()
    error = OSError("too slow")
    record.expire(error)
    await passes()
    eq((record.error, record.result, printed()[0]), (error, error, "[sleeps] OSError: too slow"))


async def test_expire_of_a_run_that_swallows_it():
    fresh()

    async def goes_on():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass
        return 42

    record = aioctl.add(goes_on)
    await passes()
    record.expire("longer than 5 s")
    await passes()
    eq((type(record.error), type(record.result)), (asyncio.TimeoutError, asyncio.TimeoutError))


async def test_expire_before_the_first_step():
    fresh()
    began = []

    async def begins():
        began.append(1)

    record = aioctl.add(begins)
    eq(record.expire("longer than 5 s"), True)
    await passes()
    eq((began, type(record.error), record.task.done()), ([], asyncio.TimeoutError, True))


async def test_expire_by_the_task_itself():
    fresh()

    async def expires():
        aioctl.group().tasks["expires"].expire("enough")
        await asyncio.sleep(1000)

    record = aioctl.add(expires)
    await passes()
    eq(type(record.error), asyncio.TimeoutError)


################################################################################
# Nothing runs what is scheduled

NOTHING_RUNS = "Nothing runs what is scheduled: aioctl.add(aioschedule.schedule_loop)"


def test_run_says_that_no_schedule_loop_runs():
    schedule = Schedule()
    fresh(schedule)
    aioctl.add(passes)
    aioctl.run()
    eq(printed(), [])
    schedule.entries["job"] = {"start_in": 5, "repeat": 5}
    aioctl.add(sleeps, name="job")
    aioctl.add(passes)
    aioctl.run()
    eq(printed(), [NOTHING_RUNS])
    schedule.does_run = True
    aioctl.add(passes)
    aioctl.run()
    eq(printed(), [])


async def test_status_says_that_no_schedule_loop_runs():
    schedule = Schedule()
    fresh(schedule)
    schedule.entries["job"] = {"start_in": 5, "repeat": 5}
    aioctl.add(passes, name="job")
    aioctl.add(passes, name="other")
    aioctl.status()
    eq(printed()[-1], NOTHING_RUNS)
    aioctl.status("job")
    eq(printed()[-1], NOTHING_RUNS)
    # It has nothing to do with that one
    aioctl.status("other")
    assert NOTHING_RUNS not in printed()
    # Where it was added but has not begun
    aioctl.add(schedule.schedule_loop)
    aioctl.status("job")
    assert NOTHING_RUNS not in printed()
    aioctl.delete("schedule_loop")
    schedule.does_run = True
    aioctl.status("job")
    assert NOTHING_RUNS not in printed()


################################################################################
# run() where an event loop runs

RUNS_ALREADY = "aioctl.run(): the event loop runs already, and so do the tasks"


async def test_run_inside_a_running_loop():
    fresh()
    record = aioctl.add(sleeps)
    await passes()
    aioctl.run()
    await passes()
    eq((printed(), record.task.done(), record.cancelled), ([RUNS_ALREADY], False, False))


def test_run_where_asyncio_has_none():
    """As in a browser."""
    fresh()

    class Asyncio:
        # All but run()
        pass

    for name in dir(asyncio):
        if name != "run" and not name.startswith("__"):
            setattr(Asyncio, name, getattr(asyncio, name))
    aioctl.asyncio = Asyncio
    record = aioctl.add(sleeps)
    aioctl.run()
    eq((printed(), record.task.done()), ([RUNS_ALREADY], False))


async def test_run_inside_a_running_loop_says_that_no_schedule_loop_runs():
    schedule = Schedule()
    fresh(schedule)
    schedule.entries["job"] = {"start_in": 5, "repeat": 5}
    aioctl.add(sleeps, name="job")
    aioctl.run()
    eq(printed(), [RUNS_ALREADY, NOTHING_RUNS])
    # Where it was added but has not begun
    aioctl.add(schedule.schedule_loop)
    aioctl.run()
    eq(printed(), [RUNS_ALREADY])


################################################################################
# import aioschedule

BROKEN = "broken_aioschedule"


def import_beside(text):
    # Imports aioctl beside an aioschedule.py that holds this, or none; returns what it prints
    os.mkdir(BROKEN)
    try:
        if text is not None:
            with open(BROKEN + "/aioschedule.py", "w") as file:
                file.write(text)
        path = list(sys.path)
        sys.path[:] = [BROKEN, sys.path[-1]] if text is None else [BROKEN] + path
        module = sys.modules.pop("aioctl", None)
        sys.modules.pop("aioschedule", None)
        return import_and_listen(module, path)
    finally:
        if text is not None:
            os.remove(BROKEN + "/aioschedule.py")
        os.rmdir(BROKEN)


def import_and_listen(module, path):
    import builtins

    real = builtins.print
    try:
        builtins.print = _print
    except AttributeError:
        raise Skip("print() cannot be replaced") from None
    try:
        if path != sys.path:
            sys.path[1:] = path
        import aioctl as imported

        eq((imported.aioschedule, imported._SCHEDULE), (None, False))
        eq(imported.tmdelta_fmt(5), "5 s")
        return printed()
    finally:
        builtins.print = real
        sys.path[:] = path
        sys.modules.pop("aioctl", None)
        sys.modules.pop("aioschedule", None)


def test_import_survives_and_says_what_failed():
    fresh()
    for text, said in (
        ("1 +\n", "SyntaxError: "),
        ("raise MemoryError\n", "MemoryError: "),
        ("import heapq_that_is_missing\n", "ImportError: "),
        ("nonsense\n", "NameError: "),
    ):
        lines = import_beside(text)
        eq(len(lines), 1)
        assert lines[0].startswith("aioctl: import aioschedule failed: " + said), lines


def test_a_port_without_a_clock():
    """ImportError that names what is missing, not an AttributeError later."""
    fresh()
    real = sys.modules["time"]
    for missing in ("time", "localtime"):

        class Time:
            pass

        for name in dir(real):
            if name != missing and not name.startswith("__"):
                setattr(Time, name, getattr(real, name))
        sys.modules["time"] = Time
        sys.modules.pop("aioctl")
        try:
            import aioctl  # noqa: F401

            raise AssertionError("imported without time.%s()" % missing)
        except ImportError as error:
            assert "time.%s()" % missing in str(error), error
        finally:
            sys.modules["time"] = real
            sys.modules["aioctl"] = None


async def test_a_part_that_is_missing():
    """status() tells what to install, and goes on."""

    class Partial(Schedule):
        def status_sc(self, name=None, debug=False):
            raise ImportError("install aioschedule_status.py")

    schedule = Partial()
    schedule.does_run = True
    fresh(schedule)
    schedule.entries["a"] = schedule.entries["b"] = {"start_in": 5, "repeat": 5}
    aioctl.add(sleeps, name="a")
    aioctl.add(sleeps, name="b")
    aioctl.status()
    line = "    ┗━► schedule: ImportError: install aioschedule_status.py"
    eq(printed()[1::3], [line, line])


################################################################################
# Mistakes


async def test_the_task_instead_of_its_name():
    fresh()
    job = aioctl.aiotask(sleeps)
    record = aioctl.add(job)
    for call in (aioctl.start, aioctl.stop, aioctl.delete, aioctl.status, aioctl.traceback):
        for task in (job, sleeps, record):
            call(task)
            eq((call, printed()), (call, ['Tasks go by their names: "sleeps"']))
    eq((aioctl.result(job), printed()), (None, ['Tasks go by their names: "sleeps"']))
    aioctl.start(5)
    aioctl.start(["sleeps"])
    eq(
        printed(),
        ["Tasks go by their names, not by 5", "Tasks go by their names, not by ['sleeps']"],
    )
    assert not record.task.done()


def test_a_task_is_not_called():
    fresh()
    job = aioctl.aiotask(sleeps)
    text = str(raises(TypeError, job))
    assert "aioctl.add(sleeps)" in text and 'aioctl.start("sleeps")' in text, text
    # It is the pair of before all the same
    coro, name = job
    eq((coro, name, job == (sleeps, "sleeps"), isinstance(job, tuple)), (sleeps, "sleeps", 1, 1))


def plain():
    _out.append("it ran")


def test_a_forgotten_async():
    """TypeError at the decorator, before anything is run, or at add()."""
    fresh()
    assert "async def" in str(raises(TypeError, aioctl.aiotask, plain))
    eq(printed(), [])
    assert "async def" in str(raises(TypeError, aioctl.add, plain))
    eq((printed(), aioctl.group().tasks), (["it ran"], {}))


def test_a_function_that_returns_a_coroutine():
    """It is a task as well, and where it is scheduled nothing of it runs early."""
    schedule = Schedule()
    fresh(schedule)

    def wraps():
        _out.append("it ran")
        return passes()

    schedule.entries["wraps"] = {"start_in": 5, "repeat": 5}
    aioctl.add(wraps)
    eq(printed(), [])
    aioctl.add(wraps, name="at once")
    aioctl.start("wraps")
    aioctl.run()
    eq(printed(), ["it ran"] * 2 + [NOTHING_RUNS])


def test_arguments_that_do_not_fit_a_scheduled_task():
    schedule = Schedule()
    fresh(schedule)
    schedule.entries["fails"] = {"start_in": 5, "repeat": 5}
    raises(TypeError, aioctl.add, fails)
    raises(TypeError, aioctl.add, fails, 1, 2)
    eq(aioctl.group().tasks, {})


def test_set_log_takes_a_stream_or_a_logger():
    fresh()
    from aiolog import AioStream

    stream = AioStream(100)

    class Handler:
        pass

    class Logger:
        pass

    handler = Handler()
    handler.stream = stream
    logger = Logger()
    logger.handlers = [Handler(), handler]
    for log in (stream, logger):
        aioctl.set_log(None)
        aioctl.set_log(log)
        assert aioctl._AIOCTL_LOG is stream
    for wrong in (5, "log.txt", Logger(), Log()):
        assert "AioStream" in str(raises(TypeError, aioctl.set_log, wrong))
        assert aioctl._AIOCTL_LOG is stream
