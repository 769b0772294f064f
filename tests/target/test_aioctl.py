# Tests of aioctl: tasks and their control. MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import sys


class FakeSchedule:
    # All that aioctl knows of aioschedule
    def __init__(self):
        self.entries = {}
        self.calls = []
        self.status = lambda name, debug: None

    def group(self):
        return self.entries

    def schedule(self, name, **entry):
        self.calls.append((name, entry))
        self.entries[name] = entry

    def status_sc(self, name=None, debug=False):
        return self.status(name, debug)


sched = FakeSchedule()
sys.modules["aioschedule"] = sched

import aioctl
from harness import eq, raises

_out = []


def _print(*args):
    _out.append(" ".join(str(a) for a in args))


aioctl.print = _print
__import__("aioctl_status").print = aioctl.print


def printed():
    lines = list(_out)
    del _out[:]
    return lines


ran = []


def fresh():
    # Each test begins with this, should several run in one process
    aioctl.aioschedule = sched
    aioctl.set_group(aioctl.TaskGroup())
    sched.__init__()
    del ran[:]
    del _out[:]


async def job(n=0, ms=0, to=None):
    ran.append(n)
    if ms:
        try:
            await asyncio.sleep_ms(ms)
        except asyncio.CancelledError:
            ran.append("cancelled %s" % n)
            raise
    return n


async def fail(text="no good"):
    raise ValueError(text)


async def passes(n=5):
    for _ in range(n):
        await asyncio.sleep_ms(0)


def tasks():
    return aioctl.group().tasks


################################################################################
# add


async def test_add_a_pair():
    fresh()
    pair = aioctl.aiotask(job)
    eq(pair, (job, "job"))
    t = aioctl.add(pair, 1, ms=1)
    assert t is tasks()["job"]
    eq((t.coro, t.name, t.args, t.kwargs), (job, "job", (1,), {"ms": 1}))
    eq((t.cancelled, t.done_at, t.schedule, t.result), (False, None, None, None))
    assert isinstance(t.since, int)
    assert not t.task.done()
    eq(await t.task, 1)
    assert t.task.done()
    eq((t.result, aioctl.group().results), (1, {"job": 1}))
    assert t.done_at >= t.since


async def test_add_functions_and_methods():
    fresh()

    class Led:
        async def blink(self):
            return "on"

    aioctl.add(job)
    t = aioctl.add(Led().blink)
    eq(t.name, "blink")

    def make():
        x = 7

        async def inner():
            return x

        return inner

    aioctl.add(make(), name="closure")
    aioctl.add(lambda: job(9), name="lambda")
    await passes()
    eq(aioctl.result_all(as_dict=True), {"job": 0, "blink": "on", "closure": 7, "lambda": 9})


def test_names():
    fresh()
    eq(aioctl.add(job).name, "job")
    eq(aioctl.add(job).name, "job@1")
    eq(aioctl.add(job).name, "job@2")
    eq(aioctl.add(job, name="me").name, "me")
    eq(aioctl.add(job, name="me").name, "me@1")
    eq(aioctl.add(job, _id="one").name, "one")
    eq(aioctl.add(job, name="two", _id="one").name, "two")
    aioctl.delete("job@1")
    eq(aioctl.add(job).name, "job@1")
    eq(sorted(tasks()), ["job", "job@1", "job@2", "me", "me@1", "one", "two"])


def test_bad_tasks():
    fresh()
    for bad in (None, 5, "job", [job], (job,), (1, "one"), (job, "a", "b")):
        assert repr(bad) in str(raises(TypeError, aioctl.add, bad)), bad
    assert "5" in str(raises(TypeError, aioctl.aiotask, 5))
    assert "name=5" in str(raises(TypeError, aioctl.add, job, name=5))
    # No coroutine functions, and arguments that do not fit
    assert "function" in str(raises(TypeError, aioctl.add, lambda: 5))
    raises(TypeError, aioctl.add, job, 1, 2, 3, 4)
    raises(TypeError, aioctl.add, job, no_such=1)
    eq(tasks(), {})


async def test_start_uses_what_the_task_object_holds():
    fresh()
    t = aioctl.add(job, 1, to="x")
    await t.task
    t.kwargs["n"] = 2
    t.args = ()
    eq(aioctl.start("job"), True)
    await t.task
    eq((ran, t.result), ([1, 2], 2))

    async def other(n, to):
        return "other %s %s" % (n, to)

    t.coro = other
    eq(aioctl.start("job"), True)
    eq((t.result, t.done_at), (None, None))
    await t.task
    eq(t.result, "other 2 x")
    t.kwargs = {"what": 1}
    raises(TypeError, aioctl.start, "job")
    eq(t.result, "other 2 x")


