# POSIX TZ strings: what they mean, what is refused, how much heap a call takes.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# tests/test_zones.py compares all zones of the database with another implementation, on the host.

import gc
import sys
import time

import posixtz
from harness import Skip, eq, raises

HOUR = 3600

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


# The port's own clock knows no zone here
FIRST_YEAR = time.localtime(1 << 24)[0]


def utc(year, month, day, hour=0, minute=0, second=0):
    # Seconds of the port's epoch. Not by time.mktime(): that of some ports ends in 2038.
    days = sum(366 if is_leap(y) else 365 for y in range(FIRST_YEAR, year)) + day - 1
    lengths = (31, 29 if is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    days += sum(lengths[: month - 1])
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def check_change(text, change, before, after):
    # At this UTC time the offset becomes another one. Minutes.
    zone = posixtz.Zone(text)
    second = utc(*change)
    found = [zone(second + near) for near in (-1, 0, 1, -40 * 86400, 40 * 86400)]
    eq((text, found), (text, [60 * m for m in (before, after, after, before, after)]))


def test_changes():
    """Clocks change at the second that the string says, in all kinds of zones."""
    for zone in (
        (BERLIN, (2026, 3, 29, 1), 60, 120),
        (BERLIN, (2026, 10, 25, 1), 120, 60),
        ("EST5EDT,M3.2.0,M11.1.0", (2026, 3, 8, 7), -300, -240),
        ("EST5EDT,M3.2.0,M11.1.0", (2026, 11, 1, 6), -240, -300),
        # Half an hour, in the south
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", (2026, 4, 4, 15), 660, 630),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", (2026, 10, 3, 15, 30), 630, 660),
        ("<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", (2027, 4, 3, 14), 825, 765),
        # At 24:00, at -1:00, and on the Thursday before a Friday
        ("<-04>4<-03>,M9.1.6/24,M4.1.6/24", (2026, 9, 6, 4), -240, -180),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", (2026, 3, 29, 1), -120, -60),
        ("IST-2IDT,M3.4.4/26,M10.5.0", (2026, 3, 27, 0), 120, 180),
        # Its winter is what is called daylight saving time there
        ("IST-1GMT0,M10.5.0,M3.5.0/1", (2026, 3, 29, 1), 0, 60),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", (2026, 10, 25, 1), 60, 0),
        # Days of the year: J60 always is 1 March; 59 is 29 February in a leap year
        ("AAA0BBB,J60/0,J300", (2027, 3, 1), 0, 60),
        ("AAA0BBB,J60/0,J300", (2028, 3, 1), 0, 60),
        ("AAA0BBB,J59/0,J300", (2028, 2, 28), 0, 60),
        ("AAA0BBB,59/0,J300", (2027, 3, 1), 0, 60),
        ("AAA0BBB,59/0,J300", (2028, 2, 29), 0, 60),
        # A week less an hour, both ways
        ("AAA0BBB,J100/167,J300", (2027, 4, 16, 23), 0, 60),
        ("AAA0BBB,J100/-167,J300", (2027, 4, 3, 1), 0, 60),
        # Another year than that of the rule
        ("AAA0BBB,J365/48,J100", (2028, 1, 2), 0, 60),
        ("AAA0BBB,J1/-1,J100", (2027, 12, 31, 23), 0, 60),
        # Years that a time of 32 bits, or of a smaller int, does not reach
        (BERLIN, (2040, 3, 25, 1), 60, 120),
        (BERLIN, (2100, 10, 31, 1), 120, 60),
    ):
        check_change(*zone)


def test_defaults():
    """Left out: an hour ahead, at 2:00, by the rules of the USA."""
    for text in (
        "EST5EDT",
        "EST5EDT4",
        "EST+5:00EDT4:00:00,M3.2.0,M11.1.0",
        "EST05EDT,M3.2.0/02,M11.1.0/+2:00:00",
    ):
        check_change(text, (2026, 3, 8, 7), -300, -240)
        check_change(text, (2026, 11, 1, 6), -240, -300)


