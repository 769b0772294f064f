# Crontab strings in `repeat`: when they run, from when, what is refused, how long a search takes.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# tests/test_cron.py compares the search itself with another implementation, on the host.

import time

ticks_us = time.ticks_us
ticks_diff = time.ticks_diff

import vclock

vclock.install()

import gc

import afresh

from afresh import civil, modules, run
from harness import eq

TIMEOUT = 120

UNIX_ONLY = "takes minutes on a board, where test_sched_clocks.py and tests/device have rules"
NEEDS = {
    "test_leap_days_after_2038": "a clock past 2038",
    "test_rare_rule_is_found_in_50_ms": "a clock past 2038",
}


def fresh(epoch, **options):
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(epoch, **options)


def add(name, **options):
    # Schedules a task that notes the local time of its runs
    runs = []

    async def body():
        runs.append(time.localtime()[:6])

    aioschedule.schedule(name, **options)
    aioctl.add(body, name=name)
    return runs


def check(rule, when, want):
    # The first match of a rule at a time or later: how long it is idle from the second before
    fresh(when)
    vclock.step(-1)
    afresh.add("pump", repeat=rule)
    eq((rule, when, aioschedule.idle_ms()), (rule, when, (civil(*want) - civil(*when) + 1) * 1000))


def test_fields():
    """Stars, lists, ranges, steps and names, in any case."""
    # A Monday
    now = (2024, 1, 1, 0, 0, 1)
    for rule, want in (
        ("* * * * *", (2024, 1, 1, 0, 1)),
        ("0 0 * * *", (2024, 1, 2, 0, 0)),
        ("*/7 * * * *", (2024, 1, 1, 0, 7)),
        ("30-40/7 * * * *", (2024, 1, 1, 0, 30)),
        ("50/4 * * * *", (2024, 1, 1, 0, 50)),
        ("59,5 4,2 * * *", (2024, 1, 1, 2, 5)),
        ("0 12 31 * *", (2024, 1, 31, 12, 0)),
        ("0 12 * FEB *", (2024, 2, 1, 12, 0)),
        ("0 12 * apr-Jun/2 *", (2024, 4, 1, 12, 0)),
        ("0 12 * * wed", (2024, 1, 3, 12, 0)),
        ("0 12 * * 7", (2024, 1, 7, 12, 0)),
        ("0 12 * * 0", (2024, 1, 7, 12, 0)),
        ("0 12 * * SAT-SUN", (2024, 1, 6, 12, 0)),
        ("0 12 * * 6-7", (2024, 1, 6, 12, 0)),
        ("  0\t12  *  *  Tue  ", (2024, 1, 2, 12, 0)),
        ("\n0 12 * * Tue\n", (2024, 1, 2, 12, 0)),
        ("0 12 * * fri-sun", (2024, 1, 5, 12, 0)),
        ("@hourly", (2024, 1, 1, 1, 0)),
        ("@daily", (2024, 1, 2, 0, 0)),
        ("@midnight", (2024, 1, 2, 0, 0)),
        ("@weekly", (2024, 1, 7, 0, 0)),
        ("@monthly", (2024, 2, 1, 0, 0)),
        ("@Yearly", (2025, 1, 1, 0, 0)),
        ("@ANNUALLY", (2025, 1, 1, 0, 0)),
    ):
        check(rule, now, want)


def test_day_fields():
    """Either day will do when both are restricted; a star at the start leaves one out."""
    now = (2024, 1, 1, 0, 0, 1)
    check("0 0 13 * fri", now, (2024, 1, 5, 0, 0))
    check("0 0 3 * fri", now, (2024, 1, 3, 0, 0))
    check("0 0 13 * *", now, (2024, 1, 13, 0, 0))
    check("0 0 * * fri", now, (2024, 1, 5, 0, 0))
    check("0 0 13 * */5", now, (2024, 9, 13, 0, 0))
    check("0 0 */10 * fri", now, (2024, 3, 1, 0, 0))


