# Crontab rules on the nights when the clocks change.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Two other opinions: cronsim, which copies Debian's cron, with the zones of zoneinfo; and what the
# documentation says about fixed and other rules, written down as it says it (fixed() and shown()
# below), also for zones that do not exist. DIFFERENCES tells where cronsim differs, and why.
# CRON_SEED=n repeats a run.

import bisect
import os
import random
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from cron_process import CronProcess
from cronsim import CronSim

SEED = int(os.environ.get("CRON_SEED") or random.SystemRandom().randrange(1 << 32))
MINUTE = 60
HOUR = 3600
DAY = 86_400
EPOCH = datetime(1970, 1, 1)


def seconds(text):
    return round((datetime.fromisoformat(text) - EPOCH).total_seconds())


# Name -> first and last day of a time in which it changes
YEARS = {
    "Europe/Berlin": ("2026-01-01", "2027-01-01"),
    "America/New_York": ("2026-01-01", "2027-01-01"),
    "Australia/Lord_Howe": ("2026-01-01", "2027-01-01"),  # by half an hour
    "America/Santiago": ("2026-01-01", "2027-01-01"),  # at midnight
    "Asia/Kolkata": ("2026-01-01", "2026-03-01"),  # never
    "Africa/Casablanca": ("2026-01-01", "2027-01-01"),  # for Ramadan
    "Antarctica/Troll": ("2026-01-01", "2027-01-01"),  # by two hours
    "Pacific/Apia": ("2011-09-01", "2012-05-01"),  # left out 30 December
    "America/Caracas": ("2016-01-01", "2017-01-01"),  # by half an hour, for good
    "America/Sao_Paulo": ("2018-01-01", "2019-03-01"),  # at midnight, back to the day before
    "Pacific/Kwajalein": ("1993-08-01", "1993-10-01"),  # left out 21 August, a full day
}

# What no zone of today does: UTC seconds and the offset from then on
MADE_UP = {
    "20 minutes": [(0, 0), (seconds("2026-03-29T02:00"), 20 * MINUTE)]
    + [(seconds("2026-10-25T02:00"), 0)],
    "a day comes twice": [(0, 14 * HOUR), (seconds("2026-05-05T10:00"), -10 * HOUR)],
    "a day is left out": [(0, -12 * HOUR), (seconds("2026-05-05T12:00"), 12 * HOUR)],
    "midnight comes twice": [(0, HOUR), (seconds("2026-10-10T23:20"), 0)],
}

FIXED = (
    "0 0 * * *",
    "30 0 * * *",
    "30 2 * * *",
    "0,30 2 * * *",
    "0 2,3 * * *",
    "15 1,2,3 * * *",
    "59 23 * * *",
    "5,35 0-4 * * *",
    "0-59 0-4,23 * * *",
    "5,*/20 2 * * *",
    "30 2 * * sun",
    "45 1 1,15,29 * sat",
    "0 12 * * *",
    "1-59/7 23,0,1 * * *",
    "15 2 29 2 *",
)
AS_SHOWN = (
    "* 0-4,22-23 * * *",
    "*/15 * * * *",
    "@hourly",
    "30 * * * *",
    "*/15 2 * * *",
    "*/20 1 * * *",
    "*/10 0,23 * * *",
    "30 */2 * * *",
    "0 */3 * * *",
    "15 * * * sun",
    "*/30 1-3 25-31 3,10 *",
    "* 2 29 2 *",
)


def changes_of(name):
    """A zone as CronProcess takes it, over its years."""
    zone = ZoneInfo(name)

    def east(utc):
        return round(datetime.fromtimestamp(utc, zone).utcoffset().total_seconds())

    first, last = (seconds(text) for text in YEARS[name])
    found = [(0, east(first))]
    for hour in range(first, last, HOUR):
        if east(hour) != east(hour + HOUR):
            moments = range(hour, hour + HOUR + 1)
            at = bisect.bisect_left(moments, True, key=lambda utc: east(utc) != east(hour))
            found.append((moments[at], east(hour + HOUR)))
    return found


ZONES = {name: changes_of(name) for name in YEARS} | MADE_UP


