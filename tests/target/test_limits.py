# `times`, `until` and `jitter`, alone and together, with all kinds of start and repeat.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys
import vclock

vclock.install()

import gc

from afresh import add, counts, modules, run, secs
from harness import Skip, eq
from programs import printed

TIMEOUT = 120

NOON = (2024, 5, 1, 12, 0, 0)

OURS_ONLY = {}

UNIX_ONLY = {
    "test_jitter": "takes minutes on a board",
    "test_jitter_longer_than_the_period": "takes minutes on a board",
    "test_until_in_seconds_of_a_date_on_a_clock_not_yet_set": "takes minutes on a board",
}


def fresh(epoch=NOON, **options):
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(epoch, **options)


def setter(to):
    return lambda: vclock.set_rtc(to)


def ended(*names):
    # Nothing of these is to come, and they are still known
    for name in names:
        [line] = printed(aioschedule.status_sc, name)
        assert line.endswith("done"), (name, line)


# times


def test_times():
    """So many runs, then no more, whatever they started from."""
    fresh()
    a = add("a", repeat=10, times=3)
    b = add("b", start_in=5, repeat=10, times=1)
    c = add("c", start_in=(2024, 5, 1, 12, 1, 0), repeat=60, times=2)
    d = add("d", repeat="*/5 * * * *", times=3)
    e = add("e", start_in=7, times=1)
    f = add("f", start_in=(2024, 5, 1, 12, 1, 0), times=1)
    g = add("g", start_in=0, repeat=20, times=2)
    run(3600)
    eq(secs(a), [10, 20, 30])
    eq(secs(b), [5])
    eq(secs(c), [60, 120])
    eq(secs(d), [300, 600, 900])
    eq(secs(e), [7])
    eq(secs(f), [60])
    eq(secs(g), [0, 20])
    ended("a", "b", "c", "d", "e", "f", "g")
    eq(aioschedule.idle_ms(), None)


def test_times_more_than_there_are_runs():
    """Without a repeat there is one run, whatever `times` allows."""
    fresh()
    a = add("a", start_in=3, times=5)
    run(100)
    eq(secs(a), [3])


def test_times_does_not_count_what_was_missed():
    """Only what ran counts: neither a skipped run nor the ones that became one."""
    fresh()
    long = add("long", 25_000, repeat=10, times=3)
    late = add("late", repeat=10, times=4)
    run(300, (12, lambda: vclock.block(33_000)))
    # At 10 for 25 s, but the blocked loop ends it at 45
    eq(len(long), 3)
    eq(late[:2], [10_000, 45_000])
    eq(secs(late)[2:], [50, 60])
    runs, missed = counts("long")
    assert runs == 3 and missed > 0, (runs, missed)
    eq(counts("late"), (4, 0))


def test_times_counts_failures_of_the_task():
    """A run that raised was a run."""
    fresh()
    runs = []

    async def bad():
        runs.append(vclock.now())
        raise ValueError

    aioschedule.schedule("bad", repeat=5, times=2)
    aioctl.add(bad, name="bad")
    run(60)
    eq(secs(runs), [5, 10])


def test_rescheduling_counts_anew():
    """schedule() of a name replaces all of its limits."""
    fresh()
    a = add("a", repeat=10, times=2, until=15)
    run(100, (12, lambda: aioschedule.schedule("a", repeat=10, times=3)))
    eq(secs(a), [10, 22, 32, 42])


# until


def test_until_in_seconds():
    """Nothing runs after `until`; what is due right then still does."""
    fresh()
    a = add("a", repeat=10, until=35)
    b = add("b", repeat=10, until=30)
    e = add("e", repeat="* * * * *", until=150)
    f = add("f", start_in=(2024, 5, 1, 12, 0, 30), repeat=45, until=100)
    run(1000)
    eq(secs(a), [10, 20, 30])
    eq(secs(b), [10, 20, 30])
    eq(secs(e), [60, 120])
    eq(secs(f), [30, 75])
    ended("a", "b", "e", "f")
    eq(aioschedule.idle_ms(), None)


