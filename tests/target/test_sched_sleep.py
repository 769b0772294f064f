# Proves promise 7, "it sleeps": idle_ms(), wake-ups, heap while idle, and no litter in the queues.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import gc

from afresh import Log
from harness import eq
from programs import both, fresh, job, local, play

OURS_ONLY = {}

HOUR = 3_600_000

NEEDS = {"test_idle_ms_over_months": "floats of 64 bits"}
UNIX_ONLY = {
    "test_heap_of_an_idle_second_on_the_wall_clock": "more than a board's heap holds",
    "test_deleting_leaves_no_litter": "more than a board's heap holds",
    "test_runs_leave_no_litter": "more than a board's heap holds",
}


def test_nothing_due_for_months():
    """The loop sleeps through any number of wraps of ticks_ms, on both clocks, and has nothing to
    log."""
    half_a_year = 1 << 24
    for _ctl, sched in both(ticks=(1 << 30) - 5000):
        log = Log()
        sched.set_log(log)
        runs = []
        job("a", runs, start_in=half_a_year)
        play(half_a_year * 1000 + 1)
        eq((runs, log.lines), ([half_a_year * 1000], []))
    for _ctl, sched in both(ticks=(1 << 30) - 5000):
        log = Log()
        sched.set_log(log)
        job("a", [], start_in=half_a_year)
        job("w", [], start_in=local(half_a_year))
        play(HOUR)
        eq(log.lines, [])


def test_idle_ms():
    """ms until the next due run, of either clock; 0 when overdue; None when nothing waits."""
    ctl, sched = fresh()
    seen = []

    def look():
        seen.append(sched.idle_ms())

    eq(sched.idle_ms(), None)
    job("a", [], start_in=2.5)
    eq(sched.idle_ms(), 2500)
    job("b", [], start_in=local(2), repeat=60)
    eq(sched.idle_ms(), 2000)

    def blocked():
        vclock.block(900)
        look()

    play(
        200_000,
        (0, look),
        (300, look),
        (1999, look),
        (2100, look),
        (2200, blocked),
        (10_000, look),
        (61_999, look),
        (70_000, lambda: sched.unschedule("b")),
        (70_000, look),
    )
    eq(seen, [2000, 1700, 1, 400, 0, 52_000, 1, None])


def test_idle_ms_of_what_is_over():
    """Nothing waits after a one-shot, the last of `times`, unschedule, stop or reset."""
    ctl, sched = fresh()
    seen = []

    def look():
        seen.append(sched.idle_ms())

    job("a", [], start_in=1)
    job("b", [], repeat=1, times=2)
    job("c", [], repeat=100)
    job("d", [], repeat=200)
    play(
        30_000,
        (1500, look),
        (2500, look),
        (3000, lambda: ctl.stop("c")),
        (3000, look),
        (3500, lambda: ctl.start("c")),
        (4000, look),
        (4000, lambda: sched.reset()),
        (4000, look),
    )
    eq(seen, [500, 97_500, 197_000, 96_000, None])


def test_idle_ms_over_months():
    """Long times are exact."""
    ctl, sched = fresh()
    sched.schedule("a", start_in=100 * 86400 + 0.25)
    eq(sched.idle_ms(), 100 * 86_400_000 + 250)
    sched.schedule("a", start_in=(2026, 1, 1, 0, 0, 0))
    eq(sched.idle_ms(), 731 * 86_400_000)


def wakes(until_ms, *script):
    vclock.wakes = 0
    play(until_ms, *script)
    return vclock.wakes


def test_wakes_without_wall_clock_entries():
    """At most one wake-up per idle hour, with any number of entries on the monotonic clock."""
    ctl, sched = fresh()
    for n in range(200):
        sched.schedule("t%d" % n, start_in=24 * 3600 + n)
    n = wakes(24 * HOUR - 1)
    assert n <= 2, n
    ctl, sched = fresh()
    n = wakes(24 * HOUR)
    assert n <= 2, n


def test_wakes_per_run():
    """Each run costs one wake-up, and one for the end of a task that sleeps."""
    ctl, sched = fresh()
    job("a", [], start_in=60, repeat=60)
    n = wakes(HOUR + 500)
    assert 60 <= n <= 62, n


def test_wakes_after_unschedule():
    """What has been unscheduled or rescheduled may wake the loop once at most."""
    ctl, sched = fresh()
    for n in range(100):
        sched.schedule("t%d" % n, start_in=60 + n)
    job("last", [], start_in=3000)

    def drop():
        for n in range(100):
            sched.unschedule("t%d" % n)

    n = wakes(HOUR, (1000, drop))
    assert n <= 5, n


def test_wakes_after_the_last_wall_clock_entry():
    """Once a second no longer when what waited for the wall clock has been taken away."""
    for how in ("unschedule", "stop", "delete"):
        for ctl, sched in both():
            job("w", [], repeat="0 0 1 1 *")
            job("a", [], start_in=3000)
            n = wakes(
                HOUR, (1000, lambda: getattr(sched if how == "unschedule" else ctl, how)("w"))
            )
            assert n <= 8, (how, n)


