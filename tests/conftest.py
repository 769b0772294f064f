# Collects tests/target/test_*.py, which run on MicroPython, as pytest items.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The files are parsed, never imported: Python only finds the names of their test functions. On the
# unix port each function runs in a process and a directory of its own. With TARGET in the
# environment (a serial device, or socket://host:port) the same items run on that board, after one
# soft reset per file; with TARGET=emulator each file on an emulated Pico of its own, and with
# TARGET=qemu-MPS2_AN385 or qemu-VIRT_RV32 on such a machine of its own. With TARGET=wasm each file
# runs in Node, on MicroPython's WebAssembly port.
#
# Literals at the top of a target test file:
#   ENV = {"TZ": "Europe/Berlin"}       its environment (TZ is UTC otherwise); unix port only
#   ENV = [{...}, {...}]                each test in each of these
#   TIMEOUT = 120                       seconds per test
#   UNIX_ONLY = "why"                   no test of this file runs on a board
#   UNIX_ONLY = {"test_name": "why"}    these do not
#   NEEDS = "64 bit"                    each test of this file needs one of NEEDS below: it is
#   NEEDS = {"test_name": "64 bit"}     skipped on a MicroPython without it, and on every board
#   OURS_ONLY = {}                      each test once over the project's aioctl and once over the
#                                       one in the field (AIOCTL in its environment); unix port
#   OURS_ONLY = {"test_name": "why"}    these only over the project's own

import ast
import functools
import http.server
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGET_DIR = ROOT / "tests" / "target"
FIRMWARE = ROOT / "build" / "firmware.uf2"
MODULES = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
BOARD_DIR = "/aioschedule_tests"
LITERALS = {"ENV": {}, "TIMEOUT": 60, "UNIX_ONLY": {}, "NEEDS": {}, "OURS_ONLY": None}
# What tests may need, and how a MicroPython tells whether it has it
NEEDS = {
    "64 bit": "sys.maxsize >> 32",
    "floats of 64 bits": "1 + 1 / (1 << 40) > 1",
    "a clock past 2038": "time.localtime(1 << 32)[0] > 2038",
}
AIOCTLS = ["aioctl", "fieldaioctl"]

# Prints which MicroPython this is
VERSION = "import sys; print('.'.join(str(x) for x in sys.implementation[1] if x != ''))"

TAP_LINE = re.compile(r"(ok|not ok) \d+ - (\w+)(?: # SKIP ?(.*))?")

board_key = pytest.StashKey()


def find_micropython():
    venv = Path(sys.executable).parent / "micropython"
    name = os.environ.get("MICROPYTHON") or (str(venv) if venv.exists() else "micropython")
    found = shutil.which(name)
    if not found:
        raise pytest.UsageError(f"no {name}: run `make test`, or set MICROPYTHON=path")
    return os.path.abspath(found)


@functools.cache
def has(need):
    """Whether the unix port that tests run on has what NEEDS says."""
    return run_mpy(f"import sys, time; print(bool({NEEDS[need]}))").stdout.strip() == "True"


@functools.cache
def unix_version():
    return run_mpy(VERSION).stdout.strip()


