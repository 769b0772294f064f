# Makes docs/session.svg, the picture in the README, of what examples/quickstart.py really shows.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# python3 docs/picture.py; needs aiorepl: .venv/bin/micropython -m mip install aiorepl, or its
# directory in MICROPYPATH. A command is typed at its prompt, as a user would, at a moment when the
# sensor has failed and is not yet restarted.

import os
import pty
import re
import select
import sys
import time
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPED = {8.7: "aioctl.status()"}
END = 9.3

# Where a character stands, in pixels
WIDTH, HEIGHT, MARGIN, SIZE = 8.4, 18, 16, 14
BACKGROUND, PLAIN, DIM = "#1b1f24", "#d6dae0", "#8b949e"
COLOURS = {"91": "#ff7b72", "92": "#6bd968", "93": "#e3b341", "96": "#5ccfe6"}
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def record():
    """All that the program writes to its terminal until END."""
    micropython = os.environ.get("MICROPYTHON", str(ROOT / ".venv" / "bin" / "micropython"))
    path = os.environ.get("MICROPYPATH", str(Path.home() / ".micropython" / "lib"))
    pid, fd = pty.fork()
    if not pid:
        os.environ["MICROPYPATH"] = f".frozen:{ROOT}:{ROOT / 'lib'}:{path}"
        os.execv(micropython, [micropython, str(ROOT / "examples" / "quickstart.py")])
    start = time.monotonic()
    typed = dict(TYPED)
    output = b""
    while time.monotonic() - start < END:
        for when in list(typed):
            if time.monotonic() - start >= when:
                os.write(fd, typed.pop(when).encode() + b"\r")
        if select.select([fd], [], [], 0.05)[0]:
            output += os.read(fd, 65536)
    os.write(fd, b"\x04")
    # The rest must be read, or the program could not end
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)
    text = output.decode("utf-8").replace("\r\n", "\n")
    if "aioctl.status()\n" not in text:
        sys.exit(f"no prompt in the output; is aiorepl installed?\n{text[:500]}")
    return text


def screen(text):
    """The lines on the screen: the table as it was painted last, and what scrolled below."""
    frames = re.findall(r"\x1b7(.*?)\x1b8", text, re.DOTALL)
    below = re.sub(r"\x1b7.*?\x1b8|\x1b\[2J|\x1b\[\d*;?\d*[rH]", "", text, flags=re.DOTALL)
    table, rule = re.fullmatch(r".*\x1b\[H(.*)\x1b\[\d+;1H(.*)", frames[-1], re.DOTALL).groups()
    lines = [*table.rstrip("\n").split("\n"), rule]
    return lines + below.rstrip("\n").split("\n")


def runs(line):
    """The parts of a line that have a colour each: (column, text, colour)."""
    colour = DIM if re.match(r"NEXT |-{80}|<-+>|This ends|Starting", line) else PLAIN
    column = 0
    for part in re.split(r"(\x1b\[\d*m)", line):
        code = re.fullmatch(r"\x1b\[(\d*)m", part)
        if code:
            colour = COLOURS.get(code[1], PLAIN)
            continue
        # Each part of what fonts may give another width stands where it should
        for piece in re.findall(r"[ -~]+|[^ -~]+", part):
            if piece.strip():
                yield column, piece, colour
            column += len(piece)


def svg(lines):
    width = max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in lines) * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-family="{FONT}" font-size="{SIZE}">'
    )
    yield "<title>The quickstart example, with aioctl.status() typed at its prompt</title>"
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
    for row, line in enumerate(lines):
        y = MARGIN + (row + 0.75) * HEIGHT
        for column, text, colour in runs(line):
            left = len(text) - len(text.lstrip())
            text = text.strip()
            yield (
                f'<text x="{MARGIN + (column + left) * WIDTH:.1f}" y="{y:.1f}" fill="{colour}" '
                f'textLength="{len(text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs" '
                f'xml:space="preserve">{escape(text)}</text>'
            )
    yield "</svg>"


if __name__ == "__main__":
    target = ROOT / "docs" / "session.svg"
    target.write_text("\n".join(svg(screen(record()))) + "\n", encoding="utf-8")
    print(target)
