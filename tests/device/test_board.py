# Proves on a board what virtual time cannot: sleep, the RTC, resets, Ctrl-C, time on the chip.
# MIT license; Copyright (c) 2026 the aioschedule authors

import re
import statistics

import pytest
from common import PATH, ROOT

# How late a run may be, in ms, on a board whose event loop has nothing else to do.
LATE = 20


def numbers(output, label):
    """The numbers behind `label` on each line that has it."""
    return [
        list(map(int, re.findall(r"-?\d+", line[len(label) :])))
        for line in output.splitlines()
        if line.startswith(label)
    ]


def on_time(runs, phases, late=LATE):
    assert len(runs) == len(phases), runs
    for run, phase in zip(runs, phases, strict=True):
        assert 0 <= run - phase <= late, f"due at {phase} ms: {runs}"


def test_modules_are_frozen(board):
    """The firmware has all modules, and they need no file in flash."""
    if not board.emulated and not board.frozen:
        pytest.skip("this board's firmware is not ours: the modules are copied to it")
    code = "import sys; sys.path[:] = ['.frozen']; import aioctl, aiolog, aioschedule\n"
    assert board.exec(code + "print(aioctl.aioschedule is aioschedule)") == "True\n"


def test_quickstart(board):
    """examples/quickstart.py runs as it is: every kind of task, to its end."""
    out = board.run(ROOT / "examples" / "quickstart.py", timeout=180)
    end = out[out.rindex("RUNS MISSED RESTARTS TASK") :]
    assert re.search(r"alarm: status: scheduled - done .* --> result: 'rung'\n", end)
    assert re.search(r"report: status: scheduled - done .* --> result: 1[56]\n", end)
    assert re.search(r"blink: .*\n +┗━► schedule: last @ .* --> next in [12] s @", end)
    assert re.search(r"coffee: status: scheduled @ .*\n +┗━► schedule: starts in .* 06:30:00", end)
    assert "Traceback" not in out


LIGHTSLEEP = """
import asyncio, machine, time
import aioctl, aioschedule

sleep = getattr(machine, "lightsleep", time.sleep_ms)
runs = []

def ms():
    return time.ticks_diff(time.ticks_ms(), t0)

@aioschedule.schedule_task(start_in=1.5, repeat=2.25)
@aioctl.aiotask
async def sample():
    runs.append(ms())

async def main():
    global t0
    t0 = time.ticks_ms()
    aioctl.add(sample)
    aioctl.add(aioschedule.schedule_loop)
    slept = 0
    while len(runs) < 4:
        # Awake for as long as a run needs
        await asyncio.sleep_ms(50)
        idle = aioschedule.idle_ms()
        if idle:
            t = time.ticks_ms()
            sleep(idle)
            slept += time.ticks_diff(time.ticks_ms(), t)
    print("slept", slept)
    print("runs", runs)

asyncio.run(main())
"""


def test_lightsleep_until_the_next_run(board):
    """A board asleep for idle_ms() wakes in time for what is due, and never runs it early."""
    out = board.program(LIGHTSLEEP)
    [runs] = numbers(out, "runs")
    on_time(runs, [1500, 3750, 6000, 8250])
    [[slept]] = numbers(out, "slept")
    assert slept > 8000


RTC = """
import asyncio, machine, time
import aioctl, aioschedule

rtc = machine.RTC()

def job(name, **options):
    async def run():
        t = time.localtime()
        print(name, time.ticks_diff(time.ticks_ms(), t0), t[3], t[4], t[5])
    aioctl.add(run, name=name)
    aioschedule.schedule(name, **options)

async def main():
    global t0
    rtc.datetime((2021, 1, 1, 4, 0, 0, 0, 0))
    job("seconds", start_in=1, repeat=1)
    job("once", start_in=30)
    job("tuple", start_in=(2026, 7, 1, 12, 0, 5))
    job("daily", start_in=(2026, 7, 1, 12, 0, 7), repeat=86400)
    job("passed", start_in=(2024, 2, 29, 12, 0, 0))
    job("cron", repeat="1 12 * * *")
    t0 = time.ticks_ms()
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep_ms(3300)
    print("jump of five years")
    rtc.datetime((2026, 7, 1, 2, 11, 59, 58, 0))
    await asyncio.sleep_ms(11000)
    print("ahead to the next minute")
    rtc.datetime((2026, 7, 1, 2, 12, 0, 58, 0))
    await asyncio.sleep_ms(4000)
    print("back by half an hour")
    rtc.datetime((2026, 7, 1, 2, 11, 30, 0, 0))
    await asyncio.sleep_ms(4000)
    print("ahead to tomorrow")
    rtc.datetime((2026, 7, 2, 3, 12, 0, 5, 0))
    await asyncio.sleep_ms(4000)
    print("back to 2021")
    rtc.datetime((2021, 1, 1, 4, 0, 0, 0, 0))
    await asyncio.sleep_ms(5500)

asyncio.run(main())
"""


