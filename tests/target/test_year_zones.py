# Proves that a year of local time has the runs that it should have: all of 2025, counted, in five
# zones. In four of them two nights are special, in Kolkata none is.
# MIT license; Copyright (c) 2026 the aioschedule authors

from harness import eq
from programs import job
from sleepyboard import fresh_board, play

TIMEOUT = 120
UNIX_ONLY = "a year takes hours on a board"

DAYS = 365
QUARTER = 900  # seconds, as all below
HOUR = 3600
DAY = 86400
# Seconds before the year in which the tasks are scheduled
AHEAD = 30
ALL_DAYS = list(range(DAYS))

# What the clocks do is written out below, and not asked of the code that is tested.


def at(day_of_year, hour, minute=0):
    # Seconds from the beginning of the year; 1 January is day 1
    return (day_of_year - 1) * DAY + hour * HOUR + minute * 60


class Year:
    """The year 2025 in a zone, `east` hours from UTC at both ends of it. `changes`: pairs of a
    time in UTC, as at() has it, and the hours east from then on.

    A moment is in real seconds, counted from the midnight at which the year begins there."""

    def __init__(self, zone, east, changes=()):
        self.zone = zone
        self.east = int(east * HOUR)
        # (begin, end, how far the clock is ahead of where it began)
        self.spans = []
        begin = -AHEAD
        ahead = 0
        for moment, hours in changes:
            self.spans.append((begin, moment + self.east, ahead))
            begin = moment + self.east
            ahead = int(hours * HOUR) - self.east
        self.spans.append((begin, DAYS * DAY, ahead))

    def shown(self, moment):
        """What the clock shows: seconds from the first midnight, on a clock without changes."""
        for begin, end, ahead in self.spans:
            if begin <= moment < end:
                return moment + ahead

    def first(self, local):
        """When the clock first shows that, or leaves it out."""
        for begin, end, ahead in self.spans:
            if local - ahead < end:
                return max(begin, local - ahead)

    def every(self, period):
        """Whether the clock shows a multiple of that, for each quarter of an hour."""
        quarters = range(0, DAYS * DAY, QUARTER)
        return bytes(self.shown(moment) % period == 0 for moment in quarters)

    def daily(self, hour, minute):
        """The moment of a time of day, for all days."""
        return [self.first(at(day, hour, minute)) for day in range(1, DAYS + 1)]