def run_mpy(code_or_path, *args, env=None, timeout=60, cwd=None):
    """Runs code, or a file, on MicroPython's unix port with this project on its path."""
    if isinstance(code_or_path, Path):
        command = [find_micropython(), str(code_or_path), *args]
    else:
        command = [find_micropython(), "-c", code_or_path, *args]
    path = [".frozen", TARGET_DIR, ROOT, ROOT / "lib"]
    return subprocess.run(
        command,
        check=False,
        env={
            **os.environ,
            "TZ": "UTC",
            "MICROPYPATH": ":".join(map(str, path)),
            **(env or {}),
        },
        cwd=cwd,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.paths.append(self.path)


@pytest.fixture
def serve():
    """Serves a directory on loopback; gives its URL, and the list of what is asked for."""
    servers = []

    def start(directory):
        handler = functools.partial(Handler, directory=str(directory))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.paths = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", server.paths

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def micropython():
    return find_micropython()


@pytest.fixture(scope="session", name="run_mpy")
def run_mpy_fixture():
    return run_mpy


def parse_tap(text):
    """What runner.py printed: {name: (status, detail, output)}; a failed import is under None."""
    results = {}
    output = []
    detail = None
    for line in text.splitlines():
        match = TAP_LINE.fullmatch(line)
        if match:
            ok, name, skip = match.groups()
            status = "failed" if ok != "ok" else "passed" if skip is None else "skipped"
            detail = [skip] if skip is not None else []
            results[name] = status, detail, output
            output = []
        elif line.startswith("Bail out!"):
            detail = [line[10:]]
            results[None] = "failed", detail, output
        elif line.startswith("#") and detail is not None:
            detail.append(line[2:])
        elif line and not re.fullmatch(r"1\.\.\d+", line):
            detail = None
            output.append(line)
    return {
        name: (status, "\n".join(detail), "\n".join(output))
        for name, (status, detail, output) in results.items()
    }


class TargetError(Exception):
    """A test failed on the target; the text says all there is."""


class TargetFile(pytest.File):
    def collect(self):
        tree = ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))
        self.literals = dict(LITERALS)
        names = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if node.targets[0].id in LITERALS:
                    self.literals[node.targets[0].id] = ast.literal_eval(node.value)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if node.name.startswith("test_"):
                    names[node.name] = node.lineno
        unix_only = self.by_test("UNIX_ONLY", names)
        needs = self.by_test("NEEDS", names)
        if unknown := set(needs.values()) - set(NEEDS):
            raise self.CollectError(f"NEEDS knows {[*NEEDS]}, not {unknown}")
        ours_only = self.literals["OURS_ONLY"]
        if unknown := set(ours_only or {}) - set(names):
            raise self.CollectError(f"OURS_ONLY names no test of this file: {unknown}")
        envs = self.literals["ENV"]
        several = isinstance(envs, list)
        aioctls = [None] if ours_only is None else AIOCTLS
        for env, name, aioctl in itertools.product(envs if several else [envs], names, aioctls):
            if aioctl == AIOCTLS[1] and name in ours_only:
                continue
            label = [*env.values()] if several else []
            if aioctl:
                label.append(aioctl)
            yield TargetItem.from_parent(
                self,
                name=f"{name}[{'-'.join(label)}]" if label else name,
                test=name,
                line=names[name],
                env=env,
                aioctl=aioctl,
                unix_only=unix_only.get(name),
                need=needs.get(name),
            )

    def by_test(self, literal, names):
        value = self.literals[literal]
        if isinstance(value, str):
            return dict.fromkeys(names, value)
        if unknown := set(value) - set(names):
            raise self.CollectError(f"{literal} names no test of this file: {unknown}")
        return value


class TargetItem(pytest.Item):
    def __init__(self, *, test, line, env, aioctl, unix_only, need, **kwargs):
        super().__init__(**kwargs)
        self.test = test
        self.line = line
        self.timeout = self.parent.literals["TIMEOUT"]
        self.env = {**env, "AIOCTL": aioctl} if aioctl else env
        self.need = need
        self.not_on_board = (
            unix_only
            or (f"needs {need}" if need else None)
            or ("needs its own environment" if env else None)
        )
        if aioctl == AIOCTLS[1]:
            # A board has no environment: there both() takes its turn with each
            self.not_on_board = self.not_on_board or "runs with the other one, as far as it can"

    def runtest(self):
        board = self.config.stash.get(board_key, None)
        if board is None and self.need and not has(self.need):
            skip(f"needs {self.need}")
        if board is None:
            text, why = self.run_here()
        elif self.not_on_board:
            skip(self.not_on_board)
        else:
            text, why = board.results_of(self)
        if version := board.version if board else unix_version():
            # For tests/matrix.py
            self.user_properties.append(("micropython", version))
        results = parse_tap(text)
        if self.test not in results:
            bail = results.get(None)
            raise TargetError(bail[1] if bail else f"{why or 'no result'}; output:\n{text}")
        status, detail, output = results[self.test]
        if output:
            self.add_report_section("call", "stdout", output)
        if status == "skipped":
            skip(detail or "no reason given")
        if status == "failed":
            raise TargetError(detail)
        if board is None and why:
            raise TargetError(f"{why}; output:\n{text}")

    def run_here(self):
        cwd = self.config._tmp_path_factory.mktemp(self.test[:30])
        try:
            done = run_mpy(
                TARGET_DIR / "runner.py",
                self.path.stem,
                self.test,
                env=self.env,
                timeout=self.timeout,
                cwd=cwd,
            )
        except subprocess.TimeoutExpired as exc:
            return decode(exc.stdout), f"timed out after {self.timeout} s"
        return done.stdout, f"exit code {done.returncode}" if done.returncode else None

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, TargetError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, self.line - 1, self.name