def test_rtc_is_set_while_tasks_wait(board):
    """machine.RTC().datetime() moves what is due by the clock, and nothing that is in seconds."""
    out = board.program(RTC, timeout=90)
    # The pass that notices a step plans anew what is by the clock, and what is due in it waits
    noticing = 4000, 15000, 19000, 23000, 27000
    seconds = [run[0] for run in numbers(out, "seconds")]
    for run, phase in zip(seconds, range(1000, 32000, 1000), strict=True):
        on_time([run], [phase], 3 * LATE if phase in noticing else LATE)
    on_time([run[0] for run in numbers(out, "once")], [30000])
    # A clock of whole seconds: what is due at one starts within it.
    assert [run[1:] for run in numbers(out, "tuple")] == [[12, 0, 5]]
    # What the step back by half an hour made due again, the next step jumps over
    assert [run[1:] for run in numbers(out, "daily")] == [[12, 0, 7], [12, 0, 5], [12, 0, 7]]
    # Jumped over: once, within a second of the jump.
    [passed] = numbers(out, "passed")
    assert 3300 <= passed[0] <= 4400
    # So was the rule's first match; then at 12:01 of the first day, which comes again and is
    # jumped over. The second day ends before that.
    cron = numbers(out, "cron")
    assert 3300 <= cron[0][0] <= 4400
    assert [run[1:] for run in cron[1:]] == [[12, 1, 0], [12, 0, 5]]


# The RTC, the options of the job, and what is done after four seconds
ONE_JOB = """
import asyncio, machine
import aioctl, aioschedule

async def job():
    pass

async def main():
    machine.RTC().datetime(%s)
    aioctl.add(job)
    aioschedule.schedule("job", %s)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(4)
    %s

asyncio.run(main())
"""

AFTER_2038 = ONE_JOB % (
    "(2063, 2, 28, 2, 23, 59, 58, 0)",
    'start_in=(2063, 3, 1, 0, 0, 0), repeat="0 0 1 mar *"',
    """print("dt", aioschedule.group()["job"]["last_dt"][:6])
    aioschedule.status_sc("job")
    aioschedule.status_sc()""",
)


def test_after_2038(board):
    """Where the board's own gmtime() has ended nothing does: no line of a log, and right dates."""
    lines = board.program(AFTER_2038).splitlines()
    assert numbers(lines[0], "dt") == [[2063, 3, 1, 0, 0, 0]]
    last = "last @ 2063-03-01 00:00:00 --> next in 365 days, "
    assert last in lines[1] and lines[1].endswith(" @ 2064-03-01 00:00:00")
    assert lines[3].startswith("03-01 00:00 ") and lines[3].endswith(" job")
    assert len(lines) == 4


BEFORE_RESET = ONE_JOB % (
    "(2026, 7, 1, 2, 12, 0, 0, 0)",
    "start_in=2, repeat=10",
    """aioschedule.status_sc()
    aioschedule.save("/aioschedule_tests.json")
    machine.soft_reset()""",
)

AFTER_RESET = """
import asyncio, machine, os, time
import aioctl, aioschedule

async def job():
    print("run", time.ticks_diff(time.ticks_ms(), t0))

async def main():
    global t0
    print("fresh", len(aioschedule.group()), len(aioctl.group().tasks))
    # As if the reset had taken two seconds: at the prompt an emulator's clock runs away.
    machine.RTC().datetime((2026, 7, 1, 2, 12, 0, 6, 0))
    t0 = time.ticks_ms()
    aioctl.add(job)
    aioschedule.load("/aioschedule_tests.json")
    os.remove("/aioschedule_tests.json")
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(28)

asyncio.run(main())
"""


def test_soft_reset_in_the_middle_of_a_schedule(board):
    """It leaves nothing behind but what was saved, which goes on in phase."""
    with board.console() as console:
        console.paste(PATH + BEFORE_RESET)
        out = console.read_until(r"soft reboot.*\r\n(.*\r\n)*>>> ", timeout=60)
        # RUNS, MISSED and RESTARTS of the table
        assert re.search(r" 1 +0 +0 job\r\n", out)
        assert "Traceback" not in out
    out = board.program(AFTER_RESET)
    assert numbers(out, "fresh") == [[0, 0]]
    # Run at 2 s, due again at 12 s and every 10 s; a clock of whole seconds says when that is.
    runs = [run for [run] in numbers(out, "run ")]
    assert len(runs) == 3
    assert abs(runs[0] - 6000) <= 1000
    # The first may be late itself, by a pass
    assert all(abs(run - runs[0] - 10000 * k) <= LATE for k, run in enumerate(runs)), runs


