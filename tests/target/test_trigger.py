# Proves that a trigger starts its task at once, from wherever it is called, and changes nothing
# else; and that what a soft interrupt changes takes effect at once, too.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023, B904 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import gc
import sys

from sleepyboard import KINDS, fresh_board
from sleepyboard import play as play_board
from harness import Skip, eq, raises
from programs import both as both_aioctls
from programs import is_ours, job, play

UNIX_ONLY = {
    "test_from_another_thread": "the tests in tests/device do it there",
    "test_a_soft_interrupt_changes_the_schedule": "the tests in tests/device do it there",
}


class Log:
    def __init__(self):
        self.lines = []

    def error(self, line):
        self.lines.append(line)


def both():
    # With this project's aioctl, and with the one in the field
    for ctl, sched in both_aioctls():
        log = Log()
        sched.set_log(log)
        yield ctl, sched, log.lines


def counters(sched, name):
    # (runs, missed) of an entry
    return sched.group()[name]["state"][6:8]


def test_starts_the_task():
    """At once, called with an argument or without; it counts as a run, uses up no `times` and does
    not move the due time."""
    for ctl, sched, lines in both():
        runs = []
        job("valve", runs, start_in=50, repeat=50, times=2)
        fire = sched.trigger("valve")
        play(200_000, (10_000, fire), (20_000, lambda: fire("pin")), (120_000, fire))
        eq(runs, [10_000, 20_000, 50_000, 100_000, 120_000])
        eq(counters(sched, "valve"), (5, 0))
        eq(sched.idle_ms(), None)
        eq(lines, [])


def test_several_calls_are_one():
    """Those before the task starts are one run. A call while it runs is counted as missed, and
    logged once until it starts again."""
    for ctl, sched, lines in both():
        runs = []
        job("valve", runs, 5000, start_in=1000)
        fire = sched.trigger("valve")

        def thrice():
            fire()
            fire()
            fire()

        play(
            40_000,
            (10_000, thrice),
            (11_000, fire),
            (12_000, thrice),
            (20_000, fire),
            (21_000, fire),
            (30_000, fire),
        )
        eq(runs, [10_000, 20_000, 30_000])
        eq(counters(sched, "valve"), (3, 3))
        eq(fire.missed, 3)
        eq(len(lines), 2)
        for line in lines:
            assert "[valve]" in line and "still running" in line, line


def test_a_call_while_it_starts_is_not_lost():
    """From the first step of the task on a call is another run."""
    for ctl, sched, lines in both():
        runs = []

        async def body():
            runs.append(vclock.now())

        def call():
            # While aioctl.start() starts it, where an interrupt might come in. Not in the run that
            # is scheduled: what comes first there, call or first step, is up to the event loop.
            if vclock.now() > 10_000 and len(runs) < 5:
                fire()
            return body()

        ctl.add(call, name="again")
        sched.schedule("again", start_in=10)
        fire = sched.trigger("again")
        play(20_000, (15_000, fire))
        eq(len(runs), 6)


def test_a_task_without_a_schedule():
    """Added and stopped before it began, it runs when it is triggered."""
    for ctl, sched, lines in both():
        runs = []
        job("lamp", runs)
        ctl.stop("lamp")
        fire = sched.trigger("lamp")
        play(20_000, (10_000, fire), (15_000, fire))
        eq(runs, [10_000, 15_000])
        eq(lines, [])


def test_what_was_stopped_stays_stopped():
    """A task whose schedule aioctl.stop() has taken away is left alone, until it is started."""
    for ctl, sched, lines in both():
        runs = []
        job("valve", runs, start_in=100)
        fire = sched.trigger("valve")
        play(
            200_000,
            (10_000, lambda: ctl.stop("valve")),
            (20_000, fire),
            (30_000, fire),
            (40_000, lambda: ctl.start("valve")),
            (50_000, fire),
        )
        eq(runs, [50_000, 100_000])
        eq(fire.missed, 2)
        eq(len(lines), 1)
        assert "[valve]" in lines[0] and "stopped" in lines[0], lines


