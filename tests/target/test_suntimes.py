# Sunrise and sunset: on a port's own numbers, at the poles, with offsets; what is refused.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# tests/test_sun.py compares ten years with another implementation, on the host.

import gc
import sys
import time

import suntimes
from harness import Skip, eq, raises

MINUTE = 60
DAY = 86400

BERLIN = 52.52, 13.405


def utc(year, month, day, hour=0, minute=0, second=0):
    # Seconds of the port's epoch: its own clock knows no zone here
    return int(time.mktime((year, month, day, hour, minute, second, 0, 0)))


def check(found, *when):
    # Two minutes: almanacs do not take the same refraction of the air.
    assert abs(found - utc(*when)) <= 2 * MINUTE, (time.localtime(found), when)


def test_places():
    """Times of almanacs, in the north and south, east and west, summer and winter."""
    for place, day, rise, sets in (
        (BERLIN, (2026, 6, 21), (2, 43), (19, 33)),
        (BERLIN, (2026, 12, 21), (7, 15), (14, 54)),
        # The days of these are not those of UTC
        ((-33.87, 151.21), (2026, 6, 20), (21, 0), (30, 54)),
        ((40.71, -74.01), (2026, 6, 21), (9, 25), (24, 31)),
        ((0, 0), (2026, 3, 20), (6, 4), (18, 11)),
        ((60.17, 24.94), (2034, 12, 21), (7, 24), (13, 13)),
    ):
        start = utc(*day)
        night = start + (12 * 3600 if rise[0] > 12 else 0)
        dawn = suntimes.sunrise(*place)(night)
        check(dawn, *(day + rise))
        check(suntimes.sunset(*place)(dawn), *(day + sets))


def check_strictly_after(rule, start, days):
    # Each time is after the one before, by about a day, and found from any second before it.
    found = rule(start)
    for _ in range(days):
        assert type(found) is int, found
        later = rule(found)
        assert DAY - 10 * MINUTE < later - found < DAY + 10 * MINUTE, (found, later)
        eq(rule(later - 1), later)
        eq(rule(later - DAY // 2), later)
        found = later


def test_each_day_once():
    """The next time is after the one that was given, every day, in all parts of the world."""
    for latitude in (-60, 0, 48.1):
        for longitude in (-180, -90.5, 0, 90, 180):
            for function in (suntimes.sunrise, suntimes.sunset):
                check_strictly_after(function(latitude, longitude), utc(2026, 1, 1), 5)
                check_strictly_after(function(latitude, longitude), utc(2035, 8, 1), 5)


def test_offset():
    """An offset moves the time, also past what was given and past midnight, and loses no day."""
    plain = suntimes.sunset(*BERLIN)
    start = utc(2026, 5, 1, 12)
    for offset in (-DAY, -3 * 3600, -1, 1, 3600, 5 * 3600, DAY):
        moved = suntimes.sunset(*BERLIN, offset=offset)
        check_strictly_after(moved, start, 5)
        sunset = plain(start - 3 * DAY)
        while sunset + offset <= start:
            sunset = plain(sunset)
        eq((offset, moved(start)), (offset, sunset + offset))
        # The very second does not count
        eq(moved(sunset + offset - 1), sunset + offset)
        eq(moved(sunset + offset), plain(sunset) + offset)
    eq(suntimes.sunset(*BERLIN, 30.9)(start), plain(start) + 30)


def test_polar_night():
    """Where the sun does not rise for weeks, the next day on which it does."""
    # Longyearbyen: from 26 October to 15 February; up from 19 April to 23 August
    for function in (suntimes.sunrise, suntimes.sunset):
        rule = function(78.22, 15.65)
        for start in (utc(2026, 10, 28), utc(2026, 12, 21), utc(2027, 2, 10)):
            assert utc(2027, 2, 14) < rule(start) < utc(2027, 2, 18), time.localtime(rule(start))
        for start in (utc(2027, 4, 22), utc(2027, 6, 21), utc(2027, 8, 20)):
            assert utc(2027, 8, 22) < rule(start) < utc(2027, 8, 27), time.localtime(rule(start))


def test_sunset_after_midnight():
    """Near the end of a polar day the sun sets after midnight of its day; that is not missed."""
    rule = suntimes.sunset(-69, 0)
    found = rule(utc(2026, 1, 19, 12))
    check(found, 2026, 1, 20, 0, 5, 9)
    eq(rule(found - 1), found)
    eq(rule(utc(2026, 1, 20)), found)


def test_pole():
    """Where it never does: None."""
    for latitude in (90, -90):
        for function in (suntimes.sunrise, suntimes.sunset):
            eq(function(latitude, 0)(utc(2026, 1, 1)), None)


def test_bad_values():
    """What is out of range is named, with the range."""
    for arguments, words in (
        ((90.5, 0), ("latitude", "90.5", "-90 to 90")),
        ((-91, 0), ("latitude", "-91", "-90 to 90")),
        ((0, 180.5), ("longitude", "180.5", "-180 to 180")),
        ((0, -181), ("longitude", "-181", "-180 to 180")),
        ((0, 0, 86401), ("offset", "86401", "-86400 to 86400")),
        ((0, 0, -86401), ("offset", "-86401", "-86400 to 86400")),
        ((float("nan"), 0), ("latitude", "nan", "-90 to 90")),
        ((0, 0, float("inf")), ("offset", "inf", "-86400 to 86400")),
    ):
        for function in (suntimes.sunrise, suntimes.sunset):
            error = str(raises(ValueError, function, *arguments))
            for word in words:
                assert word in error, (word, error)


def test_bad_types():
    """What is no number is named."""
    for arguments, words in (
        (("52.5", 0), ("latitude", "'52.5'")),
        ((None, 0), ("latitude", "None")),
        ((0, "13.4"), ("longitude", "'13.4'")),
        ((0, 0, "30"), ("offset", "'30'")),
        ((0, 0, None), ("offset", "None")),
    ):
        for function in (suntimes.sunrise, suntimes.sunset):
            error = str(raises(TypeError, function, *arguments))
            for word in words:
                assert word in error, (word, error)


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
    del sys.modules["suntimes"]
    try:
        module = __import__("suntimes")
    finally:
        sys.modules["time"] = time
        sys.modules["suntimes"] = suntimes
    start = utc(2026, 7, 1)
    found = module.sunrise(*BERLIN)(start - SINCE_2000)
    eq(found, suntimes.sunrise(*BERLIN)(start) - SINCE_2000)


def cost(rule, start):
    # us, and bytes to be collected
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    ticks = time.ticks_us()
    rule(start)
    ticks = time.ticks_diff(time.ticks_us(), ticks)
    heap = gc.mem_alloc() - before
    gc.enable()
    return ticks, heap


def test_cost():
    """A call takes little heap; the longest search, for the end of a polar night, a bit more."""
    day = cost(suntimes.sunrise(*BERLIN), utc(2034, 5, 1))
    night = cost(suntimes.sunrise(78.22, 15.65), utc(2026, 10, 28))
    pole = cost(suntimes.sunrise(90, 0), utc(2026, 10, 28))
    for name, (us, heap) in ("a day", day), ("a polar night", night), ("a pole", pole):
        print("%s: %d us, %d B" % (name, us, heap))
    assert day[1] < 8192, day
