# Programs on MicroPython's unix port that are reached over the network: for tests of examples.
# MIT license; Copyright (c) 2026 the aioschedule authors

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What `make` puts there, see requirements-micropython.txt
PACKAGES = Path(sys.prefix) / "micropython"
# Seconds: on a busy machine nothing is quick
PATIENCE = 60


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(condition, what):
    """Until condition() is true; `what` is told if it never is, or what it returns."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)


class Program:
    """A process of the unix port, with this project, the examples and PACKAGES on its path."""

    def __init__(self, micropython, folder, name, code, *args):
        (folder / f"{name}.py").write_text(code)
        self.output = (folder / f"{name}.txt").open("w+")
        path = ".frozen", PACKAGES, ROOT, ROOT / "lib", ROOT / "examples"
        self.process = subprocess.Popen(
            [micropython, f"{name}.py", *map(str, args)],
            cwd=folder,
            env={**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def printed(self):
        self.output.seek(0)
        return self.output.read()

    def end(self):
        self.process.kill()
        self.process.wait()


def skip_unless(micropython, condition, reason):
    """Skips a test where a program of one line fails on this MicroPython."""
    if subprocess.run([micropython, "-c", condition], capture_output=True, check=False).returncode:
        pytest.skip(reason)


def make_certificate(micropython, folder, name="board"):
    """Makes NAME.crt and NAME.key for localhost, and in DER, as boards read it, NAME.crt.der and
    NAME.key.der."""
    skip_unless(micropython, "from ssl import SSLContext", "this MicroPython has no ssl")
    if not shutil.which("openssl"):
        pytest.skip("no openssl: on Debian, apt install openssl")
    commands = (
        f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        f" -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
        f" -keyout {name}.key -out {name}.crt",
        f"x509 -in {name}.crt -outform der -out {name}.crt.der",
        f"ec -in {name}.key -outform der -out {name}.key.der",
    )
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
