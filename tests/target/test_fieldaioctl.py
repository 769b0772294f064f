# Proves that the second aioctl of the tests behaves as the one in the field: a test for each
# behaviour that its head lists, without the scheduler.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import io
import json
import sys

from harness import eq, raises
from programs import forget, report


class FakeSchedule:
    # What an aioctl needs of a scheduler: it notes what it is told, and does nothing

    _AIOCTL_SCHEDULE_T0 = 0

    def __init__(self):
        self.entries = {}
        self.calls = []

    def group(self):
        return self.entries

    def schedule(self, name, **entry):
        self.calls.append((name, entry))
        self.entries[name] = entry

    def status_sc(self, name, debug=False):
        self.calls.append((name, debug))


def fresh():
    # The module as newly imported, and its scheduler
    vclock.install()
    forget()
    sys.modules["aioschedule"] = fake = FakeSchedule()
    import fieldaioctl

    return fieldaioctl, fake


def play(*script, until_ms=10_000):
    # Runs what was added; `script` has pairs (ms, function to call at that time)
    async def main():
        for ms, call in script:
            await asyncio.sleep_ms(ms - vclock.now())
            call()
        await asyncio.Event().wait()

    vclock.run(main(), until_ms)


def noting(steps, result=None, error=None):
    # A coroutine function that notes its start and its end, a second later
    async def body(*args, **kwargs):
        steps.append((vclock.now(), args, kwargs))
        await asyncio.sleep(1)
        steps.append(vclock.now())
        if error:
            raise error
        return result

    return body


def printed(ctl):
    lines = []
    ctl.print = lambda *args, **kw: lines.append(" ".join(str(a) for a in args))
    return lines


def test_takes_the_place_of_aioctl():
    """Whoever imports aioctl afterwards has this module, with a scheduler that is there."""
    ctl, sched = fresh()
    import aioctl

    assert aioctl is ctl and ctl.aioschedule is sched and ctl._SCHEDULE is True


def test_1_no_group():
    """group() is None before the first add() and after reset(), which leaves the tasks running."""
    ctl, _ = fresh()
    steps = []

    def no_group():
        eq(ctl.group(), None)
        raises(AttributeError, ctl.tasks)
        raises(AttributeError, ctl.result_all)
        raises(AttributeError, ctl.status)

    no_group()
    ctl.add(noting(steps), name="a")
    eq(list(ctl.group().tasks), ["a"])
    play((500, ctl.reset), (500, no_group))
    eq(steps, [(0, (), {}), 1000])


def test_2_wrapper_never_raises():
    """An exception is the return value, or what on_error gives; so is what on_stop gives."""
    ctl, _ = fresh()
    error = ValueError("wrong")
    record = {}
    for name, hooks, fails in (
        ("returned", {}, None),
        ("failed", {}, error),
        ("answered", {"on_error": lambda exc, *args, **kw: (exc, args, kw)}, error),
        ("stopped", {"on_stop": lambda *args, **kw: (args, kw)}, None),
        ("just_stopped", {}, None),
    ):
        pair = ctl.aiotask(noting([], 42, fails))
        eq(pair[1], "body")
        ctl.add(pair, 1, name=name, log="log", **hooks)
        record[name] = ctl.group().tasks[name]
    play((500, lambda: ctl.stop("*stopped")))
    results = ctl.result_all(as_dict=True)
    eq(results["returned"], 42)
    assert results["failed"] is error
    eq(results["answered"], (error, (1,), {"log": "log"}))
    eq(results["stopped"], ((1,), {"log": "log"}))
    eq(results["just_stopped"], None)
    assert all(r.task.done() for r in record.values())


def test_2_what_is_passed_on():
    """All but on_stop, on_error and _id, `log` too."""
    ctl, _ = fresh()
    steps = []
    ctl.add(ctl.aiotask(noting(steps)), 1, b=2, log=3, _id="x", on_stop=None, on_error=None)
    play()
    eq(steps, [(0, (1,), {"b": 2, "log": 3}), 1000])


def test_2_done_at():
    """It is stored in the record of `_id`, else of the function's own name, if there is one."""
    ctl, _ = fresh()
    pair = ctl.aiotask(noting([]))
    ctl.add(pair, name="with_id", _id="with_id")
    ctl.add(pair, name="without")
    play(until_ms=1500)
    eq(ctl.group().tasks["without"].done_at, None)
    eq(ctl.group().tasks["with_id"].done_at, ctl.group().tasks["with_id"].since + 1)
    # Both of these have the same function, and the first of them its name
    ctl.reset()
    ctl.add(pair)
    ctl.add(pair)
    play((2000, lambda: ctl.stop("body@1")), until_ms=2200)
    eq([ctl.group().tasks[n].task.done() for n in ("body", "body@1")], [False, True])
    assert ctl.group().tasks["body"].done_at and ctl.group().tasks["body"].cancelled
    eq(ctl.group().tasks["body@1"].done_at, None)


