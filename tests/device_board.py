# A Pico for the tests: an emulated one (TARGET=emulator, or none), or the real board that
# TARGET=/dev/ttyACM0 names.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   with Board("build/firmware.uf2") as board:
#       assert board.exec("print(6 * 7)") == "42\n"
#       with board.console() as console:
#           console.command("1 / 0", "ZeroDivisionError")
#
# Everything but Console goes through the real mpremote, as a user's own commands do.
#
# The emulator skips idle time, and at an idle prompt nothing is due: its clocks run on by months
# while the host does the next thing. Measure within one exec, never from one to the next.

import os
import queue
import re
import select
import shutil
import subprocess
import sys
import threading
import time
import tty
import weakref
from pathlib import Path


class BoardError(Exception):
    """A command failed or took too long; its output is in the message."""


def tool(name):
    """The path of a program: that of the virtual environment we run in, or the one in PATH."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.exists() else shutil.which(name)
    if path is None:
        raise BoardError(f"{name} is not installed: see requirements-dev.txt")
    return path


class Emulator:
    """An emulated Pico on a pty; `device` is the path of the pty."""

    # Its line that names the pty
    LISTENS = r"listening on (/\S+)"

    @staticmethod
    def command(image):
        if not Path(image).is_file():
            raise BoardError(f"{image} is missing: make firmware")
        return [tool("rp2040py"), "micropython", "--image", str(image), "--pty"]

    def __init__(self, image, timeout=30):
        command = self.command(image)
        if shutil.which("setpriv"):
            # A test run that is killed must not leave an emulator behind, which never idles.
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.close = weakref.finalize(self, self._stop, self._process)
        self._lines = queue.Queue()
        # Read to the end, or the emulator would block once the pipe is full.
        threading.Thread(
            target=self._read, args=(self._process.stdout, self._lines), daemon=True
        ).start()
        self.device = self._wait_for_device(time.monotonic() + timeout)

    def _wait_for_device(self, deadline):
        seen = []
        while True:
            try:
                line = self._lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:  # or the end of the output
                self.close()
                raise BoardError("the emulator did not start:\n" + "".join(seen))
            seen.append(line)
            found = re.search(self.LISTENS, line)
            if found:
                return found[1]

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put(None)

    @staticmethod
    def _stop(process):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Board:
    """A board that mpremote talks to: the one that TARGET names, or an emulator running image."""

    def __init__(self, image):
        target = os.environ.get("TARGET")
        if target == "emulator":
            target = None
        self._emulator = None if target else Emulator(image)
        self.emulated = not target
        self.device = target or self._emulator.device

    def close(self):
        if self._emulator:
            self._emulator.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def mpremote(self, *args, timeout=60, resume=False):
        """Runs mpremote and returns its output. Without resume the board is soft reset first."""
        command = [tool("mpremote"), "connect", self.device]
        command += ["resume"] if resume else []
        command += map(str, args)
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode(errors="replace")
            raise BoardError(f"{command} took over {timeout} s:\n{output}") from None
        output = done.stdout.decode(errors="replace").replace("\r\n", "\n")
        if done.returncode:
            raise BoardError(f"{command} failed:\n{output}")
        return output

    def exec(self, code, timeout=60, resume=False):
        """What `code` prints. Without resume it starts in a fresh interpreter."""
        return self.mpremote("exec", code, timeout=timeout, resume=resume)

    def run(self, path, timeout=60, resume=False):
        """What the program in a host's file prints."""
        return self.mpremote("run", path, timeout=timeout, resume=resume)

    def cp(self, *sources, to=":", timeout=60):
        """Copies files of the host to a directory (ending in /) or a file of the board."""
        to = to if str(to).startswith(":") else f":{to}"
        return self.mpremote("fs", "cp", *sources, to, timeout=timeout)

    def mip_install(self, url, *options, timeout=60):
        return self.mpremote("mip", "install", *options, url, timeout=timeout)

    def soft_reset(self):
        """A new interpreter, after boot.py but without main.py; files and the clock stay."""
        self.mpremote("soft-reset")

    def reset(self, timeout=30):
        """As with the reset button. Returns when the board answers again."""
        self.exec("_before_reset = 1", resume=True)
        # Not `mpremote reset`, which waits a while on the board: our next command could end that.
        self.mpremote("exec", "--no-follow", "import machine; machine.reset()", resume=True)
        deadline = time.monotonic() + timeout
        while True:
            try:
                if "False" in self.exec("print('_before_reset' in globals())", 5, resume=True):
                    return
            except BoardError:  # a real board is gone from USB for a while
                pass
            if time.monotonic() > deadline:
                raise BoardError(f"the board did not come back within {timeout} s of a reset")

    def console(self, interrupt=True):
        """The board's console. One at a time, and no other command while it is open."""
        return Console(self.device, interrupt)


class Console:
    """The board's console, as somebody at a terminal has it.

    Opens at a prompt, or, with interrupt=False, on whatever runs.
    """

    def __init__(self, device, interrupt=True, timeout=10):
        self._buffer = b""
        self._fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        if interrupt:
            # Ends what runs, then raw mode or what was typed; a banner and a prompt follow.
            self.write(b"\r\x03\x03\x02")
            self.read_until(r"Type \"help\(\)\" for more information.\r\n>>> ", timeout)

    def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[os.write(self._fd, data) :]

    def read_until(self, pattern, timeout=10):
        """All that came up to and with the first match of a regular expression."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern.encode(), self._buffer)
            if found:
                text = self._buffer[: found.end()]
                self._buffer = self._buffer[found.end() :]
                return text.decode(errors="replace")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                seen = self._buffer.decode(errors="replace")
                raise BoardError(f"no {pattern!r} on the console within {timeout} s, but:\n{seen}")
            self._buffer += os.read(self._fd, 4096)

    def command(self, line, pattern="", timeout=10, prompt=">>> "):
        """Types a line; what is printed until the next prompt, which `pattern` must match."""
        self.write(line + "\r")
        # Echoed first, which could itself match.
        self.read_until(re.escape(line) + "\r\n", timeout)
        text = self.read_until(re.escape(prompt), timeout)[: -len(prompt)].replace("\r\n", "\n")
        if not re.search(pattern, text):
            raise BoardError(f"{line!r} printed no {pattern!r}, but:\n{text}")
        return text

    def paste(self, code, timeout=10):
        """Runs a program of several lines. Returns once it has started; it may run for ever."""
        self.write("\x05")
        self.read_until("=== ", timeout)
        self.write(code.replace("\n", "\r") + "\x04")
        echo = code.replace("\n", "\r\n=== ") + "\r\n"
        self.read_until(re.escape(echo), timeout)