def skip(reason):
    # Not pytest.skip(): that would report this line as the place.
    raise pytest.skip.Exception(reason, _use_item_location=True)


def decode(data):
    return (data or b"").decode("utf-8", "replace").replace("\r\n", "\n")


class Board:
    """A board that the real mpremote reaches, and what the tests of each file printed there."""

    def __init__(self, target):
        self.target = target
        self.texts = {}
        self.version = None

    def mpremote(self, *args, timeout=120):
        command = [sys.executable, "-m", "mpremote", "connect", self.device, *map(str, args)]
        return subprocess.run(
            command,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def prepare(self, path):
        # Without other tests, and without what tests of this computer run on the unix port
        helpers = [p for p in TARGET_DIR.glob("*.py") if not re.search("^test_|_driver$", p.stem)]
        code = (
            "import os, sys\n"
            f"if '{BOARD_DIR[1:]}' not in os.listdir('/'): os.mkdir('{BOARD_DIR}')\n"
            "sys.path[:] = ['.frozen']\n"
            f"for name in {[path.stem for path in MODULES]}:\n"
            "    try: __import__(name); print('frozen:', name)\n"
            "    except ImportError: pass\n"
            f"{VERSION}\n"
        )
        done = self.mpremote("exec", code)
        text = decode(done.stdout)
        if done.returncode:
            pytest.exit(f"{self.target}: {text}", returncode=1)
        self.version = text.split()[-1]
        modules = [p for p in MODULES if f"frozen: {p.stem}\n" not in text]
        files = [*helpers, path, *modules]
        done = self.mpremote("fs", "cp", *files, f":{BOARD_DIR}/", timeout=300)
        if done.returncode:
            pytest.exit(f"{self.target}: {decode(done.stdout)}", returncode=1)

    def results_of(self, item):
        path = item.path
        if path not in self.texts:
            items = [
                other
                for other in item.session.items
                if isinstance(other, TargetItem) and other.path == path and not other.not_on_board
            ]
            if self.target == "wasm":
                import wasm_board

                self.version = wasm_board.version()
                self.texts[path] = wasm_board.run_items(path, items)
                return self.texts[path]
            self.device = self.target
            emulator = None
            if self.target == "emulator":
                from device_board import Emulator

                # One for each file: even an idle emulator takes all of a processor.
                emulator = Emulator(FIRMWARE)
                self.device = emulator.device
            elif self.target.startswith("qemu-"):
                from qemu_board import Qemu

                emulator = Qemu(self.target)
                self.device = emulator.device
            try:
                self.prepare(path)
                self.texts[path] = self.run(path, items)
            finally:
                if emulator:
                    emulator.close()
        return self.texts[path]

    def run(self, path, items):
        code = (
            f"import sys; sys.path.insert(0, '{BOARD_DIR}'); import runner; "
            f"runner.run({path.stem!r}, {[item.test for item in items]})"
        )
        if self.target == "emulator":
            # While nothing is to do its time flies: on a busy computer past 2038, where it ends
            code = f"import machine; machine.RTC().datetime((2026, 5, 1, 4, 0, 0, 0, 0)); {code}"
        timeout = sum(item.timeout for item in items)
        try:
            done = self.mpremote("exec", code, timeout=timeout)
            why = f"mpremote: exit code {done.returncode}" if done.returncode else None
            return decode(done.stdout), why
        except subprocess.TimeoutExpired as exc:
            return decode(exc.stdout), f"timed out after {timeout} s"


def pytest_configure(config):
    target = os.environ.get("TARGET")
    if target:
        parallel = config.getoption("numprocesses", None) or hasattr(config, "workerinput")
        if parallel and not re.match("emulator$|qemu-|wasm$", target):
            raise pytest.UsageError("a board runs one test at a time: leave out -n")
        config.stash[board_key] = Board(target)


def pytest_pycollect_makemodule(module_path, parent):
    # Whatever pytest takes for a Python test file, unless it is one of MicroPython's.
    if module_path.parent == TARGET_DIR:
        return TargetFile.from_parent(parent, path=module_path)
    return None
