# Compares crontab rules with croniter, on random rules and times.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# CRON_SEED=n repeats a run, CRON_PAIRS=n is how many pairs of a rule and a time it takes.
#
# croniter is asked for Vixie cron's way with a day field that begins with a star. What is left of
# differences is in DIFFERENCES below and in the README; the random rules do without it.

import calendar
import datetime
import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
from croniter import croniter

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "tests" / "target" / "cron_driver.py"
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
MACROS = "@hourly @daily @weekly @monthly @yearly".split()

# The first second of 2000 and of 2100
START = calendar.timegm((2000, 1, 1, 0, 0, 0))
END = calendar.timegm((2100, 1, 1, 0, 0, 0))


class Driver:
    """One MicroPython process that answers with aioschedule's own search."""

    def __init__(self, micropython):
        path = [".frozen", ROOT / "tests" / "target", ROOT, ROOT / "lib"]
        self.process = subprocess.Popen(
            [micropython, str(DRIVER)],
            env={**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def ask(self, pairs):
        answers = []
        for i in range(0, len(pairs), 100):
            self.process.stdin.write(json.dumps(pairs[i : i + 100]) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line.startswith("["):
                pytest.fail(line + self.process.stdout.read())
            answers += json.loads(line)
        assert len(answers) == len(pairs)
        return answers

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def driver(micropython):
    process = Driver(micropython)
    yield process
    process.close()


def oracle(rule, ms):
    """What croniter finds at `ms` or later, in ms; None where it never matches."""
    try:
        # It finds what is later than the whole second it is given
        found = croniter(rule, (ms - 1) // 1000, implement_cron_bug=True).get_next(float)
    except ValueError:
        return None
    return round(found * 1000)


def is_error(answer):
    return isinstance(answer, list)


def show(rule, ms, ours, theirs):
    def date(x):
        if isinstance(x, int):
            epoch = datetime.datetime(1970, 1, 1)
            return f"{epoch + datetime.timedelta(milliseconds=x):%Y-%m-%d %a %H:%M:%S.%f}"
        return x

    return f"{rule!r} at {date(ms)} ({ms}): {date(ours)}, croniter: {date(theirs)}"


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
        return rng.choice(MACROS).upper() if rng.random() < 0.3 else rng.choice(MACROS)
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


def random_ms(rng):
    kind = rng.random()
    if kind < 0.4:
        second = rng.randrange(START, END)
    else:
        # About the end of a month, of February more often than of others
        year = rng.randrange(2000, 2100)
        month = 2 if kind < 0.6 else rng.randint(1, 12)
        end = calendar.timegm((year, month, calendar.monthrange(year, month)[1], 24, 0, 0))
        second = min(max(START, end + rng.randint(-90_000, 90_000)), END - 1)
    if rng.random() < 0.3:
        second -= second % 60
        return second * 1000
    return second * 1000 + rng.randrange(1000)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_rules(driver, part):
    """Every rule is due when croniter says so, whatever the time it is asked at."""
    rng = random.Random(f"{SEED} {part}")
    pairs = [(random_rule(rng), random_ms(rng)) for _ in range(-(-PAIRS // PARTS))]
    wrong = []
    never = 0
    for (rule, ms), ours in zip(pairs, driver.ask(pairs), strict=True):
        theirs = oracle(rule, ms)
        never += theirs is None
        if ours != theirs and not (is_error(ours) and theirs is None):
            wrong.append(show(rule, ms, ours, theirs))
    text = f"CRON_SEED={SEED}: {len(wrong)} of {len(pairs)} differ:\n" + "\n".join(wrong[:30])
    assert not wrong, text
    assert never < len(pairs) / 5


# rule, first match after 2024-01-01 00:00 (a Monday) as aioschedule and as croniter have it, why
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
    ("@midnight", None, "01-01", "macros are the five of the README"),
    ("@annually", None, "01-01", "macros are the five of the README"),
    ("0 0 * * * 30", None, "01-01 00:00:30", "there are no seconds"),
    ("0 0 * * * 0 2025", None, "2025-01-01", "there are no years"),
    ("0 0 ? * *", None, "01-01", "there is no ?"),
    ("0 0 l * *", None, "01-31", "there is no L, W and #"),
    ("0 0 15w * *", None, "01-15", "there is no L, W and #"),
    ("0 0 * * l5", None, "01-26", "there is no L, W and #"),
    ("0 0 * * mon#2", None, "01-08", "there is no L, W and #"),
)


def instant(text):
    """The ms of "01-31 00:05", of the year 2024 when it names none."""
    if text is None:
        return None
    date, _, clock = text.partition(" ")
    date = date if len(date) > 5 else f"2024-{date}"
    when = datetime.datetime.fromisoformat(f"{date} {clock or '00:00'}")
    return calendar.timegm(when.timetuple()) * 1000


@pytest.mark.parametrize("rule, ours, theirs, why", DIFFERENCES)
def test_known_difference(driver, rule, ours, theirs, why):
    """What differs from croniter on purpose still does, and as the README has it."""
    ms = instant("01-01")
    answer = driver.ask([(rule, ms)])[0]
    assert oracle(rule, ms) == instant(theirs)
    assert (None if is_error(answer) else answer) == instant(ours), why
    if is_error(answer):
        assert answer[0] == "ValueError"


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
def test_weekdays(driver, field, days):
    """Which weekdays a field means, Sunday having two numbers."""
    start = instant("2023-12-31")  # a Sunday
    questions = [(f"0 0 * * {field}", start + day * 86_400_000) for day in range(7)]
    answers = driver.ask(questions)
    found = {
        name
        for name, (_, ms), answer in zip(FIELDS[4][3], questions, answers, strict=True)
        if answer == ms
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
        return len(fields) in (6, 7) or rule.lower() in ("@midnight", "@annually")
    for index, field in enumerate(fields):
        if re.search(r"\?|#|\bl\d?\b|\bw\d+\b|\b\d+w\b|^[rh]\b", field):
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
def test_damaged_rules(driver, part):
    """A rule that is not one is refused, by no other error than ValueError."""
    rng = random.Random(f"{SEED} {part} damaged")
    pairs = [(mutate(rng, random_rule(rng)), random_ms(rng)) for _ in range(-(-PAIRS // PARTS))]
    wrong = []
    refused = 0
    for (rule, ms), ours in zip(pairs, driver.ask(pairs), strict=True):
        theirs = oracle(rule, ms)
        if is_error(ours):
            refused += 1
            kind, _ = ours
            good = kind == "ValueError"
            if good and theirs is None:
                continue
        else:
            good = True
        if not good or (ours != theirs and not differs_on_purpose(rule)):
            wrong.append(show(rule, ms, ours, theirs))
    text = f"CRON_SEED={SEED}: {len(wrong)} of {len(pairs)} differ:\n" + "\n".join(wrong[:30])
    assert not wrong, text
    assert len(pairs) / 4 < refused < len(pairs)


@pytest.mark.parametrize(
    "rule, named",
    (
        ("60 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*/ * * * *", "minute"),
        ("*/99999999999999999999 * * * *", "minute"),
        ("99999999999999999999 * * * *", "minute"),
        ("*/+5 * * * *", "minute"),
        ("*/1_0 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("1, * * * *", "minute"),
        ("**/2 * * * *", "minute"),
        ("1-2-3 * * * *", "minute"),
        ("1/2/3 * * * *", "minute"),
        ("1.5 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* 20-10 * * *", "hour"),
        ("* mon * * *", "hour"),
        ("* * 0 * *", "day"),
        ("* * 32 * *", "day"),
        ("* * 1-32 * *", "day"),
        ("* * * 0 *", "month"),
        ("* * * 13 *", "month"),
        ("* * * january *", "month"),
        ("* * * sun *", "month"),
        ("* * * * 8", "weekday"),
        ("* * * * jan", "weekday"),
        ("* * * * mon-", "weekday"),
        ("* * * *", "field|weekday"),
        ("* * * * * *", "field"),
        ("", "field|minute"),
        ("@never", ""),
        ("0 0 30 2 *", "never"),
        ("0 0 31 4,6,9,11 *", "never"),
        ("0 0 30,31 feb */2", "never"),
    ),
)
def test_error_names_the_field(driver, rule, named):
    """The error says which field it is about; that of schedule() shows the rule too."""
    answer = driver.ask([(rule, instant("01-01"))])[0]
    assert is_error(answer), answer
    assert answer[0] == "ValueError"
    assert re.search(named, answer[1])


def test_all_times_of_a_rule(driver):
    """Run after run over years, leap days in them, is what croniter lists."""
    for rule in ("59 23 28-31 * *", "*/17 3 29 2 *", "0 12 13 * fri", "30 4 */10 * 1-5"):
        start = instant("2095-12-01")
        theirs = croniter(rule, start // 1000, implement_cron_bug=True)
        ms = start + 1
        for _ in range(100):
            ours = driver.ask([(rule, ms)])[0]
            assert ours == round(theirs.get_next(float) * 1000), (rule, ms)
            ms = ours + 1
