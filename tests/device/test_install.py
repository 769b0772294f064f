# Proves that mip installs this checkout, as source and as .mpy, and that it runs from flash.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import subprocess
import sys

from common import BOARD_DIR, ROOT

PROGRAM = """
import asyncio
import aioctl, aiolog, aioschedule

@aioschedule.schedule_task(start_in=0.1, repeat=0.1, times=3)
@aioctl.aiotask
async def job():
    print("run", file=aiolog.streamlog)

async def main():
    aioctl.set_log(aiolog.streamlog)
    aioctl.add(job)
    aioctl.add(aioschedule.schedule_loop)
    # Both parts of the scheduler, and one that is loaded at first use
    aioschedule.schedule("later", repeat="30 6 * * *")
    await asyncio.sleep(1)
    aioctl.stop()

asyncio.run(main())
aioctl.log()
for name in LOADED:
    print(__import__(name).__file__)
"""
LOADED = ["aioctl", "aiolog", "aioschedule", "aioschedule_wall", "crontab"]


def install_and_run(board, url, suffix):
    # A real board keeps its /lib, and frozen modules would hide what is there.
    lib = "/lib" if board.emulated else f"{BOARD_DIR}/lib"
    options = [] if board.emulated else ["--target", lib]
    if not board.emulated:
        board.copy(ROOT / "LICENSE")  # makes the directory
    board.mip_install(url, *options, timeout=300)
    first = "" if board.emulated else f"import sys; sys.path.insert(0, {lib!r})\n"
    out = board.exec(first + PROGRAM.replace("LOADED", repr(LOADED))).split()
    assert out == ["run"] * 3 + [f"{lib}/{name}{suffix}" for name in LOADED]
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    names = [name[:-3] for name, _ in package["urls"]]
    remove = "".join(f"os.remove('{lib}/{name}{suffix}')\n" for name in names)
    board.exec("import os\n" + remove)


def test_mip_installs_the_checkout(bare_board, serve):
    """package.json has relative addresses only, so that the checkout is a package as it is."""
    if bare_board.emulated:
        assert not bare_board.has("aioschedule")
    install_and_run(bare_board, serve(ROOT)[0] + "/package.json", ".py")


def test_mip_installs_compiled_modules(bare_board, serve, tmp_path):
    """What `make dist` compiles runs the same."""
    subprocess.run([sys.executable, ROOT / "firmware" / "dist.py", tmp_path], check=True)
    install_and_run(bare_board, serve(tmp_path)[0] + "/mpy/package.json", ".mpy")
