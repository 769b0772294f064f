# Proves that a run with a `timeout` ends in time, counts as failed, and disturbs nothing else.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import gc

from harness import eq, raises
from programs import both as both_aioctls
from programs import is_ours, job, play


def both():
    # With this project's aioctl, and with the one in the field
    for ctl, sched in both_aioctls():
        lines = []
        sched.set_log(Log(lines))
        yield ctl, sched, lines


class Log:
    def __init__(self, lines):
        self.lines = lines

    def error(self, line):
        self.lines.append(line)


def counters(sched, name):
    # (runs, missed) of an entry
    return sched.group()[name]["state"][6:8]


def hanging(ctl, runs, ends, name="net", hang=True, **kwargs):
    # Adds a task that waits for ever for what never comes
    async def body(log=None):
        runs.append(vclock.now())
        try:
            if hang:
                await asyncio.Event().wait()
        finally:
            ends.append(vclock.now())

    ctl.add(ctl.aiotask(body), name=name, _id=name, **kwargs)


def test_a_run_that_hangs_is_ended():
    """After `timeout` seconds, to the ms; the next ones come when they are due; it is logged under
    its name each time, and other tasks do not notice."""
    for ctl, sched, lines in both():
        runs, ends, other = [], [], []
        log = Log(lines)
        hanging(ctl, runs, ends, log=log)
        sched.schedule("net", start_in=10, repeat=60, timeout=2.5)
        job("other", other, start_in=1, repeat=1)
        play(200_500)
        eq(runs, [10_000, 70_000, 130_000, 190_000])
        eq(ends, [12_500, 72_500, 132_500, 192_500])
        eq(len(other), 200)
        eq(len(lines), 4)
        for line in lines:
            assert "[net]" in line and "2.5 s" in line and "TimeoutError" in line, line
        eq(counters(sched, "net"), (4, 0))


def test_it_has_failed():
    """Its result is a TimeoutError, on_error gets it, on_stop does not run."""
    for ctl, sched, lines in both():
        if not is_ours(ctl):
            continue
        heard, stopped = [], []
        runs, ends = [], []
        hanging(ctl, runs, ends, log=Log(lines))
        hanging(
            ctl,
            runs,
            ends,
            name="net2",
            log=Log(lines),
            on_error=lambda error, **kwargs: heard.append(error) or "caught",
            on_stop=lambda **kwargs: stopped.append(1),
        )
        sched.schedule("net", start_in=10, timeout=5)
        sched.schedule("net2", start_in=10, timeout=5)
        play(20_000)
        assert isinstance(ctl.result("net"), asyncio.TimeoutError)
        assert not ctl.group().tasks["net"].cancelled
        eq(ctl.result("net2"), "caught")
        eq(len(heard), 1)
        assert isinstance(heard[0], asyncio.TimeoutError)
        assert isinstance(ctl.group().tasks["net2"].error, asyncio.TimeoutError)
        eq(stopped, [])


def test_the_watcher_restarts_it():
    """As any failed task, and it waits longer each time; that run is limited, too, counts as a run
    and moves nothing."""
    for ctl, sched, lines in both():
        runs, ends = [], []
        hanging(ctl, runs, ends, log=Log(lines))
        sched.schedule("net", start_in=10, repeat=1000, timeout=5, times=2)
        play(500_000, (0, lambda: ctl.add(sched.watcher_loop)))
        eq(runs, [10_000, 30_000, 90_000, 210_000, 450_000])
        eq(ends, [t + 5000 for t in runs])
        eq(counters(sched, "net"), (5, 0))
        eq(sched.idle_ms(), 510_000)


def test_the_watcher_forgets_it():
    """One that is well again has not failed."""
    for ctl, sched, lines in both():
        runs = []
        state = [True]

        async def body():
            runs.append(vclock.now())
            if state.pop() if state else False:
                await asyncio.Event().wait()

        ctl.add(body, name="net")
        sched.schedule("net", start_in=10, repeat=1000, timeout=5)
        play(1_200_000, (0, lambda: ctl.add(sched.watcher_loop)))
        eq(runs, [10_000, 30_000, 1_010_000])


def test_runs_that_end_are_left_alone():
    """Each has all of its time, however often it runs."""
    for ctl, sched, lines in both():
        runs, ends = [], []

        async def body():
            runs.append(vclock.now())
            await asyncio.sleep_ms(9900)
            ends.append(vclock.now())

        ctl.add(body, name="work")
        sched.schedule("work", repeat=10, timeout=9.95)
        play(1_000_050)
        eq(len(runs), 100)
        eq(len(ends), 99)
        eq(lines, [])


def test_after_runs_that_ended_soon():
    """A run that hangs has its own time, also if that of a run before would not be over yet, or
    was a longer one."""
    for ctl, sched, lines in both():
        runs, ends = [], []

        async def body():
            runs.append(vclock.now())
            await asyncio.sleep_ms(100)
            if len(runs) > 2:
                try:
                    await asyncio.Event().wait()
                finally:
                    ends.append(vclock.now())

        ctl.add(body, name="net")
        sched.schedule("net", repeat=10, timeout=35, times=3)
        play(100_000)
        eq(ends, [65_000])

    for ctl, sched, lines in both():
        runs, ends = [], []

        async def body():
            runs.append(vclock.now())
            await asyncio.sleep_ms(100)
            if len(runs) == 2:
                try:
                    await asyncio.Event().wait()
                finally:
                    ends.append(vclock.now())

        ctl.add(body, name="net")
        sched.schedule("net", start_in=10, timeout=60)
        play(60_000, (20_000, lambda: sched.schedule("net", start_in=0, timeout=3)))
        eq(ends, [23_000])


