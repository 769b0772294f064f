# The modules afresh, in virtual time, a program of them, and what its table says.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc

import vclock

from programs import forget, fresh, rows


class Log:
    """A logger that keeps what it is told, and when."""

    def __init__(self):
        self.lines = []
        self.times = []

    def error(self, text):
        self.lines.append(text)
        self.times.append(vclock.now())


def modules(epoch, **options):
    """aioctl, aioschedule and time as after a reset, at this date."""
    forget()
    gc.collect()
    aioctl, aioschedule = fresh(epoch=epoch, **options)
    import time

    aioschedule.set_log(Log())
    return aioctl, aioschedule, time


async def sleep_until(ms):
    """Sleeps until vclock.now() is `ms`, also for longer than asyncio can."""
    while vclock.now() < ms:
        await asyncio.sleep_ms(min(ms - vclock.now(), 1 << 28))


def run(seconds, *steps):
    """Runs what was added, and the scheduler; each step is (second, function)."""
    import aioctl
    import aioschedule

    async def main():
        aioctl.add(aioschedule.schedule_loop, name="loop")
        for second, what in steps:
            await sleep_until(int(second * 1000))
            what()
        await asyncio.Event().wait()

    vclock.run(main(), int(seconds * 1000))


def add(name, body_ms=0, **options):
    """Adds a task and, with options, schedules it first; returns a list: the ms of its runs."""
    import aioctl
    import aioschedule

    runs = []

    async def body():
        runs.append(vclock.now())
        if body_ms:
            await sleep_until(vclock.now() + body_ms)

    if options:
        aioschedule.schedule(name, **options)
    aioctl.add(body, name=name)
    return runs


def secs(runs):
    """Runs in seconds; each must be at a whole one."""
    for ms in runs:
        assert ms % 1000 == 0, runs
    return [ms // 1000 for ms in runs]


def later(seconds, base):
    """The time tuple so many seconds after another, on a clock that never changes."""
    import time

    return time.gmtime(civil(*base) - civil(*time.gmtime(0)[:6]) + seconds)[:6]


def civil(year, month, day, hour=0, minute=0, second=0):
    """Seconds since the start of 2000, or before it, on a clock that never changes."""
    # 1 March begins the year, so that the leap day is its last
    if month < 3:
        year -= 1
        month += 12
    days = year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 - 457) // 5 + day
    return (((days - 730426) * 24 + hour) * 60 + minute) * 60 + second


def table():
    """What the table shows: {task: (runs, missed, restarts)}."""
    shown = {}
    for row in rows():
        runs, missed, restarts, name = row.split()[-4:]
        shown[name] = int(runs), int(missed), int(restarts)
    return shown


def counts(name):
    """The runs of a task, and those that it missed, as the table shows them."""
    return table()[name][:2]
