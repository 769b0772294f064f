# Proves what start_in, repeat, times, until and jitter mean.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

from harness import eq
from programs import fresh, job, local, play

OURS_ONLY = {}

UNIX_ONLY = {
    "test_start_in_time_tuple_on_unix": "time.time() of a board is an int",
}


def runs_of(until_ms, **options):
    # The times of the runs of a task with these options, scheduled before the loop starts
    fresh()
    runs = []
    job("a", runs, **options)
    play(until_ms)
    return runs


def late_runs_of(until_ms, **options):
    # The same, scheduled when the loop has run for 700 ms
    ctl, sched = fresh()
    runs = []
    job("a", runs)
    play(until_ms, (700, lambda: sched.schedule("a", **options)))
    eq(runs.pop(0), 0)  # unscheduled, it ran as soon as it was added
    return runs


def test_start_in_int_seconds():
    """start_in=3 runs once, 3 s after the loop's start, or after the call while the loop runs."""
    eq(runs_of(10_000, start_in=3), [3000])
    eq(late_runs_of(10_000, start_in=3), [3700])


def test_start_in_float_seconds():
    """Fractions of a second count, to the millisecond."""
    for s, ms in ((0.25, 250), (1.001, 1001), (2.5, 2500), (0.0004, 0)):
        eq(runs_of(5000, start_in=s), [ms])
        eq(late_runs_of(5000, start_in=s), [700 + ms])


def test_start_in_zero():
    """start_in=0 means at once."""
    eq(runs_of(5000, start_in=0), [0])
    eq(runs_of(5000, start_in=0, repeat=2), [0, 2000, 4000])
    eq(late_runs_of(5000, start_in=0), [700])
    eq(runs_of(5000, start_in=0.0), [0])


def test_start_in_left_out():
    """Without start_in the first run is after one `repeat`."""
    eq(runs_of(7000, repeat=2), [2000, 4000, 6000])
    eq(runs_of(1000, repeat=0.25), [250, 500, 750, 1000])
    eq(late_runs_of(7000, repeat=2), [2700, 4700, 6700])


def test_start_in_time_tuple():
    """Tuples of 6 to 9 fields are times on the wall clock; what follows the sixth is ignored."""
    t = (2024, 1, 1, 0, 0, 5)
    for rest in ((), (0,), (0, 1), (0, 1, 0), (6, 366, -1)):
        eq(runs_of(10_000, start_in=t + rest), [5000])
        eq(late_runs_of(10_000, start_in=t + rest), [5000])
    eq(runs_of(20_000, start_in=t, repeat=6), [5000, 11_000, 17_000])


def test_start_in_time_tuple_on_unix():
    """The same where time.time() is a float."""
    fresh(float_time=True)
    runs = []
    job("a", runs, start_in=local(5), repeat=2)
    play(10_000)
    eq(runs, [5000, 7000, 9000])


def test_start_in_the_past():
    """A one-shot that has passed runs once, at once; what repeats at its next time, also of a
    second that has begun."""
    past = (2023, 12, 31, 23, 59, 35)  # 25 s before the loop starts
    eq(runs_of(20_000, start_in=past), [0])
    eq(late_runs_of(20_000, start_in=past), [700])
    eq(runs_of(20_000, start_in=past, repeat=10), [5000, 15_000])
    eq(late_runs_of(20_000, start_in=past, repeat=10), [5000, 15_000])
    eq(runs_of(61_000, start_in=past, repeat="* * * * *")[-1:], [60_000])
    now = (2024, 1, 1, 0, 0, 0)
    eq(runs_of(20_000, start_in=now, repeat=15), [0, 15_000])
    eq(late_runs_of(20_000, start_in=now, repeat=15), [700, 15_000])
    eq(runs_of(70_000, start_in=now, repeat="* * * * *"), [0, 60_000])
    eq(runs_of(70_000, start_in=0, repeat="* * * * *"), [0, 60_000])
    eq(late_runs_of(70_000, start_in=0, repeat="* * * * *"), [700, 60_000])
    eq(runs_of(20_000, start_in=(2000, 1, 1, 0, 0, 3), repeat=10), [3000, 13_000])


def test_start_in_the_past_by_any_second():
    """Exactly one run, also where `start_in` of the entry might be mistaken for one that ran."""
    for s in range(5):
        for add_first in (True, False):
            ctl, sched = fresh()
            runs = []
            if add_first:
                job("a", runs, start_in=local(-s))
            else:
                sched.schedule("a", start_in=local(-s))
                job("a", runs)
            play(10_000)
            eq((s, add_first, runs), (s, add_first, [0]))


