# posixtz: local time from a POSIX TZ string, "CET-1CEST,M3.5.0,M10.5.0/3" for Berlin
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   zone = Zone("CET-1CEST,M3.5.0,M10.5.0/3")
#   zone.localtime()                        what the clocks on the wall show now
#   zone.mktime((2026, 7, 1, 7, 0, 0))      the second at which they show that
#   zone(time.time())                       by how many seconds they are ahead of UTC
#
# Seconds count from the port's own epoch, and its clock must be at UTC. "Summer" is the time of
# daylight saving time here, whatever the season.
#
#   _Reader         reads the string for Zone: two offsets, two rules
#   Zone._look_up   finds the changes before and after a time; they are kept for the next call
#   _days, _date    the calendar

__version__ = "0.1.0"

import time

from micropython import const

_HOUR = const(3600)
_DAY = const(86400)

# Counted from 1 March of the year 0, where _days() begins: the day after the leap day comes first.
_SUNDAY = const(-3)

# A change cannot be further than this in another year than its own, with 167 hours and the offset
_OVERHANG = const(9)

# What a name of daylight saving time without rules means: the rules of the USA
_USUAL_RULES = ",M3.2.0,M11.1.0"


class Zone:
    """A time zone. A call with UTC seconds returns the seconds that local time is east of UTC.

    `text` is a POSIX TZ string such as "<-03>3" or "EST5EDT,M3.2.0,M11.1.0/2:00". Raises TypeError
    if it is no str, ValueError with the place where it is wrong, counted from 0.
    """

    def __init__(self, text: str):
        if not isinstance(text, str):
            raise TypeError("a zone is a str like 'CET-1CEST,M3.5.0,M10.5.0/3', not %r" % (text,))
        reader = _Reader(text)
        reader.name()
        self._standard = self._summer = -reader.time(24)
        self._rules = None
        if not reader.at_end():
            self._read_summer(reader)
        # Seconds: the end of the last summer, start and end of this one, start of the next one.
        # Nothing is known yet.
        self._changes = (0, 0, 0, 0)

    def _read_summer(self, reader):
        reader.name()
        self._summer = self._standard + _HOUR
        if not reader.at_end() and not reader.sees(","):
            self._summer = -reader.time(24)
        if reader.at_end():
            reader = _Reader(_USUAL_RULES)
        self._rules = reader.rule(), reader.rule()
        if not reader.at_end():
            reader.fail("nothing more is expected")

    def __call__(self, seconds: int) -> int:
        if not self._rules:
            return self._standard
        last_end, start, end, next_start = self._changes
        if not last_end <= seconds < next_start:
            last_end, start, end, next_start = self._look_up(seconds)
        return self._summer if start <= seconds < end else self._standard

    def _look_up(self, seconds):
        # The first summer that ends after `seconds`. Where daylight saving time never ends, each
        # summer goes on to the next or overlaps it.
        year = _date(int(seconds) // _DAY + _epoch - _OVERHANG)[0] - 1
        last_end = self._end(year - 1)
        end = self._end(year)
        while end <= seconds:
            year += 1
            last_end = end
            end = self._end(year)
        changes = last_end, self._start(year), end, self._start(year + 1)
        # In one step, for interrupts
        self._changes = changes
        return changes

    def _start(self, year):
        return _moment(self._rules[0], year) - self._standard

    def _end(self, year):
        # The end of the summer that starts in that year; in the south that is in the next year
        end = _moment(self._rules[1], year) - self._summer
        if end <= self._start(year):
            end = _moment(self._rules[1], year + 1) - self._summer
        return end

    def localtime(self, seconds: int | None = None) -> tuple:
        """Local time at UTC `seconds`, or now, as a tuple like that of time.localtime()."""
        # time.time() is a float on the unix port
        seconds = int(time.time() if seconds is None else seconds)
        seconds += self(seconds)
        day = seconds // _DAY + _epoch
        second = seconds % _DAY
        year, month, mday = _date(day)
        hour = second // _HOUR
        minute = second // 60 % 60
        weekday = (day - _SUNDAY - 1) % 7
        yearday = day - _days(year, 1, 1) + 1
        return year, month, mday, hour, minute, second % 60, weekday, yearday

    def mktime(self, local: tuple) -> int:
        """The UTC seconds at which clocks show `local`: year, month, day, hour, minute, second.

        More fields are not looked at. A time that comes twice is the first of the two; one that
        clocks skip is the moment at which they do.
        """
        year, month, mday, hour, minute, second = local[:6]
        day = _days(year, month, mday) - _epoch
        seconds = day * _DAY + hour * _HOUR + minute * 60 + second
        least = min(self._standard, self._summer)
        most = max(self._standard, self._summer)
        if self(seconds - most) == most:
            return seconds - most
        seconds -= least
        if self(seconds) == least:
            return seconds
        # It was skipped, by the latest of the changes
        return max([change for change in self._changes if change <= seconds])


class _Reader:
    # Reads a TZ string from left to right

    def __init__(self, text):
        self._text = text
        self._at = 0

    def fail(self, reason, at=None):
        raise ValueError("%s: %s, at %d" % (self._text, reason, self._at if at is None else at))

    def at_end(self):
        return self._at == len(self._text)

    def sees(self, chars):
        return not self.at_end() and self._text[self._at] in chars

    def take(self, chars):
        # The next character if it is one of these, else ""
        if not self.sees(chars):
            return ""
        self._at += 1
        return self._text[self._at - 1]

    def expect(self, char):
        if not self.take(char):
            self.fail("'%s' is missing" % char)

    def name(self):
        # CET, or <+01>. It goes nowhere.
        quoted = self.take("<")
        start = self._at
        while not self.at_end() and (
            self._text[self._at].isalpha() or quoted and self.sees("+-0123456789")
        ):
            self._at += 1
        if self._at < start + 3:
            self.fail("a name of 3 or more letters is missing", start)
        if quoted:
            self.expect(">")

    def number(self, what, lowest, highest):
        start = self._at
        while self.take("0123456789"):
            pass
        if self._at == start:
            self.fail("%s is missing" % what)
        number = int(self._text[start : self._at])
        if not lowest <= number <= highest:
            self.fail("%s %d is not in %d-%d" % (what, number, lowest, highest), start)
        return number

    def time(self, hours):
        # Seconds; "-2:30" and "-2:30:00" are -9000
        sign = -1 if self.take("+-") == "-" else 1
        seconds = self.number("hour", 0, hours) * _HOUR
        if self.take(":"):
            seconds += self.number("minute", 0, 59) * 60
            if self.take(":"):
                seconds += self.number("second", 0, 59)
        return sign * seconds

    def rule(self):
        # The first such weekday from a day on; None as weekday: that day itself. And the seconds
        # from its midnight on.
        self.expect(",")
        month = 1
        weekday = None
        if self.take("M"):
            month = self.number("month", 1, 12)
            self.expect(".")
            day = self.number("week", 1, 5) * 7 - 6
            self.expect(".")
            weekday = self.number("weekday", 0, 6)
            if day == 29:
                # Week 5 is the last one: the 7 days before the next month
                month += 1
                day = -6
        elif self.take("J"):
            day = self.number("day", 1, 365)
            if day > 59:
                # 29 February is not counted, so 60 always is 1 March
                month = 3
                day -= 59
        else:
            day = self.number("day", 0, 365) + 1
        return month, day, weekday, self.time(167) if self.take("/") else 2 * _HOUR


def _moment(rule, year):
    # Seconds at which a clock that knows no change would show the time of the rule
    month, day, weekday, second = rule
    day = _days(year, month, day)
    if weekday is not None:
        day += (weekday + _SUNDAY - day) % 7
    return (day - _epoch) * _DAY + second


def _days(year, month, day):
    # Days since 1 March of the year 0. Months and days may be out of their ranges.
    months = year * 12 + month - 3
    year = months // 12
    before_year = 365 * year + year // 4 - year // 100 + year // 400
    # From March on, lengths of 31, 30, 31, 30, 31 days repeat
    before_month = (153 * (months % 12) + 2) // 5
    return before_year + before_month + day - 1


def _date(days):
    # Year, month and day of the month: what _days() made one number of. Years begin in March here.
    year = (days + 2) * 400 // 146097
    if days < _days(year, 3, 1):
        year -= 1
    days -= _days(year, 3, 1)
    month = (5 * days + 2) // 153
    day = days - (153 * month + 2) // 5 + 1
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)


# The port's epoch. Some days after it: west of Greenwich the year before may not be over yet.
_epoch = _days(time.localtime(1000000)[0], 1, 1)