def test_zones():
    """The zones change as often as they should, or the other tests would show nothing."""
    times = {name: len(zone) - 1 for name, zone in ZONES.items()}
    assert times == {
        "Europe/Berlin": 2,
        "America/New_York": 2,
        "Australia/Lord_Howe": 2,
        "America/Santiago": 2,
        "Asia/Kolkata": 0,
        "Africa/Casablanca": 2,
        "Antarctica/Troll": 2,
        "Pacific/Apia": 3,
        "America/Caracas": 1,
        "America/Sao_Paulo": 3,
        "Pacific/Kwajalein": 1,
        "20 minutes": 2,
        "a day comes twice": 1,
        "a day is left out": 1,
        "midnight comes twice": 1,
    }


def windows(zone):
    """Some days about each change."""
    days = [at for at, _ in zone[1:]] or [seconds("2026-02-01")]
    return [(at // DAY * DAY - DAY, at // DAY * DAY + 2 * DAY) for at in days]


def offset(zone, utc):
    return zone[bisect.bisect_right([at for at, _ in zone], utc) - 1][1]


def local_matches(rule, first, last):
    """The local times from first to last that match, by cronsim without a zone."""
    rule = {"@hourly": "0 * * * *"}.get(rule, rule)
    found = []
    for when in CronSim(rule, EPOCH + timedelta(seconds=first - 1)):
        local = round((when - EPOCH).total_seconds())
        if local > last:
            return found
        found.append(local)
    return found


def shows(zone, utc, local):
    return utc + offset(zone, utc) == local


def shown(zone, matches, first, last):
    """RTC seconds from first to last at which the clock shows a match."""
    found = {
        local - east for local in matches for _, east in zone if shows(zone, local - east, local)
    }
    return sorted(utc for utc in found if first <= utc <= last)


def moment(zone, local):
    """Local seconds in RTC seconds: the first of two, the moment of the change for none."""
    found = [local - east for _, east in zone if shows(zone, local - east, local)]
    if found:
        return min(found)
    for (_, old), (at, new) in zip(zone, zone[1:], strict=False):
        if at + old <= local < at + new:
            return at
    raise AssertionError(local)


def fixed(zone, matches, first, last):
    """RTC seconds from first to last, one run for each match but for those left out."""
    return sorted(
        {utc for utc in (moment(zone, local) for local in matches) if first <= utc <= last}
    )


def expected(rule, zone, first, last):
    matches = local_matches(rule, first - 2 * DAY, last + 2 * DAY)
    return (fixed if rule in FIXED else shown)(zone, matches, first, last)


@pytest.fixture(scope="module")
def cron(micropython):
    process = CronProcess(micropython)
    yield process
    process.close()


def until(cron, rule, zone, first, last):
    """The matches from first to last as crontab finds them, one from the other."""
    found = []
    after = first - 1
    while after <= last:
        found += cron.several(rule, after, 200, zone)
        assert found[-1] > after
        after = found[-1]
    return found[: bisect.bisect_right(found, last)]


def dates(times):
    return [f"{EPOCH + timedelta(seconds=utc):%Y-%m-%d %H:%M}" for utc in times]


def differences(ours, theirs):
    return {
        "only ours": dates(sorted(set(ours) - set(theirs))),
        "only theirs": dates(sorted(set(theirs) - set(ours))),
        "twice": dates(sorted({utc for utc in ours if ours.count(utc) > 1})),
    }


SAME = {"only ours": [], "only theirs": [], "twice": []}


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("rule", FIXED + AS_SHOWN)
def test_days_of_change(cron, rule, name):
    """On the days about each change a rule runs at the times that the documentation has."""
    zone = ZONES[name]
    for first, last in windows(zone):
        ours = until(cron, rule, zone, first, last)
        theirs = expected(rule, zone, first, last)
        assert differences(ours, theirs) == SAME
        assert ours == theirs


@pytest.mark.parametrize("name", ZONES)
def test_any_moment(cron, name):
    """The next match is the same whichever second it is asked at, months ahead as well."""
    rng = random.Random(f"{SEED} {name}")
    zone = ZONES[name]
    for rule in FIXED + AS_SHOWN:
        for first, last in windows(zone):
            theirs = expected(rule, zone, first, last)
            asked = [rng.randrange(first, last) for _ in range(60)]
            asked += [at + rng.choice((-1, 0, 1)) for at in theirs[:20]]
            asked = [at for at in asked if theirs and first <= at < theirs[-1]]
            wanted = [theirs[bisect.bisect_right(theirs, at)] for at in asked]
            ours = cron.first([(rule, at) for at in asked], zone)
            assert ours == wanted, f"CRON_SEED={SEED}: {rule} in {name}"


@pytest.mark.parametrize("name", YEARS)
def test_a_year(cron, name):
    """Over all of its time in a zone a rule has the runs that the documentation has."""
    zone = ZONES[name]
    first, last = (seconds(text) for text in YEARS[name])
    for rule in ("30 2 * * *", "0 0 * * *", "*/15 2 * * *", "30 */2 * * *", "* 2 25-31 3,10 sun"):
        assert until(cron, rule, zone, first, last) == expected(rule, zone, first, last)


@pytest.mark.parametrize("months", (1, 6, 13))
def test_change_far_ahead(cron, months):
    """A rule that matches only on a day of change finds it from months before."""
    zone = ZONES["Europe/Berlin"]
    for rule, first in (
        ("*/15 2 25 10 *", "2026-10-25T00:00"),  # comes twice
        ("30 2 25 10 *", "2026-10-25T00:30"),
        ("30 2 29 3 *", "2026-03-29T01:00"),  # left out
        ("*/30 1-3 29 3 *", "2026-03-29T00:00"),
        ("*/30 3 29 3 *", "2026-03-29T01:00"),
    ):
        for day in range(3):
            asked = seconds(first) - months * 28 * DAY + day * 5 * HOUR
            assert cron.first([(rule, asked)], zone) == [seconds(first)], rule


@pytest.mark.parametrize("name", ZONES)
def test_to_rtc(cron, name):
    """Local seconds become the first moment that shows them, or that of the change."""
    zone = ZONES[name]
    for first, last in windows(zone):
        local = list(range(first, last, 10 * MINUTE))
        for at, _ in zone[1:]:
            old, new = offset(zone, at - 1), offset(zone, at)
            local += [at + east + more for east in (old, new) for more in (-1, 0, 1)]
        assert cron.to_rtc(local, zone) == [moment(zone, x) for x in local]


# For a rule that begins with a star cronsim goes on in steps of a real hour. Where the clock
# changes by half an hour that leads to half past, and what it shows before is missed. Debian's
# cron looks at each minute, and so does crontab. (zone, rule): runs that cronsim leaves out, UTC.
DIFFERENCES = {
    ("America/Caracas", "@hourly"): ["2016-05-01 07:00"],
    ("America/Caracas", "15 * * * sun"): ["2016-05-01 07:15"],
    ("America/Caracas", "0 */3 * * *"): ["2016-05-01 07:00"],
    ("America/Caracas", "*/10 0,23 * * *"): [
        "2016-05-02 03:00",
        "2016-05-02 03:10",
        "2016-05-02 03:20",
    ],
    ("Australia/Lord_Howe", "30 * * * *"): ["2026-04-04 15:00", "2026-10-03 15:30"],
    ("Australia/Lord_Howe", "*/15 2 * * *"): ["2026-04-04 15:30", "2026-04-04 15:45"],
    ("Australia/Lord_Howe", "0 */3 * * *"): ["2026-04-04 16:30", "2026-10-03 16:00"],
    ("Australia/Lord_Howe", "*/10 0,23 * * *"): [
        "2026-04-05 12:30",
        "2026-04-05 12:40",
        "2026-04-05 12:50",
        "2026-10-04 12:00",
        "2026-10-04 12:10",
        "2026-10-04 12:20",
    ],
}


def cronsim(rule, name, first, last):
    rule = {"@hourly": "0 * * * *"}.get(rule, rule)
    start = datetime.fromtimestamp(first - 1, timezone.utc).astimezone(ZoneInfo(name))
    found = []
    for when in CronSim(rule, start):
        utc = round(when.timestamp())
        if utc > last:
            return found
        found.append(utc)
    return found


@pytest.mark.parametrize("name", YEARS)
@pytest.mark.parametrize("rule", FIXED + AS_SHOWN)
def test_cronsim(cron, rule, name):
    """cronsim has the same runs on the days about each change, but for DIFFERENCES."""
    zone = ZONES[name]
    seen = []
    for first, last in windows(zone):
        ours = until(cron, rule, zone, first, last)
        theirs = cronsim(rule, name, first, last)
        left_out = [at for at in DIFFERENCES.get((name, rule), ()) if at in dates(ours)]
        assert differences(ours, theirs) == {**SAME, "only ours": left_out}
        seen += left_out
    assert seen == DIFFERENCES.get((name, rule), [])
