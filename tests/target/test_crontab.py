# crontab alone: what it takes and refuses, both special nights, and what a call costs.
# MIT license; Copyright (c) 2026 the aioschedule authors

import gc
import sys
import time

import crontab
from harness import eq, raises

MINUTE = 60
HOUR = 3600
DAY = 86400

NEEDS = {"test_float_argument": "floats of 64 bits"}

# This port's epoch in seconds since 1970; some count from 2000
EPOCH = 946684800 if time.localtime(3 * DAY)[0] == 2000 else 0


def at(year, month, day, hour=0, minute=0, second=0):
    # Seconds of this port's epoch; time.mktime() of some boards ends in 2038
    days = 0
    for y in range(1970, year):
        days += 366 if leap(y) else 365
    for m in range(1, month):
        days += 29 if m == 2 and leap(year) else 28 if m == 2 else 30 if m in (4, 6, 9, 11) else 31
    days += day - 1
    return days * DAY + hour * HOUR + minute * MINUTE + second - EPOCH


def leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def runs(text, after, n, offset=None):
    rule = crontab.Rule(text, offset)
    found = []
    for _ in range(n):
        after = rule(after)
        found.append(after)
    return found


# Berlin in 2026: at 01:00 UTC on 29 March from 02:00 to 03:00, on 25 October from 03:00 to 02:00
SPRING = at(2026, 3, 29, 1)
AUTUMN = at(2026, 10, 25, 1)


def berlin(rtc):
    return 2 * HOUR if SPRING <= rtc < AUTUMN else HOUR


def test_next_match():
    # The first match is later than the time that is given, never the same.
    for text, after, first in (
        ("*/5 * * * *", at(2026, 7, 1, 12, 4, 59), at(2026, 7, 1, 12, 5)),
        ("*/5 * * * *", at(2026, 7, 1, 12, 5), at(2026, 7, 1, 12, 10)),
        ("30 6 * * *", at(2026, 7, 1, 6, 29, 59), at(2026, 7, 1, 6, 30)),
        ("30 6 * * *", at(2026, 7, 1, 6, 30), at(2026, 7, 2, 6, 30)),
        ("59 23 31 12 *", at(2026, 12, 31, 23, 59), at(2027, 12, 31, 23, 59)),
        ("0 0 29 2 *", at(2026, 7, 1), at(2028, 2, 29)),
        ("0 0 29 2 *", at(2096, 3, 1), at(2104, 2, 29)),
        ("0 0 29 2 */7", at(2072, 3, 1), at(2088, 2, 29)),
        ("0 0 29 2 */7", at(2088, 3, 1), at(2128, 2, 29)),
        ("0 12 13 * fri", at(2026, 7, 3, 12), at(2026, 7, 10, 12)),
        ("0 12 13 * fri", at(2026, 7, 10, 12), at(2026, 7, 13, 12)),
        ("0 12 13 * */5", at(2026, 7, 3, 12), at(2026, 9, 13, 12)),
        ("30/10 8-9 * JAN-mar,dec Mon-FRI/2", at(2026, 7, 1), at(2026, 12, 2, 8, 30)),
        (" 0\t0\n1 1  * \n", at(2026, 7, 1), at(2027, 1, 1)),
    ):
        eq((text, crontab.Rule(text)(after)), (text, first))


def test_far_from_today():
    # Before the epoch, after 2038 and after 2106 seconds are still whole and right.
    for year in (1999, 2001, 2037, 2038, 2039, 2068, 2106, 2107, 2200):
        eq(runs("0 0 1 1 *", at(year, 1, 1) - 1, 2), [at(year, 1, 1), at(year + 1, 1, 1)])
        eq(crontab.Rule("30 6 * * *")(at(year, 6, 1, 6, 29, 59)), at(year, 6, 1, 6, 30))
        eq(crontab.Rule("* * * * *")(at(year, 6, 1, 6, 30)), at(year, 6, 1, 6, 31))


def test_other_epoch():
    # The year of the port's epoch is found by localtime(), also west of Greenwich.
    class Clock:
        def localtime(self, seconds):
            # In 2000 at five hours west of Greenwich
            return (1999 if seconds < 5 * HOUR else 2000, 1, 1, 0, 0, 0, 0, 1)

    shift = at(2000, 1, 1)
    here = crontab.Rule("30 6 29 2 mon")
    kept = {name: sys.modules.pop(name) for name in ("time", "crontab") if name in sys.modules}
    sys.modules["time"] = Clock()
    try:
        there = __import__("crontab").Rule("30 6 29 2 mon")
    finally:
        del sys.modules["time"], sys.modules["crontab"]
        sys.modules.update(kept)
    for year in (2024, 2026, 2039, 2096):
        after = at(year, 2, 28, 6, 30)
        eq(there(after - shift), here(after) - shift)


