# What the bench's programs share. They run on MicroPython, on any target.
# MIT license; Copyright (c) 2026 the aioschedule authors

import gc
import sys
import time

from asyncio import core


def report(what, value):
    # For bench/run.py
    print("=", what, value)


def set_clock():
    # A board without a clock, or the emulator, whose time runs away at the prompt
    try:
        if 2025 < time.localtime()[0] < 2036:
            return
    except OverflowError:
        pass
    import machine

    machine.RTC().datetime((2026, 1, 5, 0, 12, 0, 0, 0))


def used():
    gc.collect()
    return gc.mem_alloc()


def fill(left):
    # Takes all memory but so many bytes side by side, for as long as what it returns is kept
    while True:
        kept = None
        gc.collect()
        spare = bytearray(left)
        size = 1 << 20
        while size > 32:
            try:
                kept = (kept, bytearray(size))
            except MemoryError:
                size >>= 1
        gc.collect()
        while gc.mem_free():
            # One block
            kept = (kept,)
        del spare
        gc.collect()
        # A word on the stack that looks like its address may keep the spare memory
        if gc.mem_free() >= left:
            return kept


def least(call, known=0):
    # With how little memory left a call succeeds, in steps of 128 B; `known` is what it needs in
    # any case, and is not counted
    low = 0
    high = most = 1 << 15
    while high - low > 128:
        left = (low + high) // 256 * 128
        if _succeeds(call, known + left):
            high = left
        else:
            low = left
    assert high < most, "it never succeeded"
    return high


def _succeeds(call, left):
    kept = fill(left)
    try:
        call()
    except (MemoryError, OSError):
        return False
    finally:
        del kept
        gc.collect()
    return True


def median(values):
    return sorted(values)[len(values) // 2]


class Stub:
    # An aioctl whose tasks have always ended and whose start() costs nothing. It knows of
    # aioschedule, as the project's own does.
    _WAKES = True

    def __init__(self):
        self.starts = 0
        self.tasks = self.task = self
        self.kwargs = {}
        self.cancelled = False

    def install(self):
        sys.modules["aioctl"] = self
        return self

    def group(self):
        return self

    def get(self, name, default=None):
        return self

    def __contains__(self, name):
        return True

    def __iter__(self):
        # None has to be held back
        return iter(())

    def __getitem__(self, name):
        return self

    def done(self):
        return True

    def is_fresh(self):
        return False

    def start(self, name):
        self.starts += 1
        return True

    def stop(self, name, stop_sch=True):
        return True


class Meter(core.IOQueue):
    # Counts how often the event loop sleeps, and calls busy(us) with what it took since the last
    # time. With virtual time, import this module after vclock.install().
    wakes = 0
    busy = None

    def install(self):
        core._io_queue = self
        self.woke = time.ticks_us()
        return self

    def wait_io_event(self, dt):
        if dt > 0:
            self.wakes += 1
            if self.busy:
                self.busy(time.ticks_diff(time.ticks_us(), self.woke))
        super().wait_io_event(dt)
        if dt > 0:
            self.woke = time.ticks_us()