async def test_start_leaves_a_running_task_alone():
    fresh()
    t = aioctl.add(job, 1, 1000)
    eq(aioctl.start("job"), False)
    await passes()
    eq(aioctl.start("job"), False)
    eq(ran, [1])
    eq(aioctl.start("nobody"), False)
    eq(printed(), ["Task nobody not found in ['job']"])
    eq(aioctl.tasks(), [t.task])


################################################################################
# Results and errors


async def test_errors():
    fresh()
    said = []

    class Logger:
        def error(self, text):
            said.append(text)
            raise OSError("log full")

    def on_error(exc, *args, **kwargs):
        return (exc, args, kwargs)

    async def async_on_error(exc):
        await asyncio.sleep_ms(1)
        return "handled " + str(exc)

    def bad_on_error(exc):
        raise KeyError("worse")

    def stopped_on_error(exc):
        raise asyncio.CancelledError

    aioctl.add(fail)
    aioctl.add(fail, name="logged", log=Logger())
    aioctl.add(fail, "x", name="hook", on_error=on_error)
    aioctl.add(fail, name="async", on_error=async_on_error)
    aioctl.add(fail, name="bad", on_error=bad_on_error)
    aioctl.add(fail, name="stopped", on_error=stopped_on_error)
    aioctl.add(job, 3)
    await asyncio.gather(*aioctl.tasks())
    r = aioctl.result_all(as_dict=True)
    eq([type(r[n]) for n in ("fail", "logged", "bad")], [ValueError, ValueError, KeyError])
    eq(type(r["stopped"]), asyncio.CancelledError)
    exc, args, kwargs = r["hook"]
    eq((type(exc), exc.args, args, kwargs), (ValueError, ("x",), ("x",), {}))
    eq((r["async"], r["job"]), ("handled no good", 3))
    eq(said, ["[logged] ValueError: no good"])
    # A restart forgets the error
    tasks()["fail"].coro = job
    aioctl.start("fail")
    eq(aioctl.result("fail"), None)


async def test_no_error_is_left_to_asyncio():
    fresh()
    seen = []
    loop = asyncio.get_event_loop()
    loop.set_exception_handler(lambda loop, context: seen.append(context["exception"]))

    async def cancels():
        raise asyncio.CancelledError

    aioctl.add(fail)
    aioctl.add(cancels)
    aioctl.add(job, 1, 1000)
    await passes()
    aioctl.stop("job")
    await passes()
    loop.set_exception_handler(None)
    eq(seen, [])


async def test_a_cancelled_error_of_its_own():
    fresh()

    async def cancels():
        raise asyncio.CancelledError

    t = aioctl.add(cancels)
    aioctl.add(job, 4, 5)
    # takes nobody along
    await asyncio.gather(*aioctl.tasks())
    # and it counts as stopped, whoever has cancelled it
    eq((t.result, t.error, t.cancelled, aioctl.result("job")), (None, None, True, 4))


async def test_wait_for_a_task():
    fresh()
    t = aioctl.add(job, 1, 1000)
    try:
        await asyncio.wait_for_ms(t.task, 5)
        raise AssertionError("no timeout")
    except asyncio.TimeoutError:
        pass
    eq(ran, [1, "cancelled 1"])
    assert t.task.done()


async def test_stop_of_a_task_that_awaits_another():
    fresh()

    async def waits():
        await tasks()["job"].task
        ran.append("went on")

    aioctl.add(job, 1, 1000)
    t = aioctl.add(waits)
    await passes()
    # asyncio hands the cancel on to the one it awaits
    aioctl.stop("waits")
    await passes()
    assert t.task.done() and tasks()["job"].task.done()
    eq(ran, [1, "cancelled 1"])
    eq((t.result, t.cancelled), (None, True))


async def test_results():
    fresh()
    aioctl.add(job, 5, name="b")
    aioctl.add(fail, name="a")
    aioctl.add(job, 6, 1000, name="bb")
    await passes()
    eq((aioctl.result("b"), aioctl.result("bb")), (5, None))
    eq(type(aioctl.result("a")), ValueError)
    eq(aioctl.result("b*"), {"b": 5, "bb": None})
    eq(aioctl.result(), aioctl.group().results)
    eq(aioctl.result_all()[1:], [5, None])
    eq(aioctl.result_all(as_dict=True), aioctl.group().results)
    eq(printed()[0], "[a] ValueError: no good")
    eq(aioctl.result("c"), None)
    eq(aioctl.result("c*"), None)
    names = "['a', 'b', 'bb']"
    eq(printed(), ["Task c not found in " + names, "Task c* not found in " + names])