def test_until_as_a_tuple():
    """`until` on the wall clock, for what is on either clock."""
    fresh()
    end = (2024, 5, 1, 12, 2, 0)
    a = add("a", repeat=50, until=end)
    b = add("b", repeat="* * * * *", until=end)
    c = add("c", start_in=(2024, 5, 1, 12, 0, 10), repeat=60, until=end)
    run(1000)
    eq(secs(a), [50, 100])
    eq(secs(b), [60, 120])
    eq(secs(c), [10, 70])
    ended("a", "b", "c")


def test_until_before_the_first_run():
    """That is refused where both are on the same clock."""
    for options in (
        {"start_in": 5, "until": 4},
        {"start_in": 1, "repeat": 10, "until": 0.5},
        {"repeat": 10, "until": 9.999},
        {"start_in": (2024, 5, 1, 12, 3, 0), "until": (2024, 5, 1, 12, 2, 59)},
        {"start_in": (2024, 5, 1, 12, 3, 0), "repeat": 5, "until": (2024, 5, 1, 12, 2, 0)},
        {"repeat": "* * * * *", "until": (2024, 5, 1, 12, 0, 59)},
        {"repeat": "* * * * *", "until": (2000, 1, 1, 0, 0, 0)},
    ):
        fresh()
        try:
            aioschedule.schedule("pump", **options)
        except ValueError as exc:
            text = str(exc)
            assert "pump" in text and "until" in text, (options, text)
        else:
            raise AssertionError("%r is taken" % options)
        eq(aioschedule.group(), {})


def test_until_before_now_on_the_other_clock():
    """The RTC may not be set yet: nothing is refused, and nothing runs while it is over."""
    fresh()
    a = add("a", repeat=1, until=(2024, 5, 1, 11, 59, 59))
    b = add("b", start_in=0, until=(2000, 1, 1, 0, 0, 0))
    run(60)
    eq((a, b), ([], []))


def test_due_by_until_runs_however_late():
    """What is due by `until` runs, even after it; nothing is due later."""
    fresh()
    a = add("a", repeat=10, until=35)
    b = add("b", repeat="* * * * *", until=(2024, 5, 1, 12, 1, 30))
    # On the other clock too
    c = add("c", repeat=10, until=(2024, 5, 1, 12, 0, 35))
    d = add("d", repeat="* * * * *", until=90)
    run(300, (22, lambda: vclock.block(100_000)))
    for runs in (a, c):
        eq(secs(runs), [10, 20, 122])
    for runs in (b, d):
        eq(secs(runs), [122])
    ended("a", "b", "c", "d")


def test_a_little_late_for_until():
    """A run that is due at `until` runs, though a real loop is always some ms late."""
    fresh()
    a = add("a", repeat=10, until=30)
    b = add("b", repeat=10, until=(2024, 5, 1, 12, 0, 30))
    run(100, (29.999, lambda: vclock.block(5)))
    eq(a, [10_000, 20_000, 30_004])
    eq(b, [10_000, 20_000, 30_004])


# jitter


def test_jitter():
    """Each run up to `jitter` later, not always as much, and the phase stays."""
    fresh()
    a = add("a", repeat=10, jitter=4)
    b = add("b", start_in=(2024, 5, 1, 12, 0, 5), repeat=10, jitter=2.5)
    c = add("c", repeat="* * * * *", jitter=30)
    d = add("d", start_in=0, repeat=10, jitter=0)
    run(3600)
    for runs, start, period, jitter, count in (
        (a, 10, 10, 4, 359),
        (b, 5, 10, 2.5, 360),
        (c, 60, 60, 30, 59),
    ):
        eq(len(runs), count)
        late = [ms - (start + k * period) * 1000 for k, ms in enumerate(runs)]
        assert 0 <= min(late) and max(late) <= jitter * 1000, late
        # One in e**20 of all runs of this test has none in a fifth of what is allowed
        assert min(late) < jitter * 200 or len(late) < 100, late
        assert max(late) > jitter * 800 or len(late) < 100, late
        assert len(set(late)) > count // 4
    eq(secs(d), list(range(0, 3600, 10)) + ([3600] if len(d) > 360 else []))


