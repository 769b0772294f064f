# Both changes between winter and summer time of one year in Berlin, in New York, and on Lord Howe,
# where it is half an hour: the two special nights, by zones of the C library.
# MIT license; Copyright (c) 2026 the aioschedule authors

import os
import vclock

from afresh import modules, run
from harness import eq
from programs import printed

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


def seconds_that_show(start, hours, test):
    # After the first one: those at which the clock on the wall passes a test
    # No range of seconds since 1970: on 32 bit it holds only small ints
    span = range(1, hours * HOUR + 1)
    return [second for second in span if test(*time.localtime(start + second)[3:6])]


def check_frequent(change):
    # Every ten minutes, by a rule and from a tuple: whatever the clocks show, without a break
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    rule = add("rule", start_in=1, repeat="*/10 * * * *")
    phase = add("phase", start_in=local(time.localtime(start)[:6], 10), repeat=600)
    run(4 * HOUR)
    want = list(range(600, 4 * HOUR + 1, 600))
    eq(real(rule), want)
    eq(real(phase), want)


def check_star_hours(change):
    # Every ten minutes of the hour that is missing, or there twice: as the clock shows it
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    hour = then[3] if minutes < 0 else local(then, -minutes)[3]
    rule = add("rule", start_in=1, repeat="*/10 %d * * *" % hour)
    run(5 * HOUR)
    want = seconds_that_show(start, 5, lambda h, mi, s: h == hour and mi % 10 == s == 0)
    eq(real(rule), want)
    # Six in an hour: none or twelve on that day, and with half an hour three or nine
    eq(len(want), 6 - minutes // 10)


def check_hourly(change):
    # An hourly rule is at what the clock shows, an hourly tuple on the RTC
    at, before, then, minutes = change
    start = at - 3 * HOUR - 900
    fresh(start)
    rule = add("rule", start_in=1, repeat="@hourly")
    phase = add("phase", start_in=local(time.localtime(start)[:6], 15), repeat=HOUR)
    run(8 * HOUR)
    eq(real(rule), seconds_that_show(start, 8, lambda h, mi, s: mi == s == 0))
    eq(real(phase), list(range(900, 8 * HOUR + 1, HOUR)))
    if minutes % 60 == 0:
        eq(real(rule), real(phase))


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
    # `until` as the clocks show it, for the first time if they do twice
    at, before, then, minutes = change
    start = at - 7200
    fresh(start)
    last = local(then, 40 + -then[4] % 20)
    rule = add("rule", start_in=1, repeat="*/20 * * * *", until=last)
    every = add("every", repeat=1200, until=last)
    run(30 * HOUR)
    end = seconds_that_show(start, 30, lambda *clock: clock == last[3:])[0]
    eq(real(rule)[-1], end)
    eq(shown(rule)[-1], last)
    eq(real(every), list(range(1200, end + 1, 1200)))


def test_scheduled_within_the_repeated_time():
    """What comes twice runs the first time only, also where that is over: a one-shot then runs at
    once, and a rule on the next day. A rule that begins with `*` takes what the clock shows."""
    # What is scheduled while the clocks go through the hour a second time
    at, before, then, minutes = AUTUMN
    start = at + 60
    fresh(start)
    middle = local(then, -minutes // 2)
    once = add("once", start_in=middle)
    rule = add("rule", repeat="%d %d * * *" % (middle[4], middle[3]))
    daily = add("daily", start_in=middle, repeat=DAY)
    star = add("star", repeat="%d */%d * * *" % (middle[4], middle[3] or 1))
    run(30 * HOUR)
    eq(real(once), [0])
    for runs in (rule, daily):
        eq(shown(runs), [local(middle, 1440)])
    eq(real(star)[0], -minutes * 30 - 60)


def check_status(change):
    # What is told of a run tomorrow is what the clocks will show, and how long that really is
    at, before, then, minutes = change
    start = at - 12 * HOUR
    fresh(start)
    today = time.localtime(start)[:6]
    tomorrow = local(today, 1440)
    runs = add("it", start_in=tomorrow)
    want = DAY - minutes * 60
    lines = []

    def look():
        lines.extend(printed(aioschedule.status_sc, "it"))

    run(30 * HOUR, (0, look))
    eq(real(runs), [want])
    assert aioctl.get_datetime(tomorrow) in lines[0], lines
    assert aioctl.tmdelta_fmt(want) in lines[0], lines


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
    """Every ten minutes keeps its pace over the gap."""
    check_frequent(SPRING)


def test_frequent_in_autumn():
    """Every ten minutes goes on while the clocks go through an hour again."""
    check_frequent(AUTUMN)


def test_star_hours_in_spring():
    """Times that do not exist do not match."""
    check_star_hours(SPRING)


def test_star_hours_in_autumn():
    """Times that come twice match twice."""
    check_star_hours(AUTUMN)


def test_hourly_in_spring():
    """A rule runs at every full hour that there is."""
    check_hourly(SPRING)


def test_hourly_in_autumn():
    """A rule runs at every full hour, and twice in the one that comes twice."""
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
