# Compares aioschedule with other schedulers for MicroPython: sizes, heap, wake-ups, lateness.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   compare.py FOLDER
#
# FOLDER holds checkouts of what is to be compared, as git clone names them: micropython-async,
# micropython-mcron, micropython-aioschedule, and micropython-lib, of which the last needs modules.
# What is not there is left out. Prints a Markdown table. Nothing of a checkout is changed.
#
# Sizes are of what one daily task takes, compiled. Heap is measured on the emulated Pico, the rest
# in virtual time on the unix port: the clocks of tests/target/vclock.py.

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from device_board import Board, BoardError, tool
from run import BARE, ROOT, need

# Each program defines daily(job) and often(job), coroutines that schedule job at 06:30 every day,
# or every 10 seconds, and have the scheduler run. What it imports is on the path.
OURS = """
async def start(job, **options):
    import aioctl, aioschedule
    aioschedule.schedule("job", **options)
    aioctl.add(job, name="job")
    aioctl.add(aioschedule.schedule_loop)

async def daily(job):
    await start(job, repeat="30 6 * * *")

async def often(job):
    await start(job, start_in=0, repeat=10)
"""
SCHED = """
async def daily(job):
    from sched.sched import schedule
    asyncio.create_task(schedule(job, hrs=6, mins=30))

async def often(job):
    from sched.sched import schedule
    asyncio.create_task(schedule(job, hrs=None, mins=None, secs=range(0, 60, 10)))
"""
MCRON = """
def start(job, period, step):
    import mcron
    mcron.init_timer(timer_id=-1)
    # Its callbacks are plain functions
    mcron.insert(period, {step}, "job", lambda *args: asyncio.create_task(job()))

async def daily(job):
    start(job, 86400, 6 * 3600 + 30 * 60)

async def often(job):
    start(job, 10, 0)
"""
SCHEDULE = """
def every(n, job):
    import schedule
    # It finds a job by its name, in its own module
    schedule.job = job
    return schedule.every(n)

async def daily(job):
    import schedule
    every(1, job).day.at("06:30").do(job)
    asyncio.create_task(schedule.run_forever())

async def often(job):
    import schedule
    every(10, job).seconds.do(job)
    asyncio.create_task(schedule.run_forever())
"""
# Title -> program, files: (path below FOLDER, or below this project; path on the board)
SUBJECTS = {
    "aioschedule": (
        OURS,
        [
            ("aioschedule.py", "aioschedule.py"),
            *[
                (f"lib/{name}.py", f"{name}.py")
                for name in ("aioschedule_wall", "aioschedule_zone", "crontab", "aioctl")
            ],
        ],
    ),
    "`sched`": (
        SCHED,
        [
            (f"micropython-async/v3/as_drivers/sched/{name}", f"sched/{name}")
            for name in ("__init__.py", "sched.py", "cron.py", "primitives/__init__.py")
        ],
    ),
    "micropython-mcron": (
        MCRON,
        [("micropython-mcron/mcron/__init__.py", "mcron/__init__.py")],
    ),
    "micropython-aioschedule": (
        SCHEDULE,
        [
            ("micropython-aioschedule/schedule/__init__.py", "schedule/__init__.py"),
            ("micropython-lib/python-stdlib/datetime/datetime.py", "datetime.py"),
            ("micropython-lib/python-stdlib/functools/functools.py", "functools.py"),
            ("micropython-lib/python-stdlib/logging/logging.py", "logging.py"),
        ],
    ),
}
ROWS = {
    "mpy": "compiled (`mpy-cross -O3`)",
    "heap": "heap on a Pico, with one daily task",
    "wakes": "wake-ups in an idle hour",
    "late": "a task every 10 s that takes 0.3 s: late by at most, in a day",
    "runs": "the same: runs in a day, of 8,640",
    "first": "NTP sets the clock to 06:00, an hour after a start in 2021: a task at 06:30 runs at",
}

# On the Pico: what it takes from before its import on
HEAP = """
import asyncio, gc, heapq, json, os, random, sys, time

async def job():
    pass

async def main():
    gc.collect()
    before = gc.mem_alloc()
    await daily(job)
    await asyncio.sleep_ms(50)
    gc.collect()
    print("= heap", gc.mem_alloc() - before)

asyncio.run(main())
"""

