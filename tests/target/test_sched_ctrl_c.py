# Proves promise 8 for Ctrl-C: wherever it comes in a pass, the loop that is started again has all
# runs of all entries, and none twice.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn
#
# Two ways to interrupt. At every branch, as on a board: that takes a unix port built with ffi, and
# without MICROPY_ASYNC_KBD_INTR, see CONTRIBUTING.md; tests/device has real characters. And on
# any port at every call that the scheduler makes of another module, before and after it.

import vclock

vclock.install()

import asyncio
import heapq
import io
import sys

import interrupts

from afresh import add, counts, modules
from harness import Skip, eq

TIMEOUT = 600

UNIX_ONLY = "takes hours on a board, where tests/device has real characters"

NOON = (2026, 5, 1, 12, 0, 0)
DUE = 3000  # ms at which four entries are due
END = 6400

# An interrupt at each of so many; 1 is all of them
STRIDE = 1


class Calls:
    """Stands in for a module, or an object with functions, and counts the calls of them."""

    def __init__(self, module):
        self.module = module

    def __getattr__(self, name):
        value = getattr(self.module, name)
        if not callable(value) or isinstance(value, type):
            return value

        def call(*args, **kwargs):
            _count()
            result = value(*args, **kwargs)
            _count()
            return result

        return call


_calls = 0  # until the one that is interrupted


def _count():
    global _calls
    if _calls:
        _calls -= 1
        if not _calls:
            raise KeyboardInterrupt


def by_calls(n):
    # Arms the n-th call, and tells afterwards whether it was reached
    global _calls
    _calls = n


def calls_fired():
    global _calls
    was = _calls == 0
    _calls = 0
    return was


def within(exc):
    # Whether the scheduler was running. What asyncio itself or the tasks lose is their own affair.
    buf = io.StringIO()
    sys.print_exception(exc, buf)
    text = buf.getvalue()
    # Of virtual time, that has a task in its hands for a moment
    return "aioschedule" in text and "_loop_ticks" not in text


class Program:
    def __init__(self, wrap):
        global aioctl, aioschedule, time
        if wrap:
            sys.modules["heapq"] = Calls(heapq)
        try:
            aioctl, aioschedule, time = modules(NOON)
        finally:
            sys.modules["heapq"] = heapq
        self.log = []
        aioschedule.set_log(self)
        self.runs = {
            "a": add("a", start_in=1, repeat=1),
            "w": add("w", start_in=(2026, 5, 1, 12, 0, 1), repeat=1),
            "r": add("r", start_in=(2026, 5, 1, 12, 0, 3), repeat=1, times=3),
            "once": add("once", start_in=3),
            "tuple": add("tuple", start_in=(2026, 5, 1, 12, 0, 3)),
        }
        add("far", start_in=1000)
        for n in range(8):
            aioschedule.schedule("n%d" % n, start_in=3)
            aioschedule.unschedule("n%d" % n)
        if wrap:
            # What aioschedule knows of other modules from here on
            aioschedule.aioctl = Calls(aioctl)
            for module in [sys.modules[name] for name in sys.modules]:
                if getattr(module, "__name__", "").startswith("aioschedule"):
                    if hasattr(module, "time"):
                        module.time = Calls(module.time)

    def error(self, text):
        self.log.append(text)

    def first(self, arm, fired):
        """Runs until the interrupt. None if there was none, else whether the scheduler was hit."""

        async def main():
            aioctl.add(aioschedule.schedule_loop, name="loop")
            await asyncio.sleep_ms(DUE - 1)
            arm()
            await asyncio.Event().wait()

        try:
            vclock.run(main(), DUE + 50, keep=True)
            fired()
            # One that is on its way
            for _ in range(9):
                pass
        except KeyboardInterrupt as exc:
            return within(exc)
        return None

    def second(self, how):
        """Starts the loop again, at once."""
        if how == "new loop":
            asyncio.new_event_loop()
        if how == "reset":
            asyncio.new_event_loop()

        async def main():
            # Whoever was interrupted ends
            for _ in range(5):
                await asyncio.sleep_ms(0)
            if aioctl.group().tasks["loop"].task.done():
                aioctl.start("loop")
            elif how != "same loop":
                aioctl.delete("loop")
                aioctl.add(aioschedule.schedule_loop, name="loop")
            await asyncio.Event().wait()

        vclock.run(main(), END)

    def check(self, how, where):
        want = {
            "a": [1, 2, 3, 4, 5, 6],
            "w": [1, 2, 3, 4, 5, 6],
            "r": [3, 4, 5],
            "once": [3],
            "tuple": [3],
        }
        lost = []
        for name, runs in self.runs.items():
            got = [ms // 1000 for ms in runs]
            if got != want[name] and how != "same loop":
                # It was started, and the event loop in which it would have run is gone
                missing = list(want[name])
                missing.remove(3)
                eq((where, name, got), (where, name, missing))
                lost.append(name)
            else:
                eq((where, name, got), (where, name, want[name]))
            eq((where, name, counts(name)), (where, name, (len(want[name]), 0)))
        # Whatever was started in the pass before may be among them
        assert len(lost) <= len(want), (where, lost)
        assert not aioctl.group().tasks["loop"].task.done(), where
        assert "far" in aioschedule.group(), where


def every(arm, fired, wrap, how):
    n = 1
    count = 0
    while True:
        program = Program(wrap)
        interrupted = program.first(lambda: arm(n), fired)
        fired()
        if interrupted is None:
            break
        if interrupted:
            count += 1
            program.second(how)
            program.check(how, (how, n))
        n += STRIDE
    print(how, count, "programs of", n)
    assert count > 20, count


def at_every_branch(how):
    signal = interrupts.ctrl_c()
    if signal is None:
        raise Skip("takes a unix build with ffi and without MICROPY_ASYNC_KBD_INTR")
    every(lambda n: interrupts.at_branch(n, *signal), interrupts.fired, False, how)


def test_at_every_branch_and_the_same_event_loop():
    """The program calls asyncio.run() again, and what waited in the event loop goes on."""
    at_every_branch("same loop")


def test_at_every_branch_and_a_new_event_loop():
    """The program calls asyncio.new_event_loop() before."""
    at_every_branch("new loop")


def test_at_every_call_and_the_same_event_loop():
    """At the calls of other modules, on any port."""
    every(by_calls, calls_fired, True, "same loop")


def test_at_every_call_and_a_new_event_loop():
    """And with a new event loop."""
    every(by_calls, calls_fired, True, "new loop")


def test_in_schedule():
    """Ctrl-C in schedule() leaves the old entry or the new one; the rest is as it was."""
    signal = interrupts.ctrl_c()
    if signal is None:
        raise Skip("takes a unix build with ffi and without MICROPY_ASYNC_KBD_INTR")
    for options in ({"start_in": 4.5}, {"repeat": "* * * * *"}, {"start_in": 0.5, "repeat": 2.25}):
        n = 0
        reached = True
        while reached:
            n += 1
            program = Program(False)

            reached = False
            try:
                interrupts.at_branch(n, *signal)
                aioschedule.schedule("far", **options)
                reached = interrupts.fired()
                # One that is on its way
                for _ in range(9):
                    pass
            except KeyboardInterrupt:
                reached = True
            entry = aioschedule.group()["far"]
            assert entry["repeat"] == options.get("repeat", False) or entry["start_in"] == 1000

            async def main():
                aioctl.add(aioschedule.schedule_loop, name="loop")
                await asyncio.Event().wait()

            vclock.run(main(), END)
            program.check("same loop", (options, n))
        print(options, n, "programs")
