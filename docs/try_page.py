# Makes docs/try/ complete: fetches MicroPython for the browser, and copies the modules beside it.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# python3 docs/try_page.py [FOLDER]; any web server can serve it then. The page is docs/try/;
# what is fetched and copied goes to FOLDER/vendor. It needs npm the first time.

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "try"
CACHE = ROOT / "build" / "npm"

# MicroPython's own build for the browser. Its version is here and nowhere else.
PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.27.0"
SHA512 = "DnXx4EqxgkeaFESrS3uKrL7mLMk4mRTd0mMzaOd3HUSiZUOAE7t11uLnjf3ftF87N2xm4knHnWEKcVK4IYIUDA=="
WANTED = ("micropython.mjs", "micropython.wasm")


class NotToBeHad(Exception):
    """MicroPython for the browser cannot be fetched; the text says why."""


def package():
    """The npm package as bytes: from the cache, or fetched into it."""
    cached = CACHE / f"micropython-{VERSION}.tgz"
    if not cached.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            os.replace(fetch(folder), cached)
    data = cached.read_bytes()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if digest != SHA512:
        cached.unlink()
        raise NotToBeHad(f"{PACKAGE}@{VERSION} is not the one that is known: sha512-{digest}")
    return data


def fetch(folder):
    npm = shutil.which("npm")
    if not npm:
        raise NotToBeHad(f"npm is needed for {PACKAGE} (Debian, Ubuntu: apt install npm)")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", folder]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"npm did not get {PACKAGE}@{VERSION} within two minutes") from None
    found = list(Path(folder).glob("*.tgz"))
    if done.returncode or not found:
        raise NotToBeHad(f"npm could not get {PACKAGE}@{VERSION}: {done.stderr.strip()[-500:]}")
    return found[0]


def first_program(readme):
    """The first Python block of the README, which is the program that the page begins with."""
    return re.search(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]


def fill(vendor):
    """Puts into `vendor` what the page needs beside its own files."""
    vendor.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(package())) as archive:
        for name in WANTED:
            (vendor / name).write_bytes(archive.extractfile(f"package/{name}").read())
    modules = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
    for module in modules:
        shutil.copyfile(module, vendor / module.name)
    names = [module.name for module in modules]
    (vendor / "modules.json").write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (vendor / "hello.py").write_text(first_program(readme), encoding="utf-8")


def make(folder=PAGE):
    """The whole page in `folder`: its own files, and vendor/."""
    folder = Path(folder).resolve()
    if folder != PAGE:
        vendor = shutil.ignore_patterns("vendor")
        shutil.copytree(PAGE, folder, dirs_exist_ok=True, ignore=vendor)
    fill(folder / "vendor")
    return folder


if __name__ == "__main__":
    try:
        made = make(*sys.argv[1:2])
    except NotToBeHad as error:
        sys.exit(str(error))
    print(f"{made}/index.html; to look at it: python3 -m http.server --directory {made}")
