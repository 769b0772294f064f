# Tests of aioctl under programs that were written for the field's aioctl, and with a schedule.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import io
import sys

from aiolog import AioStream
from harness import eq, raises

_out = []
ran = []


def _print(*args):
    _out.append(" ".join(str(arg) for arg in args))


def printed():
    lines = list(_out)
    del _out[:]
    return lines


class Schedule:
    # What aioctl asks of aioschedule; no wake() in that of before
    def __init__(self):
        self.entries = {}
        self.calls = []
        self.error = None
        self.woken = 0

    def group(self):
        return self.entries

    def schedule(self, name, **entry):
        if self.error:
            raise self.error
        self.calls.append((name, entry))
        self.entries[name] = entry

    def status_sc(self, name=None, debug=False):
        pass


class Schedule2(Schedule):
    def wake(self):
        self.woken += 1


aioctl = None
schedule = None


def fresh(kind=Schedule2):
    # As after a reset
    global aioctl, schedule
    schedule = sys.modules["aioschedule"] = kind()
    sys.modules.pop("aioctl", None)
    import aioctl as module

    aioctl = module
    aioctl.print = _print
    __import__("aioctl_status").print = aioctl.print
    del _out[:], ran[:]


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append(text)

    info = error


def status(*args, **kwargs):
    printed()
    aioctl.status(*args, **kwargs)
    return printed()


async def passes(n=5):
    for _ in range(n):
        await asyncio.sleep_ms(0)


async def job(*args):
    ran.append(args)


async def sleeps():
    ran.append("begin")
    await asyncio.sleep(1000)


async def fails():
    raise ValueError("no good")


ENTRY = {"start_in": 10, "repeat": 60}
RULER = "<-------------------------------------------------------------------------------->"


################################################################################
# add() and what it keeps


async def test_log_reaches_the_coroutine():
    """It goes on logging, and failures go there too."""
    fresh()
    log = Log()

    async def service(n, log=None):
        log.info("[service] started %d" % n)
        raise ValueError("no good")

    async def any_kwargs(**kwargs):
        kwargs["log"].info(sorted(kwargs))

    async def none(n):
        log.info("none %d" % n)

    aioctl.add(service, 5, log=log)
    aioctl.add(any_kwargs, log=log, x=1)
    # One that does not take it runs without
    aioctl.add(none, 6, log=log)
    await passes()
    want = ["[service] started 5", "[service] ValueError: no good", ["log", "x"], "none 6"]
    eq((log.lines, printed()), (want, []))
    # What does not fit, does not fit
    raises(TypeError, aioctl.add, none, log=log)
    raises(TypeError, aioctl.add, service, 1, 2, 3, log=log)


async def test_hooks_get_what_the_coroutine_got():
    fresh()
    log = Log()

    def on_stop(*args, **kwargs):
        return args, sorted(kwargs)

    async def with_log(n, log=None, x=0):
        await asyncio.sleep(1000)

    async def without(n, x=0):
        await asyncio.sleep(1000)

    a = aioctl.add(with_log, 1, x=2, log=log, on_stop=on_stop)
    b = aioctl.add(without, 1, x=2, log=log, on_stop=on_stop)
    c = aioctl.add(without, 1, name="c", _id="c", on_stop=on_stop)
    await passes()
    aioctl.stop()
    await passes()
    eq((a.result, b.result), (((1,), ["log", "x"]), ((1,), ["x"])))
    eq(c.result, ((1,), []))


async def test_kwargs_are_kept_as_they_were_given():
    """But for the name; what a program changes there counts from the next start."""
    fresh()
    log = Log()

    def on_error(exc, *args, **kwargs):
        return "handled"

    async def maybe(fail=False):
        if fail:
            raise ValueError

    record = aioctl.add(maybe, name="x", _id="x", log=log, on_error=on_error, fail=True)
    eq(
        record.kwargs,
        {"_id": "x", "log": log, "on_error": on_error, "fail": True},
    )
    await passes()
    eq((record.result, log.lines), ("handled", ["[x] ValueError"]))
    other = record.kwargs["log"] = Log()
    record.kwargs["on_error"] = lambda exc, **kwargs: "other"
    aioctl.start("x")
    await passes()
    eq((record.result, len(log.lines), other.lines), ("other", 1, ["[x] ValueError"]))
    record.kwargs = {"fail": False}
    aioctl.start("x")
    await passes()
    eq((record.result, record.error), (None, None))


