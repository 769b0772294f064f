# Proves what a step of the RTC does: the table of steps as a table of tests.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn
#
#   KINDS        what is scheduled, all of it due at 12:30, and its column of the table
#   expected()   the table, as code: which runs a step leaves
#   check()      one step against it, for all kinds at once
#   the tests    by the length of the step; then what is overdue, what is before the loop, the rest

import vclock

vclock.install()

import afresh

import asyncio
import gc

from afresh import add, civil, modules, run, secs
from harness import eq

TIMEOUT = 180

OURS_ONLY = {}

NEEDS = {"test_entries_in_seconds": "a clock past 2038"}

UNIX_ONLY = "takes minutes on a board, where test_sched_clocks.py has steps"

DAY = 86_400
HOUR = 3600
THREE_HOURS = 3 * HOUR
YEARS = 820_497_600  # 26 years of seconds
NOON = (2026, 5, 1, 12, 0, 0)
HALF_PAST = (2026, 5, 1, 12, 30, 0)
DUE = 30 * 60  # the same in seconds after NOON

ONE_SHOT, FIXED, STAR = "one-shot", "fixed", "star"


def daily(rtc):
    # A rule of the user's own, on the RTC: at 12:30
    due = rtc - (rtc - _epoch - DUE) % DAY + DAY
    return due


# name -> (column, options, seconds from one due time to the next)
KINDS = {
    "once": (ONE_SHOT, {"start_in": HALF_PAST}, None),
    "day": (FIXED, {"start_in": HALF_PAST, "repeat": DAY}, DAY),
    "rule": (FIXED, {"repeat": "30 12 * * *"}, DAY),
    "hour": (STAR, {"start_in": HALF_PAST, "repeat": HOUR}, HOUR),
    "almost": (STAR, {"start_in": HALF_PAST, "repeat": 700.0}, 700),
    "quarter": (STAR, {"repeat": "*/15 * * * *"}, 900),
    "hourly": (STAR, {"repeat": "30 * * * *"}, HOUR),
    "even": (STAR, {"repeat": "30 */2 * * *"}, 2 * HOUR),
    "call": (FIXED, {"repeat": daily}, DAY),
}


def fresh(epoch=NOON, **options):
    global aioctl, aioschedule, time, _epoch
    aioctl, aioschedule, time = modules(epoch, **options)
    _epoch = int(time.time())


def set_to(*when):
    return lambda: vclock.set_rtc(when)


