# Both changes between winter and summer time of one year in Berlin, in New York, and on Lord Howe,
# where it is half an hour.
# MIT license; Copyright (c) 2026 the aioschedule authors

import os
import vclock

from afresh import modules, run
from harness import eq

ENV = [{"TZ": "Europe/Berlin"}, {"TZ": "America/New_York"}, {"TZ": "Australia/Lord_Howe"}]

# The seconds since 1970 at which the clocks change, what they show just before and then, and the
# minutes they go forward or back
SPRING, AUTUMN = {
    "Europe/Berlin": (
        (1711846800, (2024, 3, 31, 1, 59, 59), (2024, 3, 31, 3, 0, 0), 60),
        (1729990800, (2024, 10, 27, 2, 59, 59), (2024, 10, 27, 2, 0, 0), -60),
    ),
    "America/New_York": (
        (1710054000, (2024, 3, 10, 1, 59, 59), (2024, 3, 10, 3, 0, 0), 60),
        (1730613600, (2024, 11, 3, 1, 59, 59), (2024, 11, 3, 1, 0, 0), -60),
    ),
    "Australia/Lord_Howe": (
        (1728142200, (2024, 10, 6, 1, 59, 59), (2024, 10, 6, 2, 30, 0), 30),
        (1712415600, (2024, 4, 7, 1, 59, 59), (2024, 4, 7, 1, 30, 0), -30),
    ),
}[os.getenv("TZ")]

HOUR = 3600
DAY = 24 * HOUR


def fresh(epoch):
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(epoch, wrap=1 << 62, float_time=True)


def task(name):
    # Adds a task that notes the ms since the start and the local time of its runs
    runs = []

    async def body():
        runs.append((vclock.now(), time.localtime()[:6]))

    aioctl.add(body, name=name)
    return runs


def add(name, **options):
    aioschedule.schedule(name, **options)
    return task(name)


def add_four(middle, edge):
    # Once at either time; and every day at the first, by a tuple and by a rule
    return (
        add("once", start_in=middle),
        add("edge", start_in=edge),
        add("daily", start_in=middle, repeat=DAY),
        add("rule", repeat="%d %d * * *" % (middle[4], middle[3])),
    )


def civil(when):
    # The seconds since 1970 on a clock that shows this, of 2024, and never changes
    _, m, d, h, mi, s = when
    days = 19722 + (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)[m - 1] + d
    return ((days * 24 + h) * 60 + mi) * 60 + s


def local(when, minutes):
    # A local time tuple so many minutes on, on a clock that never changes
    return time.gmtime(civil(when) + minutes * 60)[:6]