def test_float_argument():
    # What time.time() gives on some ports is taken as well, and an int returned.
    found = crontab.Rule("30 6 * * *")(float(at(2026, 7, 1, 6, 29, 59)) + 0.5)
    eq(found, at(2026, 7, 1, 6, 30))
    eq(type(found), int)


def test_nicknames():
    # Each is what it stands for, in any case and with blanks around it.
    for nickname, text in (
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ):
        for spelt in (nickname, nickname.upper(), " \t" + nickname + "\n"):
            after = at(2026, 7, 1, 12)
            eq(runs(spelt, after, 3), runs(text, after, 3))
            eq(crontab.Rule(spelt).fixed, nickname != "@hourly")


def test_fixed_time():
    # The text decides: neither the minute nor the hour begins with a star.
    for text in ("30 6 * * *", "0-59 0-23 * * *", "5,*/20 2 * * *", "0 0,*/2 */2 * *"):
        eq((text, crontab.Rule(text).fixed), (text, True))
    for text in ("* 2 * * *", "*/15 2 * * *", "30 */2 * * *", "0 * * * *", "*,5 1 * * *"):
        eq((text, crontab.Rule(text).fixed), (text, False))


# What is refused, and what the error has to say
ERRORS = (
    ("60 * * * *", "minute: 60 is not in 0-59"),
    ("061 * * * *", "minute: 61 is not in 0-59"),
    ("99999999999999999999 * * * *", "minute: 99999999999999999999 is not in 0-59"),
    ("* 24 * * *", "hour: 24 is not in 0-23"),
    ("* * 0 * *", "day: 0 is not in 1-31"),
    ("* * 1-32 * *", "day: 32 is not in 1-31"),
    ("* * * 13 *", "month: 13 is not in 1-12"),
    ("* * * * 8", "weekday: 8 is not in 0-7"),
    ("* * * * 1-8/2", "weekday: 8 is not in 0-7"),
    ("* * * january *", "month: 'january' is not a number or one of jan ... dec"),
    ("* * * sun *", "month: 'sun' is not a number or one of jan ... dec"),
    ("* * * * Funday", "weekday: 'funday' is not a number or one of sun ... sat"),
    ("* mon * * *", "hour: 'mon' is not a number"),
    ("1.5 * * * *", "minute: '1.5' is not a number"),
    ("+5 * * * *", "minute: '+5' is not a number"),
    ("1_0 * * * *", "minute: '1_0' is not a number"),
    ("0x5 * * * *", "minute: '0x5' is not a number"),
    ("? * * * *", "minute: '?' is not a number"),
    ("** * * * *", "minute: '**' is not a number"),
    ("*-5 * * * *", "minute: '*' is not a number"),
    ("5-* * * * *", "minute: '*' is not a number"),
    ("1-2-3 * * * *", "minute: '2-3' is not a number"),
    ("1/2/3 * * * *", "minute: '2/3' is not a number"),
    ("*/mon * * * *", "minute: 'mon' is not a number"),
    ("* * * * */mon", "weekday: 'mon' is not a number"),
    # Some ports show such a digit as it is
    ("\u0663 * * * *", "minute: %r is not a number" % "\u0663"),
    ("* * L * *", "day: 'l' is not a number"),
    ("1,,2 * * * *", "minute: a number is missing in '1,,2'"),
    (", * * * *", "minute: a number is missing in ','"),
    ("5- * * * *", "minute: a number is missing in '5-'"),
    ("-5 * * * *", "minute: a number is missing in '-5'"),
    ("/2 * * * *", "minute: a number is missing in '/2'"),
    ("*/ * * * *", "minute: a number is missing in '*/'"),
    ("*/0 * * * *", "minute: a step of 0 is not in 1-9999"),
    ("*/99999999999999999999 * * * *", "minute: a step of 99999999999999999999 is not in 1-9999"),
    ("* 20-10 * * *", "hour: '20-10' runs backwards"),
    ("* * * nov-feb *", "month: 'nov-feb' runs backwards"),
    ("* * * * 7-2", "weekday: '7-2' runs backwards"),
    ("30 6 * *", "5 fields (minute hour day month weekday), not 4: '30 6 * *'"),
    ("0 30 6 * * *", "5 fields (minute hour day month weekday), not 6: '0 30 6 * * *'"),
    ("", "5 fields (minute hour day month weekday), not 0: ''"),
    (" \n", "5 fields (minute hour day month weekday), not 0: ' \\n'"),
    ("06:30", "5 fields (minute hour day month weekday), not 1: '06:30'"),
    ("@daily 5", "5 fields (minute hour day month weekday), not 2: '@daily 5'"),
    ("@Reboot", "@reboot: use start_in=0 for a run at the start"),
    (
        "@never",
        "@never: not one of @annually @daily @hourly @midnight @monthly @weekly @yearly",
    ),
    ("@", "@: not one of @annually @daily @hourly @midnight @monthly @weekly @yearly"),
    ("30 2 30 2 *", "'30 2 30 2 *' never matches: no such day"),
    ("0 0 31 4,6,9,11 *", "'0 0 31 4,6,9,11 *' never matches: no such day"),
    ("0 0 30,31 feb */2", "'0 0 30,31 feb */2' never matches: no such day"),
)