def next_due(period, after):
    # The first due time after `after`, both in ms after NOON on the RTC
    return DUE * 1000 + ((after - DUE * 1000) // (period * 1000) + 1) * period * 1000


def expected(kind, at, step, end):
    """The runs of a kind, in ms, when the RTC is stepped at the ms `at` by `step` ms; None: one
    at any ms of the second in which the step is noticed."""
    column, options, period = KINDS[kind]
    runs = []
    # A tuple is the first due time, whatever the RTC says
    begin = DUE * 1000 if isinstance(options.get("start_in"), tuple) else None
    due = begin or next_due(period, 0)
    while due is not None and due < at:
        runs.append(due)
        due = next_due(period, due) if period else None
    now = at + step
    small = abs(step) < THREE_HOURS * 1000
    replanned = not small or (step <= -2000 and column == STAR)
    if due is None:
        return runs
    if replanned and column != ONE_SHOT:
        due = next_due(period, now)
        # Once a time tuple has come it is not the earliest time any more
        if begin and not runs:
            due = max(due, begin)
    if due <= now:
        runs.append(None)
        due = next_due(period, now) if period else None
    while due is not None and due - step <= end:
        runs.append(due - step)
        due = next_due(period, due) if period else None
    return runs


def check(at, step, hours=3.2):
    """Steps the RTC by `step` seconds when it shows 12:00 and `at` seconds."""
    fresh()
    at = int(at * 1000)
    step_ms = int(step * 1000)
    end = at + int(hours * HOUR * 1000)
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
    steady = add("steady", start_in=0.25, repeat=600)
    run(end / 1000, (at / 1000, lambda: vclock.step(step)))
    # A clock of whole seconds shows such a time up to a second late
    slack = 0 if step_ms % 1000 == 0 else 1000
    for kind, got in runs.items():
        want = expected(kind, at, step_ms, end)
        where = (kind, at, step, got, want)
        assert len(got) == len(want), where
        for ms, due in zip(got, want):
            if due is None:
                assert at <= ms <= at + 1100, where
            else:
                assert 0 <= ms - due <= (slack if ms > at else 0), where
    eq(steady, list(range(250, end + 1, 600_000)))


# When the step comes: well before the run at 12:30, right before it, right after it, and later.
BEFORE, JUST_BEFORE, JUST_AFTER, AFTER = 617.3, 1799.3, 1800.3, 2417.3


def check_around(step):
    for at in (BEFORE, JUST_BEFORE, JUST_AFTER, AFTER):
        check(at, step)
        check(at, -step)


def check_apart(step):
    # Not within the second before a due time, of which the loop may notice the step too late
    for at in (BEFORE, AFTER):
        check(at, step)
        check(at, -step)


def test_a_second_and_a_half():
    """That is drift: the next due time stays and is compared with the RTC."""
    check_around(1.5)


def test_two_seconds():
    """The shortest step: rules that begin with `*` are planned anew when it goes back."""
    check_around(2)


def test_a_minute_less_half_a_second():
    """A step like any other, on a clock that is half a second off now."""
    check_around(59.5)


def test_a_second_less_than_three_hours():
    """The longest step of a clock that slipped."""
    check_apart(THREE_HOURS - 1)


def test_three_hours():
    """The shortest step of a clock that was wrong."""
    check_apart(THREE_HOURS)


def test_decades():
    """26 years."""
    check_apart(YEARS)


def test_the_next_day():
    """After a step what is due each day is on its time, a day later too."""
    for step in (2, -2, 3000, -3000, THREE_HOURS, -THREE_HOURS, YEARS, -YEARS):
        check(AFTER, step, hours=37)


def check_entries_in_seconds(sign):
    for size in (1.5, 2, 59.5, 10_799, 10_800, YEARS):
        step = sign * size
        gc.collect()
        fresh()
        # So that the loop looks at the RTC
        add("wall", repeat="0 0 1 1 *")
        a = add("a", start_in=1, repeat=20)
        b = add("b", repeat=8_640)
        c = add("c", start_in=4000.75)
        d = add("d", repeat=0.5, until=30)
        script = [(second, lambda: vclock.step(step)) for second in (0, 2.9, 17.003, 3999)]
        run(9_000, *script)
        eq(a, list(range(1000, 9_000_001, 20_000)))
        eq(b, [8_640_000])
        eq(c, [4_000_750])
        eq(d, list(range(500, 30_001, 500)))


def test_entries_in_seconds():
    """They never move, not by one ms, when the RTC is set forward."""
    check_entries_in_seconds(1)


def test_entries_in_seconds_and_steps_back():
    """The same when it is set back."""
    check_entries_in_seconds(-1)


def test_half_seconds_after_a_tuple():
    """0.5 s after a tuple are on the RTC like other seconds: each half second has one run."""
    for step in (2, 59, 10_799, 10_800, YEARS, -2, -59, -10_799, -10_800, -YEARS):
        fresh()
        a = add("a", start_in=(2026, 5, 1, 12, 0, 5), repeat=0.5)
        run(30, (15.2, lambda: vclock.step(step)))
        before = [ms for ms in a if ms < 15_200]
        after = [ms for ms in a if ms >= 15_200]
        eq((step, before), (step, list(range(5000, 15_200, 500))))
        # One at once, or where it is noticed, and then each half second
        on_phase = [ms for ms in after if ms % 500 == 0]
        assert len(after) - len(on_phase) <= 1, (step, after)
        eq((step, on_phase[-26:]), (step, list(range(17_500, 30_001, 500))))


def test_a_fixed_rule_of_several_times():
    """All that a short step jumped over is one run; after a long one none of it runs."""
    for step, at_once in ((5400, True), (THREE_HOURS, False)):
        fresh()
        a = add("a", repeat="0,30 12,13 * * *")
        run(4 * HOUR, (600, lambda: vclock.step(step)))
        eq(len(a), 1 if at_once else 0)
        if at_once:
            assert 600_000 <= a[0] <= 601_000, a
    # Back: what ran does not run twice, what did not does
    fresh()
    a = add("a", repeat="0,30 12,13 * * *")
    run(4 * HOUR, (2400, lambda: vclock.step(-HOUR)))
    # 12:30; 12:40 becomes 11:40; 13:00 and 13:30
    eq(secs(a), [1800, 2400 + 4800, 2400 + 6600])


# What was overdue before the step


def blocked(until, step, moment):
    # From 12:29 on nothing can run, and in there the RTC is stepped
    def block():
        vclock.block(moment - vclock.now())
        vclock.step(step)
        vclock.block(until - vclock.now())

    return block


def test_overdue_before_a_step_forward():
    """What was due before the step, and could not run, still runs, once."""
    for step in (2, 3000, THREE_HOURS, 5 * HOUR, YEARS):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
        run(2000, (1740, blocked(1_810_000, step, 1_805_000)))
        for kind in runs:
            late = [ms for ms in runs[kind] if ms > 1_740_000]
            eq((step, kind, late[:1]), (step, kind, [1_810_000]))
        # Nothing else is due so soon, but the 15 minutes
        for kind in ("once", "day", "rule", "hourly", "even"):
            if step != YEARS:
                eq((step, kind, len(runs[kind])), (step, kind, 1))


def test_not_overdue_before_a_step_forward():
    """What came due only by a long step does not run, though the loop saw both at once."""
    for step, at_once in ((2, True), (3000, True), (THREE_HOURS, False), (5 * HOUR, False)):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
        run(1799, (1740, blocked(1_798_900, step, 1_798_000)))
        for kind in runs:
            late = [ms for ms in runs[kind] if ms > 1_740_000]
            want = [1_798_900] if at_once or kind == "once" else []
            eq((step, kind, late), (step, kind, want))


def test_overdue_before_a_step_back():
    """It was not lost: a one-shot and a fixed time come again, on the RTC, and run then, once."""
    for step in (-60, -3000, -THREE_HOURS + 1):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
        run(5 * HOUR, (1740, blocked(1_810_000, step, 1_805_000)))
        for kind in ("once", "day", "rule"):
            eq((step, kind, secs(runs[kind])), (step, kind, [DUE - step]))
    for step in (-THREE_HOURS, -YEARS):
        fresh()
        once = add("once", start_in=HALF_PAST)
        run(5 * HOUR, (1740, blocked(1_810_000, step, 1_805_000)))
        eq(secs(once), [DUE - step] if step == -THREE_HOURS else [])


# Several steps


def test_each_step_for_itself():
    """Two steps of two hours are none of four: forward, what is passed over runs."""
    for apart in (1, 5, 300):
        fresh((2026, 5, 1, 9, 0, 7))
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in ("once", "day", "rule")}
        script = [(60 + k * apart, lambda: vclock.step(2 * HOUR)) for k in range(2)]
        run(1200, *script)
        second = 60_000 + apart * 1000
        for kind in runs:
            eq((kind, len(runs[kind])), (kind, 1))
            assert second <= runs[kind][0] <= second + 1100, (apart, kind, runs)