class Frequent:
    """In the place of a list of runs, which would be long: how many there were in each quarter of
    an hour, and those that were not at its beginning. No clock here changes by less."""

    def __init__(self):
        self.counts = bytearray(DAYS * DAY // QUARTER)
        self.others = []

    def append(self, ms):
        moment = ms // 1000 - AHEAD
        if ms % 1000 or moment % QUARTER:
            self.others.append(ms)
        self.counts[moment // QUARTER] += 1

    def __len__(self):
        return sum(self.counts)


class Runs:
    """Schedules tasks a moment before a year begins, runs them for all of it, and looks at the
    runs that they had. The RTC is at UTC."""

    def __init__(self, year):
        self.year = year
        # It sleeps while nothing is due. To look at the RTC each second would take minutes.
        self.board, _, self.aioschedule = fresh_board(
            "nothing", AHEAD + DAYS * DAY, epoch=(2024, 12, 31, 0, 0, 0)
        )
        # To half a minute before local midnight
        self.board.step((DAY - year.east - AHEAD) * 1000)
        self.aioschedule.set_zone(year.zone)
        self.runs = {}

    def add(self, name, runs, **options):
        self.runs[name] = runs
        job(name, runs, **options)

    def add_daily(self, hour, minute):
        """A task at a time of day, by a rule, and one by a tuple."""
        rule = "%d %d * * *" % (minute, hour)
        self.add("rule %d:%02d" % (hour, minute), [], repeat=rule)
        start = (2025, 1, 1, hour, minute, 0)
        self.add("tuple %d:%02d" % (hour, minute), [], start_in=start, repeat=DAY)

    def add_others(self):
        """A day of real seconds, and tasks that run more often."""
        self.add("seconds", [], start_in=AHEAD, repeat=DAY)
        self.add("@hourly", Frequent(), repeat="@hourly")
        self.add("0 * * * *", Frequent(), repeat="0 * * * *")
        self.add("hours", Frequent(), start_in=(2025, 1, 1, 0, 0, 0), repeat=HOUR)
        self.add("quarters", Frequent(), repeat="*/15 * * * *")

    def play(self):
        play(self.board)
        for row in self.aioschedule.snapshot():
            # Nothing was left out, and nothing is counted that did not run
            eq((row["name"], row["runs"]), (row["name"], len(self.runs[row["name"]])))
            eq((row["name"], row["missed"]), (row["name"], 0))

    def moments(self, name):
        """As Year has them."""
        # None is late by a ms
        eq((name, [ms for ms in self.runs[name] if ms % 1000]), (name, []))
        return [ms // 1000 - AHEAD for ms in self.runs[name]]

    def when_shown(self, name, day):
        """What the clock shows at the run of a day: seconds from its midnight."""
        return self.year.shown(self.moments(name)[day - 1]) - at(day, 0)

    def check_daily(self, hour, minute):
        for kind in "rule", "tuple":
            name = "%s %d:%02d" % (kind, hour, minute)
            moments = self.moments(name)
            eq((name, len(moments)), (name, DAYS))
            # One on each day, and none twice
            eq((name, [self.year.shown(moment) // DAY for moment in moments]), (name, ALL_DAYS))
            eq((name, moments), (name, self.year.daily(hour, minute)))

    def check_others(self, hourly):
        """`hourly`: how many full hours the clock shows in the year."""
        eq(self.moments("seconds"), list(range(0, DAYS * DAY, DAY)))
        for name in "@hourly", "0 * * * *":
            self.check_frequent(name, hourly, self.year.every(HOUR))
        # Seconds after a tuple are real seconds
        self.check_frequent("hours", DAYS * 24, b"\1\0\0\0" * DAYS * 24)
        # One change leaves out as many quarters as come twice with the other, and none is moved
        self.check_frequent("quarters", DAYS * 96, self.year.every(QUARTER))
        self.check_frequent("quarters", DAYS * 96, b"\1" * DAYS * 96)

    def check_frequent(self, name, count, wanted):
        runs = self.runs[name]
        eq((name, runs.others), (name, []))
        eq((name, len(runs)), (name, count))
        assert runs.counts == wanted, (name, difference(runs.counts, wanted))


def difference(counts, wanted):
    # Of those that differ the first few: the quarter of an hour, what there was, what was wanted
    triples = zip(range(len(counts)), counts, wanted)
    return [triple for triple in triples if triple[1] != triple[2]][:5]


def whole_year(year, hourly, *times):
    runs = Runs(year)
    for hour, minute in times:
        runs.add_daily(hour, minute)
    runs.add_others()
    runs.play()
    for hour, minute in times:
        runs.check_daily(hour, minute)
    runs.check_others(hourly)
    return runs


def test_berlin():
    """02:00 to 03:00 is missing on 30 March and there twice on 26 October."""
    zone = "CET-1CEST,M3.5.0,M10.5.0/3"
    year = Year(zone, 1, ((at(89, 1), 2), (at(299, 1), 1)))
    runs = whole_year(year, 8760, (2, 30), (12, 0))
    for kind in "rule 2:30", "tuple 2:30":
        eq(runs.when_shown(kind, 89), 3 * HOUR)
        eq(runs.when_shown(kind, 90), 2 * HOUR + 1800)
        # The first time that it is 02:30, which is before the change
        eq(runs.moments(kind)[298], at(299, 0, 30) + HOUR)


def test_new_york():
    """02:00 to 03:00 is missing on 9 March, and 01:00 to 02:00 is there twice on 2 November."""
    year = Year("EST5EDT,M3.2.0,M11.1.0", -5, ((at(68, 7), -4), (at(306, 6), -5)))
    runs = whole_year(year, 8760, (1, 30), (2, 30), (18, 45))
    for kind in "rule 2:30", "tuple 2:30":
        eq(runs.when_shown(kind, 68), 3 * HOUR)
    for kind in "rule 1:30", "tuple 1:30":
        eq(runs.moments(kind)[305], at(306, 5, 30) - 5 * HOUR)


def test_lord_howe():
    """Half an hour: 01:30 to 02:00 is there twice on 6 April, 02:00 to 02:30 is missing on 5
    October. One full hour of the year goes with it: a rule takes the clock as it shows."""
    zone = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
    year = Year(zone, 11, ((at(95, 15), 10.5), (at(277, 15, 30), 11)))
    runs = whole_year(year, 8759, (1, 45), (2, 0), (2, 15), (7, 0))
    for time in "2:00", "2:15":
        for kind in "rule ", "tuple ":
            eq(runs.when_shown(kind + time, 278), 2 * HOUR + 1800)
    for kind in "rule 1:45", "tuple 1:45":
        eq(runs.moments(kind)[95], at(95, 14, 45) + 11 * HOUR)
    # From 01:00 to the next full hour it takes an hour and a half, on both nights
    for day, one in (96, at(95, 14)), (278, at(277, 14, 30)):
        first = (one + 11 * HOUR) // QUARTER
        eq((day, bytes(runs.runs["@hourly"].counts[first : first + 7])), (day, b"\1\0\0\0\0\0\1"))


def test_santiago():
    """At midnight: 23:00 to 24:00 is there twice on 5 April, 00:00 to 01:00 is missing on 7
    September. Neither day has a run less, or more."""
    zone = "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
    year = Year(zone, -3, ((at(96, 3), -4), (at(250, 4), -3)))
    runs = whole_year(year, 8760, (0, 0), (0, 30), (23, 30), (12, 0))
    for time in "0:00", "0:30":
        for kind in "rule ", "tuple ":
            eq(runs.when_shown(kind + time, 250), HOUR)
    for kind in "rule 23:30", "tuple 23:30":
        eq(runs.moments(kind)[94], at(96, 2, 30) - 3 * HOUR)


def test_kolkata():
    """No change, and half an hour from the full hours of the RTC."""
    runs = whole_year(Year("IST-5:30", 5.5), 8760, (2, 30), (23, 59))
    eq(runs.moments("rule 2:30"), runs.moments("tuple 2:30"))
