# Fixtures of the tests on a board: an emulated Pico, or the board that TARGET names.
# MIT license; Copyright (c) 2026 the aioschedule authors

import pytest
from common import MODULES, ProjectBoard


# One for each file of tests: even an idle emulator takes all of a processor.
@pytest.fixture(scope="module")
def board():
    """A board with this project's modules: frozen, or copied to it."""
    with ProjectBoard("firmware.uf2") as board:
        if not board.frozen:
            board.copy(*MODULES)
        yield board


@pytest.fixture(scope="module")
def bare_board():
    """A board without them."""
    with ProjectBoard("firmware-bare.uf2") as board:
        yield board
