# Proves promise 6, "wall-clock times follow the wall clock", and 5, when the RTC is set.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio

from afresh import counts
from harness import eq
from programs import fresh, job, local, play

OURS_ONLY = {}

MINUTE = 60
YEARS = 820_497_600  # 26 years of seconds

NEEDS = {"test_seconds_do_not_care_for_the_rtc": "a clock past 2038"}
UNIX_ONLY = {"test_crontab_after_a_step_back": "takes minutes on a board"}


def step(seconds):
    # A script's step of the RTC by so many seconds
    return lambda: vclock.step(seconds)


def set_to(*t):
    return lambda: vclock.set_rtc(t)


def test_seconds_do_not_care_for_the_rtc():
    """Setting it by minutes or by 26 years neither fires nor delays what was given in seconds,
    while entries of both clocks wait."""
    for s in (7, -7, 10 * MINUTE, -10 * MINUTE, YEARS, -YEARS):
        for wall in (False, True):
            fresh()
            a, b, w = [], [], []
            job("a", a, start_in=1, repeat=2)
            job("b", b, start_in=9.75)
            if wall:
                job("w", w, start_in=local(2), repeat=3)
            play(20_000, *[(ms, step(s)) for ms in (0, 1500, 3000, 4999, 9750, 12_001)])
            eq(a, list(range(1000, 20_000, 2000)))
            eq(b, [9750])


def test_from_2000_to_today():
    """A board's clock that starts in 2000 and is set by NTP: a time in the future is waited for, a
    one-shot that was jumped over runs once, within a second, and what repeats at its next time."""
    for start in (0, (2000, 1, 1, 0, 0, 0), (2021, 1, 1, 0, 0, 0)):
        fresh(epoch=start)
        ahead, over, old = [], [], []
        job("ahead", ahead, start_in=(2026, 5, 1, 10, 0, 0))
        job("over", over, start_in=(2025, 5, 1, 10, 0, 0))
        job("old", old, start_in=(2025, 5, 1, 10, 0, 0), repeat=10)
        play(40_000, (5300, set_to(2026, 5, 1, 9, 59, 53)))
        eq(ahead, [12_300])
        eq(len(over), 1)
        assert 5300 <= over[0] <= 6300, over
        eq(old, [12_300, 22_300, 32_300])


def test_step_forward_by_minutes():
    """What was jumped over runs once, within a second; then the wall-clock phase."""
    for when in (3000, 3001, 3999):
        ctl, sched = fresh()
        runs = []
        once = []
        job("a", runs, start_in=local(2), repeat=10)
        job("b", once, start_in=local(100))
        # the wall clock shows 10 minutes more
        play(40_000, (when, step(10 * MINUTE)))
        eq(runs[0], 2000)
        assert when <= runs[1] <= when + 1000, runs
        assert when <= once[0] <= when + 1000, once
        eq(len(once), 1)
        eq(runs[2:], [12_000, 22_000, 32_000])


def test_step_forward_that_jumps_over_nothing():
    """Then nothing runs at once, and the phase is that of the wall clock."""
    fresh()
    runs = []
    job("a", runs, start_in=local(30), repeat=60)
    play(200_000, (10_000, step(15)))
    eq(runs, [15_000, 75_000, 135_000, 195_000])


def test_step_back_by_minutes():
    """A repeating entry that has run is due at its next phase after the new time; one that has
    not, and a one-shot, wait for theirs. The run that was last is not repeated."""
    fresh()
    runs, once, late = [], [], []
    job("a", runs, start_in=local(2), repeat=10)
    job("b", once, start_in=local(20))
    job("c", late, start_in=local(20), repeat=10)
    # 13 s becomes -587 s of the program's start
    play(660_000, (13_000, step(-10 * MINUTE)))
    # phases -578, ... at 22000 and each 10 s after
    eq(runs, [2000, 12_000] + list(range(22_000, 660_001, 10_000)))
    eq(once, [620_000])
    eq(late, [620_000, 630_000, 640_000, 650_000, 660_000])


def test_step_back_over_the_last_run_only():
    """Set back by 3 s, right after a run: what comes again runs again; by 1 s, that is drift."""
    for when in (12_001, 12_500, 13_000, 14_000):
        for back, want in ((-3, [15_000, 25_000, 35_000]), (-1, [23_000, 33_000])):
            fresh()
            runs = []
            job("a", runs, start_in=local(2), repeat=10)
            play(40_000, (when, step(back)))
            eq((when, runs), (when, [2000, 12_000] + want))


def test_step_back_by_decades():
    """An RTC that loses its time: the repeating entry goes on, the one-shot waits."""
    fresh()
    runs, once, cron = [], [], []
    job("a", runs, start_in=local(2), repeat=10)
    job("b", once, start_in=local(60))
    job("c", cron, start_in=1, repeat="* * * * *")
    play(200_000, (65_000, set_to(2000, 1, 1, 0, 0, 3)))
    eq(once, [60_000])
    eq(cron, [60_000, 122_000, 182_000])
    eq(runs[:7], list(range(2000, 63_000, 10_000)))
    # It is 2000-01-01 00:00:03 at 65 s: phases are at :12, :22, ...
    eq(runs[7:], list(range(74_000, 200_001, 10_000)))


def test_one_shot_not_run_waits_through_a_step_back():
    """Set back by years before it ran, and right again later: it runs at its time, once."""
    fresh()
    once = []
    job("b", once, start_in=(2024, 1, 1, 0, 1, 0))
    play(120_000, (5000, step(-YEARS)), (30_000, step(YEARS)))
    eq(once, [60_000])