def test_errors():
    # Each says which field, what was given, and what is accepted.
    for text, message in ERRORS:
        eq((text, str(raises(ValueError, crontab.Rule, text))), (text, message))


def test_not_a_text():
    for value in (None, 5, 2.5, b"0 0 * * *", ("0", "0"), ["* * * * *"]):
        error = str(raises(TypeError, crontab.Rule, value))
        eq(error, "a crontab string must be a str, not %r" % (value,))


def test_any_text_is_refused_alike():
    # Whatever is cut off or put in, nothing but ValueError is raised, or a match is found.
    good = "*/15 8-17/2,20 1,15 jan-jun fri-sun"
    refused = 0
    for place in range(len(good) + 1):
        for more in ("", "/", "-", ",", "*", "@", " ", "9999999999", "\0", "\u00df"):
            for text in (good[:place] + more + good[place + 1 :], good[:place] + more):
                try:
                    crontab.Rule(text)(0)
                except ValueError:
                    refused += 1
        gc.collect()
    assert refused > 300, refused


def test_spring():
    # Berlin leaves out 02:00 to 03:00. A fixed rule runs once, at the change; others do not.
    day = SPRING - HOUR  # 01:00 local time
    for text in ("30 2 * * *", "0,30 2 * * *", "0 2 * * *", "0,30 2,3 29 3 *"):
        eq((text, runs(text, day, 1, berlin)), (text, [SPRING]))
    # The day after it is at its time
    eq(runs("30 2 * * *", day, 2, berlin), [SPRING, SPRING + DAY - 30 * MINUTE])
    eq(runs("0,30 2,3 * * *", day, 2, berlin), [SPRING, SPRING + 30 * MINUTE])
    eq(runs("*/30 2 * * *", day, 1, berlin), [SPRING + DAY - HOUR])
    quarters = [day + k * 15 * MINUTE for k in range(1, 9)]
    eq(runs("*/15 * * * *", day, 8, berlin), quarters)
    eq(runs("@hourly", day, 2, berlin), [SPRING, SPRING + HOUR])


def test_autumn():
    # In Berlin 02:00 to 03:00 comes twice. A fixed rule runs the first time only, others twice.
    day = AUTUMN - 2 * HOUR  # 01:00 local time, an hour before 02:00
    eq(runs("30 2 * * *", day, 2, berlin), [AUTUMN - 30 * MINUTE, AUTUMN + DAY + 30 * MINUTE])
    first = [AUTUMN - HOUR, AUTUMN - 30 * MINUTE, AUTUMN + DAY]
    eq(runs("0,30 2 * * *", day, 3, berlin), first)
    # Asked in the hour that comes again
    for after in (AUTUMN, AUTUMN + 30 * MINUTE, AUTUMN + HOUR - 1):
        eq(runs("30 2 * * *", after, 1, berlin), [AUTUMN + DAY + 30 * MINUTE])
        eq(runs("0 3 * * *", after, 1, berlin), [AUTUMN + HOUR])
    eight = [AUTUMN - HOUR + k * 15 * MINUTE for k in range(8)]
    eq(runs("*/15 2 * * *", day, 9, berlin), eight + [AUTUMN + DAY])
    eq(runs("@hourly", day, 3, berlin), [AUTUMN - HOUR, AUTUMN, AUTUMN + HOUR])


