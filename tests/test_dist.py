# Tests of what users install: package.json and `make dist`, with MicroPython's own mip over HTTP.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = ["aioctl", "aiolog", "aioschedule"]

# Run from the installed modules alone: what they are, and that they work together
PROGRAM = """
import sys
import aioctl, aiolog, aioschedule, asyncio
for m in aioctl, aiolog, aioschedule:
    print(m.__file__)
runs = []

@aioschedule.schedule_task(start_in=0, repeat=0.02, times=3)
@aioctl.aiotask
async def tick():
    runs.append(1)

async def main():
    aioctl.add(tick)
    aioctl.add(aioschedule.schedule_loop)
    while len(runs) < 3:
        await asyncio.sleep_ms(5)
    await asyncio.sleep_ms(50)

asyncio.run(main())
print(len(runs))
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "firmware" / "dist.py", out], check=True)
    return out


def isolated(micropython, *args, path, cwd):
    # Neither this project nor what the user has installed is on the path
    clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        [micropython, *args],
        env={**clean, "MICROPYPATH": f".frozen:{path}"},
        cwd=cwd,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def mip(micropython, url, lib, cwd):
    if "mip" not in isolated(micropython, "-c", "help('modules')", path=lib, cwd=cwd):
        pytest.skip("this MicroPython has no mip frozen in")
    return isolated(
        micropython, "-m", "mip", "install", "--target", str(lib), url, path=lib, cwd=cwd
    )


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_package_has_relative_urls_only():
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert sorted(package) == ["deps", "urls", "version"]
    assert package["deps"] == []
    assert sorted(name for name, _ in package["urls"]) == [f"{m}.py" for m in MODULES]
    for _, url in package["urls"]:
        assert not re.match(r"[a-z]+:|/", url)
        assert (ROOT / url).is_file()


@pytest.mark.parametrize("what", ["", "/", "/package.json"])
def test_install_from_a_checkout(micropython, serve, tmp_path, what):
    url, paths = serve(ROOT)
    lib = tmp_path / "lib"
    out = mip(micropython, url + what, lib, tmp_path)
    assert out.endswith("Done\n")
    assert names(lib) == [f"{m}.py" for m in MODULES]
    for name in names(lib):
        source = ROOT / name if (ROOT / name).exists() else ROOT / "lib" / name
        assert (lib / name).read_bytes() == source.read_bytes()
    assert len(paths) == 4
    run_installed(micropython, lib, tmp_path, "py")


def run_installed(micropython, lib, cwd, suffix):
    out = isolated(micropython, "-c", PROGRAM, path=lib, cwd=cwd).split("\n")
    assert out[:3] == [str(lib / f"{m}.{suffix}") for m in MODULES]
    assert out[3] == "3"


def test_install_of_the_single_module(micropython, serve, tmp_path):
    url, paths = serve(ROOT)
    lib = tmp_path / "lib"
    lib.mkdir()
    # The user has an aioctl already, and keeps it
    (lib / "aioctl.py").write_text("def group():\n    pass\n")
    out = mip(micropython, f"{url}/aioschedule.py", lib, tmp_path)
    assert out.endswith("Done\n")
    assert names(lib) == ["aioctl.py", "aioschedule.py"]
    assert len(paths) == 1
    code = "import aioschedule, aioctl; print(aioschedule.__file__, aioctl.__file__)"
    out = isolated(micropython, "-c", code, path=lib, cwd=tmp_path)
    assert out == f"{lib}/aioschedule.py {lib}/aioctl.py\n"


@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_install_from_dist(micropython, serve, dist, tmp_path, kind):
    url, _ = serve(dist)
    lib = tmp_path / "lib"
    out = mip(micropython, f"{url}/{kind}/package.json", lib, tmp_path)
    assert out.endswith("Done\n")
    assert names(lib) == [f"{m}.{kind}" for m in MODULES]
    run_installed(micropython, lib, tmp_path, kind)


def test_dist_holds_nothing_else(dist):
    for kind in ("py", "mpy"):
        assert names(dist / kind) == sorted([*(f"{m}.{kind}" for m in MODULES), "package.json"])
        package = json.loads((dist / kind / "package.json").read_text(encoding="utf-8"))
        assert package["version"] == json.loads((ROOT / "package.json").read_text())["version"]


@pytest.mark.parametrize("module", MODULES)
def test_mpy_is_what_every_board_loads(dist, module):
    data = (dist / "mpy" / f"{module}.mpy").read_bytes()
    assert data[0] == ord("M")
    assert data[1] == 6
    # No native code, of any architecture
    assert data[2] >> 2 == 0
    # The small ints of a 32-bit board
    assert data[3] <= 31
    # Tracebacks name the file, not where it was compiled
    assert f"{module}.py".encode() in data
    assert str(ROOT).encode() not in data


def test_dist_replaces_what_was_there(tmp_path):
    stale = tmp_path / "mpy" / "stale.mpy"
    stale.parent.mkdir()
    stale.touch()
    for _ in range(2):
        subprocess.run([sys.executable, ROOT / "firmware" / "dist.py", tmp_path], check=True)
    assert not stale.exists()
    assert names(tmp_path) == ["mpy", "py"]