def test_a_shorter_limit_and_a_longer_one():
    """What schedule() says last holds from the next run on."""
    for ctl, sched, lines in both():
        runs, ends = [], []
        hanging(ctl, runs, ends, log=Log(lines))
        sched.schedule("net", start_in=10, timeout=60)

        def again(timeout):
            return lambda: sched.schedule("net", start_in=0, timeout=timeout)

        play(
            200_000,
            (80_000, again(3)),
            (90_000, again(60)),
            (151_000, lambda: sched.schedule("net", start_in=0)),
            (180_000, lambda: ctl.stop("net")),
        )
        eq(runs, [10_000, 80_000, 90_000, 151_000])
        eq(ends, [70_000, 83_000, 150_000, 180_000])


def test_one_that_is_stopped_has_not_failed():
    """Also if it hangs in what it does at its end."""
    for ctl, sched, lines in both():
        ends = []

        async def body():
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(60)
                ends.append(vclock.now())

        ctl.add(body, name="net")
        sched.schedule("net", start_in=10, timeout=5)
        play(100_000, (12_000, lambda: ctl.stop("net")))
        eq(ends, [72_000])
        eq(lines, [])


def test_one_that_swallows_the_cancellation():
    """Is logged once and left alone; what falls due meanwhile is missed. When it ends at last, it
    runs again."""
    for ctl, sched, lines in both():
        runs = []

        async def body(log=None):
            runs.append(vclock.now())
            end = vclock.now() + 95_000
            while vclock.now() < end:
                try:
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    pass

        ctl.add(body, name="deaf", log=Log(lines))
        sched.schedule("deaf", repeat=10, timeout=5)
        play(119_999)
        eq(runs, [10_000, 110_000])
        eq(counters(sched, "deaf"), (2, 9))
        eq(len([line for line in lines if "goes on" in line]), 1)
        eq(len([line for line in lines if "still running" in line]), 1)


def test_cleaning_up_takes_its_time():
    """A run that was ended may clean up for some seconds, and nothing is said of that."""
    for ctl, sched, lines in both():
        ends = []

        async def body(log=None):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(4)
                ends.append(vclock.now())

        ctl.add(body, name="net", log=Log(lines))
        sched.schedule("net", start_in=10, timeout=5)
        play(100_000)
        eq(ends, [19_000])
        eq(len(lines), 1)


def test_started_by_hand():
    """With this project's aioctl: it counts as a run, uses up no `times`, does not move the due
    time, and has the same limit; so it does before the schedule loop runs."""
    for ctl, sched, lines in both():
        if not is_ours(ctl):
            continue
        runs, ends = [], []
        hanging(ctl, runs, ends, log=Log(lines))
        sched.schedule("net", start_in=50, repeat=50, times=2, timeout=5)
        play(200_000, (10_000, lambda: ctl.start("net")), (20_000, lambda: ctl.start("net")))
        eq(runs, [10_000, 20_000, 50_000, 100_000])
        eq(ends, [15_000, 25_000, 55_000, 105_000])
        eq(counters(sched, "net"), (4, 0))

    ctl, sched, lines = next(both())
    runs, ends = [], []
    hanging(ctl, runs, ends, log=Log(lines))
    sched.schedule("net", start_in=50, timeout=5)
    play(20_000, (10_000, lambda: ctl.start("net")), loop=False)
    eq(ends, [15_000])


def test_long_limits():
    """A month, and the longest that there is."""
    for ctl, sched, lines in both():
        runs, ends = [], []
        hanging(ctl, runs, ends, log=Log(lines))
        hanging(ctl, runs, [], name="years", log=Log(lines))
        sched.schedule("net", start_in=0, timeout=30 * 86400)
        sched.schedule("years", start_in=0, timeout=(1 << 30) - 2)
        play(31 * 86_400_000)
        eq(ends, [30 * 86_400_000])


def test_no_litter():
    """However many runs there were, one thing waits for the end of their time."""
    for ctl, sched, lines in both():
        used = []

        async def body():
            await asyncio.sleep_ms(1)

        def look():
            gc.collect()
            used.append(gc.mem_alloc())

        ctl.add(body, name="a")
        sched.schedule("a", repeat=0.1, timeout=1000)
        play(101_000, (50_000, look), (51_000, look), (100_000, look))
        assert used[2] - used[1] < 1500, used


def test_bad_limits():
    """They are refused at the call."""
    for ctl, sched, lines in both():
        for timeout in (0, -1, "5", (1, 2), True, 1 << 40):
            raises((TypeError, ValueError), sched.schedule, "a", repeat=5, timeout=timeout)
        eq(sched.group(), {})
