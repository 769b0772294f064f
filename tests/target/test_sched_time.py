# Proves promises 2 to 5: no drift, on time, missed runs coalesce, seconds are real seconds.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import time

from afresh import counts
from harness import eq
from programs import fresh, job, local, play

# What the aioctl in the field cannot keep
OURS_ONLY = {
    "test_what_a_pass_takes_makes_no_run_late": "there add() calls the function",
}

TIMEOUT = 120
UNIX_ONLY = {
    "test_due_runs_start_within_one_pass": "more than a board's heap holds",
    "test_a_year_without_drift": "takes minutes on a board",
    "test_a_hundred_thousand_runs": "takes minutes on a board",
    "test_months_across_wraps": "takes minutes on a board",
    "test_idle_for_months": "takes minutes on a board",
    "test_lasting_past_a_wrap": "takes minutes on a board",
}

DAY = 86_400_000


def counted(name, start, period):
    # A job that checks the phase of each run instead of keeping them; returns [runs, bad ones]
    seen = [0, []]

    class Phases:
        def append(self, ms):
            if ms != start + seen[0] * period:
                seen[1].append((seen[0], ms))
            seen[0] += 1

    job(name, Phases(), start_in=start / 1000 if start % 1000 else start // 1000)
    return seen


def phases(name, period, **options):
    # The same, scheduled with `period` in ms for both
    seen = counted(name, period, period)
    p = period // 1000 if period % 1000 == 0 else period / 1000
    import aioschedule

    aioschedule.schedule(name, repeat=p, **options)
    return seen


def test_run_k_is_due_at_start_plus_k_repeats():
    """Runs of every length, late ones too, leave the phase where it is."""
    for ms in (0, 1, 130, 699):
        fresh()
        runs = []
        job("a", runs, ms, start_in=0.35, repeat=0.7)
        play(100_000)
        eq(runs, list(range(350, 100_000, 700)))


def test_being_late_once_does_not_move_the_next():
    """One late start, of any length, then the old phase."""
    for late in (1, 250, 999):
        fresh()
        runs = []
        job("a", runs, start_in=1, repeat=1)
        play(6500, (2999, lambda: vclock.block(1 + late)))
        eq(runs, [1000, 2000, 3000 + late, 4000, 5000, 6000])


def test_a_year_without_drift():
    """A year, with ticks of a board: every run of every period is on its phase to the ms. (The
    longest is one that a float of 32 bits can hold.)"""
    fresh(ticks=(1 << 30) - 5000)
    periods = (600_000, 3_600_000, DAY, 7 * DAY, 787_317, 123_456_500)
    seen = [phases("p%d" % p, p) for p in periods]
    play(365 * DAY)
    eq(seen, [[365 * DAY // p, []] for p in periods])


def test_a_hundred_thousand_runs():
    """100,000 runs, 0 ms of drift, also where each takes most of its period."""
    fresh()
    fast = phases("fast", 333)
    slow = []
    job("slow", slow, 290, repeat=0.3, times=5000)
    play(33_300_000)
    eq(fast, [100_000, []])
    eq(slow, list(range(300, 1_500_001, 300)))


def test_due_runs_start_within_one_pass():
    """On an idle event loop the lateness is 0 ms, for any number of tasks and odd periods."""
    fresh()
    runs = {}
    for p in (1, 3, 7, 50, 333, 1000, 1001, 2500):
        runs[p] = []
        job("p%d" % p, runs[p], repeat=p / 1000)
    play(20_000)
    for p in runs:
        eq(runs[p], list(range(p, 20_001, p)))


def test_many_due_at_once():
    """Tasks that are due together all start together, whatever order they were scheduled in."""
    fresh()
    runs = []
    for n in range(50):
        job("t%d" % (n * 7 % 50), runs, start_in=1, repeat=2)
    play(4500)
    eq(runs, [1000] * 50 + [3000] * 50)


def test_what_a_pass_takes_makes_no_run_late():
    """The time that it takes to start a task is not added to the wait for the next one."""
    ctl, sched = fresh()
    runs = []

    async def body():
        pass

    def slow():
        # aioctl calls this to make the coroutine, maybe at add() too
        if vclock.now():
            vclock.block(40)
        return body()

    sched.schedule("slow", repeat=1)
    ctl.add(slow, name="slow")
    job("a", runs, start_in=0.5, repeat=1)
    job("soon", runs, start_in=2.02)
    play(4000)
    eq(runs, [500, 1500, 2040, 2500, 3500])


def test_many_due_at_once_on_a_busy_board():
    """They start within one pass of the event loop, however long that is."""
    for wall in False, True:
        ctl, sched = fresh()
        runs = []

        async def busy():
            while vclock.now() < 2970:
                vclock.block(20)
                await asyncio.sleep_ms(0)

        for n in range(10):
            job("t%d" % n, runs, start_in=local(1) if wall else 1, repeat=0.1)
        ctl.add(busy)
        play(2990)
        late = [t for t in runs if t % 100 > 60]
        eq((len(runs), late), (200, []))


def test_what_looking_takes_makes_no_run_late():
    """Nor the time that it takes to find that nothing is due."""
    ctl, sched = fresh("fieldaioctl")

    class Slow(dict):
        def get(self, *args):
            vclock.block(40)
            return super().get(*args)

    sched.set_group(Slow())
    runs = []
    job("a", runs, start_in=1, repeat=1)
    play(4500)
    # One look that finds it, and two before it is started
    eq(runs, [1120, 2120, 3120, 4120])


def test_a_slow_rule_is_not_late():
    """A rule that takes 300 ms to find its next time, each second."""
    ctl, sched = fresh()
    runs = []

    def each_second(rtc):
        vclock.block(300)
        return rtc + 1

    job("a", runs, repeat=each_second)
    play(9900)
    eq([ms % 1000 for ms in runs], [0] * len(runs))
    assert len(runs) >= 8, runs


def test_the_same_start_and_end():
    """start_in and `until` that are the same are one run, however long a call takes."""
    ctl, sched = fresh()
    runs = []

    ticks_ms = time.ticks_ms

    def later():
        vclock.block(1)
        return ticks_ms()

    def slowly():
        # Each look at the clock takes a ms
        time.ticks_ms = later
        try:
            sched.schedule("a", start_in=3, until=3)
        finally:
            time.ticks_ms = ticks_ms

    # It runs when it is added, too
    job("a", runs)
    play(9000, (1000, slowly))
    eq(len(runs), 2)


def test_busy_neighbours():
    """A task that hardly ever sleeps does not make the scheduler late by more than their turn."""
    ctl, sched = fresh()
    runs = []

    async def busy():
        while True:
            time.sleep_ms(9)
            await asyncio.sleep_ms(1)

    ctl.add(busy)
    job("a", runs, start_in=1, repeat=0.5)
    play(10_000)
    eq(len(runs), 19)
    for k, ms in enumerate(runs):
        # one turn of its neighbour before the loop, one before the task
        assert 0 <= ms - (1000 + 500 * k) <= 2 * 9 + 1, runs


def test_neighbour_that_always_reschedules():
    """A timeout that is put off in each turn of a busy task does not make others late."""
    ctl, sched = fresh()
    runs = []

    async def busy():
        while vclock.now() < 9900:
            sched.schedule("timeout", start_in=60)
            time.sleep_ms(1)
            await asyncio.sleep_ms(0)

    ctl.add(busy)
    job("a", runs, start_in=1, repeat=0.5)
    job("timeout", runs, start_in=60)
    play(9900)
    eq(len(runs), 18)
    for k, ms in enumerate(runs):
        assert 0 <= ms - (1000 + 500 * k) <= 3, runs


def test_missed_runs_coalesce():
    """Late by several periods means one run at once, then the old phase."""
    for late, want in (
        (1500, [1000, 2000, 3500, 4000, 5000]),
        (2000, [1000, 2000, 4000, 5000]),
        (2001, [1000, 2000, 4001, 5000]),
        (2999, [1000, 2000, 4999, 5000]),
    ):
        ctl, sched = fresh()
        runs = []
        job("a", runs, start_in=1, repeat=1)
        play(5500, (2001, lambda: vclock.block(late - 1)))
        eq(runs, want)
        eq(counts("a"), (len(runs), 0))


def test_one_shot_kept_back_runs_once():
    """A one-shot that a blocked event loop kept back runs as soon as it can, once."""
    fresh()
    runs = []
    job("a", runs, start_in=1)
    play(20_000, (500, lambda: vclock.block(7000)))
    eq(runs, [7500])


def test_task_that_outlives_its_period():
    """A task still running when it is due is left alone: skipped, counted, and logged once for all
    that it skips."""
    ctl, sched = fresh()
    runs = []
    ends = []
    said = []

    class Log:
        def error(self, s):
            said.append((vclock.now(), s))

    async def body():
        runs.append(vclock.now())
        await asyncio.sleep_ms(2500)
        ends.append(vclock.now())

    sched.set_log(Log())
    ctl.add(body, name="slow")
    sched.schedule("slow", start_in=1, repeat=1)
    play(11_900)
    eq(runs, [1000, 4000, 7000, 10_000])
    eq(ends, [3500, 6500, 9500])
    eq(counts("slow"), (4, 7))
    eq([ms for ms, s in said], [2000, 5000, 8000, 11_000])
    assert all("slow" in s for ms, s in said), said


def test_task_that_ends_just_then():
    """One that ends right before it is due runs again at once; 1 ms after, it was missed."""
    for ms, want in ((999, [1000, 2000, 3000]), (1001, [1000, 3000])):
        fresh()
        runs = []
        job("a", runs, ms, start_in=1, repeat=1)
        play(3500)
        eq(runs, want)


def test_ticks_wrap():
    """ticks_ms wrapping at 2**30, at every point of a period, neither fires nor delays."""
    for before in (0, 1, 499, 500, 501, 1000, 1499, 4321):
        fresh(ticks=(1 << 30) - before)
        runs = []
        job("a", runs, start_in=0.5, repeat=1)
        play(6000)
        eq(runs, [500, 1500, 2500, 3500, 4500, 5500])


def test_small_wrap():
    """The same over and over, with ticks that wrap each minute."""
    fresh(ticks=60_000, wrap=1 << 16)
    runs = []
    job("a", runs, start_in=1, repeat=20)
    play(400_000)
    eq(runs, list(range(1000, 400_000, 20_000)))


def test_months_across_wraps():
    """Intervals of months work across any number of wraps of ticks_ms."""
    for ticks in (0, 1, (1 << 29) - 1, 1 << 29, (1 << 30) - 1):
        fresh(ticks=ticks)
        runs = []
        job("a", runs, start_in=90 * 86400, repeat=100 * 86400)
        job("b", runs, start_in=400 * 86400)
        play(500 * DAY)
        eq(runs, [90 * DAY, 190 * DAY, 290 * DAY, 390 * DAY, 400 * DAY, 490 * DAY])


def test_idle_for_months():
    """After months with nothing scheduled at all, seconds still count from the call."""
    ctl, sched = fresh(ticks=12345)
    runs = []
    job("a", runs)
    play(301 * DAY, (300 * DAY, lambda: sched.schedule("a", start_in=10, repeat=3600)))
    eq(runs[:3], [0, 300 * DAY + 10_000, 300 * DAY + 3_610_000])
    eq(len(runs), 1 + 24)


def test_never_idle_past_a_wrap():
    """Where something is due in every pass, for longer than ticks last, the others are on time as
    far as their turn comes."""
    ctl, sched = fresh()
    runs, busy = [], []
    block = DAY // 2 - 1
    end = 60 * DAY

    async def always():
        busy.append(vclock.now())
        vclock.block(block)
        if vclock.now() > end:
            sched.unschedule("always")

    ctl.add(always)
    sched.schedule("always", start_in=0, repeat=1)
    job("a", runs, start_in=86400, repeat=86400)
    play(end)
    # Each second block ends just before it is due
    eq(len(busy), 121)
    eq([ms // DAY for ms in runs], list(range(1, 61)))


def test_lasting_past_a_wrap():
    """A task that runs for longer than half a wrap is missed at each period, then on phase."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, 20 * DAY + 5, start_in=3600, repeat=86400)
    play(30 * DAY)
    eq(runs, [3_600_000, 21 * DAY + 3_600_000])
    eq(counts("a"), (2, 28))
