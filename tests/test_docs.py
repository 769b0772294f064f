# Runs what README.md and docs/*.md show, in virtual time, and compares it with what they say.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# A ```python block is a program; a ``` block right after it is what it prints. A ```pycon block is
# a session at the prompt. Comments before a block, which nobody sees who reads the document:
#   <!-- run 4 s from 2026-11-25 10:38:21 -->  for so long, and what the clock shows at the start;
#                                              commands are run in real time, beside the first
#                                              program of the document, saved as main.py
#   <!-- above -->                             a session beside the program above it
#   <!-- recipe 1 s from ... -->               goes into the document's first program, before the
#                                              line that adds the scheduler; the rest is optional
#   <!-- board -->                             commands for a board: tests/device/test_documents.py
#   <!-- not run: why -->                      there must be a reason
# Sessions, and programs that do not run the event loop themselves, have the modules at hand, and a
# scheduler that runs. Dates in a session are those of its beginning, START. Other commands are
# those of the Makefile, or they set up the terminal.

import importlib.resources
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS += sorted((ROOT / "docs" / "reference").glob("*.md"))
START = "2026-11-25 10:38:21"
MODULES = "import asyncio, time, aioctl, aioschedule\n"
SCHEDULER = "aioctl.add(aioschedule.schedule_loop)\naioctl.run()\n"

# A board as far as the documents show one
MACHINE = """
import vclock

class Pin:
    IN, OUT, PULL_UP, IRQ_FALLING = 0, 1, 1, 2

    def __init__(self, *args, **kwargs):
        pass

    def irq(self, *args, **kwargs):
        pass

    def __call__(self, value=None):
        return 0

    on = off = value = __call__

class RTC:
    def datetime(self, t):
        vclock.set_rtc(t[:3] + t[4:7])

class WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass

def lightsleep(ms):
    vclock.block(ms)

def deepsleep(ms):
    print("deepsleep for", ms, "ms")
    raise SystemExit
"""

# A prompt at which nobody types
AIOREPL = """
import asyncio

async def task():
    await asyncio.Event().wait()
"""

DRIVER = """
import sys
import vclock

vclock.install(epoch=EPOCH)
sys.modules.pop("machine", None)
sys.path.insert(0, FOLDER)
import asyncio

def run(coro):
    async def main():
        if SESSION:
            asyncio.create_task(session())
        try:
            await coro
        except SystemExit:
            pass
    asyncio.run = real
    try:
        vclock.run(main(), until_ms=SECONDS * 1000)
    finally:
        asyncio.run = run

async def session():
    await asyncio.sleep(AT)
    print("-- session")
    for line in SESSION:
        print(">>>", line)
        try:
            try:
                code = compile(line, "session", "eval")
            except SyntaxError:
                exec(line, program)
                continue
            value = eval(code, program)
            if value is not None:
                print(repr(value))
        except Exception as error:
            text = str(error)
            print(type(error).__name__ + (": " + text if text else ""))
    print("-- end")

program = {"__name__": "__main__"}
real = asyncio.run
asyncio.run = run
try:
    exec(PROGRAM, program)
except SystemExit:
    pass
except vclock.Deadlock:
    print("-- nothing left to do")
"""

BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block:
    """A block of a document: where it is, its kind, its text, and the comment before it."""

    def __init__(self, path, match, text):
        self.path = path
        self.kind = match["kind"]
        self.text = match["text"]
        self.note = match["note"] or ""
        self.line = text.count("\n", 0, match.start("text"))
        self.output = None
        self.above = None
        self.first = None

    def __str__(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def read_blocks(path):
    """The blocks of a document, each program with what it is said to print."""
    text = path.read_text(encoding="utf-8")
    blocks = []
    end = program = None
    for match in BLOCK.finditer(text):
        block = Block(path, match, text)
        between = text[end : match.start()].strip() if end else ""
        # "prints:" or the like may stand in between
        follows = program is not None and len(between) < 80 and blocks[-1] is program
        if block.kind == "" and follows:
            program.output = block.text
        if block.kind == "python":
            program = block
        if block.note == "above":
            block.above = program
        if block.note.startswith("recipe"):
            block.first = next(first for first in blocks if first.kind == "python")
        end = match.end()
        blocks.append(block)
    return blocks


BLOCKS = [block for path in DOCUMENTS for block in read_blocks(path)]
TO_RUN = [
    block
    for block in BLOCKS
    if block.kind in ("python", "pycon") and not block.note.startswith("not run: ")
]


def run(run_mpy, folder, program, note, session=()):
    found = re.fullmatch(r"\w+ ([\d.]+) s(?: from (.*))?", note)
    seconds = float(found[1]) if found else 1
    year, month, day, *clock = map(int, re.findall(r"\d+", found and found[2] or START))
    (folder / "machine.py").write_text(MACHINE)
    (folder / "ntptime.py").write_text("def settime():\n    pass\n")
    (folder / "aiorepl.py").write_text(AIOREPL)
    values = {
        "EPOCH": repr((year, month, day, *clock)),
        "SECONDS": repr(seconds + 1 if session else seconds),
        "AT": repr(seconds),
        "FOLDER": repr(str(folder)),
        "SESSION": repr(list(session)),
        "PROGRAM": repr(program),
    }
    code = re.sub(r"\b[A-Z]+\b", lambda match: values.get(match[0], match[0]), DRIVER)
    done = run_mpy(code, cwd=folder)
    assert done.returncode == 0, done.stdout
    out = re.sub(r"\x1b\[\d*m", "", done.stdout)
    return out[out.index("-- session\n") + 11 : out.index("-- end\n")] if session else out


@pytest.mark.parametrize("block", TO_RUN, ids=str)
def test_block(run_mpy, tmp_path, block):
    program = MODULES
    if block.kind == "python":
        program += text_of(block)
    elif block.above is not None:
        program += text_of(block.above)
    if not re.search(r"\brun\(", program):
        program += SCHEDULER
    if block.kind == "python":
        out = run(run_mpy, tmp_path, program, block.note)
        assert "Traceback" not in out, out
        if block.output is not None:
            assert out == block.output
        return
    lines = [line[4:] for line in block.text.splitlines() if line.startswith(">>> ")]
    note = block.above.note if block.above is not None else block.note
    out = run(run_mpy, tmp_path, program, note, lines)
    assert without_places(out) == without_places(block.text)


def text_of(block):
    """The program that a block is, or that it is a part of."""
    if block.first is None:
        return block.text
    before, line, after = block.first.text.partition("aioctl.add(aioschedule.schedule_loop)\n")
    assert line, f"{block.first} does not add the scheduler"
    return before + block.text + line + after


def without_places(text):
    # Tracebacks name files and lines, which change
    return re.sub(r'File "[^"]*", line \d+', "File", text)


COMMANDS = [
    block for block in BLOCKS if block.kind == "sh" and not block.note.startswith("not run: ")
]


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands(micropython, tmp_path, block):
    """What is to be typed is run here, or on a board, or is a target of the Makefile."""
    if block.note == "board":
        assert "mpremote" in block.text
        return
    if block.note:
        first = next(b for b in BLOCKS if b.path == block.path and b.kind == "python")
        (tmp_path / "main.py").write_text(PROGRAM if "include(" in first.text else first.text)
        run_commands(tmp_path, block, micropython)
        return
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in block.text.splitlines():
        words = line.split()
        if words[0] == "make":
            assert words[1] in targets, line
        else:
            assert re.fullmatch(TYPED, line), f"{line}: how is it tested?"


# What changes nothing, or needs a network
TYPED = r"\. \.venv/bin/activate|tail -n 1 /usr/share/zoneinfo/\S+|mpremote mip install aiorepl"
PROGRAM = "import aioctl, aioschedule, asyncio\n"


def run_commands(folder, block, micropython):
    for name in ("aioschedule.py", "lib"):
        (folder / name).symlink_to(ROOT / name)
    venv = folder / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "micropython").symlink_to(micropython)
    done = subprocess.run(
        ["timeout", re.search(r"\d+", block.note)[0], "bash", "-e"],
        cwd=folder,
        env={**os.environ, "PATH": f"{venv}:{os.environ['PATH']}"},
        input=block.text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "Error" not in done.stdout, done.stdout
    # It ended by itself, or was still running
    assert done.returncode in (0, 124), done.stdout


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_reasons():
    for block in BLOCKS:
        assert re.fullmatch(
            r"|above|board|not run: .+|(run|recipe) [\d.]+ s( from .+)?|recipe", block.note
        ), str(block)
        assert block.kind in ("", "python", "pycon", "json", "sh", "js"), str(block)


# The places of the table in docs/time.md, as the time zone database calls them
PLACES = {
    "London": "Europe/London",
    "Berlin": "Europe/Berlin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Rome": "Europe/Rome",
    "Warsaw": "Europe/Warsaw",
    "Athens": "Europe/Athens",
    "Helsinki": "Europe/Helsinki",
    "Kyiv": "Europe/Kyiv",
    "New York": "America/New_York",
    "Toronto": "America/Toronto",
    "Chicago": "America/Chicago",
    "Los Angeles": "America/Los_Angeles",
    "São Paulo": "America/Sao_Paulo",
    "Kolkata": "Asia/Kolkata",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
}
# And in the text below it
IN_TEXT = {
    "America/Vancouver": "Vancouver (now `%s`)",
    "America/Edmonton": "Edmonton (`%s`)",
    "America/Winnipeg": "Winnipeg (`%s`)",
    "Africa/Casablanca": "`Africa/Casablanca` and `Africa/El_Aaiun`: the string `%s`",
    "America/Havana": "`America/Havana`: the string `%s`",
}


def footer(zone):
    """The last line of a zone's file: its POSIX TZ string."""
    path = importlib.resources.files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    return path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode()


def test_zones():
    """The strings in docs/time.md are those of the time zone database."""
    text = (ROOT / "docs" / "time.md").read_text(encoding="utf-8")
    table = text.partition("<!-- zones -->\n")[2].partition("\n\n")[0]
    shown = {
        place: string
        for places, string in re.findall(r"^\| ([^|]*) \| `(.*)` \|$", table, re.MULTILINE)
        for place in places.split(", ")
    }
    assert shown == {place: footer(zone) for place, zone in PLACES.items()}
    for zone, sentence in IN_TEXT.items():
        assert sentence % footer(zone) in text.replace("\n", " ")


def test_links():
    """What is linked is there, headings too."""
    for path in [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, heading = target.partition("#")
            linked = (path.parent / file).resolve() if file else path
            assert linked.exists(), f"{path.name}: {target}"
            if heading:
                assert heading in headings(linked), f"{path.name}: {target}"


def headings(path):
    # As GitHub makes anchors of them
    for title in re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