def test_each_step_back_for_itself():
    """And back, a fixed time that has run does not run twice."""
    fresh()
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in ("once", "day", "rule")}
    script = [(2400 + k * 5, lambda: vclock.step(-2 * HOUR)) for k in range(2)]
    run(6 * HOUR, *script)
    for kind in runs:
        eq((kind, secs(runs[kind])), (kind, [DUE]))
    # One of four hours lets it come again
    fresh()
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in ("once", "day", "rule")}
    run(6 * HOUR, (2400, lambda: vclock.step(-4 * HOUR)))
    eq(secs(runs.pop("once")), [DUE])
    for kind in runs:
        eq((kind, secs(runs[kind])), (kind, [DUE, DUE + 4 * HOUR]))


def test_wrong_for_a_moment():
    """A clock that is years off for three seconds leaves nothing behind."""
    for years in (YEARS, -YEARS, 10 * 365 * DAY, THREE_HOURS, -THREE_HOURS):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
        run(6000, (700, lambda: vclock.step(years)), (703, lambda: vclock.step(-years)))
        for kind in runs:
            want = expected(kind, 6_000_001, 0, 6_000_000)
            if kind == "once" and years > 0:
                # It had passed for these three seconds
                eq((years, len(runs[kind])), (years, 1))
            else:
                eq((years, kind, runs[kind]), (years, kind, want))


