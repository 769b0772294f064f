# A port may have no floats: the modules compile there, and work with whole seconds.
# MIT license; Copyright (c) 2026 the aioschedule authors

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Of ../firmware/build.sh
WITHOUT_FLOATS = ROOT / "build" / "micropythonint-bare"
# The sun cannot do without
MODULES = [p for p in [ROOT / "aioschedule.py", *ROOT.glob("lib/*.py")] if p.stem != "suntimes"]

PROGRAM = """
import asyncio, aioctl, aioschedule, aiolog, posixtz, vclock

@aioschedule.schedule_task(start_in=1, repeat=2, jitter=1, times=3, until=60)
@aioctl.aiotask
async def blink():
    print("blink")

@aioctl.aiotask
async def slow():
    await asyncio.sleep(30)

async def main():
    aioschedule.set_zone("CET-1CEST,M3.5.0,M10.5.0/3")
    aioctl.set_log(aiolog.streamlog)
    aioctl.add(blink)
    aioctl.add(slow)
    aioschedule.schedule("slow", start_in=0, timeout=1)
    aioschedule.schedule("later", repeat="*/5 * * * *", jitter=3)
    aioctl.add(aioschedule.schedule_loop)
    aioctl.add(aioschedule.watcher_loop)
    await asyncio.sleep(7)
    aioschedule.save()
    print(aioschedule.load())
    aioschedule.status_sc()
    aioctl.status(debug=True)
    print(len(aioschedule.snapshot()))
    aioschedule.upcoming("*/7 * * * *", 2)
    for wrong in "5", (1, 2), -1:
        try:
            aioschedule.schedule("slow", start_in=wrong)
        except (TypeError, ValueError) as error:
            print(error)

asyncio.run(main())
"""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_float_in_the_source(module):
    """MicroPython without floats cannot compile one."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno


def test_without_floats(tmp_path):
    """A program that uses most of it, on a MicroPython without floats."""
    if not WITHOUT_FLOATS.exists():
        pytest.skip("there is no MicroPython without floats: make test-32bit builds one")
    path = [".frozen", ROOT / "tests" / "target", ROOT, ROOT / "lib"]
    done = subprocess.run(
        [WITHOUT_FLOATS, "-c", "import vclock; vclock.install()\n" + PROGRAM],
        cwd=tmp_path,
        env={"TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
        check=False,
        timeout=60,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("blink\n") == 4, done.stdout
    assert "[slow] TimeoutError: took longer than 1 s" in done.stdout
    assert "['later']" in done.stdout
    assert done.stdout.count("slow: start_in=") == 3
    assert "Traceback" not in done.stdout
