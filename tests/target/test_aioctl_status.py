# Tests of aioctl: what it prints. MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import sys
import time


class FakeSchedule:
    def group(self):
        return self.entries

    def schedule(self, name, **entry):
        self.entries[name] = entry

    def status_sc(self, name=None, debug=False):
        if name == "raises":
            raise KeyError(name)
        _print("    ┗━► schedule: of", name)
        if debug:
            _print("    ┗━► schedule opts:", self.entries[name])


sched = FakeSchedule()
sys.modules["aioschedule"] = sched

import aioctl
from aiolog import AioStream
from harness import eq, raises


class Time:
    # 2023-03-29 12:06:47 and what is set after that
    ticks_ms = staticmethod(time.ticks_ms)
    ticks_diff = staticmethod(time.ticks_diff)

    def __init__(self, step=0):
        self.t0 = time.mktime((2023, 3, 29, 12, 6, 47, 2, 88, -1))
        self.now = 0

    def time(self):
        return self.t0 + self.now

    def localtime(self, secs):
        return time.localtime(secs)


_out = []


def _print(*args):
    _out.append(" ".join(str(a) for a in args))


GREEN = "\x1b[92m●\x1b[0m "
YELLOW = "\x1b[93m●\x1b[0m "
RED = "\x1b[91m●\x1b[0m "
CYAN = "\x1b[96m●\x1b[0m "
PLAIN = "● "
RULER = "<-------------------------------------------------------------------------------->"


def fresh():
    global clock
    clock = aioctl.time = Time()
    aioctl.print = _print
    part = __import__("aioctl_status")
    part.print, part.time = _print, clock
    aioctl.aioschedule = sched
    aioctl.set_group(aioctl.TaskGroup())
    aioctl.set_log(None)
    if aioctl.debug():
        aioctl.debug()
    sched.entries = {}
    del _out[:]


def status(*args, **kwargs):
    del _out[:]
    aioctl.status(*args, **kwargs)
    return list(_out)


async def job(result=None, secs=0, fails=False):
    # Takes the clock along instead of time
    clock.now += secs
    if fails:
        return 1 // 0
    return result


async def sleeps():
    await asyncio.sleep(1000)


async def passes(n=5):
    for _ in range(n):
        await asyncio.sleep_ms(0)


async def test_running():
    fresh()
    aioctl.add(sleeps, name="repl")
    want = GREEN + "repl: status: running since 2023-03-29 12:06:47; %s ago"
    eq(status(), [want % "0 s", RULER])
    await passes()
    clock.now = 1
    eq(status("repl"), [want % "1 s", RULER])
    clock.now = 151
    eq(status("re*"), [want % "00:02:31", RULER])
    clock.now = 86400 + 3597
    eq(status(), [want % "1 days, 00:59:57", RULER])
    # The clock was set back
    clock.now = -1000000
    eq(status(), [want % "0 s", RULER])


async def test_a_time_that_localtime_cannot_tell():
    fresh()

    def localtime(secs):
        raise OverflowError

    aioctl.add(sleeps)
    clock.localtime = localtime
    want = GREEN + "sleeps: status: running since %d; 0 s ago" % clock.t0
    eq(status(), [want, RULER])


async def test_done():
    fresh()
    aioctl.add(job, 42, 5, name="hello")
    await passes()
    clock.now = 8
    want = PLAIN + "hello: status: done @ 2023-03-29 12:06:52; 3 s ago --> result:"
    t = aioctl.group().tasks["hello"]
    eq(status(), [want + " 42", RULER])
    for result, text in (
        (None, ""),
        ("a\nb", " 'a\\nb'"),
        ("", " ''"),
        (0, " 0"),
        ((1,), " (1,)"),
    ):
        t.result = result
        eq(status(), [want + text, RULER])


async def test_stopped():
    fresh()
    aioctl.add(sleeps, name="hello")
    aioctl.add(sleeps, name="hook", on_stop=lambda: 7)
    await passes()
    clock.now = 5
    aioctl.stop()
    # It still runs, until it has cleaned up
    eq(status("hello")[0], GREEN + "hello: status: running since 2023-03-29 12:06:47; 5 s ago")
    await passes()
    clock.now = 8
    want = "status: stopped @ 2023-03-29 12:06:52; 3 s ago --> result:"
    eq(status("hello"), [YELLOW + "hello: " + want, RULER])
    eq(status("hook"), [YELLOW + "hook: " + want + " 7", RULER])
    aioctl.start("hello")
    eq(status("hello")[0], GREEN + "hello: status: running since 2023-03-29 12:06:55; 0 s ago")