def test_no_such_task():
    """It is said once. The task may come later."""
    for ctl, sched, lines in both():
        runs = []
        fire = sched.trigger("later")

        def add():
            job("later", runs)
            ctl.stop("later")

        play(50_000, (10_000, fire), (11_000, fire), (20_000, add), (30_000, fire))
        eq(runs, [30_000])
        eq(len(lines), 1)
        assert "[later]" in lines[0] and "no such task" in lines[0], lines


def test_names():
    """One trigger per name; a name is a str."""
    for ctl, sched, lines in both():
        assert sched.trigger("a") is sched.trigger("a")
        assert sched.trigger("a") is not sched.trigger("b")
        raises(TypeError, sched.trigger, 7)
        raises(TypeError, sched.trigger, None)


def test_at_set_up_or_later():
    """trigger() may be called before or while schedule_loop runs; that may be stopped and started
    again. A trigger that was called before is heard when the loop starts."""
    for ctl, sched, lines in both():
        a, b = [], []
        job("a", a, start_in=1000)
        job("b", b, start_in=1000)
        fires = [sched.trigger("a")]
        fires[0]()

        def later():
            fires.append(sched.trigger("b"))

        play(
            100_000,
            (10_000, later),
            (11_000, lambda: fires[1]()),
            (20_000, lambda: ctl.stop("schedule_loop")),
            (30_000, lambda: ctl.start("schedule_loop")),
            (40_000, lambda: fires[0]()),
            (50_000, lambda: fires[1]()),
        )
        eq(a, [0, 40_000])
        eq(b, [11_000, 50_000])


def test_trigger_loop():
    """It works without schedule_loop, and beside it: then nothing starts twice. A second one takes
    the place of the first."""
    for loop in (False, True):
        for ctl, sched, lines in both():
            runs = []
            job("a", runs, start_in=1000)
            fire = sched.trigger("a")
            play(
                60_000,
                (0, lambda: ctl.add(sched.trigger_loop)),
                (10_000, fire),
                (20_000, lambda: ctl.add(sched.trigger_loop)),
                (30_000, fire),
                (40_000, lambda: ctl.stop("trigger_loop@1")),
                (50_000, lambda: ctl.start("trigger_loop")),
                (55_000, fire),
                loop=loop,
            )
            eq(runs, [10_000, 30_000, 55_000])
            eq(lines, [])


def test_a_start_that_fails():
    """It is logged, and other triggers work."""
    for ctl, sched, lines in both():
        if not is_ours(ctl):
            # There start() prints the error and says that all is well
            continue
        runs = []

        async def body():
            pass

        def broken(*args):
            raise OSError("broken")

        ctl.add(body, name="bad")
        sched.schedule("bad", start_in=1000)
        job("good", runs, start_in=1000)
        bad, good = sched.trigger("bad"), sched.trigger("good")

        def breaks():
            ctl.group().tasks["bad"].coro = broken

        play(50_000, (5000, breaks), (10_000, bad), (10_000, good), (20_000, bad), (20_000, good))
        eq(runs, [10_000, 20_000])
        eq(bad.missed, 2)
        eq(len(lines), 1)
        assert "[bad]" in lines[0] and "broken" in lines[0], lines


def test_time_limits():
    """A run that was triggered has the same limit."""
    for ctl, sched, lines in both():
        ends = []

        async def body():
            try:
                await asyncio.Event().wait()
            finally:
                ends.append(vclock.now())

        ctl.add(body, name="net")
        sched.schedule("net", start_in=1000, timeout=5)
        fire = sched.trigger("net")
        play(50_000, (10_000, fire), (30_000, fire))
        eq(ends, [15_000, 35_000])


def test_the_chip_stays_awake_for_it():
    """An interrupt wakes the chip and calls a trigger: the task runs within 20 ms, to its end, and
    then the chip sleeps on. The due time stays, on every kind of board that can tell how long it
    slept."""
    for kind in KINDS[:3]:
        for is_scheduled in (True, False) if kind == "ticks" else (True,):
            board, ctl, sched = fresh_board(kind, 3600)
            opened, closed = [], []

            async def body():
                opened.append(board.true())
                await asyncio.sleep(5)
                closed.append(board.true())

            ctl.add(body, name="valve")
            if is_scheduled:
                sched.schedule("valve", start_in=3000)
            else:
                ctl.stop("valve")
            wants = [100_000, 200_000, 1_500_000]
            board.cuts = list(wants)
            board.at_wake = sched.trigger("valve")
            play_board(board)
            if is_scheduled:
                wants.append(3_000_000)
            eq(len(opened), len(wants))
            for start, end, want in zip(opened, closed, wants):
                assert 0 <= start - want <= 20, (kind, start, want)
                assert 5000 <= end - start <= 5020
            assert board.asleep > board.end * 0.98


