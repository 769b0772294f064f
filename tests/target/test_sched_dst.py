# Proves promise 6, "wall-clock times follow the wall clock", with summer time: Europe/Berlin, by a
# zone that is written out. test_dst_zones.py has zones that the C library knows by their names.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import time

from harness import Skip, eq
from programs import fresh, job, play

OURS_ONLY = {}

TIMEOUT = 120
ENV = {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}

HOUR = 3_600_000


def at(*utc):
    # The RTC as it is at a time in UTC; skips where the port knows no time zones
    s = int(time.mktime((2024, 7, 1, 0, 0, 0, 0, 0)))
    if time.localtime(s)[3] == time.gmtime(s)[3]:
        raise Skip("no time zones here")
    vclock.install()
    y, mo, d, h, mi, sec = utc
    # mktime() is of local time: go from noon UTC of the year's first day
    base = int(time.mktime((y, 1, 1, 1, 0, 0, 0, 0)))  # 00:00 UTC
    assert time.gmtime(base)[:6] == (y, 1, 1, 0, 0, 0), time.gmtime(base)
    days = int(time.mktime((y, mo, d, 12, 0, 0, 0, 0)) - time.mktime((y, 1, 1, 12, 0, 0, 0, 0)))
    days = (days + 43_200) // 86_400
    return base + ((days * 24 + h) * 60 + mi) * 60 + sec


def test_time_that_does_not_exist():
    """On the last Sunday in March there is no 02:30: what has a fixed time runs at 03:00, once."""
    for options in (
        {"start_in": (2024, 3, 31, 2, 30, 0)},
        {"start_in": (2024, 3, 31, 2, 30, 0), "repeat": 86_400},
        {"repeat": "30 2 * * *"},
        {"repeat": "0,30 2 * * *"},
        {"repeat": "10-50/5 2 * * *"},
        {"start_in": (2024, 3, 30, 2, 30, 0), "repeat": 86_400},
        {"start_in": (2024, 3, 29, 2, 30, 0), "repeat": 2 * 86_400},
    ):
        fresh(epoch=at(2024, 3, 31, 0, 0, 0))  # 01:00 local
        runs = []
        job("a", runs, **options)
        play(20 * HOUR)
        eq((options, runs), (options, [HOUR]))