def test_far_from_a_change():
    # Months ahead it is the first of both times, and the change itself, all the same.
    for text, first in (
        ("30 2 25 10 *", AUTUMN - 30 * MINUTE),
        ("*/15 2 25 10 *", AUTUMN - HOUR),
        ("30 2 29 3 *", SPRING),
        ("*/30 3 29 3 *", SPRING),
    ):
        for days in (3, 30, 100, 200):
            eq((text, runs(text, first - days * DAY, 1, berlin)), (text, [first]))


def test_other_changes():
    # By 20 minutes, by two hours across midnight, by a day.
    def changing(old, new):
        return lambda rtc: new if rtc >= change else old

    change = at(2026, 5, 5, 23)
    offset = changing(HOUR, HOUR + 20 * MINUTE)  # 00:00 shows 00:20
    eq(runs("10 0 6 5 *", change - DAY, 1, offset), [change])
    eq(runs("*/10 0 6 5 *", change - DAY, 2, offset), [change, change + 10 * MINUTE])
    offset = changing(2 * HOUR, 0)  # 01:00 on the 6th shows 23:00 on the 5th
    eq(runs("30 0 * * *", change - 2 * HOUR, 2, offset)[0], change - 30 * MINUTE)
    eq(runs("30 0 * * *", change, 1, offset), [change + DAY + 90 * MINUTE])
    eq(runs("*/30 0 6 5 *", change - 2 * HOUR, 3, offset)[2], change + HOUR)
    offset = changing(-10 * HOUR, 14 * HOUR)  # 13:00 on the 5th shows 13:00 on the 6th
    eq(runs("0 20 * * *", change - HOUR, 2, offset), [change, change + 7 * HOUR])
    eq(runs("*/30 20 * * *", change - HOUR, 1, offset), [change + 7 * HOUR])
    offset = changing(14 * HOUR, -10 * HOUR)  # 13:00 on the 6th shows 13:00 on the 5th
    eq(runs("0 14 * * *", change - DAY, 2, offset), [change - 23 * HOUR, change + 25 * HOUR])
    eq(runs("0 */14 * * *", change - DAY, 3, offset)[:2], [change - 23 * HOUR, change - 13 * HOUR])


def test_to_rtc():
    # A time that exists, one that is left out, one that comes twice.
    eq(crontab.to_rtc(at(2026, 7, 1, 12), berlin), at(2026, 7, 1, 10))
    eq(crontab.to_rtc(at(2026, 1, 1), berlin), at(2025, 12, 31, 23))
    for minute in (0, 1, 30, 59):
        eq(crontab.to_rtc(at(2026, 3, 29, 2, minute), berlin), SPRING)
        eq(crontab.to_rtc(at(2026, 10, 25, 2, minute), berlin), AUTUMN - HOUR + minute * MINUTE)
    eq(crontab.to_rtc(at(2026, 3, 29, 3, 0, 1), berlin), SPRING + 1)
    eq(crontab.to_rtc(at(2026, 10, 25, 3), berlin), AUTUMN + HOUR)


def test_error_in_offset():
    # What the zone raises comes through.
    def offset(rtc):
        raise OSError(5)

    for text in ("30 6 * * *", "* * * * *"):
        raises(OSError, crontab.Rule(text, offset), 0)


def test_heap_of_a_call():
    # A call takes three long ints on a 32-bit port, the one that is returned included.
    for text in ("*/5 * * * *", "30 6 * * *", "0 0 29 2 *", "0 12 13 * fri"):
        rule = crontab.Rule(text)
        after = at(2036, 11, 28, 7, 3, 20)
        rule(after)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        rule(after)
        used = gc.mem_alloc() - before
        gc.enable()
        assert used <= 96, (text, used)


def test_no_memory():
    # When memory runs out, wherever that is, MemoryError says so and not that the text is wrong.
    text = "1,2,3/7 5-9 29 feb,mar sat,sun"
    crontab.Rule(text)
    failed = 0
    for free in range(0, 4000, 160):
        gc.collect()
        kept = fill(free)
        try:
            crontab.Rule(text)
            break
        except MemoryError:
            failed += 1
        finally:
            del kept
    assert 2 < failed < 20, failed


def fill(left):
    # All memory but about so many bytes, side by side
    spare = bytearray(left)
    kept = None
    size = 1 << 20
    while size > 32:
        try:
            kept = (kept, bytearray(size))
        except MemoryError:
            size >>= 1
    gc.collect()
    while gc.mem_free():
        # One block
        kept = (kept,)
    del spare
    gc.collect()
    return kept
