# save() and load() across real processes and a real clock, and through SIGKILL.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FIRST = """
import asyncio, aioctl, aioschedule

async def task():
    pass

async def main():
    aioschedule.schedule("often", repeat=0.2, times=100)
    aioschedule.schedule("soon", start_in=2.5)
    aioschedule.schedule("slept", start_in=1.2, repeat=3600)
    for name in ("often", "soon", "slept"):
        aioctl.add(task, name=name)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(0.5)
    aioschedule.save()
    raise SystemExit

asyncio.run(main())
"""

SECOND = """
import asyncio, json, time, aioctl, aioschedule

runs = []
start = time.ticks_ms()

async def task(name):
    runs.append([name, time.ticks_diff(time.ticks_ms(), start)])

async def main():
    missing = aioschedule.load()
    for name in ("often", "soon", "slept"):
        aioctl.add(task, name, name=name)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(2.2)
    print("=>", json.dumps([sorted(missing), runs]))
    aioschedule.status_sc_all()

asyncio.run(main())
"""

SAVE_FOR_EVER = """
import aioschedule

for n in range(1, 1000000):
    for i in range(30):
        aioschedule.schedule("task%d" % i, start_in=100 + n, repeat=n)
    aioschedule.save()
    if n == 1:
        print("go")
"""

LOAD = """
import aioschedule

aioschedule.load()
print(len(aioschedule.group()), len(set(e["repeat"] for e in aioschedule.group().values())))
"""


def test_next_process(run_mpy, tmp_path):
    """A new process goes on where the old one stopped, by the real clock."""
    done = run_mpy(FIRST, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    saved = time.time()
    time.sleep(1)
    done = run_mpy(SECOND, cwd=tmp_path)
    slept = time.time() - 2.2 - saved
    assert done.returncode == 0, done.stdout
    missing, runs = json.loads(done.stdout[done.stdout.index("=>") + 2 :].splitlines()[0])
    [row] = [line.split() for line in done.stdout.splitlines() if line.endswith(" often")]
    assert missing == ["often", "slept", "soon"]
    by_name = {
        name: [ms for other, ms in runs if other == name] for name in ("often", "soon", "slept")
    }
    # Two ran in the first half second; what was slept through is one
    assert len(by_name["often"]) in (11, 12), runs
    # RUNS and MISSED of both lives
    assert row[-4:-2] == [str(2 + len(by_name["often"])), "0"], row
    # The file has whole seconds; the machine may be slow
    assert len(by_name["soon"]) == 1
    assert abs(by_name["soon"][0] - (2000 - slept * 1000)) < 1500, (runs, slept)
    assert len(by_name["slept"]) == 1
    assert by_name["slept"][0] < 1500


@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_time(micropython, run_mpy, tmp_path, part):
    """The file is whole whenever the process that saves is killed."""
    for _ in range(5):
        path = [".frozen", ROOT, ROOT / "lib"]
        process = subprocess.Popen(
            [micropython, "-c", SAVE_FOR_EVER],
            cwd=tmp_path,
            env={**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert process.stdout.readline() == b"go\n"
            time.sleep(random.uniform(0, 0.2))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
        done = run_mpy(LOAD, cwd=tmp_path)
        assert done.stdout == "30 1\n"