def test_one_offset():
    """Zones without daylight saving time, those that have it all year, and seconds."""
    for text, offset in (
        ("UTC0", 0),
        ("IST-5:30", 19800),
        ("<-03>3", -10800),
        ("<+14>-14", 50400),
        ("LMT0:01:15", -75),
        ("FAR24:59:59", -89999),
        ("EST5EDT,0/0,J365/25", -14400),
        ("XXX3EDT4,0/0,J365/23", -14400),
        # Longer than a year, and from one moment to the same
        ("EST5EDT,0/0,J365/167", -14400),
        ("EST5EDT,M3.2.0/2,M3.2.0/3", -14400),
    ):
        zone = posixtz.Zone(text)
        for year in (2026, 2027, 2028, 2029):
            for day in (1, 2, 7, 9, 100, 200, 300, 358, 364, 365, 366):
                for hour in (0, 3, 5, 23):
                    second = utc(year, 1, 1, hour) + (day - 1) * 86400
                    eq((text, year, day, hour, zone(second)), (text, year, day, hour, offset))


def test_winter_of_a_day():
    """Both changes in another year than that of their rules."""
    zone = posixtz.Zone("AAA0BBB,J365/100,J365/90")
    for year in (2027, 2028, 2029):
        end = utc(year, 1, 3, 17)
        start = utc(year, 1, 4, 4)
        moments = (end - 2 * 86400, end - 1, end, start - 1, start)
        eq((year, [zone(second) for second in moments]), (year, [HOUR, HOUR, 0, 0, HOUR]))


def test_any_order():
    """What was asked before makes no difference."""
    zone = posixtz.Zone(BERLIN)
    for year in (2026, 2050, 2025, 2026, 2001, 2099, 2024, 2001):
        for month, offset in ((10, 2), (1, 1), (12, 1), (7, 2), (2, 1), (5, 2)):
            eq((year, month, zone(utc(year, month, 15))), (year, month, offset * HOUR))


def test_localtime():
    """localtime() gives what time.localtime() would give on a board, in the zone."""
    zone = posixtz.Zone(BERLIN)
    eq(zone.localtime(utc(2026, 3, 29, 0, 59, 59)), (2026, 3, 29, 1, 59, 59, 6, 88))
    eq(zone.localtime(utc(2026, 3, 29, 1)), (2026, 3, 29, 3, 0, 0, 6, 88))
    eq(zone.localtime(utc(2027, 12, 31, 23)), (2028, 1, 1, 0, 0, 0, 5, 1))
    eq(zone.localtime(utc(2028, 12, 31, 22)), (2028, 12, 31, 23, 0, 0, 6, 366))
    eq(posixtz.Zone("<-10>10").localtime(utc(2028, 3, 1)), (2028, 2, 29, 14, 0, 0, 1, 60))


def test_localtime_of_each_day():
    """The calendar is the port's own, day for day."""
    zone = posixtz.Zone("UTC0")
    first = utc(2027, 12, 1, 12)
    for day in range(793):
        second = first + day * 86400
        eq(zone.localtime(second), tuple(time.localtime(second))[:8])


def test_now():
    """localtime() without a time is now."""
    early = int(time.time())
    now = posixtz.Zone("UTC0").localtime()
    late = int(time.time())
    assert tuple(time.localtime(early))[:8] <= now <= tuple(time.localtime(late))[:8], now


def test_float():
    """A time as time.time() gives it on the unix port will do; the results are ints."""
    if not isinstance(time.time(), float):
        raise Skip("time.time() is an int here")
    second = utc(2026, 7, 1, 5)
    zone = posixtz.Zone(BERLIN)
    eq(repr(zone(second + 0.5)), "7200")
    eq(repr(zone.localtime(second + 0.5)), "(2026, 7, 1, 7, 0, 0, 2, 182)")
    eq(repr(zone.mktime((2026, 7, 1, 7, 0, 0))), str(second))
    eq(repr(zone.mktime((2026, 3, 29, 2, 30, 0))), str(utc(2026, 3, 29, 1)))


