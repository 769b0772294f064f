# Compares posixtz with CPython's zoneinfo: all zones of the database, and random TZ strings.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# ZONES_SEED=n repeats a run. Each TZif file of the database ends with a POSIX TZ string, its
# footer, which is for all times after those in its table. posixtz is given the footer, zoneinfo
# the whole file.
#
# Some files list changes of years to come that their footer does not tell: where clocks follow
# Ramadan no POSIX string can, and where a law changes it is true only from then on.
# footer_is_true_from() finds these zones by their lists; what comes after the list is compared.

import bisect
import calendar
import datetime
import importlib.resources
import io
import json
import os
import random
import re
import struct
import subprocess
import zoneinfo
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "tests" / "target" / "zone_driver.py"
SEED = int(os.environ.get("ZONES_SEED") or random.SystemRandom().randrange(1 << 32))
FIRST_YEAR = 2026
LAST_YEAR = 2037
DAY = 86_400
EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc


def start_of(year):
    return calendar.timegm((year, 1, 1, 0, 0, 0))


START = start_of(FIRST_YEAR)
END = start_of(LAST_YEAR + 1)


class Driver:
    """One MicroPython process that answers with posixtz."""

    def __init__(self, micropython):
        path = [".frozen", ROOT / "tests" / "target", ROOT / "lib"]
        self.process = subprocess.Popen(
            [micropython, str(DRIVER)],
            # West of Greenwich it still is 1969 when the epoch begins.
            env={**os.environ, "TZ": "America/New_York", "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def ask(self, text, seconds, local_times):
        """Local times and offsets of the seconds; seconds of the local times."""
        shown = []
        counted = []
        for i in range(0, max(len(seconds), len(local_times)), 100):
            part = [text, seconds[i : i + 100], local_times[i : i + 100]]
            self.process.stdin.write(json.dumps(part) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line.startswith("[["):
                pytest.fail(f"{text}: {line}{self.process.stdout.read()}")
            for answers, more in zip((shown, counted), json.loads(line), strict=True):
                answers += more
        return shown, counted

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def driver(micropython):
    process = Driver(micropython)
    yield process
    process.close()


def offset_at(zone, second):
    return round(datetime.datetime.fromtimestamp(second, zone).utcoffset().total_seconds())


def local_time(zone, second):
    return datetime.datetime.fromtimestamp(second, zone).replace(tzinfo=None)


def seconds_of(local):
    return round((local - EPOCH).total_seconds())


def change_between(zone, early, late):
    """The second at which the offset of `late` begins."""
    after = offset_at(zone, late)
    return early + bisect.bisect_left(
        range(early, late), True, key=lambda second: offset_at(zone, second) == after
    )


def changes_of(zone, start, end):
    days = range(start, end, DAY)
    offsets = [offset_at(zone, day) for day in days]
    return [
        change_between(zone, day, day + DAY)
        for day, before, after in zip(days, offsets, offsets[1:], strict=False)
        if before != after
    ]


def mktime(zone, local):
    """The first time that clocks show `local`, or when they skip it."""
    early, late = (
        round(local.replace(tzinfo=zone, fold=fold).astimezone(UTC).timestamp()) for fold in (0, 1)
    )
    if local_time(zone, early) == local:
        return early
    # fold=0 goes on with the offset before the change, which is the later second in a gap
    return change_between(zone, late, early)


def footer_only(footer):
    """A zone that has nothing but this TZ string."""
    header = b"TZif2" + bytes(15)
    body = struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return zoneinfo.ZoneInfo.from_file(
        io.BytesIO((header + body) * 2 + b"\n" + footer.encode() + b"\n"), footer
    )


def explicit_changes(data):
    """The seconds of the changes that a TZif file lists: those of its second part, in 64 bits."""
    isutc, isstd, leap, times, types, chars = struct.unpack(">6l", data[20:44])
    second = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isutc
    assert data[second : second + 5] in (b"TZif2", b"TZif3", b"TZif4")
    times = struct.unpack(">l", data[second + 32 : second + 36])[0]
    return struct.unpack(f">{times}q", data[second + 44 : second + 44 + 8 * times])


def footer_is_true_from(data, zone, footer_zone):
    """The first second from 2026 on after which the footer tells all that the file does."""
    listed = [change for change in explicit_changes(data) if change > START]
    if not listed:
        return START
    # The file may also leave out a change of the footer.
    start = START
    for change in sorted({*listed, *changes_of(footer_zone, START, listed[-1])}):
        for second in change - 1, change:
            if offset_at(zone, second) != offset_at(footer_zone, second):
                # A day more: local times of the last change may come twice.
                start = second + DAY
    return start


def read_zones():
    """(names, zone, footer, start) for each TZif file of the database that is not as another."""
    database = importlib.resources.files("tzdata")
    names_of = {}
    for name in database.joinpath("zones").read_text().split():
        data = database.joinpath("zoneinfo", *name.split("/")).read_bytes()
        names_of.setdefault(data, []).append(name)
    zones = []
    for data, names in names_of.items():
        zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(data), names[0])
        footer = data[:-1].rpartition(b"\n")[2].decode()
        zones.append((names, zone, footer, footer_is_true_from(data, zone, footer_only(footer))))
    return zones


ZONES = read_zones()


def questions(rng, zone, start, end, count):
    """Seconds, and local times, at all changes and at random."""
    seconds = [rng.randrange(start, end) for _ in range(count)]
    local_times = [local_time(zone, rng.randrange(start, end)) for _ in range(count)]
    for change in changes_of(zone, start, end):
        seconds += change - 1, change, change + 1
        # Clocks skip what is between these two, or they show it twice
        two = [change + offset_at(zone, second) for second in (change - 1, change)]
        middle = sum(two) // 2
        for second in *two, middle, rng.randrange(min(two), max(two)):
            local_times += [EPOCH + datetime.timedelta(0, second + near) for near in (-1, 0, 1)]
    return seconds, local_times


def differences(driver, text, zone, seconds, local_times):
    """What posixtz and zoneinfo say where they differ."""
    tuples = [list(local.timetuple()[:6]) for local in local_times]
    shown, counted = driver.ask(text, seconds, tuples)
    assert len(shown) == len(seconds) and len(counted) == len(tuples)
    wrong = []
    for second, ours in zip(seconds, shown, strict=True):
        theirs = [list(local_time(zone, second).timetuple()[:8]), offset_at(zone, second)]
        if ours != theirs:
            wrong.append(f"{text} at {second}: {ours}, zoneinfo: {theirs}")
    for local, ours in zip(local_times, counted, strict=True):
        theirs = mktime(zone, local)
        if ours != theirs:
            wrong.append(f"{text}, local time {local}: {ours}, zoneinfo: {theirs}")
    return wrong


def test_all_zones(driver):
    """Offsets, local times and their seconds of each zone are those of zoneinfo."""
    rng = random.Random(SEED)
    wrong = []
    for names, zone, footer, start in ZONES:
        if start < END:
            found = differences(driver, footer, zone, *questions(rng, zone, start, END, 50))
            wrong += [f"{names[0]}: {line}" for line in found]
        # Long after 2038, where the lists of all files have ended
        start, end = start_of(2090), start_of(2092)
        found = differences(driver, footer, zone, *questions(rng, zone, start, end, 10))
        wrong += [f"{names[0]}: {line}" for line in found]
    text = f"ZONES_SEED={SEED}: {len(wrong)} differ:\n" + "\n".join(wrong[:30])
    assert not wrong, text


def test_most_zones_are_compared():
    """What no POSIX string can say is the exception."""
    left_out = {name for names, _, _, start in ZONES if start >= END for name in names}
    in_part = {name for names, _, _, start in ZONES if START < start < END for name in names}
    print("no POSIX string:", *sorted(left_out), "\nonly from later on:", *sorted(in_part))
    assert left_out <= {"Asia/Gaza", "Asia/Hebron"}
    assert len(in_part) < 20


def random_time(rng, hours):
    text = str(rng.randint(0, hours))
    if rng.random() < 0.4:
        text += f":{rng.randrange(60):02}"
        if rng.random() < 0.5:
            text += f":{rng.randrange(60):02}"
    return text


def random_rule(rng, first_month):
    """A change in one of three months; the time may move it by up to a week."""
    # But not J59, which zoneinfo takes for 29 February in a leap year
    kind = rng.randrange(3)
    time = "" if rng.random() < 0.3 else f"/{rng.choice(('', '-', '+'))}{random_time(rng, 167)}"
    if kind == 0:
        month = first_month + rng.randrange(3)
        return f"M{month}.{rng.randint(1, 5)}.{rng.randrange(7)}{time}"
    day = (first_month - 1) * 30 + rng.choice((*range(10, 29), *range(30, 91)))
    return f"J{day}{time}" if kind == 1 else f"{day}{time}"


def for_zoneinfo(text):
    """The same for zoneinfo, which takes a day counted from 0 for the day before it."""
    # Not so in glibc, and not in POSIX. Does this zoneinfo?
    zone = footer_only("ABC0DEF,1/0,9/0")
    one_more = offset_at(zone, START) != 0
    return re.sub(r",(\d+)", lambda match: f",{int(match[1]) + one_more}", text)


def random_text(rng):
    """A TZ string with changes that stay within their year, so that zoneinfo takes it right."""
    rules = [random_rule(rng, 2), random_rule(rng, 8)]
    rng.shuffle(rules)
    sign = rng.choice(("", "-", "+"))
    standard = random_time(rng, 13)
    summer = rng.choice(("", rng.choice("+-") + random_time(rng, 13)))
    names = rng.choice((("ABC", "DEFG"), ("<+01>", "<-0230>"), ("xyz", "<A1B>")))
    return f"{names[0]}{sign}{standard}{names[1]}{summer},{','.join(rules)}"


@pytest.mark.parametrize("part", range(4))
def test_random_strings(driver, part):
    """All forms of rules, times and offsets mean the same as to zoneinfo."""
    rng = random.Random(f"{SEED} {part}")
    wrong = []
    for _ in range(50):
        text = random_text(rng)
        zone = footer_only(for_zoneinfo(text))
        # Both years of a pair about a leap day, also the one that 2100 does not have
        year = rng.choice((1999, 2027, 2028, 2067, 2099, 2100))
        start = start_of(year)
        asked = questions(rng, zone, start, start + 731 * DAY, 10)
        wrong += differences(driver, text, zone, *asked)
    text = f"ZONES_SEED={SEED}: {len(wrong)} differ:\n" + "\n".join(wrong[:30])
    assert not wrong, text