def test_a_call_just_before_the_sleep():
    """It is not slept over."""
    board, ctl, sched = fresh_board("nothing", 3600)
    runs, fired = [], []

    async def body():
        runs.append(board.true())

    def may_sleep():
        # An interrupt that comes in as late as it can be noticed
        if board.true() > 600_000 and not fired:
            fired.append(board.true())
            fire()
        return True

    ctl.add(body, name="valve")
    sched.schedule("valve", start_in=500, repeat=3000)
    fire = sched.trigger("valve")
    board.cuts = [700_000]
    play_board(board, may_sleep=may_sleep)
    eq(fired, runs[1:2])
    eq(fired, [700_000])


def test_no_litter():
    """However many there were."""
    for ctl, sched, lines in both():
        runs = [0]
        used = []

        async def body():
            runs[0] += 1

        ctl.add(body, name="a")
        sched.schedule("a", start_in=1000)
        fire = sched.trigger("a")

        async def main():
            ctl.add(sched.schedule_loop)
            for k in range(600):
                await asyncio.sleep_ms(10)
                fire()
                if k in (200, 590):
                    gc.collect()
                    used.append(gc.mem_alloc())
            await asyncio.sleep_ms(10)

        vclock.run(main())
        eq(runs, [600])
        assert used[1] - used[0] < 600, used


# In real time


REAL = """
import asyncio, micropython, sys, time, _thread
sys.modules.pop("vclock", None)
import aioctl, aioschedule

runs = []
marks = []

async def valve():
    runs.append(time.ticks_us())

async def sleeper():
    await asyncio.sleep(1000)

def thread():
    for k in range(COUNT):
        time.sleep_ms(10)
        marks.append(time.ticks_us())
        ACTION

async def main():
    aioctl.add(valve)
    aioctl.stop("valve")
    PREPARE
    aioctl.add(sleeper)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep_ms(50)
    _thread.start_new_thread(thread, ())
    await asyncio.sleep_ms(COUNT * 12 + 300)

asyncio.run(main())
late = [time.ticks_diff(b, a) for a, b in zip(marks, runs)]
print(len(runs), max(late) // 1000)
"""


def real(count, action, prepare):
    # A process of its own, as virtual time is here: (runs, the most ms that one was late)
    import os

    code = REAL.replace("COUNT", str(count)).replace("ACTION", action).replace("PREPARE", prepare)
    with open("real.py", "w") as f:
        f.write(code)
    if os.system("%s real.py > real.txt 2>&1" % sys.executable):
        with open("real.txt") as f:
            raise AssertionError(f.read())
    with open("real.txt") as f:
        return [int(word) for word in f.read().split()]


def needs_threads():
    if not hasattr(sys, "executable"):
        raise Skip("this MicroPython does not tell where it is")
    try:
        import _thread  # noqa: F401
    except ImportError:
        raise Skip("no _thread")


def test_from_another_thread():
    """Each call starts the task within 20 ms."""
    needs_threads()
    runs, late = real(100, "fire()", 'globals()["fire"] = aioschedule.trigger("valve")')
    eq(runs, 100)
    assert late <= 20, late


def test_a_soft_interrupt_changes_the_schedule():
    """With a trigger_loop, what schedule() and aioctl.start() do there takes effect within 20 ms,
    while all tasks sleep."""
    needs_threads()
    for action in (
        'micropython.schedule(lambda _: aioschedule.schedule("valve", start_in=0), None)',
        'micropython.schedule(lambda _: aioctl.start("valve"), None)',
    ):
        runs, late = real(50, action, "aioctl.add(aioschedule.trigger_loop)")
        eq(runs, 50)
        assert late <= 20, late
