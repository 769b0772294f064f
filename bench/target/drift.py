# Where the runs of a task are after very many of them, on virtual time.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio

import aioctl
import aioschedule
from common import report

PERIOD = 12345  # ms; 100,000 of them are longer than ticks_ms() takes to wrap


def main(runs):
    vclock.run(_main(runs))


async def _main(runs):
    count = 0
    drift = PERIOD
    ended = asyncio.Event()

    async def job():
        nonlocal count, drift
        count += 1
        # A few runs are late by themselves, see below; the best of the last ones is not
        if count > runs - 100:
            drift = min(drift, vclock.now() - count * PERIOD, key=abs)
        if count == runs:
            ended.set()
        vclock.block(3)  # it takes a while

    async def other():
        # Keeps the event loop busy now and then, also when the task is due
        while True:
            await asyncio.sleep_ms(PERIOD - 100)
            vclock.block(107)

    aioschedule.schedule("job", repeat=PERIOD / 1000)
    aioctl.add(job, name="job")
    aioctl.add(aioschedule.schedule_loop)
    asyncio.create_task(other())
    await ended.wait()
    report("drift", drift)
