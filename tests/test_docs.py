# Runs what README.md and docs/*.md show, in virtual time, and compares it with what they say.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# A ```python block is a program; a ``` block right after it is what it prints. A ```pycon block is
# a session at the prompt. Comments before a block, which nobody sees who reads the document:
#   <!-- run 4 s from 2026-11-25 10:38:21 -->  for so long, and what the clock shows at the start
#   <!-- above -->                             a session beside the program above it
#   <!-- not run: why -->                      there must be a reason
# Sessions, and programs that do not run the event loop themselves, have the modules at hand, and a
# scheduler that runs. Dates in a session are those of its beginning, START.

import importlib.resources
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
    found = re.fullmatch(r"run ([\d.]+) s(?: from (.*))?", note)
    seconds = float(found[1]) if found else 1
    year, month, day, *clock = map(int, re.findall(r"\d+", found and found[2] or START))
    (folder / "machine.py").write_text(MACHINE)
    (folder / "ntptime.py").write_text("def settime():\n    pass\n")
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
        program += block.text
    elif block.above is not None:
        program += block.above.text
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


def without_places(text):
    # Tracebacks name files and lines, which change
    return re.sub(r'File "[^"]*", line \d+', "File", text)


def test_reasons():
    for block in BLOCKS:
        assert block.note in ("", "above") or re.match("run |not run: ", block.note), str(block)
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