def test_of_a_replaced_event_loop():
    """A task that it left behind has stopped, also where nothing was called before status()."""
    fresh()
    aioctl.add(sleeps)
    asyncio.run(passes())
    asyncio.new_event_loop()
    clock.now = 5
    want = YELLOW + "sleeps: status: stopped @ 2023-03-29 12:06:52; 0 s ago --> result:"
    eq(status(), [want, RULER])


async def test_error():
    fresh()
    aioctl.add(job, 1, 5, True, name="hello")
    await passes()
    clock.now = 8
    t = aioctl.group().tasks["hello"]
    want = RED + "hello: status: ERROR @ 2023-03-29 12:06:52; 3 s ago --> result: "
    t.result = ZeroDivisionError("divide by zero")
    eq(status(), [want + "ZeroDivisionError: divide by zero", RULER])
    t.result = asyncio.CancelledError()
    eq(status(), [want + "CancelledError", RULER])
    # scheduled too
    sched.entries["hello"] = {"start_in": -1, "repeat": 60, "last": 1}
    t.result = OSError(5)
    eq(status()[0][: len(want) + 7], want + "OSError")
    eq(status()[1:], ["    ┗━► schedule: of hello", RULER])


async def test_scheduled():
    fresh()
    sched.entries["test"] = e = {"start_in": 10, "repeat": 60}
    clock.now = 2
    aioctl.add(job, 42, 5, name="test")
    want = CYAN + "test: status: scheduled @ 2023-03-29 12:06:49 --> result:"
    under = ["    ┗━► schedule: of test", RULER]
    eq(status(), [want] + under)
    await passes()
    clock.now = 10
    eq(status("test"), [want] + under)
    # as aioschedule starts it
    e["start_in"] = -1
    e["last"] = 12
    clock.now = 12
    aioctl.start("test")
    eq(status()[0], GREEN + "test: status: running since 2023-03-29 12:06:59; 0 s ago")
    eq(status()[1:], under)
    await passes()
    clock.now = 65
    want = CYAN + "test: status: scheduled - done @ 2023-03-29 12:07:04; 48 s ago --> result: 42"
    eq(status(), [want] + under)
    # Scheduled anew, it waits again
    e["start_in"] = 100
    want = CYAN + "test: status: scheduled @ 2023-03-29 12:07:04 --> result: 42"
    eq(status(), [want] + under)
    # Stopped with its schedule, and given back
    aioctl.stop("test")
    want = YELLOW + "test: status: stopped @ 2023-03-29 12:07:52; 1 s ago --> result: 42"
    clock.now += 1
    eq(status(), [want, RULER])
    aioctl.start("test")
    want = CYAN + "test: status: scheduled @ 2023-03-29 12:07:53 --> result:"
    eq(status(), [want] + under)


async def test_rubbish_in_the_schedule():
    fresh()
    for name in ("a", "b", "c", "raises"):
        aioctl.add(job, name=name)
    await passes()
    sched.entries = {"a": 5, "b": None, "c": {}, "raises": {"start_in": "soon"}}
    done = "%s: status: done @ 2023-03-29 12:06:47; 0 s ago --> result:"
    eq(status("a"), [PLAIN + done % "a", "    ┗━► schedule: of a", RULER])
    eq(status("b"), [PLAIN + done % "b", RULER])
    eq(status("c"), [PLAIN + done % "c", "    ┗━► schedule: of c", RULER])
    eq(status("raises")[1:], ["    ┗━► schedule: KeyError: raises", RULER])
    sched.entries = "not a dict"
    eq(status("a"), [PLAIN + done % "a", RULER])


async def test_a_result_whose_repr_raises():
    fresh()

    class Bad:
        def __repr__(self):
            raise ValueError

    class BadError(Exception):
        def __str__(self):
            raise ValueError

    aioctl.add(job, Bad())
    aioctl.add(job, name="two")
    await passes()
    aioctl.group().tasks["two"].result = BadError()
    eq(
        [line.split("result: ")[1] for line in status() if "status:" in line],
        ["<ValueError in repr>", "BadError: <ValueError in str>"],
    )