def test_wakes_with_wall_clock_entries():
    """About once a second while an entry waits for the wall clock, and only then."""
    ctl, sched = fresh()
    job("w", [], start_in=local(100))
    job("a", [], start_in=3600)
    n = wakes(50_000)
    assert 45 <= n <= 55, n
    ctl, sched = fresh()
    job("w", [], start_in=local(100))
    job("a", [], start_in=3600)
    n = wakes(1_000_000)
    assert 95 <= n <= 105, n


def test_heap_of_an_idle_second():
    """No byte is allocated in an idle second with 200 waiting entries."""
    for ctl, sched in both():
        seen = []

        def look():
            seen.append(gc.mem_alloc())

        async def main():
            for n in range(200):
                sched.schedule("t%d" % n, start_in=1000 + n, repeat=60)
            ctl.add(sched.schedule_loop)
            await asyncio.sleep(10)
            gc.collect()
            gc.disable()
            for _ in range(4):
                look()
                await asyncio.sleep_ms(1000)
            gc.enable()

        seen.extend((0,) * 4)
        del seen[:]
        vclock.run(main())
        grown = [seen[k + 1] - seen[k] for k in range(3)]
        eq(grown[1:], [0, 0])


def test_heap_of_an_idle_second_on_the_wall_clock():
    """With wall-clock entries a second costs a bounded amount, the same for 10 and 200."""
    cost = []
    for count in (10, 200):
        ctl, sched = fresh()
        for n in range(count):
            sched.schedule("t%d" % n, start_in=local(1000 + n))
        seen = [0] * 3

        def look():
            seen.append(gc.mem_alloc())

        def before():
            gc.collect()
            gc.disable()
            look()

        play(40_000, (10_500, before), (20_500, look), (30_500, look))
        gc.enable()
        cost.append(seen[-1] - seen[-2])
    assert abs(cost[0] - cost[1]) < 200, cost
    assert cost[1] < 10 * 2000, cost


def memory():
    gc.collect()
    return gc.mem_alloc()


# What a list of 20 waiting items may take, each of them a tuple; 5,000 of them take 300 KB.
LITTER = 4000


def test_rescheduling_leaves_no_litter():
    """10,000 times the same name: what waits stays a handful, before the loop and in it."""
    ctl, sched = fresh()
    job("a", [])
    used = [0] * 4
    del used[:]

    def often():
        for n in range(5000):
            sched.schedule("a", start_in=1000 + n, repeat=7)
            sched.schedule("a", start_in=(2024, 5, 1, 0, 0, n % 60))
        used.append(memory())

    sched.schedule("a", start_in=(2024, 5, 1, 0, 0, 0))
    before = memory()
    often()
    play(5000, (1000, often), (3000, lambda: used.append(memory())))
    # A word on the stack may keep some KB of what was compiled. What waits would take 300.
    assert max(used) - before < 8 * LITTER, (before, used)


def test_stopping_and_starting_leaves_no_litter():
    """The same for stop and start, unschedule and schedule, and new names each time."""
    for ctl, sched in both():
        used = [0] * 4
        del used[:]
        runs = []

        def often(count):
            for n in range(count):
                ctl.stop("a")
                ctl.start("a")
                sched.unschedule("b")
                sched.schedule("b", start_in=500 + n)
                sched.schedule("n%d" % n, start_in=100)
                sched.unschedule("n%d" % n)
            used.append(memory())

        job("a", runs, start_in=3, repeat=2)
        job("b", [], start_in=1)
        play(6000, (1500, lambda: often(20)), (2000, lambda: often(1000)))
        # Names are kept for good by MicroPython
        assert used[1] - used[0] < LITTER + 1000 * 32, used
        eq(runs, [3000, 5000])


def test_deleting_leaves_no_litter():
    """What hundreds of deleted tasks had waiting goes when the loop next looks."""
    used = []
    for count in (20, 300):
        ctl, sched = fresh()
        for n in range(count):
            job("t%d" % n, [], start_in=1000)

        def delete():
            for n in range(count):
                ctl.delete("t%d" % n)
            job("a", [], start_in=5)

        play(20_000, (1000, delete), (10_000, lambda: used.append(memory())))
    # A word on the stack that looks like its address may keep one old queue, 100 bytes a name.
    # Tasks that stayed would take 600 and more.
    assert used[1] - used[0] < LITTER + 300 * (72 + 110), used


def test_runs_leave_no_litter():
    """The memory in use does not grow with the number of runs."""
    for _ in both():
        used = []

        class Nothing:
            def append(self, ms):
                pass

        def look():
            gc.collect()
            used.append(gc.mem_alloc())

        used.extend((0,) * 8)
        del used[:]
        job("a", Nothing(), start_in=0.1, repeat=0.1)
        job("w", Nothing(), start_in=local(1), repeat=1)
        play(90_000, (20_050, look), (50_050, look), (80_050, look))
        assert used[2] - used[0] < 2000, used