CTRL_C = """
import asyncio, time
import aioctl, aioschedule

@aioschedule.schedule_task(start_in=0.5, repeat=0.5)
@aioctl.aiotask
async def tick():
    global t0
    ms = time.ticks_ms()
    t0 = t0 or ms
    print("tick", time.ticks_diff(ms, t0))

@aioctl.aiotask
async def busy():
    # Keeps an emulator from running ahead of whoever types
    while True:
        await asyncio.sleep_ms(2)

async def main():
    aioctl.add(tick)
    aioctl.add(busy)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.gather(*aioctl.tasks())

t0 = 0
asyncio.run(main())
"""


def ticks(output):
    return [tick for [tick] in numbers(output.replace("\r\n", "\n"), "tick")]


def in_phase(runs):
    for run in runs:
        assert run % 500 <= LATE or 500 - run % 500 <= LATE, runs


# Typed ahead, because at a prompt that waits an emulator's clock runs on by days. asyncio wants a
# new event loop after Ctrl-C; aioctl.run() makes one by itself.
AGAIN = """asyncio.new_event_loop()
aioctl.status(log=False)
aioctl.start('busy'), aioctl.start('schedule_loop')
aioctl.run()
"""


def test_ctrl_c_and_a_second_start(board):
    """Ctrl-C ends the program and leaves a prompt; what was started can be started again there."""
    board.soft_reset()
    with board.console() as console:
        console.paste(PATH + CTRL_C)
        out = console.read_until(r"tick 1\d\d\d\r\n", timeout=60)
        console.write("\x03" + AGAIN.replace("\n", "\r"))
        out += console.read_until("KeyboardInterrupt: \r\n")
        in_phase(ticks(out))

        # The loop alone, in phase with the first start; what it missed runs once, at once.
        stopped = console.read_until(r"aioctl\.run\(\)\r\n")
        assert re.search("busy: status: stopped", stopped)
        assert re.search("schedule_loop: status: stopped", stopped)
        assert re.search("tick: status: scheduled", stopped)
        assert "(True, True)" in stopped
        console.read_until(r"tick \d+\r\n", timeout=60)
        out = console.read_until(r"(tick \d+\r\n){3}", timeout=60)
        console.write("\x03")
        out += console.read_until("KeyboardInterrupt: \r\n>>> ")
        in_phase(ticks(out))

        # All of the program once more.
        console.command("aioctl.reset(), aioschedule.reset()")
        console.paste(CTRL_C)
        out = console.read_until(r"tick 1\d\d\d\r\n", timeout=60)
        console.write("\x03")
        out += console.read_until("KeyboardInterrupt: \r\n>>> ")
        # Counted from the first, which may be late itself
        runs = ticks(out)[:3]
        in_phase(runs)
        assert [round(run / 500) for run in runs] == [0, 1, 2]
        console.command("sorted(aioctl.group().tasks)", r"\['busy', 'schedule_loop', 'tick'\]")


MEMORY = """
import asyncio, gc
import aioctl, aioschedule

runs = 0

async def job():
    global runs
    runs += 1

async def main():
    aioctl.add(job)
    aioschedule.schedule("job", start_in=0, repeat=0.02)
    aioctl.add(aioschedule.schedule_loop)
    for n in 50, 100, 150, 200:
        while runs < n:
            await asyncio.sleep_ms(5)
        gc.collect()
        print("heap", gc.mem_alloc())

asyncio.run(main())
"""


def test_runs_leave_nothing_in_memory(board):
    """What a run takes of the heap is free again after it, so that a board runs for years."""
    heap = [used for [used] in numbers(board.program(MEMORY), "heap")]
    assert max(heap) - min(heap) < 50 * 16, heap


LEAP_DAY = """
import time
import aioschedule

for i in range(9):
    t = time.ticks_us()
    aioschedule.schedule("leap", repeat="0 0 29 2 */7")
    print("us", time.ticks_diff(time.ticks_us(), t))
"""


def test_leap_day_is_found_in_50_ms(board):
    """29 February on a Sunday, up to 40 years off: the prompt must not stall on it."""
    out = board.program(LEAP_DAY)
    took = [us for [us] in numbers(out, "us")]
    assert statistics.median(took) < 50_000, took