def test_mktime():
    """mktime() is the way back; what was skipped is the change, what comes twice the first."""
    zone = posixtz.Zone(BERLIN)
    spring = utc(2026, 3, 29, 1)
    autumn = utc(2026, 10, 25, 1)
    for local, second in (
        ((2026, 7, 1, 7, 0, 0), utc(2026, 7, 1, 5)),
        ((2026, 1, 1, 7, 0, 0, 0, 0), utc(2026, 1, 1, 6)),
        ((2026, 3, 29, 1, 59, 59), spring - 1),
        ((2026, 3, 29, 2, 0, 0), spring),
        ((2026, 3, 29, 2, 30, 0), spring),
        ((2026, 3, 29, 2, 59, 59), spring),
        ((2026, 3, 29, 3, 0, 0), spring),
        ((2026, 3, 29, 3, 0, 1), spring + 1),
        ((2026, 10, 25, 1, 59, 59), autumn - HOUR - 1),
        ((2026, 10, 25, 2, 0, 0), autumn - HOUR),
        ((2026, 10, 25, 2, 59, 59), autumn - 1),
        ((2026, 10, 25, 3, 0, 0), autumn + HOUR),
        ((2040, 7, 1, 7, 0, 0), utc(2040, 7, 1, 5)),
    ):
        eq((local, zone.mktime(local)), (local, second))
        # Not only where the right year has been looked up
        eq(posixtz.Zone(BERLIN).mktime(local), second)
    dublin = posixtz.Zone("IST-1GMT0,M10.5.0,M3.5.0/1")
    eq(dublin.mktime((2026, 3, 29, 1, 30, 0)), spring)
    eq(dublin.mktime((2026, 10, 25, 1, 30, 0)), utc(2026, 10, 25, 0, 30))


def test_mktime_beyond_the_month():
    """Days, months and hours may go on beyond their ends, as in time.mktime()."""
    zone = posixtz.Zone(BERLIN)
    eq(zone.mktime((2026, 6, 31, 7, 0, 0)), utc(2026, 7, 1, 5))
    eq(zone.mktime((2026, 14, 1, 0, 0, 0)), utc(2027, 1, 31, 23))
    eq(zone.mktime((2027, 3, 0, 24, 60, -60)), utc(2027, 2, 28, 23, 59))


def test_types():
    """A zone is a str; all that comes out is an int."""
    for value in (None, 1, b"CET-1", ("CET-1",)):
        assert repr(value) in str(raises(TypeError, posixtz.Zone, value))
    zone = posixtz.Zone(BERLIN)
    results = [zone(utc(2026, 7, 1)), zone.mktime((2026, 7, 1, 0, 0, 0))]
    results += zone.localtime(utc(2026, 7, 1))
    eq([type(result) for result in results], [int] * 10)