def test_2_closed():
    """GeneratorExit is not handled: closed, the coroutine just ends, without on_stop."""
    ctl, _ = fresh()
    stopped = []

    def pause():
        yield

    async def body():
        await pause()

    ctl.add(noting([]), name="body")
    coro = ctl.aiotask(body)[0](on_stop=lambda: stopped.append(True))
    coro.send(None)
    coro.close()
    eq((stopped, ctl.group().tasks["body"].done_at), ([], None))


def test_3_add_calls_at_once():
    """The function is called and queued before there is a record, whatever is scheduled."""
    ctl, sched = fresh()
    sched.entries["a"] = {"start_in": 5, "repeat": False}
    seen = []
    steps = []
    body = noting(steps)

    def function(*args, **kwargs):
        seen.append((ctl.group() and "a" in ctl.group().tasks, args, kwargs))
        return body(*args, **kwargs)

    result = ctl.add((function, "a"), 1, b=2, _id="i", log="log")
    eq(result, None)
    eq(seen, [(None, (1,), {"b": 2, "_id": "i", "log": "log"})])
    eq(ctl.group().tasks["a"].kwargs, {"b": 2, "_id": "i", "log": "log"})
    ctl.add((function, "a"))
    ctl.add(function, name="a")
    eq(sorted(ctl.group().tasks), ["a", "a@1", "a@2"])
    play(until_ms=10)
    eq([step[0] for step in steps], [0, 0, 0])


def test_4_record():
    """It looks the same whether the coroutine has begun or not."""
    ctl, _ = fresh()
    looks = []

    def look():
        attributes = vars_of(ctl.group().tasks["a"])
        del attributes["task"]
        looks.append(attributes)

    ctl.add(ctl.aiotask(noting([])), 1, name="a", b=2)
    look()
    play((500, look), until_ms=600)
    eq(looks[0], looks[1])
    eq(
        sorted(looks[0]),
        ["args", "cancelled", "coro", "done_at", "kwargs", "name", "schedule", "since"],
    )
    del looks[0]["coro"], looks[0]["since"]
    want = {"args": (1,), "cancelled": False, "done_at": None, "kwargs": {"b": 2}}
    want.update(name="a", schedule=None)
    eq(looks[0], want)


def vars_of(thing):
    # What is set on an object itself
    names = [n for n in dir(thing) if not n.startswith("__")]
    return {n: getattr(thing, n) for n in names}


def test_5_start_gives_back():
    """A kept schedule is given back to the scheduler and cleared; nothing is run."""
    ctl, sched = fresh()
    steps = []
    ctl.add(ctl.aiotask(noting(steps)), name="a")
    record = ctl.group().tasks["a"]
    record.schedule = {"start_in": 5, "repeat": False}
    play((2000, lambda: eq(ctl.start("a"), True)))
    eq(sched.calls, [("a", {"start_in": 5, "repeat": False})])
    assert ctl.group().tasks["a"] is record and record.schedule is None
    eq(len(steps), 2)


def test_5_start_replaces_the_record():
    """The record is gone while the function is called; one that runs goes on beside the new."""
    ctl, _ = fresh()
    steps = []
    there = []
    body = noting(steps)

    def function(*args):
        there.append(bool(ctl.group()) and "a" in ctl.group().tasks)
        return body(*args)

    ctl.add(function, 7, name="a")
    old = ctl.group().tasks["a"]
    play((500, lambda: ctl.start("a")))
    eq(there, [False, False])
    eq(steps, [(0, (7,), {}), (500, (7,), {}), 1000, 1500])
    assert ctl.group().tasks["a"] is not old
    eq(ctl.group().tasks["a"].kwargs, {})


def test_5_errors_of_start():
    """They are printed, True is returned, and the record does not come back."""
    ctl, _ = fresh()
    lines = printed(ctl)

    async def function():
        pass

    ctl.add(function, name="a")
    ctl.group().tasks["a"].args = (1, 2)
    eq(ctl.start("a"), True)
    eq((len(lines), list(ctl.group().tasks)), (1, []))


def test_6_stop():
    """It cancels what is not done, and moves the entry into the record, also of what is done."""
    ctl, sched = fresh()
    pair = ctl.aiotask(noting([]))
    for name in ("done", "runs", "other"):
        ctl.add(pair, name=name, _id=name)
    ctl.add(ctl.aiotask(noting([])), name="done")
    records = ctl.group().tasks
    ctl.stop("done@1")
    # Before its first step: that is all there is to tell
    eq((records["done@1"].cancelled, records["done@1"].done_at), (True, None))

    def schedule_all():
        for name in ("done", "runs", "other"):
            sched.entries[name] = {"start_in": 5, "repeat": 1}
        ctl.start("runs")
        ctl.start("other")

    def stop():
        ctl.stop("done")
        ctl.stop("runs")
        ctl.stop("other", stop_sch=False)

    play((2000, schedule_all), (2500, stop))
    eq([records[n].cancelled for n in ("done", "runs", "other")], [False, True, True])
    eq(
        [records[n].schedule for n in ("done", "runs", "other")],
        [{"start_in": 5, "repeat": 1}] * 2 + [None],
    )
    eq(list(sched.entries), ["other"])
    eq((records["done@1"].task.done(), records["done@1"].done_at), (True, None))
    assert records["runs"].done_at is not None