async def test_traceback():
    fresh()
    aioctl.add(fail, name="a1")
    aioctl.add(job, name="a2")
    aioctl.add(fail, name="b", text="b")
    await passes()

    def shown(*args, **kwargs):
        printed()
        aioctl.traceback(*args, **kwargs)
        lines = printed()
        assert all("File" in line for line in lines if line.startswith(" ")), lines
        return [line for line in lines if not line.startswith(" ")]

    head = "Traceback (most recent call last):"
    eq(shown("b"), ["b:", head, "ValueError: b"])
    eq(shown("a*"), ["a1:", head, "ValueError: no good"])
    eq(len(shown()), 6)
    eq(shown("c"), ["Task c not found in ['a1', 'a2', 'b']"])


################################################################################
# stop


async def test_stop():
    fresh()
    t = aioctl.add(job, 1, 1000)
    await passes()
    eq(aioctl.stop("job"), True)
    eq(t.cancelled, True)
    await asyncio.gather(*aioctl.tasks())
    assert t.task.done()
    eq((t.result, ran), (None, [1, "cancelled 1"]))
    # Nothing is left to stop
    eq(aioctl.stop("job"), False)
    eq(aioctl.stop("nobody"), False)
    eq(printed(), ["Task nobody not found in ['job']"])
    aioctl.start("job")
    eq((t.cancelled, t.done_at), (False, None))
    await passes()
    eq(ran, [1, "cancelled 1", 1])


async def test_stop_of_a_finished_task_does_nothing():
    fresh()
    t = aioctl.add(job, 1)
    await passes()
    eq(aioctl.stop("job"), False)
    eq((t.cancelled, t.result), (False, 1))


async def test_stop_of_a_failed_task():
    """It is not to be restarted; once that is said, nothing is left to stop."""
    fresh()
    t = aioctl.add(fail)
    await passes()
    eq((aioctl.stop("fail"), t.cancelled), (True, True))
    eq(aioctl.stop("fail"), False)
    eq((type(t.result), t.cancelled), (ValueError, True))


async def test_on_stop():
    fresh()

    async def async_hook(*args):
        await asyncio.sleep_ms(1)
        return "async"

    def bad_hook(*args):
        raise KeyError(1)

    aioctl.add(job, 1, 1000, to=5, name="hook", on_stop=lambda *a, **k: (a, k))
    aioctl.add(job, 1, 1000, name="async", on_stop=async_hook)
    aioctl.add(job, 1, 1000, name="bad", on_stop=bad_hook)
    aioctl.add(job, 7, name="done", on_stop=bad_hook)
    await passes()
    eq(aioctl.stop(), True)
    await asyncio.gather(*aioctl.tasks())
    r = aioctl.result_all(as_dict=True)
    eq((r["hook"], r["async"], r["done"]), (((1, 1000), {"to": 5}), "async", 7))
    eq(type(r["bad"]), KeyError)
    eq(tasks()["hook"].cancelled, True)


async def test_stop_by_wildcard():
    fresh()
    for name in ("led_1", "led_2", "adc_1", "l"):
        aioctl.add(job, name, 1000, name=name)
    await passes()
    eq(aioctl.stop("led*"), True)
    eq(sorted(n for n in tasks() if tasks()[n].cancelled), ["led_1", "led_2"])
    eq(aioctl.stop("*_1"), True)
    eq(sorted(n for n in tasks() if tasks()[n].cancelled), ["adc_1", "led_1", "led_2"])
    eq(aioctl.stop("x*y"), False)
    eq(printed(), ["Task x*y not found in ['adc_1', 'l', 'led_1', 'led_2']"])
    await passes()
    eq(aioctl.start("*d_*"), True)
    eq(sorted(n for n in tasks() if tasks()[n].cancelled), ["adc_1"])
    eq(aioctl.stop("l**"), True)
    await passes()
    eq(aioctl.tasks(), [])