def test_slow_clock_adds_up_to_no_step():
    """An RTC that loses a second a minute for hours is followed, and nothing runs twice."""
    fresh()
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in ("once", "day", "rule", "hourly")}
    script = [(60 * k + 0.5, lambda: vclock.step(-1)) for k in range(1, 200)]
    run(12_000, *script)
    for kind in ("once", "day", "rule"):
        eq((kind, len(runs[kind])), (kind, 1))
        # 30 s late by then
        assert 1_828_000 <= runs[kind][0] <= 1_832_000, runs
    eq(len(runs["hourly"]), 3)


def test_drift_that_somebody_else_looks_at():
    """An RTC that gains 200 ppm is followed also while somebody asks idle_ms() every 5 s."""
    fresh()
    rtc = add_and_read("once", start_in=(2026, 5, 1, 18, 0, 0))

    async def neighbour():
        while True:
            await asyncio.sleep(5)
            vclock.step(0.001)
            aioschedule.idle_ms()

    aioctl.add(neighbour)
    run(6 * HOUR)
    late = rtc[0] - (_epoch + 6 * HOUR) * 1000
    assert len(rtc) == 1 and 0 <= late < 100, late


def test_set_back_by_less_than_a_step_just_before():
    """The next due time is compared with the RTC: what that says at the last moment counts."""
    for ms in (1, 20, 300, 900, 1100):
        for back in (0.25, 1, 1.75):
            for half in (0, 0.5):
                fresh()
                options = {"start_in": (2026, 5, 1, 12, 0, 10), "repeat": 0.5 if half else 60}
                rtc = add_and_read("w", times=2, **options)
                run(80, (10 + half - ms / 1000, lambda: vclock.step(-back)))
                wants = [10_000, 10_500 if half else 70_000]
                for got, want in zip(rtc, wants):
                    late = got - _epoch * 1000 - want
                    assert 0 <= late < 100, (ms, back, half, late)
                eq(len(rtc), 2)


