# `make serve`: what it prints is what installs, and only the packages can be had.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def command():
    """The command that it prints, while it runs."""
    serve = subprocess.Popen(
        [sys.executable, ROOT / "firmware" / "serve.py", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield serve.stdout.readline().strip()
    finally:
        serve.kill()
        serve.communicate()


def test_the_command_installs(command, micropython, tmp_path):
    """The printed address is one at which mip finds all modules."""
    url = re.fullmatch(r"mpremote mip install (http://[\d.]+:\d+/package\.json)", command)[1]
    # The same mip as on a board
    done = subprocess.run(
        [micropython, "-m", "mip", "install", "--target", tmp_path, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    if "no module named 'mip'" in done.stdout:
        pytest.skip("this MicroPython has no mip")
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    # mip compares nothing: .py files come as they are
    for name, path in package["urls"]:
        assert (tmp_path / name).read_bytes() == (ROOT / path).read_bytes(), done.stdout


@pytest.mark.parametrize("path", ["", ".git/config", "Makefile", "lib/", "lib/../Makefile"])
def test_nothing_else_is_served(command, path):
    base = command.split()[-1].rpartition("/")[0]
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{base}/{path}", timeout=10)
    assert error.value.code == 404
