# Proves examples/full.py with the real aiorepl: what somebody at its prompt sees and does.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aiorepl and logging come with the firmware, from a checkout of micropython-lib (MPY_LIB_DIR=path,
# as for `make firmware`), or by mip. Without any of these the test is skipped.

import os
import re
from pathlib import Path

import pytest
from common import BOARD_DIR, PATH, ROOT
from device_board import BoardError

# An emulator skips idle time: without this task an hour would pass between two keys.
PACE = """
import asyncio

ms = 2

async def pace():
    while True:
        await asyncio.sleep_ms(ms)

async def wait(seconds):
    global ms
    ms = 1000
    try:
        await asyncio.sleep(seconds)
    finally:
        ms = 2

asyncio.create_task(pace())
"""

NOW = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"
RULER = "<" + "-" * 80 + ">\n"


@pytest.fixture(scope="module")
def prompt_board(board, tmp_path_factory):
    """A board with aiorepl, logging and the full example."""
    pace = tmp_path_factory.mktemp("pace") / "pace.py"
    pace.write_text(PACE)
    board.copy(pace)
    if not board.has("aiorepl, logging"):
        checkout = os.environ.get("MPY_LIB_DIR")
        if checkout:
            checkout = Path(checkout)
            board.copy(
                checkout / "micropython" / "aiorepl" / "aiorepl.py",
                checkout / "python-stdlib" / "logging" / "logging.py",
            )
        else:
            try:
                board.mip_install("aiorepl", "--target", BOARD_DIR, timeout=120)
                board.mip_install("logging", "--target", BOARD_DIR, timeout=120)
            except BoardError as error:
                reason = str(error).strip().splitlines()[-1]
                pytest.skip(f"no aiorepl and logging: set MPY_LIB_DIR=path ({reason})")
    return board


@pytest.fixture
def prompt(prompt_board):
    """The prompt of the running example; returns what a typed line prints."""
    prompt_board.soft_reset()
    with prompt_board.console() as console:

        def type_line(line, pattern=""):
            return console.command(line, pattern, timeout=60)

        type_line("import machine; machine.RTC().datetime((2026, 7, 1, 2, 12, 0, 0, 0))")
        console.paste(PATH + "import pace\n" + (ROOT / "examples" / "full.py").read_text())
        console.read_until(r"Starting asyncio REPL\.\.\.\r\n>>> ", timeout=60)
        type_line("import aioctl, aioschedule, pace")
        yield type_line
        # Ctrl-D ends the program.
        console.write("\x04")
        console.read_until(">>> ")


def status(prompt, *names):
    """What status() prints of the named tasks, without colours."""
    text = ""
    for name in names or [""]:
        text += prompt(f"aioctl.status({name!r}, log=False)" if name else "aioctl.status()")
    return re.sub(r"\x1b\[\d+m", "", text)


def test_status(prompt):
    """aioctl.status() shows each task in the format that is documented, in the order of names."""
    tasks = status(prompt).split(RULER)
    assert tasks.pop() == ""
    want = [
        (
            rf"● greenhouse: status: scheduled @ {NOW} --> result:\n"
            rf"    ┗━► schedule: starts in \d+ s @ {NOW}\n"
        ),
        rf"● level: status: running since {NOW}; \d+ s ago\n",
        rf"● repl: status: running since {NOW}; \d+ s ago\n",
        rf"● schedule_loop: status: running since {NOW}; \d+ s ago\n",
        rf"● watcher_loop: status: running since {NOW}; \d+ s ago\n",
        (
            rf"● water: status: scheduled @ {NOW} --> result:\n"
            rf"    ┗━► schedule: starts in \d+ s @ {NOW}\n"
        ),
    ]
    assert len(tasks) == len(want), tasks
    for task, pattern in zip(tasks, want, strict=True):
        assert re.fullmatch(pattern, task), task


def test_tasks_run_and_fail_and_are_restarted(prompt):
    """Left alone, the example does what its comments say, and the log of each task is there."""
    prompt("await pace.wait(50)")
    shown = prompt("aioctl.status()")
    done = rf"status: scheduled - done @ {NOW}; \d+ s ago --> result: "
    assert re.search(rf"greenhouse: {done}3\n +┗━► schedule: last @ {NOW} --> next in ", shown)
    assert re.search(rf"water: {done}5\n +┗━► schedule: last @ {NOW} --> next in ", shown)
    assert re.search(rf"{NOW} INFO rp2: \[water\] valve 1 opens\n", shown)
    assert re.search(r"\[water\] valve 1 closes\n", shown)

    prompt("await pace.wait(90)")
    table = prompt("aioschedule.status_sc()")
    assert re.match(r"NEXT +LEFT +LAST +AGO +RUNS MISSED RESTARTS TASK\n", table)
    assert re.search(r" +[2-5] +0 +0 greenhouse\n", table)
    prompt("aioctl.log('[level]')", r"\[level\] (ValueError: 4 l left, need 5\n.*\n?)+restart:")
    assert "level: status: running since" in status(prompt, "level")