def real(runs):
    return [ms // 1000 for ms, _ in runs]


def shown(runs):
    return [t for _, t in runs]


def test_zone_is_known():
    """The C library has the rules of this zone, or no test here would show anything."""
    for at, before, then, _ in (SPRING, AUTUMN):
        fresh(at)
        eq(time.localtime(at - 1)[:6], before)
        eq(time.localtime(at)[:6], then)


def test_missing_time():
    """A time that does not exist runs at the next that does, and the day after at its own."""
    # The clocks go forward: from `gone` to `then`
    at, before, then, minutes = SPRING
    start = at - 6 * HOUR
    fresh(start)
    gone = local(then, -minutes)
    middle = local(gone, minutes // 2)
    once, edge, daily, rule = add_four(middle, gone)
    dated = add("dated", repeat="%d %d %d %d *" % (middle[4], middle[3], middle[2], middle[1]))
    late = add("late", start_in=local(then, 0))
    run(54 * HOUR)
    # At the first second that there is, and not again
    for runs in (once, edge, late, dated):
        eq(shown(runs), [then])
    # Then at the time of day that was asked for
    for runs in (daily, rule):
        eq(shown(runs), [then, local(middle, 1440), local(middle, 2880)])
        eq(real(runs)[0], at - start)
        eq(real(runs)[1], at - start + DAY - minutes * 30)


def test_repeated_time():
    """A time that comes twice runs when it comes first."""
    # The clocks go back: from `end` to `then`
    at, before, then, minutes = AUTUMN
    minutes = -minutes
    start = at - 6 * HOUR
    fresh(start)
    middle = local(then, minutes // 2)
    once, edge, daily, rule = add_four(middle, then)
    run(58 * HOUR)
    # When the clocks show it first
    eq(shown(once), [middle])
    eq(real(once), [at - minutes * 30 - start])
    eq(shown(edge), [then])
    eq(real(edge), [at - minutes * 60 - start])
    for runs in (daily, rule):
        eq(shown(runs), [middle, local(middle, 1440), local(middle, 2880)])
        eq(real(runs)[0], real(once)[0])
        eq(real(runs)[1], real(runs)[0] + DAY + minutes * 60)


def check_frequent(change):
    # Every ten minutes, by a rule and from a tuple: on the clocks' tens, but each only once
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    rule = add("rule", repeat="*/10 * * * *")
    phase = add("phase", start_in=local(time.localtime(start)[:6], 10), repeat=600)
    run(4 * HOUR)
    # The times on a clock that goes forward only
    want = []
    high = 0
    for second in range(start + 1, start + 4 * HOUR + 1):
        shows = civil(time.localtime(second)[:6])
        if shows // 600 > high // 600 and high:
            want.append(second - start)
        high = max(high, shows)
    eq(real(rule), want)
    eq(real(phase), want)
    gaps = {b - a for a, b in zip(want, want[1:])}
    eq(gaps, {600} if minutes > 0 else {600, 600 - minutes * 60})


def check_hourly(change):
    # An hourly rule and an hourly tuple side by side
    at, before, then, minutes = change
    start = at - 3 * HOUR - 900
    fresh(start)
    rule = add("rule", repeat="@hourly")
    phase = add("phase", start_in=local(time.localtime(start)[:6], 15), repeat=HOUR)
    run(8 * HOUR)
    eq(shown(rule), shown(phase))
    eq(len(set(shown(rule))), len(rule))
    for t in shown(rule):
        # On the hour, but for what the clocks went over
        assert t[4:] == (0, 0) or t == then, t


def check_seconds(change):
    # Seconds are real seconds
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    day = add("day", start_in=600, repeat=DAY)
    hour = add("hour", repeat=HOUR)
    once = add("once", start_in=3 * HOUR)
    rule = add("rule", start_in=3 * HOUR, repeat="*/5 * * * *")
    end = add("end", repeat=1800, until=3 * HOUR)
    run(50 * HOUR)
    eq(real(day), [600, 600 + DAY, 600 + 2 * DAY])
    eq(real(hour), list(range(HOUR, 50 * HOUR + 1, HOUR)))
    eq(real(once), [3 * HOUR])
    eq(real(end), list(range(1800, 3 * HOUR + 1, 1800)))
    # `start_in` in seconds too: a rule does not begin before, and with the next of its times then
    eq(real(rule)[:3], [3 * HOUR + s for s in (0, 300, 600)])


def check_until(change):
    # `until` as the clocks show it
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    last = local(then, 40 + -then[4] % 20)
    rule = add("rule", repeat="*/20 * * * *", until=last)
    every = add("every", repeat=1200, until=last)
    run(30 * HOUR)
    assert rule and every
    eq(shown(rule)[-1], last)
    assert all(t <= last for t in shown(every))


def test_scheduled_within_the_repeated_time():
    """What is scheduled the second time round does not wait for the next day."""
    # What is scheduled while the clocks go through the hour a second time
    at, before, then, minutes = AUTUMN
    start = at + 60
    fresh(start)
    middle = local(then, -minutes // 2)
    once = add("once", start_in=middle)
    rule = add("rule", repeat="%d %d * * *" % (middle[4], middle[3]))
    run(20 * HOUR)
    for runs in (once, rule):
        eq(shown(runs), [middle])
        eq(real(runs), [-minutes * 30 - 60])


def check_status(change):
    # What is told of a run tomorrow is what the clocks will show; the wait is by the clocks too
    at, before, then, minutes = change
    start = at - 12 * HOUR
    fresh(start)
    today = time.localtime(start)[:6]
    tomorrow = local(today, 1440)
    runs = add("it", start_in=tomorrow)
    want = DAY - minutes * 60
    shows = []

    def look():
        aioschedule.print = lambda *a: shows.append(" ".join(map(str, a)))
        aioschedule.status_sc("it")
        aioschedule.print = print

    run(30 * HOUR, (0, look))
    eq(real(runs), [want])
    assert aioctl.get_datetime(tomorrow) in shows[0], shows
    assert aioctl.tmdelta_fmt(DAY) in shows[0], shows


def check_saved(change):
    # The file that was written before the change brings back the time of day
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    aioschedule.schedule("it", start_in=local(time.localtime(start)[:6], 1440), repeat=DAY)
    aioschedule.schedule("rule", repeat="7 %d * * *" % then[3])
    aioschedule.save()
    fresh(at + 7200)
    runs = task("it")
    eq(aioschedule.load(), ["rule"])
    run(48 * HOUR)
    first = local(time.localtime(start)[:6], 1440)
    eq(shown(runs), [first, local(first, 1440)])


def test_frequent_in_spring():
    """Every ten minutes goes on over the gap without a run too many."""
    check_frequent(SPRING)


def test_frequent_in_autumn():
    """Every ten minutes does not run twice for what the clocks show twice."""
    check_frequent(AUTUMN)


def test_hourly_in_spring():
    """A tuple and a rule agree on every hour that there is."""
    check_hourly(SPRING)


def test_hourly_in_autumn():
    """A tuple and a rule agree on every hour, and run once for the one that comes twice."""
    check_hourly(AUTUMN)


def test_seconds_in_spring():
    """What was given in seconds takes no notice."""
    check_seconds(SPRING)


def test_seconds_in_autumn():
    """What was given in seconds takes no notice."""
    check_seconds(AUTUMN)


def test_until_in_spring():
    """`until` as a tuple is what the clocks show."""
    check_until(SPRING)


def test_until_in_autumn():
    """`until` as a tuple is what the clocks show."""
    check_until(AUTUMN)


def test_status_in_spring():
    """Status before the change tells what the clocks will show after it."""
    check_status(SPRING)


def test_status_in_autumn():
    """Status before the change tells what the clocks will show after it."""
    check_status(AUTUMN)


def test_saved_in_spring():
    """A schedule that was saved before the change is on local time after it."""
    check_saved(SPRING)


def test_saved_in_autumn():
    """A schedule that was saved before the change is on local time after it."""
    check_saved(AUTUMN)
