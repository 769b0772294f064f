# Tests of what users install: package.json and `make dist`, with MicroPython's own mip over HTTP.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.stem for path in [ROOT / "aioschedule.py", *(ROOT / "lib").glob("*.py")])
# What those need who have an aioctl already
WITHOUT_AIOCTL = [
    "aioschedule",
    "aioschedule_adopt",
    "aioschedule_other",
    "aioschedule_runs",
    "aioschedule_status",
    "aioschedule_wall",
    "aioschedule_watcher",
    "aioschedule_zone",
    "crontab",
]
PACKAGES = {"package.json": MODULES, "aioschedule.json": WITHOUT_AIOCTL}

# Run from the installed modules alone: where each is, and that they work together
PROGRAM = """
import sys
import aioctl, aioschedule, asyncio
for m in MODULES:
    print(__import__(m).__file__)
runs = []

@aioschedule.schedule_task(start_in=0, repeat=0.02, times=3)
@aioctl.aiotask
async def tick():
    runs.append(1)

async def main():
    aioctl.add(tick)
    aioctl.add(aioschedule.schedule_loop)
    aioschedule.schedule("later", repeat="30 6 * * *")
    while len(runs) < 3:
        await asyncio.sleep_ms(5)
    await asyncio.sleep_ms(50)
    aioschedule.status_sc()

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


@pytest.mark.parametrize("name", PACKAGES)
def test_package_has_relative_urls_only(name):
    package = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert sorted(package) == ["deps", "urls", "version"]
    assert package["version"] == json.loads((ROOT / "package.json").read_text())["version"]
    assert package["deps"] == []
    assert sorted(name for name, _ in package["urls"]) == [f"{m}.py" for m in PACKAGES[name]]
    for _, url in package["urls"]:
        assert not re.match(r"[a-z]+:|/", url)
        assert (ROOT / url).is_file()


def test_manifest_freezes_every_module():
    text = (ROOT / "manifest.py").read_text(encoding="utf-8")
    assert set(MODULES) <= set(re.findall(r'"(\w+)\.py"', text))


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
    assert len(paths) == 1 + len(MODULES)
    run_installed(micropython, lib, tmp_path, "py", MODULES)


def run_installed(micropython, lib, cwd, suffix, modules):
    program = PROGRAM.replace("MODULES", repr(modules))
    out = isolated(micropython, "-c", program, path=lib, cwd=cwd).split("\n")
    assert out[: len(modules)] == [str(lib / f"{m}.{suffix}") for m in modules]
    assert out[-2] == "3"
    assert [line.split()[-1] for line in out[len(modules) : -2]] == ["TASK", "later", "tick"]


@pytest.mark.parametrize("kind", [None, "py", "mpy"])
def test_install_beside_an_aioctl(micropython, serve, dist, tmp_path, kind):
    """aioschedule.json is all that those need who have an aioctl; theirs stays as it is."""
    url, paths = serve(dist / kind if kind else ROOT)
    lib = tmp_path / "lib"
    lib.mkdir()
    theirs = lib / "aioctl.py"
    shutil.copy(ROOT / "tests" / "target" / "fieldaioctl.py", theirs)
    out = mip(micropython, f"{url}/aioschedule.json", lib, tmp_path)
    assert out.endswith("Done\n")
    suffix = kind or "py"
    assert names(lib) == sorted(["aioctl.py", *(f"{m}.{suffix}" for m in WITHOUT_AIOCTL)])
    assert len(paths) == 1 + len(WITHOUT_AIOCTL)
    assert theirs.read_text() == (ROOT / "tests" / "target" / "fieldaioctl.py").read_text()
    run_installed(micropython, lib, tmp_path, suffix, WITHOUT_AIOCTL)


# What of aioctl is in its part
LOOKED_UP = [
    *("status", "result", "result_all", "traceback", "debug", "set_log", "log", "follow"),
    *("delete", "reset", "set_group", "get_datetime", "tmdelta_fmt"),
]

# What it takes to need each part
USES = {
    "aioschedule_wall": "schedule('x', repeat='@daily')",
    "aioschedule_zone": "localtime()",
    "aioschedule_adopt": "set_group({})",
    "aioschedule_status": "status_sc()",
    "aioschedule_upcoming": "upcoming('@daily')",
    "aioschedule_state": "save()",
    "aioschedule_power": "slept(5)",
    "aioschedule_irq": "trigger('x')",
    "aioschedule_runs": "schedule('x', repeat=1, timeout=1)",
    "aioschedule_watcher": "watcher_loop()",
    "crontab": "schedule('x', repeat='@daily')",
    "posixtz": "set_zone('CET-1')",
}


@pytest.mark.parametrize("part", sorted(set(USES) & set(MODULES)))
def test_missing_part_is_named(micropython, dist, tmp_path, part):
    """An ImportError says which file to install, and nothing else needs it."""
    lib = tmp_path / "lib"
    shutil.copytree(dist / "py", lib)
    (lib / f"{part}.py").unlink()
    code = f"""
