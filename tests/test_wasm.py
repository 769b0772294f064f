# The scheduler in Node, on MicroPython's WebAssembly port, in real time.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# There the event loop is JavaScript's: asyncio has no run(), and tasks run by themselves once
# Python has returned to JavaScript. `make test-wasm` installs what is needed, and runs
# tests/target too.

import json

import pytest
import wasm_board

pytestmark = pytest.mark.skipif(wasm_board.missing() is not None, reason=str(wasm_board.missing()))


@pytest.fixture
def run_script():
    """Runs a scene of tests/wasm/scenes.mjs; what it has noted: a list of [what, ms]."""

    def run(scene):
        done = wasm_board.run_node("scenes.mjs", scene, *wasm_board.MODULES)
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout.splitlines()[-1])

    return run


def times(notes, what):
    return [ms for name, ms in notes if name == what]


def test_tasks_run_by_themselves(run_script):
    """Python has long returned when the first task is due; what fails is restarted."""
    notes = run_script("tasks")
    ticks = times(notes, "tick")
    assert notes[0][0] == "returned"
    # A busy computer is late, and skips runs, but none is early
    assert len(ticks) >= 3, notes
    for number, ms in enumerate(ticks):
        assert ms >= 300 + 200 * number - 20, notes
    assert len(times(notes, "fails")) >= 2
    (printed,) = [name for name, _ in notes if name.startswith("status ")]
    assert "tick: status: scheduled - done" in printed


def test_a_callback_wakes_the_loop(run_script):
    """schedule() from a JavaScript callback is heard at once: nothing was due for an hour."""
    notes = run_script("callback")
    (called,) = times(notes, "callback")
    (ran,) = times(notes, "valve")
    assert called >= 400
    assert 0 <= ran - called < 1000, notes


def test_unschedule_from_a_callback(run_script):
    """What was due does not run when a callback has forgotten it in time."""
    notes = run_script("unschedule")
    assert times(notes, "callback")
    assert not times(notes, "valve")
    assert times(notes, "other")


def test_the_monotonic_clock_is_the_computers(run_script):
    """ticks_ms() follows the computer's clock when somebody sets that: docs/testing.md says so.

    When the port has mended that, this fails, and the sentence can go."""
    notes = dict(run_script("clock"))
    assert notes["ticks moved by"] >= 3600 * 1000