def test_wildcards():
    fresh()
    for name, pattern, want in (
        ("a", "*", True),
        ("abc", "*", True),
        ("abc", "a*c", True),
        ("abc", "ab*bc", False),
        ("ab", "a*b*b", False),
        ("abb", "a*b*b", True),
        ("abab", "*ab*ab", True),
        ("aba", "*ab*ab", False),
        ("abcd", "*c*b*", False),
        ("a", "a*a", False),
        ("xa", "a*", False),
        ("ax", "*a", False),
        ("ab", "ab", True),
        ("ab", "a", False),
    ):
        aioctl.set_group(aioctl.TaskGroup())
        aioctl.add(job, name=name)
        eq((name, pattern, aioctl.tasks_match(pattern)), (name, pattern, [name] if want else []))


async def test_stop_before_the_first_step():
    fresh()
    t = aioctl.add(job, 1, on_stop=lambda *a: ran.append("on_stop"))
    aioctl.add(job, 2, name="other")
    eq(aioctl.stop("job"), True)
    eq(t.cancelled, True)
    assert t.done_at is not None
    # and whoever gathers it lives on
    await asyncio.gather(*aioctl.tasks())
    assert t.task.done()
    eq((ran, t.result, t.cancelled), ([2], None, True))
    eq(aioctl.start("job"), True)
    await passes()
    eq(ran, [2, 1])
    # and so it is for later runs
    aioctl.start("job")
    aioctl.stop("job")
    await asyncio.gather(*aioctl.tasks())
    eq((ran, t.cancelled), ([2, 1], True))


async def test_stop_and_start_before_the_first_step():
    fresh()
    t = aioctl.add(job, 1)
    aioctl.stop("job")
    t.args = (2,)
    eq(aioctl.start("job"), True)
    await asyncio.sleep_ms(30)
    eq((ran, t.result, t.cancelled), ([2], 2, False))


async def test_stop_and_start_at_once():
    fresh()

    # The new run waits for the clean-up of the old one, which writes nothing over its result
    async def slow(n):
        try:
            ran.append("begin %d" % n)
            await asyncio.sleep_ms(1000 if n == 1 else 0)
        finally:
            await asyncio.sleep_ms(20)
            ran.append("end %d" % n)
        return n

    t = aioctl.add(slow, 1, on_stop=lambda n: ran.append("on_stop"))
    await passes()
    old = t.task
    aioctl.stop("slow")
    t.args = (2,)
    eq(aioctl.start("slow"), True)
    eq(aioctl.start("slow"), False)
    await old
    eq((t.done_at, aioctl.start("slow")), (None, False))
    await t.task
    eq(ran, ["begin 1", "end 1", "on_stop", "begin 2", "end 2"])
    eq((t.result, t.cancelled), (2, False))


async def test_a_restart_follows_soon():
    """The new run begins within 10 ms of the end of an old one that takes long to clean up."""
    fresh()

    async def slow():
        ran.append(vclock.now())
        try:
            await asyncio.sleep_ms(1000)
        finally:
            await asyncio.sleep_ms(333)
            ran.append(vclock.now())

    aioctl.add(slow)
    await passes()
    aioctl.stop("slow")
    aioctl.start("slow")
    await asyncio.sleep_ms(1000)
    begin, end, again = ran
    eq((end - begin, 0 <= again - end <= 10), (333, True))


async def test_stop_of_itself():
    fresh()

    async def suicidal(how):
        ran.append(aioctl.stop(how))
        await asyncio.sleep_ms(10)
        ran.append("survived " + str(how))

    t = aioctl.add(suicidal, "me", name="me", on_stop=lambda how: "bye")
    await asyncio.sleep_ms(30)
    eq((ran, t.result, t.cancelled), ([True], "bye", True))
    del ran[:]
    # By a wildcard it means the others
    t.args = (None,)
    aioctl.add(job, 1, 1000)
    await passes()
    aioctl.start("me")
    await asyncio.sleep_ms(30)
    eq(ran, [1, True, "cancelled 1", "survived None"])
    eq((t.cancelled, tasks()["job"].cancelled), (False, True))
    t.args = ("m*",)
    del ran[:]
    aioctl.start("me")
    await asyncio.sleep_ms(30)
    eq((ran, printed()), ([False, "survived m*"], []))


################################################################################
# With aioschedule