def test_jitter_of_one_run():
    """Without a repeat too."""
    fresh()
    late = set()
    runs = [add("t%d" % i, start_in=10, jitter=5) for i in range(30)]
    wall = [add("w%d" % i, start_in=(2024, 5, 1, 12, 0, 10), jitter=5) for i in range(30)]
    run(60)
    for r in runs + wall:
        eq(len(r), 1)
        assert 10_000 <= r[0] <= 15_000, r
        late.add(r[0])
    assert len(late) > 20


def test_jitter_longer_than_the_period():
    """A run comes before the next due time, so that each period has one."""
    fresh()
    a = add("a", repeat=10, jitter=60)
    b = add("b", repeat="* * * * *", jitter=300)
    run(7205)
    for runs, period in ((a, 10_000), (b, 60_000)):
        eq([ms // period for ms in runs[:100]], list(range(1, 101)))
        late = [ms % period for ms in runs]
        assert min(late) < period // 4 and max(late) > period * 3 // 4, late


def test_jitter_does_not_move_a_missed_phase():
    """Late by several periods: one run, then the old phase, with jitter."""
    fresh()
    a = add("a", repeat=10, jitter=1)
    run(200, (55, lambda: vclock.block(37_000)))
    eq(a[5], 92_000)
    for k, ms in enumerate(a[6:]):
        assert 0 <= ms - (100 + k * 10) * 1000 <= 1000, a


# Together


def test_times_and_until():
    """What comes first ends it."""
    fresh()
    a = add("a", repeat=10, times=2, until=100)
    b = add("b", repeat=10, times=20, until=35)
    c = add("c", repeat="* * * * *", times=2, until=(2024, 5, 1, 12, 5, 0))
    d = add("d", repeat="* * * * *", times=9, until=(2024, 5, 1, 12, 2, 0))
    run(1000)
    eq(secs(a), [10, 20])
    eq(secs(b), [10, 20, 30])
    eq(secs(c), [60, 120])
    eq(secs(d), [60, 120])
    ended("a", "b", "c", "d")


def test_jitter_and_until():
    """Not even jitter brings a run after `until`."""
    fresh()
    all_runs = []
    for i in range(20):
        all_runs.append(add("m%d" % i, repeat=10, jitter=10, until=35))
        all_runs.append(
            add("w%d" % i, repeat="* * * * *", jitter=50, until=(2024, 5, 1, 12, 2, 30))
        )
    run(600)
    for i, runs in enumerate(all_runs):
        end = 150_000 if i % 2 else 35_000
        assert runs and runs[-1] <= end, runs
    assert any(len(runs) == 3 for runs in all_runs[::2])
    ended(*aioschedule.group())
    eq(aioschedule.idle_ms(), None)


def test_jitter_longer_than_until():
    """Of a run near `until` the jitter is what is left until then: it comes, and not after it."""
    fresh()
    runs = [add("t%d" % i, start_in=10, until=11, jitter=100) for i in range(40)]
    run(200)
    for r in runs:
        eq(len(r), 1)
        assert 10_000 <= r[0] <= 11_000, r
    assert len({r[0] for r in runs}) > 20, runs


def test_jitter_and_times():
    """As many runs as without jitter."""
    fresh()
    a = add("a", repeat=10, jitter=9, times=5)
    b = add("b", repeat="*/2 * * * *", jitter=100, times=5)
    run(3600)
    eq((len(a), len(b)), (5, 5))
    for k, ms in enumerate(a):
        assert 0 <= ms - (k + 1) * 10_000 <= 9000


def test_all_of_them():
    """Rule, start_in, until, times and jitter on one task."""
    fresh()
    a = add(
        "a",
        start_in=(2024, 5, 1, 12, 4, 30),
        repeat="* * * * *",
        until=(2024, 5, 1, 12, 8, 0),
        times=10,
        jitter=5,
    )
    run(1000)
    eq(len(a) in (3, 4), True)
    for k, ms in enumerate(a):
        assert 0 <= ms - (300 + k * 60) * 1000 <= 5000
    ended("a")


# Clock steps


def test_step_forward_over_until():
    """An RTC set past `until` ends what had it on the wall clock, and only that; what was due by
    then and was passed over runs."""
    fresh()
    end = (2024, 5, 1, 13, 0, 0)
    a = add("a", repeat=10, until=end)
    b = add("b", repeat="* * * * *", until=end)
    c = add("c", repeat=10, until=100)
    d = add("d", repeat="* * * * *", until=150)
    run(300, (65, lambda: vclock.step(7200)))
    eq(secs(a), [10, 20, 30, 40, 50, 60])
    eq(secs(c), [10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    for runs in (b, d):
        eq(runs[0], 60_000)
        assert 65_000 <= runs[1] <= 66_100, runs
    eq(b[2:], [])
    eq(d[2:], [120_000])


def test_until_on_a_clock_that_is_wrong_for_a_moment():
    """A GPS receiver that says 2036 for three seconds ends nothing for good."""
    fresh()
    end = (2024, 5, 1, 13, 0, 0)
    a = add("a", repeat=10, until=end)
    b = add("b", repeat="* * * * *", until=end)
    c = add("c", repeat="20 12 * * *", until=end)
    d = add("d", start_in=(2024, 5, 1, 12, 0, 5), repeat=60, until=end)
    years = 12 * 365 * 86400 + 3
    run(4000, (31, lambda: vclock.step(years)), (34, lambda: vclock.step(-years)))
    eq(secs(a), list(range(10, 3601, 10)))
    eq(secs(b), list(range(60, 3601, 60)))
    eq(secs(c), [1200])
    eq(secs(d), list(range(5, 3601, 60)))


def test_until_in_seconds_outlives_steps():
    """Seconds of `until` are real seconds, whatever the RTC is set to."""
    for to in ((2000, 1, 1, 0, 0, 0), (2030, 1, 1, 0, 0, 0)):
        fresh()
        a = add("a", repeat=10, until=100)
        b = add("b", repeat="* * * * *", until=200)
        run(400, (15, setter(to)))
        eq(secs(a), list(range(10, 101, 10)))
        assert len(b) >= 3 and b[-1] <= 200_000, (to, b)


def test_until_in_seconds_of_a_date_on_a_clock_not_yet_set():
    """A board wakes in 2000: a date of today is not too late for an `until` in seconds."""
    fresh((2000, 1, 1, 0, 0, 0))
    a = add("a", start_in=NOON, until=3600)
    b = add("b", start_in=NOON, repeat=600, until=3600)
    run(7200, (60, lambda: vclock.set_rtc((2024, 5, 1, 11, 55, 0))))
    eq(secs(a), [360])
    eq(secs(b), [360, 960, 1560, 2160, 2760, 3360])


def test_until_as_a_tuple_on_a_clock_not_yet_set():
    """A board wakes in 2000 and runs until a date of today, as soon as it knows the date."""
    fresh((2000, 1, 1, 0, 0, 0))
    a = add("a", repeat=10, until=NOON)
    b = add("b", repeat="* * * * *", until=NOON)
    run(600, (65, lambda: vclock.set_rtc((2024, 5, 1, 11, 58, 30))))
    eq(secs(a), list(range(10, 151, 10)))
    assert len(b) >= 3 and b[-1] <= 155_000, b


def test_start_in_seconds_of_a_rule_outlives_steps():
    """A rule that is not to run before some seconds are over does not, and does then."""
    for to in ((2000, 1, 1, 0, 0, 0), (2030, 1, 1, 0, 0, 0), (2024, 5, 1, 10, 0, 0)):
        fresh()
        a = add("a", start_in=600, repeat="* * * * *")
        run(800, (15, setter(to)))
        assert a and 600_000 <= a[0] <= 661_000, (to, a)


def test_times_over_steps():
    """A time that was jumped over by less than three hours is one run of `times`; what a longer
    step jumped over is none."""
    for step, runs_at_once in ((10_799, True), (5 * 3600, False)):
        fresh()
        a = add("a", repeat="0 * * * *", times=2)
        b = add("b", start_in=(2024, 5, 1, 13, 0, 0), repeat=3600, times=2)
        run(20_000, (65, lambda: vclock.step(step)))  # noqa: B023
        # 12:01:05 has become 17:01:05, or 15:01:04
        hour = 3_600_000 + -step % 3600 * 1000
        for runs in (a, b):
            if runs_at_once:
                assert 65_000 <= runs.pop(0) <= 66_100, runs
            want = [hour] if runs_at_once else [hour, hour + 3_600_000]
            eq((step, runs), (step, want))


def test_times_over_a_step_back():
    """Set back by an hour, a rule starts again from there, and `times` counts on."""
    fresh()
    a = add("a", repeat="*/10 * * * *", times=4)
    run(20_000, (1300, lambda: vclock.step(-3600)))
    # 12:21:40 has become 11:21:40
    eq(secs(a), [600, 1200, 1800, 2400])


def test_jitter_that_was_drawn_over_steps():
    """A step leaves it: what it jumps over with its jitter runs, and the phase goes on."""
    fresh()
    a = add("a", repeat="0 * * * *", jitter=60)
    run(10_000, (65, lambda: vclock.step(7200)))
    assert 65_000 <= a[0] <= 66_100, a
    assert len(a) == 3, a
    for ms in a[1:]:
        # On the hour of the clock, two hours ahead
        assert ms % 3_600_000 <= 60_000, a


# Errors


def test_errors():
    """Bad limits raise, name the option and the value, and leave the old schedule as it was."""
    fresh()
    aioschedule.schedule("pump", repeat=10, times=3)
    before = repr(aioschedule.group())
    for option, value in (
        ("times", 0),
        ("times", -1),
        ("times", 1.5),
        ("times", "3"),
        ("times", []),
        ("times", float("inf")),
        ("times", float("nan")),
        ("until", -1),
        ("until", "noon"),
        ("until", (2024, 5, 1)),
        # As machine.RTC().datetime() gives it: the seventh field is the second, or the eighth
        ("until", (2024, 5, 1, 2, 12, 0, 30, 0)),
        ("until", (2024, 5, 1, 2, 12, 0, 0, 999999)),
        ("start_in", (2024, 5, 1, 2, 12, 0, 30, 0)),
        ("until", (2024, 2, 30, 0, 0, 0)),
        ("until", (2024, 5, 1, 12, 0, "0")),
        ("until", float("nan")),
        ("until", float("inf")),
        ("jitter", -1),
        ("jitter", "1"),
        ("jitter", (1, 2)),
        ("jitter", float("inf")),
        ("jitter", float("nan")),
    ):
        try:
            aioschedule.schedule("pump", repeat=5, **{option: value})
            exc = None
        except (TypeError, ValueError) as err:
            exc = err
        assert exc, "%s=%r is taken" % (option, value)
        for part in ("pump", option, repr(value)):
            assert part in str(exc), (option, value, exc)
        eq(repr(aioschedule.group()), before)


def test_one_run_after_the_other_leaves_no_memory_behind():
    """What a run took is free again after the next."""
    fresh()
    if sys.platform != "linux":
        raise Skip("the heap of a board is too small for the tests beside it")
    runs = [0]

    async def body():
        runs[0] += 1

    aioschedule.schedule("a", repeat=1)
    aioctl.add(body, name="a")
    used = []

    def look():
        gc.collect()
        used.append(gc.mem_alloc())

    run(1000, (100, look), (900, look))
    eq(runs[0] >= 999, True)
    assert used[1] - used[0] < 8000, used