def test_ends_of_months_and_years():
    """Days that a month does not have, leap days, the last minute of a year."""
    check("0 0 31 * *", (2024, 2, 1, 0, 0, 0), (2024, 3, 31, 0, 0))
    check("0 0 30 * *", (2023, 1, 31, 0, 0, 0), (2023, 3, 30, 0, 0))
    check("0 0 29 2 *", (2024, 2, 29, 0, 0, 0), (2024, 2, 29, 0, 0))
    check("0 0 29 2 *", (2024, 2, 29, 0, 0, 1), (2028, 2, 29, 0, 0))
    check("59 23 31 12 *", (2023, 12, 31, 23, 59, 0), (2023, 12, 31, 23, 59))
    check("59 23 31 12 *", (2023, 12, 31, 23, 59, 1), (2024, 12, 31, 23, 59))
    check("* * * * *", (2023, 12, 31, 23, 59, 1), (2024, 1, 1, 0, 0))
    check("0 0 29 2 */7", (2024, 1, 1, 0, 0, 0), (2032, 2, 29, 0, 0))


def test_leap_days_after_2038():
    check("0 0 29 2 *", (2096, 3, 1, 0, 0, 0), (2104, 2, 29, 0, 0))
    check("0 0 29 2 */7", (2088, 3, 1, 0, 0, 0), (2128, 2, 29, 0, 0))
    check("0 0 29 2 */7", (2088, 2, 29, 0, 0, 1), (2128, 2, 29, 0, 0))


def test_rare_rule_is_found_in_50_ms():
    """29 February on a Sunday, forty years away, and a rule that never comes; in real time."""
    worst = 0
    for rule, when in (
        ("0 0 29 2 */7", (2088, 3, 1, 0, 0, 0)),
        ("0 0 29 2 */7", (2004, 2, 29, 0, 0, 1)),
        ("59 23 29 2 */6", (2024, 3, 1, 0, 0, 0)),
        ("0 0 31 2 */7", (2024, 1, 1, 0, 0, 0)),
        ("59 23 31 12 *", (2023, 12, 31, 23, 59, 1)),
    ):
        fresh(when)
        vclock.step(-1)
        gc.collect()
        start = ticks_us()
        try:
            aioschedule.schedule("pump", repeat=rule)
        except ValueError:
            pass
        took = ticks_diff(ticks_us(), start)
        print(rule, took, "us")
        worst = max(worst, took)
    assert worst < 50_000, worst


def test_runs():
    """Every run is at its time, over the end of a February."""
    fresh((2024, 2, 28, 23, 50, 30))
    ten = add("ten", repeat="*/10 * * * *", times=3)
    late = add("late", repeat="55 23 29 2 *")
    day = add("day", repeat="@daily")
    run(3 * 86400)
    eq(ten, [(2024, 2, 29, 0, 0, 0), (2024, 2, 29, 0, 10, 0), (2024, 2, 29, 0, 20, 0)])
    eq(late, [(2024, 2, 29, 23, 55, 0)])
    eq(day, [(2024, 2, 29, 0, 0, 0), (2024, 3, 1, 0, 0, 0), (2024, 3, 2, 0, 0, 0)])


def test_not_before_start_in():
    """With `start_in` the first run is the first match then or later."""
    fresh((2024, 5, 1, 12, 0, 30))
    a = add("a", start_in=3600, repeat="*/10 * * * *", times=2)
    b = add("b", start_in=(2024, 5, 1, 13, 30, 0), repeat="*/10 * * * *", times=2)
    c = add("c", start_in=(2024, 5, 1, 13, 30, 1), repeat="*/10 * * * *", times=2)
    d = add("d", start_in=0, repeat="*/10 * * * *", times=2)
    e = add("e", start_in=(2020, 1, 1, 0, 0, 0), repeat="*/10 * * * *", times=2)
    run(2 * 3600)
    eq(a, [(2024, 5, 1, 13, 10, 0), (2024, 5, 1, 13, 20, 0)])
    eq(b, [(2024, 5, 1, 13, 30, 0), (2024, 5, 1, 13, 40, 0)])
    eq(c, [(2024, 5, 1, 13, 40, 0), (2024, 5, 1, 13, 50, 0)])
    for runs in (d, e):
        eq(runs, [(2024, 5, 1, 12, 10, 0), (2024, 5, 1, 12, 20, 0)])


