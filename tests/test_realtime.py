# A few short tests in real time, on the unix port: lateness, and an RTC stepped by faketime.
# MIT license; Copyright (c) 2026 the aioschedule authors

import re
from pathlib import Path

import pytest

# Prints what it runs with the ms since right before the loop was added.
PROGRAM = """
import aioctl, aioschedule, asyncio, time

t0 = time.ticks_ms()

async def note(name):
    print(name, time.ticks_diff(time.ticks_ms(), t0), "%%04d-%%02d-%%02d" %% time.localtime()[:3])

def job(name, **options):
    aioctl.add(note, name, name=name)
    aioschedule.schedule(name, **options)

async def main():
    global t0
    %s
    t0 = time.ticks_ms()
    aioctl.add(aioschedule.schedule_loop)
    %s

asyncio.run(main())
"""

# Debian's package libfaketime, which faketime depends on
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def runs(text):
    """{name: [(ms, date), ...]} of a program's output."""
    found = {}
    for name, ms, date in re.findall(r"^(\w+) (\d+) (\d+-\d+-\d+)$", text, re.MULTILINE):
        found.setdefault(name, []).append((int(ms), date))
    return found


def test_eight_runs(run_mpy):
    """start_in=1, repeat=2: never early, never more than 50 ms late, and no drift."""
    code = PROGRAM % ('job("a", start_in=1, repeat=2)', "await asyncio.sleep(15.5)")
    done = run_mpy(code)
    assert done.returncode == 0, done.stdout
    times = [ms for ms, _ in runs(done.stdout)["a"]]
    assert len(times) == 8, done.stdout
    late = [ms - (1000 + 2000 * k) for k, ms in enumerate(times)]
    assert all(0 <= ms <= 50 for ms in late), late


def test_sub_second_runs(run_mpy):
    """A period of 50 ms for three seconds."""
    code = PROGRAM % ('job("a", repeat=0.05)', "await asyncio.sleep(3.02)")
    done = run_mpy(code)
    assert done.returncode == 0, done.stdout
    times = [ms for ms, _ in runs(done.stdout)["a"]]
    late = [ms - 50 * (k + 1) for k, ms in enumerate(times)]
    assert len(times) == 60, done.stdout
    assert all(0 <= ms <= 50 for ms in late), late


def test_last_dt_is_the_time_of_last(run_mpy):
    """Also of runs at a full second, when localtime() may still show the one before."""
    job = 'job("a", start_in=time.localtime(time.time() + 1), repeat=1)'
    look = """
    for _ in range(3):
        await asyncio.sleep(1)
        e = aioschedule.group()["a"]
        print(e["last_dt"] == time.localtime(e["last"]), e["last_dt"])
    """
    done = run_mpy(PROGRAM % (job, look.strip()))
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("True (") == 3, done.stdout


@pytest.mark.skipif(not FAKETIME, reason="Debian's package faketime is not installed")
def test_stepped_rtc(run_mpy, tmp_path):
    """The clock of the process goes forward by 26 years and back again: seconds do not notice,
    what waits for the wall clock does within a second."""
    jobs = """
    job("seconds", start_in=1, repeat=1)
    job("wall", start_in=time.localtime(time.time() + 9000 * 86400))
    job("later", start_in=time.localtime(time.time() + 10000 * 86400))
    """
    script = """
    await asyncio.sleep(2.5)
    with open("rtc", "w") as f:
        f.write("+9496d")
    await asyncio.sleep(3)
    with open("rtc", "w") as f:
        f.write("+0d")
    await asyncio.sleep(2)
    """
    rtc = tmp_path / "rtc"
    rtc.write_text("+0d")
    done = run_mpy(
        PROGRAM % (jobs.strip(), script.strip()),
        env={
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(rtc),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    found = runs(done.stdout)
    late = [ms - 1000 * (k + 1) for k, (ms, _) in enumerate(found["seconds"])]
    assert len(late) == 7 and all(0 <= ms <= 50 for ms in late), late
    years = [int(date[:4]) for _, date in found["seconds"]]
    assert years[:2] == [years[0]] * 2 and years[2] - years[0] in (25, 26), years
    assert years[-1] == years[0], years
    assert len(found["wall"]) == 1 and 2500 <= found["wall"][0][0] <= 3600, found
    assert "later" not in found