def test_schedule_and_unschedule(prompt):
    """What is typed takes effect at once, and what is wrong with it is said in one line."""
    assert prompt("aioschedule.unschedule('greenhouse')") == "True\n"
    assert "schedule:" not in status(prompt, "greenhouse")
    unknown = prompt("aioschedule.unschedule('greenhouse')")
    assert unknown == "Task greenhouse not found in ['water']\nFalse\n"

    assert prompt("aioschedule.schedule('greenhouse', start_in=1, repeat=600)") == ""
    prompt("await pace.wait(2)")
    prompt("aioctl.status('greenhouse')", "status: running since")

    error = prompt("aioschedule.schedule('water', start_in=-1)")
    assert re.match(r"ValueError: start_in=-1: .*\n$", error)
    error = prompt("aioschedule.schedule('water', repeat='61 * * * *')")
    assert re.match(r"ValueError: repeat='61 \* \* \* \*': .*\n$", error)
    error = prompt("aioschedule.schedule('water', evry=5)")
    assert re.match(r"TypeError: evry=5: .*\n$", error)
    assert re.search(r"schedule: (starts|last)", status(prompt, "water"))


def test_stop_and_start(prompt):
    """Tasks stop and start at once, one that is scheduled with its schedule."""
    assert prompt("aioctl.stop('level')") == "True\n"
    assert re.search(rf"level: status: stopped @ {NOW}; \d+ s ago", status(prompt, "level"))
    assert prompt("aioctl.start('level')") == "True\n"
    assert re.search("level: status: running", status(prompt, "level"))

    prompt("aioschedule.schedule('water', start_in=600, repeat=600)")
    due = re.search(rf"in .* @ ({NOW})", prompt("aioschedule.status_sc('water')"))[1]
    assert prompt("aioctl.stop('wat*')") == "True\n"
    assert re.search("water: status: stopped", status(prompt, "water"))
    assert prompt("'water' in aioschedule.group()") == "False\n"
    assert prompt("aioctl.start('water')") == "True\n"
    assert re.search("water: status: scheduled @", status(prompt, "water"))
    assert due in prompt("aioschedule.status_sc('water')")

    assert prompt("aioctl.stop('schedule_loop')") == "True\n"
    assert re.search("schedule_loop: status: stopped", status(prompt, "schedule_loop"))
    prompt("aioschedule.schedule('greenhouse', start_in=1)")
    prompt("await pace.wait(3)")
    assert "last @" not in status(prompt, "greenhouse")
    assert prompt("aioctl.start('schedule_loop')") == "True\n"
    prompt("await pace.wait(1)")
    assert "last @" in status(prompt, "greenhouse")

    names = r"\['greenhouse', 'level', 'repl', 'schedule_loop', 'watcher_loop', 'water'\]"
    prompt("aioctl.stop('wter')", f"Task wter not found in {names}\nFalse\n")


def test_nonsense(prompt):
    """Nothing that is typed ends the program; it runs on as if nothing had been."""
    for line, answer in (
        ("1 / 0", "ZeroDivisionError: "),
        ("watr", "NameError: "),
        ("((", "SyntaxError: "),
        ("aioctl.start(1)", "Error: "),
        ("aioschedule.schedule()", "TypeError: "),
        ("aioschedule.schedule(7, start_in=1)", "TypeError: "),
        ("aioschedule.schedule('nobody', start_in=0)", ""),
        ("aioschedule.group()['pump'] = 'nonsense'", ""),
        ("aioschedule.group()['hose'] = {}", ""),
        ("del aioctl.group().tasks['water']", ""),
    ):
        prompt(line, answer)
    prompt("await pace.wait(50)")
    prompt("aioctl.log('KeyError')", "nobody")
    shown = status(prompt)
    for name in ("level", "repl", "schedule_loop", "watcher_loop"):
        assert f"{name}: status: running since" in shown
    assert "greenhouse: status: scheduled - done" in shown
