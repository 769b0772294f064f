# aioschedule_zone: local time for aioschedule: zones, dates, time tuples
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it with the first time tuple or rule, or at the first call of set_zone(),
# localtime() or mktime(). It knows no entries.
#
# An instant is an RTC second of the port's epoch. Local time is a number of seconds as well, that
# second and what offset() adds to it; time tuples are made of that, and read as that.

__version__ = "0.1.0"

import sys
import time

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Callable

# Whether the port itself knows a zone, the C library's
_PORT_HAS_ZONE = sys.platform in ("linux", "darwin", "win32")
# The callable that set_zone() was given or has made: RTC seconds -> seconds east of UTC
_zone = None


################################################################################
# Dates


def _days(year, month, day):
    # Days since the end of February of the year 0. A year that begins with March ends with the
    # leap day, and five of its months have 153 days.
    months = year * 12 + month - 3
    year = months // 12
    return year * 1461 // 4 - year // 100 + year // 400 + (months % 12 * 153 + 2) // 5 + day


# The first day of the port's epoch. West of Greenwich localtime(0) is in the year before.
_EPOCH_DAY = _days(time.localtime(1 << 24)[0], 1, 1)


def _seconds_of(fields):
    # The seconds of a date, in whatever zone that is
    year, month, day, hour, minute, second = fields[:6]
    return (((_days(year, month, day) - _EPOCH_DAY) * 24 + hour) * 60 + minute) * 60 + second


def _date_of(seconds, to_date):
    # `to_date` is localtime() or gmtime(); on boards that raises from 2038 on
    try:
        return to_date(seconds)
    except OverflowError:
        pass
    day = seconds // 86400 + _EPOCH_DAY
    # A year that begins with March, and its month, counted on from 3
    year = day * 400 // 146097 - 1
    while _days(year + 1, 3, 1) <= day:
        year += 1
    month = 3
    while _days(year, month + 1, 1) <= day:
        month += 1
    month_day = day - _days(year, month, 1) + 1
    if month > 12:
        year += 1
        month -= 12
    second = seconds % 60
    minute = seconds // 60 % 60
    # Day 2 was a Thursday
    weekday = (day + 1) % 7
    year_day = day - _days(year, 1, 1) + 1
    return year, month, month_day, seconds // 3600 % 24, minute, second, weekday, year_day


def read_tuple(fields: tuple | list, name: str, option: str) -> int:
    """The local seconds of a time tuple. TypeError or ValueError for what is none."""
    if not 6 <= len(fields) <= 9 or not all(isinstance(field, int) for field in fields):
        aioschedule._refuse(TypeError, name, option, fields, "accepted: a tuple of 6 to 9 ints")
    weekday, yearday = (tuple(fields[6:]) + (0, 0))[:2]
    year, month, day, hour, minute, second = fields[:6]
    if weekday > 6 or yearday > 366:
        text = "accepted: time.localtime(), not machine.RTC().datetime()"
    elif (
        1970 <= year <= 2099
        and 1 <= month <= 12
        and 1 <= day <= _days(year, month + 1, 1) - _days(year, month, 1)
        and 0 <= hour <= 23
        and 0 <= minute <= 59
        and 0 <= second <= 59
    ):
        return max(0, _seconds_of(fields))
    else:
        text = "no such time in the years 1970 to 2099"
    aioschedule._refuse(ValueError, name, option, fields, text)


################################################################################
# Local time


def is_known() -> bool:
    """Whether there is a zone, and local time is not just what the RTC shows."""
    return _zone is not None or _PORT_HAS_ZONE


def offset(rtc: int) -> int:
    """Seconds (int) of local time east of the RTC, at that RTC second."""
    if _zone:
        return _zone(rtc)
    return _seconds_of(_date_of(rtc, time.localtime)) - rtc if _PORT_HAS_ZONE else 0


def to_rtc(local: int) -> int:
    """The RTC second of a local time. One that does not exist is the moment of the change, one
    that comes twice is the first."""
    if is_known():
        return aioschedule._load("crontab").to_rtc(local, offset)
    return local


def localtime(seconds: float | None = None) -> tuple:
    """The time tuple of RTC seconds (int; now if None), as time.localtime(), but in the zone that
    was set with set_zone()."""
    seconds = int(time.time() if seconds is None else seconds)
    if _zone:
        return _date_of(seconds + _zone(seconds), getattr(time, "gmtime", time.localtime))
    return _date_of(seconds, time.localtime)


def mktime(fields: tuple | list) -> int:
    """The RTC seconds (int) of a time tuple (6 to 9 fields) in local time, as time.mktime(), but
    in the zone that was set with set_zone(). A time that does not exist because the clocks go
    forward is the moment of the change, one that comes twice is the first.

    Raises TypeError or ValueError for what is no time tuple."""
    return to_rtc(read_tuple(fields, "mktime", "fields"))


def set_zone(zone: "str | Callable[[int], int] | None") -> None:
    """Sets local time. The RTC must hold UTC.

    zone: a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3"; a callable that takes UTC
        seconds (int) and returns the seconds (int) of local time east of UTC; or None for what the
        port itself knows, which is UTC on boards

    What waits for a local time is planned anew, from now on. Raises TypeError or ValueError for
    what is no zone; nothing is changed then."""
    global _zone
    rtc = int(time.time())
    if isinstance(zone, str):
        zone = aioschedule._load("posixtz").Zone(zone)
    if zone is not None and not (callable(zone) and isinstance(zone(rtc), int)):
        raise TypeError("zone=%r: accepted: a POSIX TZ string, a callable, None" % (zone,))
    # What may fail comes first
    wall = aioschedule._load_wall()
    _zone = zone
    aioschedule._localtime = localtime
    wall.plan_in_zone(rtc)
    aioschedule.wake()