def test_scheduled_in_the_minute_it_names():
    """A rule that matches this minute, which has begun, runs at its next match."""
    fresh((2024, 5, 1, 12, 0, 1))
    a = add("a", repeat="0 12 * * *")
    run(86400 + 3600)
    eq(a, [(2024, 5, 2, 12, 0, 0)])


def test_start_in_seconds_and_a_match_missed_together():
    """Kept from both its start and the match after it: that match runs once, at once."""
    fresh((2024, 1, 1, 0, 0, 0))
    a = add("a", start_in=59, repeat="* * * * *")
    run(130, (58, lambda: vclock.block(3500)))
    eq(a, [(2024, 1, 1, 0, 1, 1), (2024, 1, 1, 0, 2, 0)])


def test_missed_runs_are_one():
    """What was due while the loop was kept from running runs once, then the rule goes on."""
    fresh((2024, 5, 1, 12, 0, 30))
    a = add("a", repeat="* * * * *", times=4)
    run(900, (40, lambda: vclock.block(200_000)))
    eq([t[3:] for t in a], [(12, 1, 0), (12, 4, 30), (12, 5, 0), (12, 6, 0)])


def test_clock_is_set():
    """A board that wakes in 2000 runs by the date as soon as it has it, and nothing before."""
    fresh((2000, 1, 1, 0, 0, 0))
    a = add("a", repeat="0 12 * * *")
    b = add("b", start_in=(2024, 5, 1, 0, 0, 0), repeat="0 12 * * *")
    run(7200, (60, lambda: vclock.set_rtc((2024, 5, 1, 11, 30, 0))))
    for runs in (a, b):
        eq(runs, [(2024, 5, 1, 12, 0, 0)])


def test_clock_is_set_back():
    """A rule does not wait until the wrong time comes again."""
    fresh((2024, 5, 1, 12, 0, 0))
    a = add("a", repeat="*/30 * * * *")
    run(7200, (60, lambda: vclock.set_rtc((2000, 1, 1, 0, 0, 10))))
    eq(a[:3], [(2000, 1, 1, 0, 30, 0), (2000, 1, 1, 1, 0, 0), (2000, 1, 1, 1, 30, 0)])


def test_clock_is_set_after_a_start_in_seconds():
    """A rule that waits for its start follows the clock too, and so does one that has run."""
    for second in (5, 10.5, 20):
        fresh((2024, 5, 1, 12, 0, 0))
        a = add("a", start_in=10, repeat="*/30 * * * *")
        run(7200, (second, lambda: vclock.set_rtc((2000, 1, 1, 0, 0, 10))))
        eq((second, a[:2]), (second, [(2000, 1, 1, 0, 30, 0), (2000, 1, 1, 1, 0, 0)]))


def test_errors():
    """The error names task, option, rule and field; the schedule stays as it was."""
    fresh((2024, 5, 1, 12, 0, 0))
    aioschedule.schedule("pump", repeat="* * * * *")
    before = repr(aioschedule.group())
    for rule, field in (
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day"),
        ("* * * 13 *", "month"),
        ("* * * dez *", "month"),
        ("* * * * 8", "weekday"),
        ("* * * * fry", "weekday"),
        ("* * 5-1 * *", "day"),
        ("*/0 * * * *", "minute"),
        ("* * * *", ""),
        ("* * * * * *", ""),
        ("", ""),
        ("@", ""),
        ("@sometimes", ""),
        ("@reboot", "start_in=0"),
        ("0 0 30 feb *", ""),
        ("* * 31 2,4,6,9,11 */7", ""),
    ):
        for options in ({}, {"start_in": 5}, {"start_in": (2024, 6, 1, 0, 0, 0)}):
            try:
                aioschedule.schedule("pump", repeat=rule, **options)
            except ValueError as exc:
                text = str(exc)
                for part in ("pump", "repeat", repr(rule), field):
                    assert part in text, text
            else:
                raise AssertionError(rule + " is taken")
            eq(repr(aioschedule.group()), before)