async def test_add_of_a_scheduled_name_runs_nothing():
    fresh()
    sched.entries["job"] = {"start_in": 10, "repeat": False}
    sched.entries["again"] = {"start_in": -1, "repeat": 60, "last": 1}
    sched.entries["over"] = {"start_in": -1, "repeat": False, "last": 1}
    sched.entries["rubbish"] = 5
    t = aioctl.add(job, 1)
    aioctl.add(job, 2, name="again")
    aioctl.add(job, 3, name="over")
    aioctl.add(job, 4, name="rubbish")
    # There is nothing that has to run before it counts as done
    assert t.task.done() and t.ms is None
    eq((aioctl.tasks()[:-1], t.task.cancel(), await t.task), ([], False, None))
    assert t.done_at is not None
    eq(t.schedule, None)
    await asyncio.gather(*aioctl.tasks())
    assert t.task.done()
    # Even where the schedule is over: what it knows, add() does not start
    eq((ran, t.result, t.cancelled), ([4], None, False))
    # what aioschedule does
    sched.entries["job"]["start_in"] = -1
    eq(aioctl.start("job"), True)
    await passes()
    eq((ran[-1], t.result), (1, 1))


async def test_start_of_a_held_task_in_the_same_pass():
    fresh()
    sched.entries["job"] = {"start_in": 0, "repeat": 60}
    aioctl.add(job, 1)
    eq(aioctl.start("job"), True)
    await asyncio.sleep_ms(30)
    eq((ran, aioctl.result("job")), ([1], 1))


async def test_stop_keeps_the_schedule_for_start():
    fresh()
    entry = {"start_in": 10, "repeat": 60, "due": (1, "job")}
    sched.entries["job"] = entry
    t = aioctl.add(job, 1)
    await passes()
    eq(aioctl.stop("job"), True)
    eq((sched.entries, t.cancelled, t.schedule), ({}, True, entry))
    eq(aioctl.stop("job"), False)
    eq(aioctl.start("job"), True)
    await passes()
    eq((sched.calls, ran, t.cancelled, t.done_at), ([("job", entry)], [], False, t.since))
    # Now it is started as any task
    assert t.task.done()
    eq(aioctl.start("job"), True)
    await passes()
    eq((len(sched.calls), ran), (1, [1]))


async def test_stop_of_a_running_scheduled_task():
    fresh()
    t = aioctl.add(job, 1, 1000)
    await passes()
    sched.entries["job"] = {"start_in": -1, "repeat": 60, "last": 1}
    eq(aioctl.stop("job", stop_sch=False), True)
    assert "job" in sched.entries
    await passes()
    # the next run by aioschedule
    eq(aioctl.start("job"), True)
    await passes()
    eq(aioctl.stop("job"), True)
    eq(sched.entries, {})
    # at once, while the old run still has to end
    eq(aioctl.start("job"), True)
    assert t.task.done()
    eq((len(sched.calls), t.cancelled, t.result), (1, False, None))
    # It is held back again: started by hand it runs, when the old run has ended
    eq(aioctl.start("job"), True)
    eq(aioctl.start("job"), False)
    await asyncio.sleep_ms(30)
    eq(ran, [1, "cancelled 1", 1, "cancelled 1", 1])
    eq((len(sched.calls), t.cancelled, t.result), (1, False, None))


async def test_a_new_schedule_replaces_the_kept_one():
    fresh()
    sched.entries["job"] = {"start_in": 10, "repeat": 60}
    aioctl.add(job, 1)
    await passes()
    aioctl.stop("job")
    sched.entries["job"] = new = {"start_in": -1, "repeat": 5}
    eq(aioctl.start("job"), True)
    await passes()
    eq((sched.calls, ran), ([], [1]))
    assert sched.entries["job"] is new
    # and it is really forgotten
    del sched.entries["job"]
    aioctl.start("job")
    await passes()
    eq((sched.calls, ran), ([], [1, 1]))


async def test_a_schedule_that_is_over_is_not_kept():
    fresh()
    t = aioctl.add(job, 1)
    await passes()
    for e in ({"start_in": -1, "repeat": False, "last": 1}, "rubbish", None, {}):
        sched.entries["job"] = e
        eq(aioctl.stop("job"), False)
        eq((sched.entries, t.cancelled), ({}, False))
        eq(aioctl.start("job"), True)
        await passes()
    eq((len(ran), sched.calls), (5, []))