# On the unix port, in virtual time. A hardware timer is a task there.
TIME = """
import sys
import vclock
vclock.install(epoch=EPOCH)
import asyncio, time

class Timer:
    PERIODIC = 1
    polls = 0

    def __init__(self, id):
        pass

    def init(self, period, mode, callback):
        asyncio.create_task(self.run(period, callback))

    async def run(self, period, callback):
        while True:
            await asyncio.sleep_ms(period)
            callback(self)

class Machine:
    pass

Machine.Timer = Timer
sys.modules["machine"] = Machine
runs = 0
late = 0
first = None

async def job():
    global runs, late, first
    if first is None:
        first = vclock.now() // 10000, time.localtime()[3:5]
    # After what the first run was due at; what is late adds up if the next run counts from there
    late = max(late, vclock.now() - (first[0] + runs) * 10000)
    runs += 1
    await asyncio.sleep_ms(300)

async def main():
    await START(job)
    if STEP:
        await asyncio.sleep(3600)
        vclock.set_rtc(STEP)
    await asyncio.sleep(SETTLE)
    vclock.wakes = 0
    await asyncio.sleep(HOURS * 3600 - 1)

vclock.run(main())
"""
WAKES = "print('= wakes', vclock.wakes)"
LATE = """
print("= late", late)
print("= runs", runs)
"""
FIRST = "print('= first', '%02d:%02d' % first[1] if first else '-')"


def find(path, folder):
    return next((base / path for base in (ROOT, folder) if (base / path).is_file()), None)


def compile_all(files, folder, out):
    """Compiles the files of a subject; returns the bytes that they take."""
    size = 0
    for path, name in files:
        target = (out / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        command = [tool("mpy-cross"), "-O3", "-s", name, "-o", target, find(path, folder)]
        subprocess.run(command, check=True)
        size += target.stat().st_size
    return size


def measure_heap(program, out):
    with Board(BARE) as board:
        board.exec("import os; os.mkdir('/lib')")
        for folder in sorted({path.parent for path in out.rglob("*.mpy")}):
            below = folder.relative_to(out)
            if below.parts:
                board.mpremote("fs", "mkdir", f":/lib/{below}")
            board.cp(*folder.glob("*.mpy"), to=f"/lib/{below}/", timeout=300)
        return board.exec("import asyncio\n" + program + HEAP, 120)


def run_in_virtual_time(program, out, start, hours, report, epoch, step=None, settle=0):
    values = {
        "SETTLE": str(settle),
        "EPOCH": repr(epoch),
        "START": start,
        "STEP": repr(step),
        "HOURS": str(hours),
    }
    code = re.sub(r"\b[A-Z]+\b", lambda match: values.get(match[0], match[0]), TIME)
    path = [".frozen", out, ROOT / "tests" / "target"]
    done = subprocess.run(
        [tool("micropython"), "-c", f"{program}\n{code}\n{report}"],
        env={"TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return done.stdout


def measure(program, files, folder):
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        found = {"mpy": compile_all(files, folder, out)}
        new_year = (2026, 1, 1, 0, 0, 0)
        text = "".join(
            [
                measure_heap(program, out),
                run_in_virtual_time(program, out, "daily", 1, WAKES, new_year, settle=60),
                run_in_virtual_time(program, out, "often", 24, LATE, new_year),
                run_in_virtual_time(
                    program,
                    out,
                    "daily",
                    30,
                    FIRST,
                    (2021, 1, 1, 0, 0, 0),
                    (2026, 11, 25, 6, 0, 0),
                ),
            ]
        )
    found.update(re.findall(r"^= (\w+) (\S+)$", text, re.MULTILINE))
    for key in ROWS:
        if key not in found:
            print(text, file=sys.stderr)
            break
    return found


def quantity(key, value):
    if value is None or key == "first":
        return value or "-"
    unit = {"late": " ms", "mpy": " B", "heap": " B"}.get(key, "")
    return f"{int(value):,}{unit}"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: compare.py FOLDER")
    folder = Path(sys.argv[1])
    need(BARE, "make firmware-bare")
    found = {}
    for title, (program, files) in SUBJECTS.items():
        missing = [path for path, _ in files if not find(path, folder)]
        if missing:
            print(f"{title} is left out: no {missing[0]} in {folder}", file=sys.stderr)
            continue
        try:
            found[title] = measure(program, files, folder)
        except (BoardError, OSError, subprocess.SubprocessError) as error:
            print(f"{title} could not be measured: {error}", file=sys.stderr)
    print("| | " + " | ".join(found) + " |")
    print("|---|" + "---:|" * len(found))
    for key, what in ROWS.items():
        cells = [quantity(key, values.get(key)) for values in found.values()]
        print(f"| {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