async def test_tasks_match():
    fresh()
    for name in ("led_2", "led_1", "adc"):
        aioctl.add(job, name=name)
    eq(aioctl.tasks_match("led*"), ["led_1", "led_2"])
    eq((aioctl.tasks_match("adc"), aioctl.tasks_match("x*"), printed()), (["adc"], [], []))
    eq(aioctl.tasks_match("*"), ["adc", "led_1", "led_2"])


async def test_traceback_to_a_file_or_as_text():
    fresh()
    aioctl.add(fails)
    await passes()
    printed()
    file = io.StringIO()
    aioctl.traceback("fails", file=file)
    lines = file.getvalue().split("\n")
    eq((lines[0], lines[1]), ("fails:", "Traceback (most recent call last):"))
    eq((lines[-2:], printed()), (["ValueError: no good", ""], []))
    text = aioctl.traceback("fails", rtn=True, indent="  ")
    eq((text, printed()), ("".join("  " + line + "\n" for line in lines[:-1]), []))
    stream = AioStream(1000)
    aioctl.traceback(file=stream)
    eq(stream.read(), file.getvalue())
    eq((aioctl.traceback("x", rtn=True), len(printed())), ("", 1))


async def test_reset():
    fresh()
    stream = AioStream(100)
    aioctl.set_log(stream)
    aioctl.add(sleeps)
    aioctl.reset(group=False, log=True)
    eq((aioctl._AIOCTL_LOG, list(aioctl.group().tasks)), (None, ["sleeps"]))
    aioctl.set_log(stream)
    await passes()
    record = aioctl.group().tasks["sleeps"]
    aioctl.reset()
    await passes()
    eq((aioctl._AIOCTL_LOG, aioctl.group().tasks, record.cancelled), (stream, {}, True))


def test_module_variables():
    fresh()
    eq((aioctl._SCHEDULE, aioctl._AIOCTL_LOG), (True, None))
    stream = AioStream(100)
    aioctl.set_log(stream)
    assert aioctl._AIOCTL_LOG is stream


################################################################################
# status()


async def test_ruler():
    """None with log=False where no log is set."""
    fresh()
    aioctl.add(job)
    await passes()
    eq(len(status(log=False)), 1)
    eq(status()[1:], [RULER])
    aioctl.set_log(AioStream(100))
    eq(status(log=False)[1:], [RULER])


async def test_indent():
    fresh()
    aioctl.add(fails)
    await passes()
    lines = status(debug=True, indent="--")
    eq([line[:2] for line in lines[1:-1]], ["--"] * (len(lines) - 2))
    eq(lines[2], "--┗━► runtime: 0 s")


async def test_scheduled_and_stopped():
    """A run that is stopped while its schedule stays; what was only held back is scheduled."""
    fresh()
    schedule.entries["sleeps"] = entry = dict(ENTRY)
    record = aioctl.add(sleeps)
    assert ": status: scheduled @" in status()[0]
    # Nothing runs: nothing to stop
    eq((aioctl.stop("sleeps", stop_sch=False), record.cancelled), (False, False))
    assert ": status: scheduled @" in status()[0]
    entry["start_in"] = -1
    entry["last"] = 1
    aioctl.start("sleeps")
    await passes()
    eq(aioctl.stop("sleeps", stop_sch=False), True)
    await passes()
    line = status()[0]
    assert line.startswith("\x1b[96m●\x1b[0m sleeps: status: scheduled - stopped @"), line
    assert line.endswith(" 0 s ago --> result:"), line
    aioctl.start("sleeps")
    aioctl.stop("sleeps", stop_sch=False)
    await passes()
    # It has not begun
    eq((ran, record.ms, record.cancelled), (["begin"], None, True))
    assert ": status: scheduled - done @" in status()[0]


################################################################################
# With a schedule