def test_seconds_count_from_the_start_of_the_loop():
    """What is scheduled 5 s before the loop starts waits for the loop; a time tuple does not."""
    ctl, sched = fresh()
    a, b, c = [], [], []
    job("a", a, start_in=2, repeat=3)
    job("b", b, start_in=local(6))
    job("c", c, start_in=local(2))
    play(12_000, (5000, lambda: ctl.add(sched.schedule_loop)), loop=False)
    eq((a, b, c), ([7000, 10_000], [6000], [5000]))


def test_repeat_false_and_left_out():
    """One run."""
    eq(runs_of(100_000, start_in=1, repeat=False), [1000])
    eq(runs_of(100_000, start_in=1), [1000])


def test_repeat_true():
    """repeat=True repeats every `start_in` seconds."""
    eq(runs_of(10_000, start_in=3, repeat=True), [3000, 6000, 9000])
    eq(runs_of(1000, start_in=0.3, repeat=True), [300, 600, 900])


def test_repeat_seconds():
    """The first run is after start_in, the others each `repeat` later."""
    eq(runs_of(10_000, start_in=1, repeat=4), [1000, 5000, 9000])
    eq(runs_of(2000, start_in=1, repeat=0.333), [1000, 1333, 1666, 1999])
    eq(late_runs_of(10_000, start_in=1, repeat=4), [1700, 5700, 9700])


def test_repeat_crontab():
    """A crontab string is due at each match on the wall clock, start_in or later."""
    eq(runs_of(200_000, repeat="* * * * *"), [60_000, 120_000, 180_000])
    eq(runs_of(250_000, repeat="* * * * *", start_in=61), [120_000, 180_000, 240_000])
    eq(runs_of(250_000, repeat="* * * * *", start_in=(2024, 1, 1, 0, 3, 0)), [180_000, 240_000])
    eq(runs_of(7_300_000, repeat="@hourly"), [3_600_000, 7_200_000])


def test_reschedule():
    """schedule() of a name that has a schedule replaces it."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=1, repeat=2)
    play(14_000, (4000, lambda: sched.schedule("a", start_in=3, repeat=4)))
    eq(runs, [1000, 3000, 7000, 11_000])


def test_times():
    """Finished after so many runs; a run by hand does not count, nor does one that was missed."""
    eq(runs_of(20_000, start_in=1, repeat=2, times=3), [1000, 3000, 5000])
    eq(runs_of(20_000, repeat=2, times=1), [2000])
    eq(runs_of(20_000, start_in=1, times=3), [1000])
    eq(runs_of(300_000, repeat="* * * * *", times=2), [60_000, 120_000])
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=1, repeat=2, times=3)
    play(20_000, (2000, lambda: ctl.start("a")))
    eq(runs, [1000, 2000, 3000, 5000])
    eq(sched.idle_ms(), None)
    fresh()
    runs = []
    job("a", runs, 3000, start_in=1, repeat=2, times=3)
    play(30_000)
    eq(runs, [1000, 5000, 9000])


def test_until():
    """No run after `until`, in seconds as start_in or at a time; one at that very time is in."""
    eq(runs_of(20_000, start_in=1, repeat=2, until=6), [1000, 3000, 5000])
    eq(runs_of(20_000, start_in=1, repeat=2, until=5), [1000, 3000, 5000])
    eq(runs_of(20_000, start_in=1, repeat=2, until=4.999), [1000, 3000])
    eq(runs_of(20_000, start_in=1, repeat=2, until=(2024, 1, 1, 0, 0, 4)), [1000, 3000])
    eq(runs_of(20_000, start_in=(2024, 1, 1, 0, 0, 1), repeat=2, until=4), [1000, 3000])
    eq(late_runs_of(20_000, start_in=1, repeat=2, until=4), [1700, 3700])
    # What comes after is not even waited for
    sched = fresh()[1]
    job("a", [], start_in=1, repeat=2, until=4)
    play(3500)
    eq(sched.idle_ms(), None)
    eq(runs_of(200_000, repeat="* * * * *", until=130), [60_000, 120_000])


def test_until_when_late():
    """What was due by `until` runs, though a blocked event loop kept it back until after it."""
    fresh()
    runs = []
    job("a", runs, start_in=1, repeat=2, until=4)
    play(9000, (2500, lambda: vclock.block(2000)))
    eq(runs, [1000, 4500])


def test_jitter():
    """Each run is up to `jitter` later, at random; the phase does not move."""
    runs = runs_of(1_001_500, start_in=10, repeat=10, jitter=1.5)
    eq(len(runs), 100)
    late = [runs[k] - 10_000 * (k + 1) for k in range(100)]
    assert min(late) >= 0 and max(late) <= 1500, late
    assert min(late) < 300 and max(late) > 1200 and len(set(late)) > 50, late
