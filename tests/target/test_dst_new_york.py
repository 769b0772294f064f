# Both changes between winter and summer time of one year, in New York.
# MIT license; Copyright (c) 2026 the aioschedule authors

import test_dst_berlin as dst

ENV = {"TZ": "America/New_York"}

SPRING = (1710054000, (2024, 3, 10, 1, 59, 59), (2024, 3, 10, 3, 0, 0), 60)
AUTUMN = (1730613600, (2024, 11, 3, 1, 59, 59), (2024, 11, 3, 1, 0, 0), -60)


def test_zone_is_known():
    """The C library has the rules of this zone, or no test here would show anything."""
    dst.check_zone((SPRING, AUTUMN))


def test_missing_time():
    """A time that does not exist runs at the next that does, and the day after at its own."""
    dst.check_missing_time(SPRING)


def test_repeated_time():
    """A time that comes twice runs when it comes first."""
    dst.check_repeated_time(AUTUMN)


def test_frequent_in_spring():
    """Every ten minutes goes on over the gap without a run too many."""
    dst.check_frequent(SPRING)


def test_frequent_in_autumn():
    """Every ten minutes does not run twice for what the clocks show twice."""
    dst.check_frequent(AUTUMN)


def test_hourly_in_spring():
    """A tuple and a rule agree on every hour that there is."""
    dst.check_hourly(SPRING)


def test_hourly_in_autumn():
    """A tuple and a rule agree on every hour, and run once for the one that comes twice."""
    dst.check_hourly(AUTUMN)


def test_seconds_in_spring():
    """What was given in seconds takes no notice."""
    dst.check_seconds(SPRING)


def test_seconds_in_autumn():
    """What was given in seconds takes no notice."""
    dst.check_seconds(AUTUMN)


def test_until_in_spring():
    """`until` as a tuple is what the clocks show."""
    dst.check_until(SPRING)


def test_until_in_autumn():
    """`until` as a tuple is what the clocks show."""
    dst.check_until(AUTUMN)


def test_scheduled_within_the_repeated_time():
    """What is scheduled the second time round does not wait for the next day."""
    dst.check_between(AUTUMN)


def test_status_in_spring():
    """Status before the change tells what the clocks will show after it."""
    dst.check_status(SPRING)


def test_status_in_autumn():
    """Status before the change tells what the clocks will show after it."""
    dst.check_status(AUTUMN)


def test_saved_in_spring():
    """A schedule that was saved before the change is on local time after it."""
    dst.check_saved(SPRING)


def test_saved_in_autumn():
    """A schedule that was saved before the change is on local time after it."""
    dst.check_saved(AUTUMN)
