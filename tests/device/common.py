# The board of the tests in this directory: one that has this project's modules.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from device_board import Board, BoardError  # noqa: E402

MODULES = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
# What is copied to a board lands here; a program that needs it begins with PATH.
BOARD_DIR = "/aioschedule_tests"
PATH = f"import sys; sys.path.append({BOARD_DIR!r})\n"


class ProjectBoard(Board):
    """A board, emulated with firmware of this checkout, or the one that TARGET names."""

    def __init__(self, image):
        super().__init__(ROOT / "build" / image)
        self.frozen = self.has(
            "aioschedule, aioctl, aiolog", "import sys; sys.path[:] = ['.frozen']"
        )

    def has(self, modules, first=PATH):
        """Whether these modules can be imported."""
        code = f"try:\n  import {modules}\n  print('all there')\nexcept ImportError:\n  pass\n"
        return "all there" in self.exec(f"{first}\n{code}")

    def copy(self, *files):
        """Copies files to BOARD_DIR."""
        try:
            self.mpremote("fs", "mkdir", f":{BOARD_DIR}")
        except BoardError:  # it is there already
            pass
        self.cp(*files, to=f"{BOARD_DIR}/", timeout=300)

    def program(self, code, timeout=60):
        """What a program prints that imports this project's modules."""
        return self.exec(PATH + code, timeout)
