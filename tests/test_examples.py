# Runs every program of examples/ on the unix port, most in virtual time.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# What the documents show is run by test_docs.py.

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import astral
import astral.sun
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# Runs a program on virtual time that stands still after so many seconds. EPOCH is the RTC then.
DRIVER = """
import sys
import vclock

vclock.install(epoch=EPOCH, float_time=True)
import asyncio

real = asyncio.run

def run(coro):
    asyncio.run = real
    try:
        return vclock.run(coro, until_ms=SECONDS * 1000)
    finally:
        asyncio.run = run

asyncio.run = run
PREPARE
sys.path.insert(0, FOLDER)
exec(open(FOLDER + "/" + PROGRAM).read(), globals())
print("-- after", vclock.now() // 1000, "s")
"""

# Stands in for aiorepl: a prompt at which one line is typed after so many seconds
AIOREPL = """
import asyncio

LINE = ""
AFTER = 0

async def task(g=None, prompt="--> "):
    await asyncio.sleep(AFTER)
    print(prompt + LINE)
    exec(LINE, g or __import__("__main__").__dict__)
    await asyncio.Event().wait()
"""

# Stands in for micropython-lib's logging: what the examples use of it
LOGGING = """
import time

INFO = 20

class Record:
    def __init__(self, name, level, message):
        self.name = name
        self.levelname = level
        self.message = message
        self.ct = time.time()

class Formatter:
    def __init__(self, fmt=None, datefmt=None):
        self.fmt = fmt
        self.datefmt = datefmt

    def formatTime(self, datefmt, record):
        return None

    def format(self, r):
        d = {"asctime": self.formatTime(self.datefmt, r), "name": r.name}
        d["levelname"] = r.levelname
        d["message"] = r.message
        return self.fmt % d

class Handler:
    def __init__(self, stream):
        self.stream = stream

    def setFormatter(self, formatter):
        self.formatter = formatter

class Logger:
    handlers = []

    def __init__(self, name):
        self.name = name

    def log(self, level, text):
        handler = self.handlers[0]
        handler.stream.write(handler.formatter.format(Record(self.name, level, text)) + "\\n")

    def info(self, text):
        self.log("INFO", text)

    def error(self, text):
        self.log("ERROR", text)

def getLogger(name="root"):
    return Logger(name)

def basicConfig(level, stream):
    Logger.handlers.append(Handler(stream))
"""