def test_star_rules_in_spring():
    """Rules that begin with `*` take the clock as it shows: there is no 02:15, and no gap."""
    for rule, want in (
        ("*/15 2 * * *", []),
        ("*/15 * * * *", [15 * 60_000 * n for n in range(1, 13)]),
        ("@hourly", [HOUR, 2 * HOUR, 3 * HOUR]),
        ("30 * * * *", [HOUR // 2, HOUR + HOUR // 2, 2 * HOUR + HOUR // 2]),
        # 03:00 is there, 02:00 and 02:30 are not
        ("30 */2 * * *", [2 * HOUR + HOUR // 2]),
        ("0 */3 * * *", [HOUR]),
    ):
        fresh(epoch=at(2024, 3, 31, 0, 0, 0))  # 01:00 local
        runs = []
        job("a", runs, start_in=1, repeat=rule)
        play(3 * HOUR)
        eq((rule, runs), (rule, want))


def test_star_rules_in_autumn():
    """And what the clock shows twice matches twice."""
    quarters = [HOUR // 4 * n for n in range(1, 17)]
    for rule, want in (
        # 02:00 to 02:45, twice: eight runs
        ("*/15 2 * * *", [ms for ms in quarters if HOUR <= ms < 3 * HOUR]),
        ("*/15 * * * *", quarters),
        ("@hourly", [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]),
        ("30 */2 * * *", [HOUR + HOUR // 2, 2 * HOUR + HOUR // 2]),
        # These are fixed, though they match as often
        ("0-59/15 2 * * *", [ms for ms in quarters if HOUR <= ms < 2 * HOUR]),
        ("30 0-23 * * *", [HOUR // 2, HOUR * 3 // 2, HOUR * 7 // 2]),
        ("30 5,*/2 * * *", [HOUR * 3 // 2]),
    ):
        fresh(epoch=at(2024, 10, 26, 23, 0, 0))  # 01:00 local
        runs = []
        job("a", runs, start_in=1, repeat=rule)
        play(4 * HOUR)
        eq((rule, runs), (rule, want))


def test_other_seconds_after_a_tuple():
    """What is no whole number of days is at start + k * repeat on the RTC, on both nights."""
    for utc, tuple_ in (
        ((2024, 3, 31, 0, 0, 0), (2024, 3, 31, 1, 10, 0)),
        ((2024, 10, 26, 23, 0, 0), (2024, 10, 27, 1, 10, 0)),
    ):
        for repeat in (600, 3600, 5000, 86_399):
            fresh(epoch=at(*utc))
            runs = []
            job("a", runs, start_in=tuple_, repeat=repeat)
            play(30 * HOUR)
            eq(runs, list(range(600_000, 30 * HOUR + 1, repeat * 1000)))


def test_days_off_by_the_change():
    """A tuple of a time that is missing or comes twice: the days after are at its own time."""
    fresh(epoch=at(2024, 3, 30, 23, 0, 0))  # midnight, local
    a, b = [], []
    job("a", a, start_in=(2024, 3, 31, 2, 30, 0), repeat=86_400)
    job("b", b, start_in=(2024, 3, 31, 2, 30, 0), repeat=2 * 86_400)
    play(80 * HOUR)
    half = HOUR // 2
    # 03:00, then 02:30 of days after one of 23 hours
    eq(a, [2 * HOUR, 25 * HOUR + half, 49 * HOUR + half, 73 * HOUR + half])
    eq(b, [2 * HOUR, 49 * HOUR + half])


def test_days_after_spring():
    """The day after, it is 02:30 again."""
    fresh(epoch=at(2024, 3, 30, 1, 0, 0))  # 02:00 local
    a, b = [], []
    job("a", a, repeat="30 2 * * *")
    job("b", b, start_in=(2024, 3, 30, 2, 30, 0), repeat=86_400)
    play(73 * HOUR)
    # 30 March 02:30, 31 March 03:00, 1 April 02:30 of a day with 23 hours, 2 April
    want = [HOUR // 2, 24 * HOUR, 47 * HOUR + HOUR // 2, 71 * HOUR + HOUR // 2]
    eq(a, want)
    eq(b, want)


def test_repeated_hour_runs_once():
    """On the last Sunday in October 02:30 is there twice, and runs once; the day has 25 hours."""
    fresh(epoch=at(2024, 10, 26, 22, 0, 0))  # 00:00 local
    a, b, c = [], [], []
    job("a", a, repeat="30 2 * * *")
    job("b", b, start_in=(2024, 10, 26, 2, 30, 0), repeat=86_400)
    job("c", c, start_in=(2024, 10, 27, 2, 30, 0))
    play(40 * HOUR)
    eq(a, [2 * HOUR + HOUR // 2, 27 * HOUR + HOUR // 2])
    eq(b, a)
    eq(c, a[:1])


def test_hours_around_the_repeated_one():
    """What is due at other hours is on time all day."""
    fresh(epoch=at(2024, 10, 26, 22, 0, 0))  # 00:00 local
    runs = []
    job("a", runs, repeat="0 1,4,12 * * *")
    play(24 * HOUR)
    eq(runs, [HOUR, 5 * HOUR, 13 * HOUR])


def test_seconds_do_not_care_for_dst():
    """What was given in seconds has hours of 3600 s."""
    for epoch in (at(2024, 3, 31, 0, 0, 0), at(2024, 10, 26, 23, 0, 0)):
        fresh(epoch=epoch)
        runs = []
        job("a", runs, repeat=1800)
        job("w", [], repeat="@daily")
        job("v", [], repeat="* * * * *")
        play(5 * HOUR)
        eq(runs, list(range(HOUR // 2, 5 * HOUR + 1, HOUR // 2)))
