# Compares suntimes with astral: sunrise and sunset of ten years, from 60 degrees south to north.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# SUN_SEED=n repeats a run. The two differ by up to 40 seconds because suntimes takes the usual
# 0.833 degrees that the sun is below the horizon, astral 0.789: they bend light differently.

import bisect
import calendar
import datetime
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from astral import Observer, SunDirection
from astral.sun import SUN_APPARENT_RADIUS, time_of_transit

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "tests" / "target" / "sun_driver.py"
SEED = int(os.environ.get("SUN_SEED") or random.SystemRandom().randrange(1 << 32))
START = calendar.timegm((2026, 1, 1, 0, 0, 0))
END = calendar.timegm((2036, 1, 1, 0, 0, 0))
DAY = 86_400
# Less than the two minutes that are promised
MINUTE = 60
DIRECTIONS = {"sunrise": SunDirection.RISING, "sunset": SunDirection.SETTING}


class Driver:
    """One MicroPython process that answers with suntimes."""

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

    def ask(self, *question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line.startswith("["):
            pytest.fail(f"{question}: {line}{self.process.stdout.read()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def driver(micropython):
    process = Driver(micropython)
    yield process
    process.close()


def oracle(name, latitude, longitude, start, end):
    """The seconds of all times of astral, from a day before `start` to a day after `end`."""
    observer = Observer(latitude, longitude)
    first = datetime.datetime.fromtimestamp(start, datetime.timezone.utc).date()
    times = []
    for day in range(-2, (end - start) // DAY + 3):
        date = first + datetime.timedelta(day)
        zenith = 90 + SUN_APPARENT_RADIUS
        times.append(time_of_transit(observer, date, zenith, DIRECTIONS[name]).timestamp())
    # astral has one for each date, also where it comes some minutes before midnight of one day and
    # after that of another. It may then be there twice, or not at all.
    every_day = [times[0]]
    for time in times[1:]:
        if time - every_day[-1] > 1.5 * DAY:
            every_day.append((every_day[-1] + time) / 2)
        if time - every_day[-1] > DAY / 2:
            every_day.append(time)
    return every_day


def random_places(rng, count):
    return [(rng.uniform(-60, 60), rng.uniform(-180, 180)) for _ in range(count)]


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("latitude", (60, 52.5, 23.4, 0, -33.9, -60))
def test_each_day_of_ten_years(driver, name, latitude):
    """One after the other, each is within a minute of astral's, and none is left out."""
    longitude = random.Random(f"{SEED} {name} {latitude}").uniform(-180, 180)
    before, *theirs = oracle(name, latitude, longitude, START, END)
    ours = [round(before) + DAY // 2]
    for _ in range(10):
        ours += driver.ask(name, [latitude, longitude], ours[-1], 366)
    pairs = list(zip(ours[1:], theirs, strict=False))
    assert len(pairs) > 3650
    worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    text = f"SUN_SEED={SEED}: {name} at {latitude}, {longitude}: {worst}"
    assert abs(worst[0] - worst[1]) <= MINUTE, text


@pytest.mark.parametrize("name", DIRECTIONS)
def test_anywhere(driver, name):
    """After any second, anywhere, with any offset, it is the next one that is found."""
    rng = random.Random(f"{SEED} {name}")
    wrong = []
    for latitude, longitude in random_places(rng, 400):
        for _ in range(5):
            second = rng.randrange(START, END)
            offset = rng.choice((0, rng.randint(-DAY, DAY)))
            arguments = [latitude, longitude, offset]
            ours = driver.ask(name, arguments, second, 1)[0]
            theirs = oracle(name, latitude, longitude, second - offset, second - offset)
            # Which is the next one is open where the second is as near to one as the two may be.
            early, late = (
                theirs[bisect.bisect(theirs, second - offset + margin)] + offset
                for margin in (-MINUTE, MINUTE)
            )
            near = min(abs(ours - early), abs(ours - late))
            if near > MINUTE or ours <= second:
                wrong.append(f"{name}{arguments} after {second}: {ours}, astral: {early}, {late}")
    text = f"SUN_SEED={SEED}: {len(wrong)} differ:\n" + "\n".join(wrong[:30])
    assert not wrong, text


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("latitude", (65.8, 69.6, 78.2, -77.8, 85))
def test_polar_year(driver, name, latitude):
    """Nearer to the poles the days without are those of astral, to two days at either end."""
    longitude = random.Random(f"{SEED} {name} {latitude}").uniform(-180, 180)
    ours = [START]
    while ours[-1] < START + 366 * DAY:
        ours += driver.ask(name, [latitude, longitude], ours[-1], 20)
        assert ours[-1] > ours[-20]
    days = {(second - START) // DAY for second in ours[1:]}
    differ = [
        day
        for day in range(2, 364)
        if not day_is_like(day, days, has_it(name, latitude, longitude, day))
    ]
    assert not differ, f"SUN_SEED={SEED}: {name} at {latitude}, {longitude}: {differ}"


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("latitude", (65.8, 66.3, 69.6, 78.2, -77.8, 89))
def test_same_from_any_second(driver, name, latitude):
    """Days without are passed over in steps: wherever the search begins, it finds the same."""
    longitude = random.Random(f"{SEED} {name} {latitude}").uniform(-180, 180)
    found = [START]
    while found[-1] < START + 600 * DAY:
        found += driver.ask(name, [latitude, longitude], found[-1], 20)
    found = found[1:]
    seconds = [*range(START, START + 600 * DAY, DAY // 3), *(second - 1 for second in found)]
    wrong = []
    for second in seconds:
        ours = driver.ask(name, [latitude, longitude], second, 1)[0]
        if ours != found[bisect.bisect(found, second)]:
            wrong.append((second, ours))
    assert not wrong, f"SUN_SEED={SEED}: {name} at {latitude}, {longitude}: {wrong[:10]}"


def has_it(name, latitude, longitude, day):
    date = datetime.date(2026, 1, 1) + datetime.timedelta(day)
    zenith = 90 + SUN_APPARENT_RADIUS
    try:
        time_of_transit(Observer(latitude, longitude), date, zenith, DIRECTIONS[name])
    except ValueError:
        return False
    return True


def day_is_like(day, days, wanted):
    return any((near in days) == wanted for near in range(day - 2, day + 3))