async def test_a_task_held_back_has_nothing_left_to_run():
    """It counts as done at once, and may be started at once; wake() tells aioschedule."""
    fresh()
    schedule.entries["job"] = dict(ENTRY)
    record = aioctl.add(job, 1)
    assert record.task.done()
    eq((record.task.cancel(), aioctl.tasks(), schedule.woken), (False, [], 1))
    aioctl.add(job, 2, name="other")
    eq(schedule.woken, 1)
    # By hand it runs at once
    eq(aioctl.start("job"), True)
    await passes()
    eq(sorted(ran), [(1,), (2,)])


def test_an_aioschedule_without_wake():
    fresh(Schedule)
    schedule.entries["job"] = dict(ENTRY)
    assert aioctl.add(job).task.done()


async def test_stop_before_the_first_step():
    """As aioschedule holds back what was added before it was scheduled."""
    fresh()
    record = aioctl.add(job, 1)
    schedule.entries["job"] = dict(ENTRY)
    eq((record.ms, record.task.done()), (None, False))
    eq(aioctl.stop("job", stop_sch=False), True)
    eq((record.task.done(), record.cancelled, schedule.entries), (True, True, {"job": ENTRY}))
    assert ": status: scheduled @" in status()[0]
    # The start of the schedule, in the same pass
    eq(aioctl.start("job"), True)
    await passes()
    eq((ran, record.cancelled), ([(1,)], False))
    assert record.ms >= 0


async def test_a_schedule_that_cannot_be_given_back_stays_kept():
    fresh()
    schedule.entries["job"] = dict(ENTRY)
    record = aioctl.add(job)
    aioctl.stop("job")
    eq(record.schedule, ENTRY)
    for error in (MemoryError, ValueError):
        schedule.error = error
        raises(error, aioctl.start, "job")
        eq((record.schedule, record.cancelled, schedule.entries), (ENTRY, True, {}))
    schedule.error = None
    eq(aioctl.start("job"), True)
    eq((schedule.calls, record.schedule, record.cancelled), ([("job", ENTRY)], None, False))
    await passes()
    eq(ran, [])


async def test_schedule_can_be_set():
    fresh()
    record = aioctl.add(job)
    await passes()
    record.schedule = ENTRY
    eq(aioctl.start("job"), True)
    eq((schedule.calls, schedule.entries), ([("job", ENTRY)], {"job": ENTRY}))
    aioctl.stop("job")
    eq(record.schedule, ENTRY)
    record.schedule = None
    eq(aioctl.start("job"), True)
    await passes()
    # It was forgotten: this start was a run
    eq((len(schedule.calls), len(ran)), (1, 2))


async def test_a_failed_task_that_is_stopped_was_stopped_on_purpose():
    fresh()
    schedule.entries["fails"] = {"start_in": -1, "repeat": 60, "last": 1}
    record = aioctl.add(fails)
    aioctl.start("fails")
    await passes()
    eq((record.cancelled, type(record.error)), (False, ValueError))
    aioctl.stop("fails")
    eq((record.cancelled, record.schedule["repeat"]), (True, 60))
    # and the new run after the schedule is back
    aioctl.start("fails")
    eq((record.cancelled, record.error), (False, None))


async def test_status_of_a_stopping_task_whose_schedule_was_given_back():
    """The old run still cleans up; the next waits for its end."""
    fresh()

    async def slow():
        ran.append("begin")
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep_ms(50)
            ran.append("end")

    record = aioctl.add(slow)
    await passes()
    schedule.entries["slow"] = {"start_in": -1, "repeat": 60, "last": 1}
    aioctl.stop("slow")
    eq(aioctl.start("slow"), True)
    eq((record.task.done(), record.cancelled), (True, False))
    eq(aioctl.start("slow"), True)
    await asyncio.sleep_ms(100)
    eq((ran, record.cancelled, record.task.done()), (["begin", "end", "begin"], False, False))


async def test_local_time():
    """Times are shown in the zone of aioschedule."""

    class Zone(Schedule2):
        def localtime(self, seconds):
            import time

            return time.localtime(seconds + 3600)

    fresh(Zone)
    vclock.set_rtc((2026, 7, 1, 12, 0, 0))
    aioctl.add(sleeps)
    assert "running since 2026-07-01 13:00:00; 0 s ago" in status()[0]
