# Compares crontab rules with croniter, on random rules and times, without daylight saving.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# CRON_SEED=n repeats a run, CRON_PAIRS=n is how many pairs of a rule and a time it takes.
#
# croniter is asked for Vixie cron's way with a day field that begins with a star. The differences
# that are left are in DIFFERENCES below and in the documentation. Random rules do without them.

import calendar
import datetime
import os
import random
import re

import pytest
from cron_process import CronProcess, is_error
from croniter import croniter

SEED = int(os.environ.get("CRON_SEED") or random.SystemRandom().randrange(1 << 32))
PAIRS = int(os.environ.get("CRON_PAIRS") or 20_000)
PARTS = 8

FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec".split()),
    ("weekday", 0, 7, "sun mon tue wed thu fri sat".split()),
)
NICKNAMES = "@hourly @daily @midnight @weekly @monthly @yearly @annually".split()

# The first second of 2000 and of 2100
START = calendar.timegm((2000, 1, 1, 0, 0, 0))
END = calendar.timegm((2100, 1, 1, 0, 0, 0))


@pytest.fixture(scope="module")
def cron(micropython):
    process = CronProcess(micropython)
    yield process
    process.close()


def oracle(rule, seconds):
    """The first match after `seconds` that croniter finds; None where it never matches."""
    try:
        return round(croniter(rule, seconds, implement_cron_bug=True).get_next(float))
    except ValueError:
        return None


def show(rule, seconds, ours, theirs):
    def date(x):
        if isinstance(x, int):
            return (
                f"{datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=x):%Y-%m-%d %a %X}"
            )
        return x

    return f"{rule!r} at {date(seconds)} ({seconds}): {date(ours)}, croniter: {date(theirs)}"


def random_part(rng, index):
    """A number, a name, a range, with a step or without."""
    name, low, high, names = FIELDS[index]

    def value(v):
        if names and v - low < len(names) and rng.random() < 0.3:
            return rng.choice((str.lower, str.upper, str.title))(names[v - low])
        return f"{v:02}" if rng.random() < 0.05 else str(v)

    # Neither 0 nor 7 starts a range here, nor a weekday a/n: see DIFFERENCES
    first = rng.randint(1 if name == "weekday" else low, 6 if name == "weekday" else high)
    kind = rng.random()
    if kind < 0.4:
        return value(rng.randint(low, high))
    step = f"/{rng.randint(1, rng.choice((3, 12, high + 2)))}" if rng.random() < 0.4 else ""
    if kind < 0.5 and step and name != "weekday":
        return value(first) + step
    last = rng.randint(first, high)
    if last == first:
        return value(first)
    last = value(0 if name == "weekday" and last == 7 and rng.random() < 0.5 else last)
    return f"{value(first)}-{last}{step}"


def random_field(rng, index):
    kind = rng.random()
    if kind < 0.3:
        return "*"
    if kind < 0.4:
        return f"*/{rng.randint(1, FIELDS[index][2] + 1)}"
    parts = 1 if kind < 0.75 else rng.randint(2, 4)
    return ",".join(random_part(rng, index) for _ in range(parts))


def random_rule(rng):
    kind = rng.random()
    if kind < 0.01:
        name = rng.choice(NICKNAMES)
        return name.upper() if rng.random() < 0.3 else name
    fields = [random_field(rng, index) for index in range(5)]
    if kind < 0.35:
        # Both day fields restricted
        for index in (2, 4):
            while fields[index] == "*":
                fields[index] = random_field(rng, index)
    elif kind < 0.45:
        # Rare: the end of a month, leap days
        fields[2] = rng.choice(("29", "30", "31", "29-31", "28,29", "29/2"))
        fields[3] = rng.choice(("2", "feb", "2,4", "2,6-7", "4,6,9,11", "*"))
        fields[4] = rng.choice(("*", "*", "*/7", "*/5", "sun", "1,3"))
    return rng.choice((" ", " ", "  ", "\t")).join(fields)


def random_seconds(rng):
    kind = rng.random()
    if kind < 0.4:
        seconds = rng.randrange(START, END)
    else:
        # About the end of a month, of February more often than of others
        year = rng.randrange(2000, 2100)
        month = 2 if kind < 0.6 else rng.randint(1, 12)
        end = calendar.timegm((year, month, calendar.monthrange(year, month)[1], 24, 0, 0))
        seconds = min(max(START, end + rng.randint(-90_000, 90_000)), END - 1)
    # The last second before a minute and the first one of it matter most
    return seconds // 60 * 60 - rng.randrange(2) if rng.random() < 0.3 else seconds


