# Heap and time that a task of aioctl takes, beside a bare asyncio task.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc
import time

import aioctl
from common import median, report, set_clock, used

RUNS = 50


def main(n):
    # One fresh interpreter each. The names are not counted: most are those of functions.
    set_clock()
    asyncio.run(_main(["task%d" % i for i in range(n)]))


async def _sleep():
    await asyncio.sleep(1000)


async def _main(names):
    # Lists and queues that grow do so before
    bare = [None] * len(names)
    before = used()
    for i in range(len(names)):
        bare[i] = asyncio.create_task(_sleep())
    await asyncio.sleep_ms(10)
    plain = used() - before
    before = used()
    for name in names:
        aioctl.add(_sleep, name=name)
    await asyncio.sleep_ms(100)
    report("memory", (used() - before - plain) // len(names))
    await _starts()


async def _starts():
    # How long start() takes, and what it allocates, for a task that has run before
    begun = []

    async def job():
        begun.append(time.ticks_us())

    aioctl.add(job, name="job")
    await asyncio.sleep_ms(50)
    calls = []
    steps = []
    before = gc.mem_alloc()
    for _ in range(RUNS):
        await asyncio.sleep_ms(20)
        called = time.ticks_us()
        aioctl.start("job")
        calls.append(time.ticks_diff(time.ticks_us(), called))
        await asyncio.sleep_ms(20)
        steps.append(time.ticks_diff(begun[-1], called))
    report("start", median(calls))
    report("start, first step", median(steps))
    report("start, allocated", (gc.mem_alloc() - before) // RUNS)