def add_and_read(name, **options):
    # Adds a task; returns a list: the RTC in ms at its runs
    rtc = []

    async def body():
        rtc.append(time.time_ns() // 1000000)

    aioschedule.schedule(name, **options)
    aioctl.add(body, name=name)
    return rtc


# Before the loop, and between calls


def test_step_before_the_loop():
    """A look is taken when an entry is put on the wall clock: what is done to the RTC between a
    decorator and the loop is a step like any other."""
    for step in (3000, THREE_HOURS - 1, THREE_HOURS, YEARS):
        for minutes in (0, 5):
            fresh()
            runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
            vclock.block(60_000)
            vclock.step(step)
            vclock.block(minutes * 60_000)
            start = vclock.now()
            run(start // 1000 + 5)
            for kind in runs:
                passed = kind == "once" or step < THREE_HOURS
                want = [start] if passed else []
                eq((step, minutes, kind, runs[kind]), (step, minutes, kind, want))


def test_step_back_before_the_loop():
    """The same for one that goes back: all wait for their next time on the new clock."""
    for step in (-3000, -THREE_HOURS):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in ("once", "day", "rule", "hourly")}
        vclock.block(60_000)
        vclock.step(step)
        run(5 * HOUR)
        for kind in ("once", "day", "rule"):
            eq((step, kind, secs(runs[kind])), (step, kind, [DUE - step]))
        # 11:11, or 9:01
        first = 60 + (19 if step == -3000 else 29) * 60
        eq(secs(runs["hourly"])[0], first)


def test_overdue_before_the_loop():
    """What came due on a right clock before the loop runs at its start, once."""
    fresh()
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
    vclock.block(1_900_000)
    run(1905)
    for kind in runs:
        eq((kind, runs[kind]), (kind, [1_900_000]))
    # And then the clock was set: it was overdue before
    fresh()
    runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
    vclock.block(1_900_000)
    vclock.step(5 * HOUR)
    run(1905)
    for kind in runs:
        eq((kind, runs[kind]), (kind, [1_900_000]))


def test_step_between_two_calls():
    """The second call looks at the clock for the entry of the first."""
    for step in (3000, 5 * HOUR, YEARS):
        fresh()
        a = add("a", repeat="30 12 * * *")
        once = add("once", start_in=HALF_PAST)
        vclock.step(step)
        b = add("b", repeat="30 12 * * *")
        run(5)
        eq((step, a, once, b), (step, [0] if step == 3000 else [], [0], []))
    # Each of the two for itself
    fresh((2026, 5, 1, 9, 0, 7))
    a = add("a", repeat="30 12 * * *")
    vclock.step(2 * HOUR)
    b = add("b", repeat="30 12 * * *")
    vclock.step(2 * HOUR)
    c = add("c", repeat="30 12 * * *")
    run(5)
    eq((a, b, c), ([0], [0], []))
    # In one go they are four hours
    fresh((2026, 5, 1, 9, 0, 7))
    a = add("a", repeat="30 12 * * *")
    vclock.step(2 * HOUR)
    vclock.step(2 * HOUR)
    run(5)
    eq(a, [])


def test_step_while_the_loop_is_stopped():
    """It is a step when the loop starts again."""
    for step in (3000, THREE_HOURS):
        fresh()
        runs = {kind: add(kind, **KINDS[kind][1]) for kind in KINDS}
        run(
            700,
            (600, lambda: aioctl.stop("loop")),
            (610, lambda: vclock.step(step)),
            (620, lambda: aioctl.start("loop")),
        )
        for kind in runs:
            want = [620_000] if step == 3000 or kind == "once" else []
            eq((step, kind, runs[kind]), (step, kind, want))


def test_first_ntp_after_a_reboot():
    """The RTC starts in 2021, and is set a minute later: no daily task runs at that moment."""
    for before_the_loop in (False, True):
        fresh((2021, 1, 1, 0, 0, 0))
        names = {
            "rule": add("rule", repeat="0 6 * * *"),
            "midnight": add("midnight", repeat="@daily"),
            "week": add("week", repeat="0 7 * * mon"),
            "old": add("old", start_in=(2020, 3, 1, 6, 0, 0), repeat=DAY),
            "begin": add("begin", start_in=(2021, 1, 1, 6, 0, 0), repeat=DAY),
            "ahead": add("ahead", start_in=(2024, 6, 1, 6, 0, 0), repeat=DAY),
            "hour": add("hour", repeat="@hourly"),
            "five": add("five", repeat="*/5 * * * *"),
            "from": add("from", start_in=30, repeat="0 6 * * *"),
        }
        set_clock = set_to(2026, 5, 1, 14, 32, 10)
        if before_the_loop:
            vclock.block(60_000)
            set_clock()
            run(90)
        else:
            run(90, (60, set_clock))
        for name, runs in names.items():
            eq((before_the_loop, name, runs), (before_the_loop, name, []))
    # The next morning they do
    fresh((2021, 1, 1, 0, 0, 0))
    rule = add("rule", repeat="0 6 * * *")
    begin = add("begin", start_in=(2021, 1, 1, 6, 0, 0), repeat=DAY)
    run(20 * HOUR, (60, set_to(2026, 5, 1, 14, 32, 0)))
    for runs in (rule, begin):
        eq(secs(runs), [60 + 15 * HOUR + 28 * 60])


# until and jitter


def test_until_while_the_rtc_is_wrong():
    """An `until` on the wall clock ends an entry for as long as the RTC says so."""
    end = (2026, 5, 1, 13, 30, 0)
    for minutes in (3 / 60, 10, 100):
        fresh()
        seconds = add("seconds", start_in=10, repeat=600, until=end)
        hourly = add("hourly", repeat="30 * * * *", until=end)
        rule = add("rule", repeat="45 12 * * *", until=end)
        tuples = add("tuples", start_in=(2026, 5, 1, 12, 3, 20), repeat=600, until=end)
        back = 300 + int(minutes * 60)
        run(
            4 * HOUR,
            (300, lambda: vclock.step(10 * YEARS // 26)),
            (back, lambda: vclock.step(-(10 * YEARS // 26))),
        )
        last = 90 * 60
        wrong = range(300, back)
        for got, due in (
            (seconds, range(10, last + 1, 600)),
            (hourly, range(DUE, last + 1, HOUR)),
            (rule, [45 * 60]),
            (tuples, range(200, last + 1, 600)),
        ):
            want = [second for second in due if second not in wrong]
            # What came due meanwhile may be made up for, at once
            on_time = [ms for ms in got if not back * 1000 <= ms <= back * 1000 + 1100]
            eq((minutes, secs(on_time)), (minutes, want))


def test_until_after_a_step_back_below_it():
    """What had ended waits again when the clock shows an earlier time."""
    fresh()
    end = (2026, 5, 1, 12, 40, 0)
    star = add("star", start_in=1, repeat="*/15 * * * *", until=end)
    seconds = add("seconds", repeat=600, until=end)
    run(3 * HOUR, (3000, lambda: vclock.step(-HOUR)))
    # 12:50 has become 11:50, at 50 minutes
    eq(secs(star), [900, 1800] + [3600, 4500, 5400])
    # What came due while it was over may be made up for
    on_time = [ms // 1000 for ms in seconds if not 3000 <= ms // 1000 <= 3001]
    eq(on_time, [600, 1200, 1800, 2400, 3600, 4200, 4800, 5400, 6000])


def test_until_after_a_step_back_while_it_is_stopped():
    """What had ended and was stopped waits again, too, when it is started again."""
    end = (2026, 5, 1, 12, 40, 0)
    for moment in ("before", "after"):
        fresh()
        star = add("star", start_in=1, repeat="*/15 * * * *", until=end)
        tuples = add("tuples", start_in=(2026, 5, 1, 12, 10, 0), repeat=600, until=end)
        seconds = add("seconds", repeat=600, until=end)
        names = ("star", "tuples", "seconds")
        # So that the step is seen while they are stopped
        add("far", repeat="0 0 1 1 *")

        def stop():
            for name in names:
                eq((name, aioctl.stop(name)), (name, True))

        def start():
            for name in names:
                eq((name, aioctl.start(name)), (name, True))
                assert name in aioschedule.group(), name

        # 12:50 has become 11:50, at 50 minutes
        script = [(2900, stop), (3000, lambda: vclock.step(-HOUR)), (3100, start)]
        if moment == "before":
            # Started while it still is over
            script = [(2800, stop), (2900, start), script[1]]
        run(3 * HOUR, *script)
        eq((moment, star[:2]), (moment, [900_000, 1_800_000]))
        for runs, due in (
            (star, [3600, 4500, 5400]),
            (tuples, range(3600, 6001, 600)),
            (seconds, range(3600, 6001, 600)),
        ):
            # What came due meanwhile may be made up for
            late = [ms // 1000 for ms in runs if ms > 3_101_000]
            eq((moment, late), (moment, list(due)))


def test_jitter_that_was_drawn_stays():
    """A step back by less than three hours leaves a fixed time and its jitter; forward too."""
    for step in (-3000, -60, 60, 300):
        fresh()
        add("a", repeat="30 12 * * *", jitter=600)
        left = []

        def look():
            left.append(aioschedule.idle_ms())

        run(10, (1, look), (2, lambda: vclock.step(step)), (4, look))
        eq((step, left[1]), (step, left[0] - 3000 - step * 1000))


def test_jitter_over_a_long_step():
    """What is planned anew has its new due time, and its jitter after that."""
    fresh()
    late = set()
    for n in range(30):
        add("t%d" % n, repeat="30 12 * * *", jitter=600)
    runs = [add("r%d" % n, repeat="30 12 * * *", jitter=600) for n in range(20)]
    run(25 * HOUR, (600, lambda: vclock.step(5 * HOUR)))
    # 12:10 has become 17:10: the next is in 19 h 20 min
    due = (600 + 19 * HOUR + 20 * 60) * 1000
    for r in runs:
        eq(len(r), 1)
        assert due <= r[0] <= due + 600_000, (due, r)
        late.add(r[0])
    assert len(late) > 10, late


def test_callables():
    """A rule of the user's own: as a fixed one."""
    for step in (-3000, 3000, THREE_HOURS, -THREE_HOURS):
        check(BEFORE, step)
        check(AFTER, step)


def test_what_the_table_of_tests_says():
    """expected() itself, by hand: what ran, and when on the clock that shows the time."""
    at, hour = 600_000, 3_600_000
    end = at + 4 * hour
    for kind, step, want in (
        ("once", 2 * hour, [None]),
        ("once", 4 * hour, [None]),
        ("once", -hour, [1_800_000 + hour]),
        ("day", 2 * hour, [None]),
        ("day", 4 * hour, []),
        ("day", -hour, [1_800_000 + hour]),
        ("hourly", 2 * hour, [None, 1_800_000, 5_400_000, 9_000_000, 12_600_000]),
        ("hourly", 3 * hour, [1_800_000, 5_400_000, 9_000_000, 12_600_000]),
        ("hourly", -hour, [1_800_000, 5_400_000, 9_000_000, 12_600_000]),
    ):
        eq((kind, step, expected(kind, at, step, end)), (kind, step, want))
    eq(civil(*HALF_PAST) - civil(*NOON), DUE)
    eq(afresh.later(DUE, NOON), HALF_PAST)