@pytest.fixture
def run_example(run_mpy, tmp_path):
    """Runs a program in virtual time; `prepare` is code that runs first, with vclock at hand."""
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "aiorepl.py").write_text(AIOREPL)
    (lib / "logging.py").write_text(LOGGING)

    def run(
        program, seconds, epoch=(2024, 2, 28, 23, 50, 0), prepare="", folder=EXAMPLES, **modules
    ):
        for name, source in modules.items():
            (lib / f"{name}.py").write_text(source)
        values = {
            "EPOCH": repr(epoch),
            "SECONDS": repr(seconds),
            "PREPARE": f"sys.path.insert(0, {str(lib)!r})\n{prepare}",
            "FOLDER": repr(str(folder)),
            "PROGRAM": repr(program),
        }
        code = re.sub(r"\b[A-Z]+\b", lambda m: values.get(m[0], m[0]), DRIVER)
        done = run_mpy(code, cwd=tmp_path)
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_all_are_tested_and_in_the_readme():
    tests = Path(__file__).parent.glob("test_*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in tests)
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in text
        assert f"| `{path.name}` |" in readme
        for line in path.read_text(encoding="utf-8").splitlines():
            assert len(line) <= 99


################################################################################
# quickstart.py


# Of every kind: what the log of a run holds
QUICKSTART = [
    r"\[blink\] on",
    r"\[report\] it is 5 s since the start",
    r"\[report\] it is 15 s since the start",
    r"\[alarm\] it is time",
    r"\[sensor\] OSError: sensor does not answer",
    r"\[sensor\] restart: OSError",
]


def test_quickstart_in_virtual_time(run_example):
    # An exact second: the RTC and the monotonic clock then agree on when each run is due
    out = run_example("quickstart.py", 100, epoch=(2024, 2, 28, 23, 59, 50))
    for pattern in QUICKSTART:
        assert re.search(pattern, out), out
    assert "\x1b[H" not in out
    assert out.count("[blink] on") == 10
    assert out.count("[report]") == 3
    assert out.count("23:59:58 [alarm]") == out.count("[alarm]") == 1
    assert "coffee" in out and "[coffee]" not in out
    assert re.search(r"03-01|02-29 06:30", out)
    assert out.count("NEXT ") == 4
    assert out.endswith("-- after 20 s\n")


def test_quickstart_in_real_time(run_mpy):
    # What `make demo` runs
    start = time.monotonic()
    done = run_mpy(EXAMPLES / "quickstart.py", timeout=40)
    assert done.returncode == 0, done.stdout
    assert time.monotonic() - start < 30
    for pattern in QUICKSTART:
        assert re.search(pattern, done.stdout), done.stdout


class Terminal:
    """A program on a terminal: what it has written, and how to type."""

    def __init__(self, command, env):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvpe(command[0], command, env)
        self.output = b""

    def until(self, text=None, timeout=35):
        """Reads until there is `text`, or to the end."""
        deadline = time.monotonic() + timeout
        while not (text and text in self.output):
            left = deadline - time.monotonic()
            assert left > 0, self.output.decode()
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:  # Linux: the last one has closed the terminal
                    data = b""
                if not data:
                    assert text is None, self.output.decode()
                    break
                self.output += data
        return self.output.decode("utf-8")

    def type(self, text):
        os.write(self.fd, text)

    def close(self):
        os.close(self.fd)
        self.fd = None
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def on_terminal(tmp_path):
    """Starts a command on a terminal of its own."""
    terminals = []

    def start(*command, aiorepl=None):
        if aiorepl:
            (tmp_path / "aiorepl.py").write_text(aiorepl)
        path = [".frozen", tmp_path, ROOT, ROOT / "lib"]
        env = {**os.environ, "TERM": "xterm", "MICROPYPATH": ":".join(map(str, path))}
        terminals.append(Terminal(list(map(str, command)), env))
        return terminals[-1]

    yield start
    for term in terminals:
        if term.fd is not None:
            os.kill(term.pid, signal.SIGKILL)
            term.close()


@pytest.fixture
def quickstart(micropython, on_terminal):
    def start(aiorepl=None):
        return on_terminal(micropython, EXAMPLES / "quickstart.py", aiorepl=aiorepl)

    return start


def test_quickstart_on_a_terminal(quickstart, micropython):
    term = quickstart()
    out = term.until()
    assert term.close() == 0
    # The very MicroPython that runs: there may be none on the path
    hint = f"For a prompt beside the tasks: {os.path.realpath(micropython)} -m mip install aiorepl"
    assert f"\r\n{hint}\r\n" in "\r\n" + re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", out)
    # The table is painted in place, and what scrolls is given back all of the screen
    assert out.count("\x1b7\x1b[H") > 30
    assert out.count("NEXT ") == out.count("\x1b7\x1b[H")
    assert "\x1b[r" in out
    for pattern in QUICKSTART:
        assert re.search(pattern, out), out
    assert "report: status: scheduled - done" in out


def test_ctrl_c_ends_quickstart(quickstart):
    term = quickstart()
    term.until(b"[blink] on")
    term.type(b"\x03")
    out = term.until(timeout=5)
    assert term.close() == 0
    assert "\x1b[r" in out
    assert "blink: status:" in out


# Keys come one by one and unechoed, as aiorepl wants them; Ctrl-D drops the event loop as it does
PROMPT = """
import asyncio, sys

async def task(g=None, prompt="--> "):
    g = g or __import__("__main__").__dict__
    s = asyncio.StreamReader(sys.stdin)
    line = ""
    sys.stdout.write(prompt)
    while True:
        c = await s.read(1)
        if c == "\\x04":
            asyncio.new_event_loop()
            return
        if c in "\\r\\n":
            print()
            print("=>", eval(line, g))
            line = ""
            sys.stdout.write(prompt)
        else:
            sys.stdout.write(c)
            line += c
"""


def test_prompt_of_quickstart(quickstart):
    term = quickstart(PROMPT)
    term.until(b">>> ")
    term.type(b"aioctl.status('blink')\r")
    out = term.until(b"=> None")
    assert out.count("aioctl.status('blink')") == 1
    assert re.search(r"●\S* blink: status: .*\r\n .*schedule: ", out)
    term.type(b"aioctl.stop('sensor')\r")
    term.until(b"=> True")
    # Ctrl-D: aiorepl drops the event loop, in which nothing would ever wake again
    term.type(b"\x04")
    out = term.until(timeout=5)
    assert term.close() == 0
    assert "sensor: status: stopped" in out
    assert "\x1b[r" in out


def test_terminal_is_left_as_it_was(micropython, on_terminal):
    command = f"stty -a; {micropython} {EXAMPLES}/quickstart.py; stty -a"
    term = on_terminal("sh", "-c", command, aiorepl=PROMPT)
    term.until(b">>> ")
    term.type(b"\x04")
    out = term.until(timeout=5)
    term.close()
    before, after = (out[m.start() :][:600] for m in re.finditer("speed ", out))
    # Less the first line: some MicroPythons leave an unused field of it at random
    assert before.split("\r\n")[1:8] == after.split("\r\n")[1:8]


################################################################################
# The others


def test_full(run_example):
    prompt = AIOREPL.replace('LINE = ""', 'LINE = "aioctl.status()"').replace(
        "AFTER = 0", "AFTER = 127"
    )
    out = run_example("full.py", 260, aiorepl=prompt)
    assert ">>> aioctl.status()\n" in out
    rows = re.findall(r"●\x1b\[0m (\S+): status: (.*?) [@s]", out)
    assert dict(rows) == {
        "greenhouse": "scheduled - done",
        "level": "running",
        "repl": "running",
        "schedule_loop": "running",
        "water": "running",
        "watcher_loop": "running",
    }
    assert "last @ 2024-02-28 23:52:05 --> next in 58 s @ 2024-02-28 23:53:05" in out
    # The first run of a time tuple, and every 45 s from there
    opens = re.findall(r"(\S+) INFO \w+: \[greenhouse\] valve 2 opens", out)
    assert opens == ["23:50:40", "23:51:25"]
    assert re.search(r"23:51:30 ERROR \w+: \[level\] restart: ValueError\('4 l left", out)
    assert out.endswith("-- after 260 s\n")


def test_calendar(run_example):
    out = run_example("calendar.py", 2 * 86400)
    assert "ValueError: bell: repeat='0 25 * * *': hour: 25 is not in 0-23\n" in out
    assert "ValueError: bell: repeat='0 0 30 feb *': '0 0 30 feb *' never matches" in out
    # Soonest first
    table = re.findall(r"^(\d\d-\d\d \d\d:\d\d) .* (\w+)$", out, re.MULTILINE)
    assert table == [
        ("02-29 00:00", "frost"),
        ("02-29 00:00", "leap"),
        ("02-29 08:15", "bell"),
        ("03-01 00:00", "inspect"),
        ("03-01 07:00", "meter"),
        ("03-03 00:00", "backup"),
    ]
    runs = {}
    for when, name in re.findall(r"^2024-(\S+ \S+) (\w+)$", out, re.MULTILINE):
        runs.setdefault(name, []).append(when)
    nights = ["02-29", "03-01"]
    bells = [f"{h:02d}:{m}:00" for h in range(8, 13) for m in (15, 45)]
    assert runs["bell"] == [f"{d} {t}" for d in nights for t in bells]
    assert runs["frost"] == [
        f"{d} {h:02d}:{m}:00" for d in nights for h in range(6) for m in ("00", 20, 40)
    ]
    assert runs["leap"] == ["02-29 00:00:00"]
    assert runs["meter"] == ["03-01 07:00:00"]
    assert "backup" not in runs
    # Each of the three within a minute of the full hour
    assert [when[:-3] for when in runs["inspect"]] == ["03-01 00:00", "03-01 01:00", "03-01 02:00"]


NTPTIME = """
import vclock

calls = 0

def settime():
    global calls
    calls += 1
    if calls < 3:
        raise OSError("no network")
    vclock.set_rtc((2024, 6, 1, 4, 29, 30))
"""


def test_ntp(run_example):
    # The board starts in 2021; the third attempt sets the clock, to 06:29:30 local time
    out = run_example("ntp.py", 2000, epoch=(2021, 1, 1, 5, 29, 55), ntptime=NTPTIME)
    lines = out.splitlines()
    clock = next(line for line in lines if line.endswith("[clock] is right"))
    assert clock.startswith("2024-06-01 06:29:30")
    before, after = lines[: lines.index(clock)], lines[lines.index(clock) + 1 :]
    assert [line for line in before if "no network" in line and "restart" not in line] == [
        "[clock] OSError: no network"
    ] * 2
    # Every 10 seconds throughout
    seconds = [int(s) for s in re.findall(r"\[sample\] (\d+) s since", out)]
    assert seconds == list(range(10, 2001, 10))
    # The wrong clock came to 06:30, and then it jumped over more than a thousand mornings
    mornings = [line for line in lines if "[morning]" in line]
    assert mornings == [
        "2021-01-01 06:30:00 [morning] good morning",
        "2024-06-01 06:30:00 [morning] good morning",
    ]
    assert mornings[1] in after


def test_ntp_without_a_module_for_it(run_example):
    # Local time: an hour more than the clock
    out = run_example("ntp.py", 20)
    assert "2024-02-29 00:50:00 [clock] is right" in out


# Rain on the first day until noon, UTC
GARDEN = """
import time
import vclock

class Pin:
    IN, OUT = 0, 1

    def __init__(self, number, mode):
        self.number = number

    def __call__(self, value=None):
        if value is None:
            return vclock.now() < 15 * 3600 * 1000
        print("pin", self.number, value, "at", int(time.time()))
"""


def test_garden(run_example):
    # The weekend of summer time in Berlin, from Friday evening on
    start = datetime(2026, 3, 27, 21, 0, tzinfo=timezone.utc)
    prepare = "sys.modules.pop('machine', None)\nimport board\nsys.modules['machine'] = board"
    seconds = 72 * 3600
    out = run_example(
        "garden.py", seconds, epoch=start.timetuple()[:6], prepare=prepare, board=GARDEN
    )
    runs = {}
    for pin, value, at in re.findall(r"pin (\d) (\d) at (\d+)", out):
        runs.setdefault((int(pin), int(value)), []).append(int(at))
    # When the sun rises and sets, in Berlin, by astral
    berlin = astral.Observer(52.52, 13.40)
    zone = ZoneInfo("Europe/Berlin")
    days = [date(2026, 3, day) for day in (28, 29, 30)]
    rises = [round(astral.sun.sunrise(berlin, day).timestamp()) for day in days]
    dusks = [round(astral.sun.sunset(berlin, day).timestamp()) - 1800 for day in days]
    assert "[water] it has rained" in out
    opens = runs[2, 1]
    assert all(abs(a - b) < 120 for a, b in zip(opens, rises[1:], strict=True))
    assert runs[2, 0] == [at + 600 for at in opens]
    assert all(abs(a - b) < 120 for a, b in zip(runs[3, 1], dusks, strict=True))
    # It ends at 23:00 summer time, three days less an hour after the first
    at_23 = [datetime(2026, 3, day, 23, tzinfo=zone) for day in (27, 28, 29, 30)]
    assert runs[3, 0] == [round(at.timestamp()) for at in at_23]


def test_garden_waits_for_the_clock(run_example):
    prepare = "sys.modules.pop('machine', None)\nimport board\nsys.modules['machine'] = board"
    board = GARDEN.replace("15 * 3600", "0")
    out = run_example(
        "garden.py", 86400, epoch=(2021, 1, 1, 0, 0, 0), prepare=prepare, board=board
    )
    assert out == "-- after 86400 s\n"


def test_deepsleep_simulated(run_example, tmp_path):
    out = run_example("deepsleep.py", 100)
    assert out.count("asleep for") == 5
    assert out.count("a new schedule") == 1
    assert "sent 3 readings" in out
    # Runs at 0, 10, 20, 30 s, of which the first three were sent
    assert readings(tmp_path) == ["2024-02-28 23:50:30"]


def readings(path):
    return re.findall(r"^(.*) 21$", (path / "readings.txt").read_text(), re.MULTILINE)


MACHINE = """
import vclock

class RTC:
    def datetime(self, t):
        vclock.set_rtc(t[:3] + t[4:7])

def deepsleep(ms):
    print("asleep for", ms, "ms at", vclock.now())
    raise SystemExit
"""


@pytest.mark.parametrize("kept", [True, False])
def test_deepsleep_on_a_board(run_example, tmp_path, kept):
    # Each wake is a new process; the RTC either goes on, or starts again
    start = 23 * 3600
    at = sent = 0
    for wake in range(8):
        hours, rest = divmod(start + at // 1000, 3600)
        epoch = (2024, 2, 28, hours, rest // 60, rest % 60) if kept else (2021, 1, 1, 0, 0, 0)
        # machine is built into the unix port
        prepare = "sys.modules.pop('machine', None)\nimport board\nsys.modules['machine'] = board"
        out = run_example("deepsleep.py", 100, epoch=epoch, prepare=prepare, board=MACHINE)
        ms, awake = map(int, re.search(r"asleep for (\d+) ms at (\d+)", out).groups())
        assert ("a new schedule" in out) == (wake == 0)
        at += ms + awake
        sent += sum(map(int, re.findall(r"sent (\d+) readings", out)))
    # Wakes at 0, 10, 20, 25, 30, 40, 50 and 55 s, each to the second: that is what the RTC has
    assert 58_000 < at < 62_000
    assert sent == 6
    assert readings(tmp_path) == []


# machine is built into the unix port
BOARD = "sys.modules.pop('machine', None)\nimport board\nsys.modules['machine'] = board\n"

SLEEPY = """
import vclock

class Pin:
    OUT = IN = PULL_UP = 0
    lit = 0

    def __init__(self, name, *mode):
        self.name = name

    def on(self):
        print("on at", vclock.now())

    def off(self):
        print("off at", vclock.now())

    def value(self):
        # The button is held down for the first minute
        return int(vclock.now() > 60000)

def lightsleep(ms):
    vclock.block(ms)
"""


def test_lightsleep(run_example):
    # An hour on a board, awake in its first minute: a pump that runs for 5 s each time
    out = run_example("lightsleep.py", 3600, prepare=BOARD, board=SLEEPY)
    on = list(map(int, re.findall(r"^on at (\d+)", out, re.MULTILINE)))
    off = list(map(int, re.findall(r"^off at (\d+)", out, re.MULTILINE)))
    # The last sleep ends after the hour
    assert len(off) == 6
    for k in range(6):
        assert 0 <= on[k] - (2000 + 600_000 * k) <= 20
        assert 5000 <= off[k] - on[k] <= 5020
    asleep = sum(map(int, re.findall(r"asleep for (\d+) ms", out)))
    assert 3_480_000 < asleep < 3_590_000


def test_lightsleep_simulated(run_example):
    out = run_example("lightsleep.py", 1250)
    assert out.count("pump off") == 3
    assert sum(map(int, re.findall(r"asleep for (\d+) ms", out))) > 1_200_000


BUTTON = """
handlers = []

class Pin:
    IN = PULL_UP = IRQ_FALLING = 0

    def __init__(self, *mode):
        pass

    def irq(self, handler, edge, hard):
        handlers.append(handler)
"""

# It bounces, and is pressed again while the valve is open, and when only the light is on
PRESSED = """
import asyncio

async def press():
    for wait, times in (10, 3), (2, 1), (8, 1):
        await asyncio.sleep(wait)
        for _ in range(times):
            board.handlers[0]("pin")

asyncio.create_task(press())
"""


def test_button(run_example):
    out = run_example("button.py", 700, prepare=BOARD + PRESSED, board=BUTTON)
    assert out.count("valve open") == out.count("valve closed") == 2
    assert out.count("light on") == out.count("light off") == 1
    assert out.count("still running") == 2


def test_button_with_a_thread(run_mpy, tmp_path):
    # In real time: the stand-in for a button presses twice in two seconds
    code = "import aioctl, asyncio\nrun = asyncio.run\n"
    code += "asyncio.run = lambda main: run(asyncio.wait_for(main, 3))\n"
    code += f"try:\n exec(open({str(EXAMPLES / 'button.py')!r}).read(), globals())\n"
    code += "except asyncio.TimeoutError:\n pass\n"
    out = run_mpy(code, cwd=tmp_path).stdout
    lines = [line for line in out.splitlines() if line in ("pressed", "valve open", "light on")]
    assert sorted(lines) == ["light on", "pressed", "pressed", "valve open"], out
    assert lines[0] == "pressed"


WATCHDOG = """
import vclock

class WDT:
    def __init__(self, timeout):
        self.timeout = timeout
        self.fed = vclock.now()

    def feed(self):
        assert vclock.now() - self.fed < self.timeout
        self.fed = vclock.now()
        print("fed at", self.fed)
"""


def test_watchdog(run_example):
    # `send` hangs from its run at 65 s on, and ended last at 35 s. 90 s later the feeding stops.
    out = run_example("watchdog.py", 200, prepare=BOARD, board=WATCHDOG)
    fed = list(map(int, re.findall(r"fed at (\d+)", out)))
    assert fed == list(range(0, fed[-1] + 1, 2000))
    assert 124_000 <= fed[-1] <= 128_000
    assert "send has not run for 90 s" in out
    assert "[send] TimeoutError: took longer than 20 s" in out


def test_examples_compile(micropython, tmp_path):
    # For the modules that the unix port lacks: the syntax of MicroPython at least
    for path in sorted(EXAMPLES.glob("*.py")):
        if path.name == "cpython_shim.py":
            continue
        code = f"compile(open({str(path)!r}).read(), {path.name!r}, 'exec')"
        subprocess.run([micropython, "-c", code], check=True, cwd=tmp_path)


################################################################################
# virtual_time.py


def test_virtual_time(run_mpy, tmp_path):
    done = run_mpy(EXAMPLES / "virtual_time.py", cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stdout) == (0, "ten days have passed\n")


def test_virtual_time_is_what_the_documents_show():
    program = (EXAMPLES / "virtual_time.py").read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert f"```python\n{program}```\n" in (ROOT / "docs" / "testing.md").read_text("utf-8")


################################################################################
# cpython_shim.py

# What a program for a board may do, with nothing in it for CPython
ON_CPYTHON = """
import asyncio
import time

import aioctl
import aioschedule

began = time.ticks_ms()


def passed():
    return time.ticks_diff(time.ticks_ms(), began)


@aioschedule.schedule_task(start_in=0.4, repeat=0.3)
@aioctl.aiotask
async def blink():
    print("blink at", passed())
    return 42


@aioschedule.schedule_task(repeat="0 0 29 feb *")
@aioctl.aiotask
async def leap():
    print("not today")


@aioctl.aiotask
async def sensor(pin, log=None):
    print("sensor at", passed(), "on pin", pin)
    raise OSError("no answer")


async def slow():
    await asyncio.sleep(30)
    print("not reached")


def valve():
    pass


async def main():
    await asyncio.sleep(0.8)
    aioschedule.schedule("late", start_in=0)
    await asyncio.sleep_ms(1700)
    aioschedule.status_sc_all()
    print([(one["name"], one["runs"]) for one in aioschedule.snapshot() if one["name"] == "late"])
    aioctl.status("blink")
    aioctl.traceback("sensor")
    aioctl.stop("blink", stop_sch=True)
    aioschedule.save("schedule.json")
    aioschedule.reset()
    print("unknown", aioschedule.load("schedule.json"), sorted(aioschedule.group()))
    aioctl.delete("schedule_loop", "watcher_loop")


async def late():
    print("late at", passed())


try:
    aioctl.add(valve)
except TypeError as error:
    print("TypeError:", error)
aioctl.add(blink)
aioctl.add(leap)
aioctl.add(sensor, 4)
aioctl.add(slow)
aioctl.add(late)
aioschedule.schedule("late", start_in=3600)
aioschedule.schedule("slow", start_in=0.1, timeout=0.5)
aioctl.add(aioschedule.schedule_loop)
aioctl.add(aioschedule.watcher_loop, sleep=1)
aioctl.add(main)
aioctl.run()
print("ended")
"""


def test_cpython_shim(tmp_path):
    """A program for a board runs on CPython, unchanged."""
    program = tmp_path / "main.py"
    program.write_text(ON_CPYTHON)
    done = subprocess.run(
        [sys.executable, "-X", "dev", str(EXAMPLES / "cpython_shim.py"), str(program)],
        cwd=tmp_path,
        env={**os.environ, "TZ": "UTC", "PYTHONPATH": f"{ROOT}:{ROOT}/lib"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        encoding="utf-8",
    )
    out = done.stdout
    assert done.returncode == 0, out
    assert out.endswith("ended\n"), out
    assert "TypeError: not a coroutine function, write async def" in out
    blinks = [int(ms) for ms in re.findall(r"blink at (\d+)", out)]
    assert len(blinks) >= 3 and blinks[0] >= 400, out
    assert all(ms >= 400 + 300 * number for number, ms in enumerate(blinks)), out
    assert 800 <= int(re.search(r"late at (\d+)", out)[1]) < 2500, out
    assert "('late', 1)" in out
    assert "[sensor] OSError: no answer" in out and "[sensor] restart: OSError" in out
    assert out.count("on pin 4") >= 2
    assert "[slow] TimeoutError: took longer than 0.5 s" in out
    assert "not today" not in out and "not reached" not in out
    assert "result: 42" in out and 'raise OSError("no answer")' in out
    # What was stopped comes back as stopped
    assert "unknown [] ['late', 'leap', 'slow']" in out, out
    assert "Warning" not in out