async def test_delete():
    fresh()
    t = aioctl.add(job, 1, 1000)
    aioctl.add(job, 2, name="two")
    aioctl.add(job, 3, name="three")
    sched.entries.update(
        {"two": {"start_in": 5, "repeat": 5}, "three": {"start_in": 5, "repeat": 5}}
    )
    await passes()
    aioctl.stop("two")
    eq(aioctl.delete("job", "t*"), True)
    eq((tasks(), sched.entries, aioctl.group().results), ({}, {}, {}))
    # The old run ends without a trace in a new task of its name
    new = aioctl.add(job, "new")
    aioctl.add(job, name="two")
    await passes()
    assert t.task.done()
    eq(ran, [1, 2, 3, "cancelled 1", "new", 0])
    eq(aioctl.group().results, {"job": "new", "two": 0})
    eq((new.result, aioctl.start("two"), sched.calls), ("new", True, []))
    eq(aioctl.delete("x"), False)
    eq(printed(), ["Task x not found in ['job', 'two']"])
    # No name is no task, here
    eq((aioctl.delete(), aioctl.delete(*[]), len(tasks())), (False, False, 2))
    eq(aioctl.delete("*"), True)
    eq((tasks(), aioctl.delete("*")), ({}, False))


async def test_delete_of_itself():
    fresh()

    async def deletes(name):
        aioctl.delete(*name)
        await asyncio.sleep_ms(10)
        ran.append(sorted(tasks()))

    aioctl.add(deletes, ["*"])
    aioctl.add(job, name="x")
    await asyncio.sleep_ms(30)
    eq(ran, [["deletes"]])
    t = aioctl.add(deletes, ["me"], name="me")
    await asyncio.sleep_ms(30)
    eq(len(ran), 1)
    assert t.task.done() and t.cancelled
    eq(sorted(tasks()), ["deletes"])


async def test_without_aioschedule():
    fresh()
    aioctl.aioschedule = None
    t = aioctl.add(job, 1, 1000)
    await passes()
    eq((aioctl.stop("job"), t.schedule), (True, None))
    await passes()
    eq(aioctl.start("job"), True)
    await passes()
    aioctl.status(debug=True)
    eq(aioctl.delete("job"), True)
    eq(ran, [1, "cancelled 1", 1])


################################################################################
# The group and the loop


async def test_groups():
    fresh()
    t = aioctl.add(job, 1, 20)
    old = aioctl.group()
    aioctl.set_group(aioctl.TaskGroup())
    eq((tasks(), aioctl.group().results, aioctl.tasks()), ({}, {}, []))
    aioctl.add(job, 2)
    await asyncio.sleep_ms(50)
    eq(aioctl.group().results, {"job": 2})
    aioctl.set_group(old)
    eq(aioctl.group().results, {"job": 1})
    assert tasks()["job"] is t


async def test_reset():
    fresh()
    aioctl.add(job, 1, 1000)
    sched.entries["held"] = {"start_in": 5, "repeat": 5}
    aioctl.add(job, name="held")
    await passes()
    aioctl.stop("held")
    aioctl.reset()
    await passes()
    eq((tasks(), aioctl.group().results, ran), ({}, {}, [1, "cancelled 1"]))
    aioctl.add(job, name="held")
    await passes()
    aioctl.start("held")
    eq(sched.calls, [])


async def test_tasks():
    fresh()

    async def lists():
        return aioctl.tasks()

    a = aioctl.add(job, 1, 1000)
    aioctl.add(job, 2, name="done")
    b = aioctl.add(job, 3, 1000, name="b")
    t = aioctl.add(lists)
    eq(len(aioctl.tasks()), 4)
    await passes()
    eq({id(x) for x in t.result}, {id(a.task), id(b.task)})
    eq({id(x) for x in aioctl.tasks()}, {id(a.task), id(b.task)})


def test_run():
    fresh()

    async def adds():
        await asyncio.sleep_ms(5)
        aioctl.add(job, 2, 20, name="later")

    async def gathers():
        await asyncio.gather(tasks()["job"].task)
        ran.append("gathered")

    aioctl.add(gathers)
    aioctl.add(adds)
    aioctl.add(job, 1, 5)
    aioctl.add(fail)
    aioctl.run()
    eq(ran, [1, 2, "gathered"] if ran[1] == 2 else [1, "gathered", 2])
    eq(aioctl.result("later"), 2)
    aioctl.run()
    aioctl.reset()
    aioctl.run()


def test_a_new_event_loop_of_the_users():
    fresh()
    aioctl.add(job, 1, 1000)
    asyncio.run(passes())
    asyncio.new_event_loop()
    t = tasks()["job"]
    eq((aioctl.tasks(), aioctl.stop("job")), ([], False))
    assert t.task.done() and t.cancelled
    eq(aioctl.start("job"), True)
    asyncio.run(passes())
    eq(ran, [1, 1])
    asyncio.new_event_loop()
    aioctl.add(job, 2, name="new")
    assert t.task.done()
    aioctl.run()
    eq(ran, [1, 1, 2])
