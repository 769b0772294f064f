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


def median(values):
    return sorted(values)[len(values) // 2]


class Stub:
    # An aioctl whose tasks have always ended and whose start() costs nothing
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

    def __getitem__(self, name):
        return self

    def done(self):
        return True

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
