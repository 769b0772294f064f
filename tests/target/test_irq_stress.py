# Proves promise 8 for soft interrupts in real time: a thread, a timer or any branch of the code
# calls schedule() and unschedule() while tasks run. No entry is lost, each one-shot runs once.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# ruff: noqa: B904
#
# IRQ_SECONDS in the environment are how long each stress takes, 5 if there are none.
# test_sched_irq.py tries every branch, in virtual time.

import asyncio
import os

from harness import Skip, eq
from interrupts import at_branch, fired
from programs import forget

TIMEOUT = 120

UNIX_ONLY = {"test_from_a_thread": "a second core has no lock around a dict"}


async def ticker():
    # As in the field: something else runs, and the event loop is never idle for long. What an
    # interrupt schedules while it polls is heard when it looks again.
    while True:
        await asyncio.sleep_ms(5)


NAMES = ["t%d" % n for n in range(30)]


class Stress:
    """Thirty one-shots that an interrupt schedules again and again, each when it has run."""

    def __init__(self, aioctl, aioschedule):
        self.aioctl = aioctl
        self.schedule = aioschedule.schedule
        self.unschedule = aioschedule.unschedule
        self.wanted = [0] * len(NAMES)
        self.got = [0] * len(NAMES)
        self.early = 0
        self.calls = 0
        self.errors = []
        self.stopped = False
        for n, name in enumerate(NAMES):
            self.add(n, name)
        aioctl.add(self.never, name="never")
        self.schedule("never", start_in=3600)

    def add(self, n, name):
        async def body():
            if self.got[n] >= self.wanted[n]:
                self.early += 1
            self.got[n] += 1

        self.aioctl.add(body, name=name)
        self.schedule(name, start_in=3600)

    async def never(self):
        self.early += 1

    def interrupt(self, _):
        # The soft interrupt
        if self.stopped:
            return
        self.calls += 1
        n = self.calls % len(NAMES)
        try:
            if n % 5 == 0:
                self.unschedule("never")
                self.schedule("never", start_in=3600)
            if self.got[n] == self.wanted[n]:
                self.wanted[n] += 1
                self.schedule(NAMES[n], start_in=n % 4 * 0.005)
        except Exception as exc:
            if len(self.errors) < 5:
                self.errors.append(repr(exc))


async def stress(aioctl, aioschedule, begin, seconds, least):
    # `least`: how often in a second one must run that is due ten times in it
    lines = []

    class Log:
        def error(self, text):
            lines.append(text)

    aioschedule.set_log(Log())
    test = Stress(aioctl, aioschedule)
    steady = [0]

    async def every():
        steady[0] += 1

    aioctl.add(every)
    aioschedule.schedule("every", start_in=0.1, repeat=0.1)
    aioctl.add(ticker)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep_ms(100)
    end = begin(test.interrupt)
    for _ in range(seconds * 10):
        await asyncio.sleep_ms(100)
    test.stopped = True
    end()
    await asyncio.sleep_ms(1500)
    print(test.calls, "interrupts,", sum(test.got), "runs,", steady[0], "steady")
    eq((test.errors, lines), ([], []))
    eq(test.got, test.wanted)
    eq(test.early, 0)
    assert sum(test.got) > 20 * seconds, test.got
    assert steady[0] >= least * seconds, steady
    assert not aioctl.group().tasks["schedule_loop"].task.done()


def real_stress(begin, least=5):
    seconds = int(os.getenv("IRQ_SECONDS") or 5) if hasattr(os, "getenv") else 5
    forget()
    import aioctl
    import aioschedule

    asyncio.run(stress(aioctl, aioschedule, begin, seconds, least))


def test_from_a_thread():
    """A thread that calls micropython.schedule() every 150 us while other tasks run."""
    try:
        import _thread
    except ImportError:
        raise Skip("no threads here")
    import micropython
    import time

    running = [True]

    def begin(interrupt):
        def loop():
            while running[0]:
                try:
                    micropython.schedule(interrupt, 0)
                except RuntimeError:
                    # The queue is full
                    pass
                time.sleep_us(150)

        _thread.start_new_thread(loop, ())
        return end

    def end():
        running[0] = False

    real_stress(begin)


def test_from_a_timer():
    """A timer of 97 Hz whose callback calls schedule()."""
    try:
        from machine import Timer
    except ImportError:
        raise Skip("no timers here")

    def begin(interrupt):
        timer = Timer(freq=97, callback=interrupt)
        return timer.deinit

    real_stress(begin)


def test_from_everywhere():
    """The same at each 40th branch of whatever runs, on any port."""
    stopped = []

    def begin(interrupt):
        def tick(_):
            interrupt(0)
            if not stopped:
                at_branch(40, tick)

        at_branch(40, tick)
        return end

    def end():
        stopped.append(True)
        fired()

    # A board has hardly time for anything else
    real_stress(begin, least=2)
