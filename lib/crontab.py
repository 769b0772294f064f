# crontab: the next time that matches a crontab string, with daylight saving or without
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The way through:
#   Rule("30 6 * * mon-fri")  _values() turns each of the five fields into the values it allows
#   rule(seconds)             _next_minute() looks for the day, then for the minute of that day.
#                             Without an offset that is all: local time in, local time out.
#   with an offset            _next_fixed() or _next_shown() asks for the local time, on a clock
#                             that goes forward and back; to_rtc() and _change() find the moment
#
# Seconds exceed 2**30 and are then long ints, which take 32 bytes of heap for each operation on a
# 32-bit port. The search counts in minutes and days, which are small ints.

__version__ = "0.1.0"

import time

from micropython import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any, Callable

_DAY = const(86400)  # seconds
_MINUTES_PER_DAY = const(1440)

# In 40 years 29 February falls on every weekday, also where a century without one is in between.
# The search may begin a month early.
_MONTHS_TO_SEARCH = const(12 * 40 + 1)

_LONGEST_STEP = const(9999)

_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# The fields: name, all values in order, the names of the values
_FIELDS = (
    ("minute", bytes(range(60)), ""),
    ("hour", bytes(range(24)), ""),
    ("day", bytes(range(1, 32)), ""),
    ("month", bytes(range(1, 13)), "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("weekday", bytes(range(8)), "sun mon tue wed thu fri sat"),
)


class Rule:
    """A crontab string as a callable: a time in seconds -> the first match after it.

    text: "minute hour day month weekday", as Debian's cron has it, or one of @hourly @daily
        @midnight @weekly @monthly @yearly @annually
    offset: None, or a callable (seconds of the RTC, at UTC) -> seconds east of UTC at that time

    Without `offset` the rule takes and returns local seconds. With one it takes and returns
    seconds of the RTC, and knows the nights when the clocks change. Either way they count from
    the port's epoch. A match is later than the time that is given, and there always is one.

    fixed: True if neither the minute nor the hour begins with "*". Such a rule runs once on both
        nights: at the moment of the change if its time is left out, the first time only if its
        time comes twice. Other rules match whenever the clock shows it.

    Raises TypeError if `text` is no str, and ValueError that says which field is wrong, or that
    the string never matches.
    """

    def __init__(self, text: str, offset: "Callable[[int], int] | None" = None):
        fields = _split(text)
        self._minutes, self._hours, self._days, self._months, weekdays = [
            _values(field, limits) for field, limits in zip(fields, _FIELDS)
        ]
        if 7 in weekdays and 0 not in weekdays:
            # Both are Sunday; the search only knows 0
            weekdays += b"\0"
        self._weekdays = weekdays
        # If a day field begins with a star, a day must match both; if none does, either will do
        self._both_days = "*" in (fields[2][0], fields[4][0])
        self.fixed = "*" not in (fields[0][0], fields[1][0])
        self._offset: "Any" = offset
        if self._next_day(0) is None:
            raise ValueError("%r never matches: no such day" % text)

    def __call__(self, seconds: int) -> int:
        """The first match after `seconds` (int, or a float as time.time() may be one)."""
        seconds = int(seconds)
        if self._offset is None:
            return self._next_local(seconds)
        if self.fixed:
            return self._next_fixed(seconds)
        return self._next_shown(seconds)

    def _next_local(self, seconds):
        return self._next_minute(seconds // 60) * 60

    def _next_minute(self, after):
        # All in minutes since the epoch
        today = after // _MINUTES_PER_DAY
        day = self._next_day(today)
        if day == today:
            minute = self._next_in_day(after % _MINUTES_PER_DAY)
            if minute is not None:
                return day * _MINUTES_PER_DAY + minute
            day = self._next_day(today + 1)
        return day * _MINUTES_PER_DAY + self._hours[0] * 60 + self._minutes[0]

    def _next_in_day(self, after):
        # The first minute of a day that matches after that one; None if there is no more
        for hour in self._hours:
            start = hour * 60
            if start + 59 <= after:
                continue  # not each minute of the hours that are past
            for minute in self._minutes:
                if start + minute > after:
                    return start + minute

    def _next_day(self, earliest):
        # The first day that matches, in days since the epoch; None if there is none for 40 years
        earliest += _EPOCH
        first = self._days[0] if self._both_days else 1
        # A month has 487 / 16 days on average. This is the month of that day, or one before it:
        # too early does no harm.
        start = earliest * 16 // 487 + 2
        for month in range(start, start + _MONTHS_TO_SEARCH):
            if month % 12 + 1 not in self._months:
                continue
            before = _days_before(month)
            for day in range(max(earliest, before + first), _days_before(month + 1) + 1):
                if self._matches(day - before, day % 7):
                    return day - _EPOCH

    def _matches(self, day, weekday):
        if self._both_days:
            return day in self._days and weekday in self._weekdays
        return day in self._days or weekday in self._weekdays

    def _next_fixed(self, rtc):
        # For a rule with a fixed time, in seconds of the RTC
        offset = self._offset
        east = offset(rtc)
        local = rtc + east
        yesterday = rtc - _DAY
        east_before = offset(yesterday)
        if east_before > east:
            # The clock has gone back. What it shows for the second time had its run at the first.
            change = _change(yesterday, rtc, offset)
            local = max(local, change - 1 + east_before)
        return to_rtc(self._next_local(local), offset)

    def _next_shown(self, rtc):
        # For other rules: when the clock shows a match, in seconds of the RTC
        offset = self._offset
        east = offset(rtc)
        while True:
            found = self._next_local(rtc + east) - east
            ahead = min(found, rtc + _DAY)
            if offset(ahead) != east:
                # It goes on with what the clock shows from the change on
                rtc = _change(rtc, ahead, offset) - 1
                east = offset(rtc + 1)
            elif ahead == found:
                return found
            else:
                # The clock may change on the way, but by no more than a day: until a day before
                # the match that was found it shows none.
                rtc = max(ahead, found - 2 * _DAY)
                east = offset(rtc)


def to_rtc(local: int, offset: "Callable[[int], int]") -> int:
    """The RTC seconds at which the local clock shows `local` seconds (int).

    offset: a callable (seconds of the RTC, at UTC) -> seconds east of UTC at that time

    A time that the clock leaves out is the moment of the change. One that it shows twice is the
    first of the two. It takes for granted that no clock changes by more than a day, nor twice
    within four days.
    """
    # Wrong by no more than what the clock changes by
    about = local - offset(local)
    east = offset(about - _DAY)
    rtc = local - east
    if offset(rtc) == east:
        return rtc
    # The clock has changed by then
    east = offset(about + _DAY)
    rtc = local - east
    if offset(rtc) == east:
        return rtc
    return _change(about - _DAY, about + _DAY, offset)


def _change(earlier, later, offset):
    # The moment between the two, in seconds of the RTC, from which on the later one's offset holds
    east = offset(later)
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if offset(middle) == east:
            later = middle
        else:
            earlier = middle
    return later


################################################################################
# The calendar, in days since a day that makes Sundays multiples of 7


def _days_before(month):
    # The days before a month, which is counted as year * 12 + 0 for January, to 11
    month -= 2
    # These years begin in March, so that the leap day is the last. March to July have 153 days,
    # and so have August to December.
    year = month // 12
    leap_days = year // 4 - year // 100 + year // 400
    return year * 365 + leap_days + (month % 12 * 153 + 12) // 5


# The port's epoch as such a day: 1 January 1970 or 2000. Its year is that of three days later,
# because west of Greenwich localtime(0) may be of the year before.
_EPOCH = _days_before(time.localtime(3 * _DAY)[0] * 12) + 1


################################################################################
# The text


def _split(text):
    # The five fields, in lower case
    if not isinstance(text, str):
        raise TypeError("a crontab string must be a str, not %r" % (text,))
    fields = text.lower().split()
    if len(fields) == 1 and fields[0][0] == "@":
        fields = _nickname(fields[0]).split()
    if len(fields) != 5:
        raise ValueError(
            "5 fields (minute hour day month weekday), not %d: %r" % (len(fields), text)
        )
    return fields


def _nickname(word):
    if word == "@reboot":
        raise ValueError("@reboot: use start_in=0 for a run at the start")
    if word not in _NICKNAMES:
        raise ValueError("%s: not one of %s" % (word, " ".join(sorted(_NICKNAMES))))
    return _NICKNAMES[word]


def _values(text, field):
    # The values that a field allows, in order
    if text == "*":
        # Rules share those
        return field[1]
    values = set()
    for part in text.split(","):
        values.update(_range(part, text, field))
    return bytes(sorted(values))


def _range(part, text, field):
    # What one part of a list allows: "*", "5" or "mon-fri", each with a step or without
    name, every, _ = field
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        first = every[0]
        last = every[-1]
    else:
        first = _value(first, text, field)
        if dash:
            last = _value(last, text, field)
        else:
            last = every[-1] if slash else first
    if first > last == 0 and name == "weekday":
        # Such as "fri-sun"
        last = 7
    if first > last:
        raise ValueError("%s: %r runs backwards" % (name, span))
    return range(first, last + 1, _step(step, text, name) if slash else 1)


def _value(word, text, field):
    name, every, names = field
    names = names.split()
    if word in names:
        return names.index(word) + every[0]
    value = _number(word, text, name, names)
    if not every[0] <= value <= every[-1]:
        raise ValueError("%s: %d is not in %d-%d" % (name, value, every[0], every[-1]))
    return value


def _step(word, text, name):
    step = _number(word, text, name, ())
    if not 1 <= step <= _LONGEST_STEP:
        raise ValueError("%s: a step of %d is not in 1-%d" % (name, step, _LONGEST_STEP))
    return step


def _number(word, text, name, names):
    if not word:
        raise ValueError("%s: a number is missing in %r" % (name, text))
    if not word.isdigit():
        also = " or one of %s ... %s" % (names[0], names[-1]) if names else ""
        raise ValueError("%s: %r is not a number%s" % (name, word, also))
    return int(word)