def test_crontab_follows_steps():
    """Each match of a crontab string that was jumped over counts together as one run."""
    fresh(epoch=(2024, 1, 1, 11, 58, 30))
    noon, five = [], []
    job("noon", noon, repeat="0 12 * * *")
    job("five", five, repeat="*/5 * * * *")
    play(1_200_000, (10_000, set_to(2024, 1, 1, 12, 31, 0)))
    eq(len(noon), 1)
    assert 10_000 <= noon[0] <= 11_000, noon
    assert 10_000 <= five[0] <= 11_000, five
    eq(five[1:], [250_000, 550_000, 850_000, 1_150_000])


def test_crontab_scheduled_after_a_step():
    """A rule that comes after the RTC was set begins with its next match, though the last one is
    of this second; so does one that comes long after the import."""
    for script in (((5000, step(365 * 1440 * MINUTE)),), ((5000, step(-600)),), ()):
        for wait in (0, 120_000):
            ctl, sched = fresh()
            vclock.block(wait)
            runs = []
            job("a", runs, start_in=1000)
            start = wait + 60_000
            rule = (start + 300, lambda: sched.schedule("a", repeat="* * * * *"))
            play(start + 150_000, *[(wait + ms, what) for ms, what in script], rule)
            eq(runs, [start + 60_000, start + 120_000])


def test_crontab_after_a_step_back():
    """What has run is not repeated when the RTC goes back by less than a minute."""
    fresh(epoch=(2024, 1, 1, 11, 59, 0))
    noon = []
    job("noon", noon, repeat="0 12 * * *")
    play(3_600_000, (70_000, step(-30)), (90_500, step(-55)), (1_000_000, step(-5)))
    eq(noon, [60_000])


def test_many_follow_a_step_back():
    """Every one of them comes again."""
    ctl, sched = fresh()
    runs = [[] for _ in range(40)]
    for i in range(40):
        job("t%d" % i, runs[i], start_in=local(100 + i), repeat=3600)
    play(800_000, (200_000, step(-600)))
    eq(runs, [[(100 + i) * 1000, (700 + i) * 1000] for i in range(40)])


def test_a_minute_back():
    """A rule that begins with `*` runs again when its time comes again; a fixed one does not."""
    for s in (-59, -60, -61, -3600):
        for rule, again in (("1 * * * *", [120_000]), ("1 0 * * *", [])):
            fresh()
            runs = []
            job("a", runs, repeat=rule)
            # 00:01:05; with an hour it is 23:01:05, and the next match an hour later
            play(300_000, (65_000, step(s)))
            again = [60_000 - 1000 * s] if again and s > -3600 else []
            eq((s, rule, runs), (s, rule, [60_000] + again))


def test_small_steps_beside_idle_ms():
    """Less than a step each, and somebody else looks at the clocks meanwhile: it is on time."""
    ctl, sched = fresh()
    runs = []

    async def neighbour():
        while True:
            await asyncio.sleep(5)
            sched.idle_ms()

    job("a", runs, start_in=local(600))
    ctl.add(neighbour)
    play(700_000, *[(50_000 * n + 4990, step(1.5)) for n in range(1, 10)])
    eq(runs, [586_500])


def test_small_steps_add_up():
    """A clock that is slewed by a second now and then is followed all the same."""
    for s in (1, -1):
        fresh()
        runs = []
        job("a", runs, start_in=local(600))
        play(700_000, *[(5000 * n + 500, step(s)) for n in range(1, 11)])
        eq(runs, [600_000 - 10_000 * s])


def test_steps_again_and_again():
    """However often the RTC is set, a second holds one run at most, and the loop lives."""
    ctl, sched = fresh()
    runs = []
    steady = []
    job("a", runs, start_in=local(1), repeat=1)
    job("s", steady, start_in=1, repeat=1)
    script = []
    for n in range(200):
        script.append((1000 + n * 370, step((-1) ** n * (n * 7919 % 100_000))))
    play(90_000, *script)
    eq(steady, list(range(1000, 90_001, 1000)))
    assert not ctl.group().tasks["schedule_loop"].task.done()
    eq(runs[-10:], list(range(runs[-10], runs[-10] + 10_000, 1000)))
    eq(counts("a"), (len(runs), 0))


def test_t0_follows_the_rtc():
    """_AIOCTL_SCHEDULE_T0 is the wall-clock second of the loop's start, right when the RTC is."""
    import time

    ctl, sched = fresh(epoch=(2000, 1, 1, 0, 0, 0))
    seen = []

    def look():
        seen.append(time.localtime(sched._AIOCTL_SCHEDULE_T0)[:6])

    play(
        200_000,
        (5000, look),
        (100_000, set_to(2024, 1, 1, 0, 1, 40)),
        (100_000, look),
        (150_000, look),
        (160_000, set_to(2024, 1, 1, 0, 0, 0)),
        (161_000, look),
    )
    eq(seen[0], (2000, 1, 1, 0, 0, 0))
    eq(seen[1:3], [(2024, 1, 1, 0, 0, 0)] * 2)
    eq(seen[3], (2023, 12, 31, 23, 57, 20))


def test_start_in_of_a_tuple_follows_the_rtc():
    """start_in of a waiting entry stays the seconds after _AIOCTL_SCHEDULE_T0."""
    import time

    # 0: the second at which the clock of many boards starts
    for epoch in (2000, 1, 1, 0, 0, 0), 0:
        ctl, sched = fresh(epoch=epoch)
        when = (2024, 1, 1, 0, 10, 0)
        seen = []

        def look():
            e = sched.group()["a"]
            seen.append(time.localtime(sched._AIOCTL_SCHEDULE_T0 + e["start_in"])[:6])

        job("a", [], start_in=when)
        play(50_000, (1000, look), (2000, set_to(2024, 1, 1, 0, 0, 0)), (4000, look), (9000, look))
        eq(seen, [when] * 3)