def test_errors():
    """A bad string is shown with what is wrong and where."""
    for text, reason, at in (
        ("CET-1CEST,M3.9.0", "week 9 is not in 1-5", 13),
        ("CET-1CEST,M3.0.0", "week 0 is not in 1-5", 13),
        ("CET-1CEST,M13.1.0,M10.5.0", "month 13 is not in 1-12", 11),
        ("CET-1CEST,M3.5.0,M10.5.7", "weekday 7 is not in 0-6", 23),
        ("CET-1CEST,J0,J100", "day 0 is not in 1-365", 11),
        ("CET-1CEST,J366,J100", "day 366 is not in 1-365", 11),
        ("CET-1CEST,5,366", "day 366 is not in 0-365", 12),
        ("CET-25", "hour 25 is not in 0-24", 4),
        ("CET-1:60", "minute 60 is not in 0-59", 6),
        ("CET-1:30:99", "second 99 is not in 0-59", 9),
        ("CET-1CEST,M3.5.0/168,M10.5.0", "hour 168 is not in 0-167", 17),
        ("CET-1CEST,M3.5.0/-168,M10.5.0", "hour 168 is not in 0-167", 18),
        ("CET-99999999999999999999", "hour 99999999999999999999 is not in 0-24", 4),
        ("CET", "hour is missing", 3),
        ("CET-", "hour is missing", 4),
        ("CET-1:", "minute is missing", 6),
        ("CET-1CEST,", "day is missing", 10),
        ("CET-1CEST,M", "month is missing", 11),
        ("CET-1CEST,M3", "'.' is missing", 12),
        ("CET-1CEST,M3.5.0", "',' is missing", 16),
        ("CET-1CEST,M3.5.0,", "day is missing", 17),
        ("CET-1CEST,M3.5.0,M10.5.0/", "hour is missing", 25),
        ("CET-1CEST,M3.5.0,M10.5.0/3x", "nothing more is expected", 26),
        ("CET-1CEST,M3.5.0,M10.5.0,", "nothing more is expected", 24),
        ("CET-1CEST;M3.5.0", "hour is missing", 9),
        ("<+01-1", "'>' is missing", 6),
        ("<+1>-1", "a name of 3 or more letters is missing", 1),
        ("", "a name of 3 or more letters is missing", 0),
        ("CE-1", "a name of 3 or more letters is missing", 0),
        ("+01-1", "a name of 3 or more letters is missing", 0),
        ("Europe/Berlin", "hour is missing", 6),
        (" CET-1", "a name of 3 or more letters is missing", 0),
        ("CET-1 ", "a name of 3 or more letters is missing", 5),
        ("CET-1\n", "a name of 3 or more letters is missing", 5),
    ):
        error = raises(ValueError, posixtz.Zone, text)
        eq(str(error), "%s: %s, at %d" % (text, reason, at))


SINCE_2000 = 946684800


class Time2000:
    # The clock of a port whose epoch is the year 2000

    @staticmethod
    def localtime(seconds):
        return time.localtime(seconds + SINCE_2000)


def test_epoch_2000():
    """Ports that count from the year 2000 are known by their clock."""
    if time.localtime(1000000)[0] != 1970:
        raise Skip("this port has another epoch itself")
    sys.modules["time"] = Time2000
    del sys.modules["posixtz"]
    try:
        module = __import__("posixtz")
    finally:
        sys.modules["time"] = time
        sys.modules["posixtz"] = posixtz
    at_2026 = utc(2026, 7, 1, 5)
    zone = module.Zone(BERLIN)
    eq(zone(at_2026 - SINCE_2000), 2 * HOUR)
    eq(zone.localtime(at_2026 - SINCE_2000), posixtz.Zone(BERLIN).localtime(at_2026))
    eq(zone.mktime((2026, 7, 1, 7, 0, 0)), at_2026 - SINCE_2000)


def cost(func, argument):
    # us, and bytes to be collected
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    ticks = time.ticks_us()
    func(argument)
    ticks = time.ticks_diff(time.ticks_us(), ticks)
    heap = gc.mem_alloc() - before
    gc.enable()
    return ticks, heap


def nothing(argument):
    return argument


def test_cost():
    """A call for the summer that was last asked for, or the winters around it, takes no heap."""
    zone = posixtz.Zone(BERLIN)
    cost(nothing, 0)
    year = cost(zone, utc(2040, 7, 1))
    for month in (1, 3, 7, 12):
        second = utc(2040, month, 30)
        call = cost(zone, second)
        eq((month, call[1]), (month, cost(nothing, second)[1]))
    local = cost(zone.localtime, utc(2040, 7, 1))
    back = cost(zone.mktime, (2040, 7, 1, 7, 0, 0))
    named = ("another year", year), ("the same", call), ("localtime", local), ("mktime", back)
    for name, (us, heap) in named:
        print("%s: %d us, %d B" % (name, us, heap))
    assert year[1] < 2048, year