def report(wrong, pairs):
    lines = "\n".join(wrong[:30])
    return f"CRON_SEED={SEED}: {len(wrong)} of {len(pairs)} differ:\n{lines}"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_rules(cron, part):
    """Every rule is due when croniter says so, whatever the time it is asked at."""
    rng = random.Random(f"{SEED} {part}")
    pairs = [(random_rule(rng), random_seconds(rng)) for _ in range(-(-PAIRS // PARTS))]
    wrong = []
    never = 0
    for (rule, seconds), ours in zip(pairs, cron.first(pairs), strict=True):
        theirs = oracle(rule, seconds)
        never += theirs is None
        if ours != theirs and not (is_error(ours) and theirs is None):
            wrong.append(show(rule, seconds, ours, theirs))
    assert not wrong, report(wrong, pairs)
    assert never < len(pairs) / 5


# rule, first match from 2024-01-01 00:00 (a Monday) on as crontab and as croniter have it, why
DIFFERENCES = (
    ("5-5 0 * * *", "01-01 00:05", "01-01 00:00", "a range of one value is that value"),
    ("0 0 7-7 * *", "01-07", "01-01", "a range of one value is that value"),
    ("0 0 * feb-feb *", "02-01", "01-01", "a range of one value is that value"),
    ("0 0 * * 7-7", "01-07", "01-01", "a range of one value is that value"),
    ("0 0 10,* * sun", "01-01", "01-07", "only a star at the start leaves a day unrestricted"),
    ("0 0 10 * 2,*", "01-01", "01-10", "only a star at the start leaves a day unrestricted"),
    ("0 22-2 * * *", None, "01-01", "a range does not wrap round, but for one to Sunday"),
    ("0 0 20-10 * *", None, "01-01", "a range does not wrap round, but for one to Sunday"),
    ("0 0 1 nov-feb *", None, "01-01", "a range does not wrap round, but for one to Sunday"),
    ("0 0 * * fri-tue", None, "01-01", "a range does not wrap round, but for one to Sunday"),
    ("0 0 * * 7-2", None, "01-01", "a range does not wrap round, but for one to Sunday"),
    ("0 0 */6 * sat/1", "01-07", "01-13", "a weekday with a step goes on to Sunday"),
    (" @daily\n", "01-01", None, "blanks around a nickname do not matter"),
    ("*/10000 * * * *", None, "01-01", "no step is longer than 9999"),
    ("0 0 * * * 30", None, "01-01 00:00:30", "there are no seconds"),
    ("0 0 * * * 0 2025", None, "2025-01-01", "there are no years"),
    ("0 0 ? * *", None, "01-01", "there is no ?"),
    ("0 0 l * *", None, "01-31", "there is no L, W and #"),
    ("0 0 15w * *", None, "01-15", "there is no L, W and #"),
    ("0 0 * * l5", None, "01-26", "there is no L, W and #"),
    ("0 0 * * l00", None, "01-28", "there is no L, W and #"),
    ("0 0 * * mon#2", None, "01-08", "there is no L, W and #"),
)


def instant(text):
    """The seconds of "01-31 00:05", of the year 2024 when it names none."""
    if text is None:
        return None
    date, _, clock = text.partition(" ")
    date = date if len(date) > 5 else f"2024-{date}"
    when = datetime.datetime.fromisoformat(f"{date} {clock or '00:00'}")
    return calendar.timegm(when.timetuple())


@pytest.mark.parametrize("rule, ours, theirs, why", DIFFERENCES)
def test_known_difference(cron, rule, ours, theirs, why):
    """What differs from croniter on purpose still does, and as the documentation has it."""
    before = instant("01-01") - 1
    answer = cron.first([(rule, before)])[0]
    assert oracle(rule, before) == instant(theirs)
    assert (None if is_error(answer) else answer) == instant(ours), why
    if is_error(answer):
        assert answer["error"] == "ValueError"


@pytest.mark.parametrize(
    "field, days",
    (
        ("mon/2", "mon wed fri sun"),
        ("1/1", "mon tue wed thu fri sat sun"),
        ("3/2", "wed fri sun"),
        ("fri/2", "fri sun"),
        ("sun/2", "sun tue thu sat"),
        ("sat/1", "sat sun"),
        ("*/2", "sun tue thu sat"),
        ("*/5", "sun fri"),
        ("*/7", "sun"),
        ("0-7/7", "sun"),
        ("5-7", "fri sat sun"),
        ("fri-sun", "fri sat sun"),
        ("5-0", "fri sat sun"),
        ("sat-0", "sat sun"),
        ("mon-sun/3", "mon thu sun"),
        ("2-0/5", "tue sun"),
        ("0-6", "sun mon tue wed thu fri sat"),
        ("0-0", "sun"),
        ("sun-sun", "sun"),
        ("7-7", "sun"),
        ("7", "sun"),
        ("7,0,SUN", "sun"),
        ("Mon,7", "sun mon"),
    ),
)
def test_weekdays(cron, field, days):
    """Which weekdays a field means, Sunday having two numbers."""
    start = instant("2023-12-31")  # a Sunday
    questions = [(f"0 0 * * {field}", start + day * 86_400 - 1) for day in range(7)]
    answers = cron.first(questions)
    found = {
        name
        for name, (_, before), answer in zip(FIELDS[4][3], questions, answers, strict=True)
        if answer == before + 1
    }
    assert found == set(days.split())


def values(field, index):
    """The numbers and names in a field, as numbers."""
    names = FIELDS[index][3]
    for word in re.findall(r"[a-z]+|\d+", field):
        if word.isdigit() or word in names:
            yield int(word) if word.isdigit() else names.index(word) + FIELDS[index][1]


def differs_on_purpose(rule):
    """Whether DIFFERENCES has a reason why croniter might take this rule another way."""
    fields = rule.lower().split()
    if len(fields) != 5:
        return len(fields) in (6, 7) or fields != [rule.lower()]
    for index, field in enumerate(fields):
        if re.search(r"\?|#|\bl\d*\b|\bw\d+\b|\b\d+w\b|^[rh]\b", field):
            return True
        if re.search(r"/0*[1-9]\d{4}", field):
            return True
        if re.search(r",\*", field) and index in (2, 4):
            return True
        for part in field.split(","):
            first, dash, _ = part.partition("-")
            if dash:
                ends = list(values(part.partition("/")[0], index))
                if len(ends) == 2 and (ends[0] >= ends[1] or ends == [0, 7]):
                    return True
            elif index == 4 and re.match(r"\w+/", part):
                return True
    return False


def mutate(rng, rule):
    alphabet = "0123456789**//,,--  #?@+_.lwhrjanfebsumondthi\t\u0663"
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        i = rng.randrange(len(rule) + 1)
        rule = rule[:i] + rng.choice((rng.choice(alphabet), "")) + rule[i + rng.randrange(2) :]
    return rule


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_rules(cron, part):
    """A rule that is not one is refused, by no other error than ValueError."""
    rng = random.Random(f"{SEED} {part} damaged")
    pairs = [
        (mutate(rng, random_rule(rng)), random_seconds(rng)) for _ in range(-(-PAIRS // PARTS))
    ]
    wrong = []
    refused = 0
    for (rule, seconds), ours in zip(pairs, cron.first(pairs), strict=True):
        theirs = oracle(rule, seconds)
        good = True
        if is_error(ours):
            refused += 1
            good = ours["error"] == "ValueError"
            ours = None
        if not good or (ours != theirs and not differs_on_purpose(rule)):
            wrong.append(show(rule, seconds, ours, theirs))
    assert not wrong, report(wrong, pairs)
    assert len(pairs) / 4 < refused < len(pairs)


def test_all_times_of_a_rule(cron):
    """Run after run over years, leap days in them, is what croniter lists."""
    for rule in ("59 23 28-31 * *", "*/17 3 29 2 *", "0 12 13 * fri", "30 4 */10 * 1-5"):
        start = instant("2095-12-01")
        theirs = croniter(rule, start, implement_cron_bug=True)
        ours = cron.several(rule, start, 100)
        assert ours == [round(theirs.get_next(float)) for _ in range(100)]


def test_leap_days(cron):
    """29 February of a weekday is found over a century that has none."""
    for weekday in range(7):
        rule = f"0 0 29 2 */7,{weekday}"
        for year in (1999, 2071, 2099, 2171):
            start = calendar.timegm((year, 1, 1, 0, 0, 0))
            leap_days = (
                datetime.date(y, 2, 29) for y in range(year, year + 41) if calendar.isleap(y)
            )
            # Sunday is among what */7 is, and isoweekday() 7
            day = next(d for d in leap_days if d.isoweekday() % 7 in (0, weekday))
            assert cron.first([(rule, start)]) == [calendar.timegm(day.timetuple())]