async def test_debug():
    fresh()
    t = aioctl.add(job, 5, secs=151)
    sched.entries["bad"] = {"start_in": -1, "repeat": 9}
    aioctl.add(job, fails=True, name="bad")
    aioctl.start("bad")
    await asyncio.sleep_ms(30)
    want = [
        PLAIN + "job: status: done @ 2023-03-29 12:09:18; 0 s ago --> result: 5",
        "    Task: job " + str(t.task),
        "    ┗━► runtime: 00:02:31",
        "    ┗━► args: (5,)",
        "    ┗━► kwargs: {'secs': 151}",
        RULER,
    ]
    eq(status("job", debug=True), want)
    eq(aioctl.debug(), True)
    eq(status("job"), want)
    lines = status("bad")
    eq(
        lines[4:9],
        [
            "    ┗━► kwargs: {'fails': True}",
            "    ┗━► schedule: of bad",
            "    ┗━► schedule opts: " + str(sched.entries["bad"]),
            "    ┗━► traceback:",
            "    Traceback (most recent call last):",
        ],
    )
    eq(lines[-2:], ["    ZeroDivisionError: divide by zero", RULER])
    eq(aioctl.debug(), False)
    eq(len(status("job")), 2)


async def test_all_sorted_and_unknown():
    fresh()
    eq(status(), [])
    for name in ("b", "a2", "c", "a1"):
        aioctl.add(job, name=name)
    await passes()
    eq([x.split(":")[0][-2:] for x in status() if x != RULER], ["a1", "a2", " b", " c"])
    eq(len(status("a*")), 4)
    eq(status("x"), ["Task x not found in ['a1', 'a2', 'b', 'c']"])


async def test_log():
    fresh()
    import aiolog

    aiolog.print = _print
    aioctl.log()
    eq(_out, ["No log: set_log(stream)"])
    await aioctl.follow()
    eq(len(_out), 2)
    stream = AioStream(300)
    aioctl.set_log(stream)
    aioctl.add(job)
    aioctl.add(job)
    await passes()
    stream.write("[job] one\n[job@1] two\n[other] three\n[job] four\n")
    eq(status("job")[1:], ["[job] one", "[job] four", RULER])
    eq(status("job@1")[1:], ["[job@1] two", RULER])
    eq(len(status("job", log=False)), 2)
    del _out[:]
    aioctl.log("o*")
    aioctl.log("t")
    aioctl.log(["*one", "*four"])
    eq(_out, ["[job@1] two", "[other] three", "[job] one", "[job] four"])
    aioctl.log()
    eq(len(_out), 8)
    del _out[:]
    aioctl.add(aioctl.follow, "[job]", wait=0.002)
    await asyncio.sleep_ms(10)
    stream.write("[job] new\n[other] new\n")
    await asyncio.sleep_ms(10)
    eq(_out, ["[job] new"])
    aioctl.stop("follow")


def test_the_part_belongs_to_the_aioctl_that_is_present():
    first = sys.modules["aioctl"]
    groups = [aioctl.TaskGroup() for _ in range(3)]
    first.set_group(groups[0])
    try:
        del sys.modules["aioctl"]
        import aioctl as second

        assert second is not first
        second.set_group(groups[1])
        assert second.group() is groups[1] and first.group() is groups[0]
    finally:
        sys.modules["aioctl"] = first
    first.set_group(groups[2])
    assert second.group() is groups[1] and first.group() is groups[2]


def test_get_datetime():
    eq(aioctl.get_datetime((2023, 3, 29, 12, 6, 47)), "2023-03-29 12:06:47")
    eq(aioctl.get_datetime([2001, 12, 1, 0, 59, 9, 3, 4, 5]), "2001-12-01 00:59:09")
    raises(TypeError, aioctl.get_datetime, (2023, 3, 29))


def test_tmdelta_fmt():
    for secs, text in (
        (5, "5 s"),
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "00:01:00"),
        (151, "00:02:31"),
        (3600, "01:00:00"),
        (86399, "23:59:59"),
        (86400, "1 days, 00:00:00"),
        (86400 + 3597, "1 days, 00:59:57"),
        (9497 * 86400, "9497 days, 00:00:00"),
    ):
        eq(aioctl.tmdelta_fmt(secs), text)
