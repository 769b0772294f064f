# Types what the documents say is to be typed with a board plugged in, in a checkout of its own.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The commands are those of the blocks that tests/test_docs.py leaves to this file: with the note
# `board`. The real mpremote runs them, in bash, one after the other. Programs that import
# `machine` run here as well, with a real one.

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
import test_docs
from common import ROOT
from device_board import BoardError, tool

COMMANDS = {}
for block in test_docs.BLOCKS:
    if block.kind == "sh" and block.note == "board":
        COMMANDS.setdefault(block.path.relative_to(ROOT), []).extend(block.text.splitlines())

# Commands that do not end by themselves
ENDLESS = "mpremote repl", "mpremote run main.py"


@pytest.fixture
def checkout(tmp_path):
    """A directory with what the commands name."""
    for name in ("aioschedule.py", "lib", "examples", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    subprocess.run(
        [sys.executable, ROOT / "firmware" / "dist.py", tmp_path / "dist"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return tmp_path


def in_bash(board, line):
    return [
        "bash",
        "-c",
        f'mpremote() {{ {tool("mpremote")} connect {board.device} "$@"; }}\n{line}',
    ]


def run(board, line, cwd):
    done = subprocess.run(
        in_bash(board, line),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def watch(board, line, cwd, pattern, timeout=180):
    """Runs a command at a terminal until its output matches, and ends it with Ctrl-]."""
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        in_bash(board, line), cwd=cwd, stdin=inner, stdout=inner, stderr=inner
    )
    os.close(inner)
    text = b""
    deadline = time.monotonic() + timeout
    try:
        while not re.search(pattern.encode(), text):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                raise BoardError(f"{line}: no {pattern!r}, but:\n{text.decode(errors='replace')}")
            text += os.read(terminal, 4096)
        os.write(terminal, b"\x1d")
        if line != "mpremote repl":
            process.terminate()
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


@pytest.mark.parametrize("path", COMMANDS, ids=str)
def test_the_commands_work(bare_board, checkout, path):
    """A program that is saved as the document says runs on a board by its commands alone."""
    if not bare_board.emulated:
        pytest.skip("it would replace files of that board")
    blocks = test_docs.read_blocks(ROOT / path)
    program = next(block.text for block in blocks if block.kind == "python")
    (checkout / "main.py").write_text(program)
    for line in COMMANDS[path]:
        if line in ENDLESS:
            watch(bare_board, line, checkout, r"hello world\s+hello world")
        elif line.startswith("mpremote"):
            run(bare_board, line, checkout)
        else:
            assert line == ". .venv/bin/activate"
    if "mpremote rm :main.py" in COMMANDS[path]:
        assert "main.py" not in run(bare_board, "mpremote ls", checkout)


# In the place of what runs for ever
FOR_A_WHILE = """
async def _wait():
    await asyncio.sleep(5)

aioctl.add(aioschedule.schedule_loop)
asyncio.run(_wait())
"""
# In the emulator these end the emulated board
ENDS_THE_BOARD = "deepsleep", "WDT"
PROGRAMS = [
    block
    for block in test_docs.TO_RUN
    if block.kind == "python"
    and "import machine" in block.text
    and not any(word in block.text for word in ENDS_THE_BOARD)
]


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_the_programs_work(board, block):
    """A program for a board begins there, and goes on for 5 s."""
    program = test_docs.MODULES + test_docs.text_of(block)
    program = program.replace(test_docs.SCHEDULER, "") + FOR_A_WHILE
    out = board.program(program + "\nprint('to its end')")
    assert "Traceback" not in out
    assert out.endswith("to its end\n")