import aioschedule
aioschedule.schedule("y", start_in=1, repeat=2)
try:
    aioschedule.{USES[part]}
except (ImportError, ValueError) as error:
    print(error)
print("save" in dir(aioschedule))
print(sorted(aioschedule.group()))
"""
    out = isolated(micropython, "-c", code, path=lib, cwd=tmp_path)
    assert f"install {part}.py" in out
    assert out.endswith("['y']\n")


def test_aioctl_without_its_part(micropython, dist, tmp_path):
    """Tasks run, stop and start; each function that is missing says which file to install."""
    lib = tmp_path / "lib"
    shutil.copytree(dist / "py", lib)
    (lib / "aioctl_status.py").unlink()
    code = """
import aioctl, asyncio
runs = []

async def job():
    runs.append(1)

async def fail():
    raise ValueError("told")

aioctl.add(job)
aioctl.add(fail)
aioctl.run()
print(aioctl.start("job"), aioctl.stop("j*"), aioctl.start("job"))
aioctl.run()
print(len(runs), "start" in dir(aioctl), hasattr(aioctl, "nothing"))
for name in NAMES:
    try:
        getattr(aioctl, name)("job")
    except ImportError as error:
        print(error)
""".replace("NAMES", repr(LOOKED_UP))
    out = isolated(micropython, "-c", code, path=lib, cwd=tmp_path).splitlines()
    assert out[0] == "[fail] ValueError: told"
    assert out[-len(LOOKED_UP) - 2 :][:2] == ["True True True", "2 True False"]
    missing = "install aioctl_status.py: no module named 'aioctl_status'"
    assert out[-len(LOOKED_UP) :] == [missing] * len(LOOKED_UP)


@pytest.mark.parametrize("kind", ["py", "mpy"])
def test_install_from_dist(micropython, serve, dist, tmp_path, kind):
    url, _ = serve(dist)
    lib = tmp_path / "lib"
    out = mip(micropython, f"{url}/{kind}/package.json", lib, tmp_path)
    assert out.endswith("Done\n")
    assert names(lib) == [f"{m}.{kind}" for m in MODULES]
    run_installed(micropython, lib, tmp_path, kind, MODULES)


def test_dist_holds_nothing_else(dist):
    for kind in ("py", "mpy"):
        assert names(dist / kind) == sorted([*(f"{m}.{kind}" for m in MODULES), *PACKAGES])
        for name, modules in PACKAGES.items():
            package = json.loads((dist / kind / name).read_text(encoding="utf-8"))
            assert package["version"] == json.loads((ROOT / name).read_text())["version"]
            files = [f"{module}.{kind}" for module in modules]
            assert sorted(map(tuple, package["urls"])) == [(file, file) for file in files]


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