def test_6_stop_of_all():
    """Without a name it stops all, the loop of the scheduler too."""
    ctl, _ = fresh()
    for name in ("a", "schedule_loop"):
        ctl.add(noting([]), name=name)
    play((500, ctl.stop))
    eq([r.cancelled for r in ctl.group().tasks.values()], [True, True])


def test_7_delete_tasks_and_wildcards():
    """delete() stops first; tasks() gives what is neither done nor cancelled."""
    ctl, sched = fresh()
    steps = []
    for name in ("a1", "a2", "b"):
        ctl.add(noting(steps), name=name)
    sched.entries["b"] = {"start_in": 5, "repeat": 1}
    lines = printed(ctl)
    b = ctl.group().tasks["b"].task

    def look():
        eq(len(ctl.tasks()), 3)
        ctl.stop("a*")
        eq(ctl.tasks(), [b])
        ctl.delete()
        eq(len(ctl.group().tasks), 3)
        ctl.delete("b")
        eq((sorted(ctl.group().tasks), ctl.tasks(), sched.entries), (["a1", "a2"], [], {}))
        ctl.start("a?")
        ctl.delete("a*")

    play((500, look))
    eq(len(steps), 3)
    assert lines[0].startswith("Task a? not found in ["), lines
    eq(ctl.group().tasks, {})


def test_8_result():
    """What was returned; of an undecorated task that failed, the exception's first argument."""
    ctl, _ = fresh()
    ctl.add(noting([], 42), name="value")
    ctl.add(noting([], None, OSError(5)), name="error")
    ctl.add(noting([], None, ValueError()), name="bare")
    ctl.add(ctl.aiotask(noting([], None, OSError(5))), name="decorated")
    play((500, lambda: eq(set(ctl.result_all()), {None})))
    eq(
        [ctl.result(name) for name in ("value", "error", "bare")],
        # MicroPython up to 1.22 forgets the exception of a task that nobody awaits
        [42, 5 if sys.implementation[1][:2] > (1, 22) else None, None],
    )
    assert isinstance(ctl.result("decorated"), OSError)
    eq(ctl.group().results, ctl.result_all(as_dict=True))


def test_9_run():
    """It starts every name, and what was added runs as well."""
    ctl, _ = fresh()
    steps = []
    ctl.add(noting(steps), name="a")
    ctl.run()
    eq(steps, [(0, (), {}), (0, (), {}), 1000, 1000][: len(steps)])
    eq([step for step in steps if isinstance(step, tuple)], [(0, (), {})] * 2)


def test_10_status_of_what_waits():
    """It shows T0 + start_in while there is no done_at, and in debug mode raises TypeError."""
    ctl, sched = fresh()
    lines = printed(ctl)
    ctl.add(noting([]), name="a")
    ctl.add(ctl.aiotask(noting([])), name="b", _id="b")
    sched.entries["a"] = {"start_in": 90, "repeat": False}
    sched.entries["b"] = {"start_in": 90, "repeat": False}
    sched._AIOCTL_SCHEDULE_T0 = ctl.group().tasks["a"].since
    play(until_ms=2000)
    ctl.status("a")
    assert " a: status: scheduled @ 2024-01-01 00:01:30 -->" in lines[0], lines
    raises(TypeError, ctl.status, "a", debug=True)
    del lines[:]
    ctl.status("b", debug=True)
    assert " b: status: scheduled @ 2024-01-01 00:00:01 -->" in lines[0], lines
    sched.entries["a"]["start_in"] = -1
    ctl.status("a", debug=True)
    ctl.debug()
    del sched.calls[:]
    ctl.status()
    eq(sched.calls, [("a", True), ("b", True)])


def test_11_report():
    """It adds a key to each entry and makes JSON of the schedule."""
    _, sched = fresh()
    sched.entries["a"] = {"start_in": 90, "repeat": False}
    got = json.loads(report(sched))
    eq(got, {"a": {"start_in": 90, "repeat": False, "t0": 0}})
    assert "t0" in sched.entries["a"]


def test_status_and_traceback():
    """The rest of what is printed: what runs, is done, stopped or failed, and why."""
    ctl, _ = fresh()
    lines = printed(ctl)
    for name, error in (("done", None), ("failed", ValueError("wrong")), ("stopped", None)):
        ctl.add(ctl.aiotask(noting([], 42, error)), name=name, _id=name)
    play((500, ctl.status), (500, lambda: ctl.stop("stopped")), until_ms=2000)
    assert " done: status: running since 2024-01-01 00:00:00; 0 s ago" in lines[0], lines
    del lines[:]
    ctl.status()
    assert lines[0].endswith(" done: status: done @ 2024-01-01 00:00:01; 1 s ago --> result: 42")
    assert lines[2].endswith(" --> result: ValueError: wrong"), lines
    assert lines[4].endswith(
        " stopped: status: stopped @ 2024-01-01 00:00:00; 2 s ago --> result:"
    )
    out = io.StringIO()
    ctl.traceback("failed", file=out)
    assert "ValueError: wrong" in out.getvalue(), out.getvalue()
