# How long the event loop is busy when one of n scheduled tasks is due and the others wait.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc

from common import Meter, Stub, median, report

stub = Stub().install()
import aioschedule


def main(n, period_ms, runs):
    # Where so many do not fit in the heap, as many as do
    while True:
        try:
            us = asyncio.run(_main(n, period_ms / 1000, runs))
            break
        except MemoryError:
            aioschedule.reset()
            n = n * 9 // 10
    report("entries", n)
    report("us", us)


async def _main(n, period, runs):
    spent = []
    starts = 0

    def busy(us):
        # Without what woke for another reason, and what was so late that two runs were due
        nonlocal starts
        if stub.starts == starts + 1:
            spent.append(us)
        starts = stub.starts

    aioschedule.schedule("run", start_in=1, repeat=period)
    for i in range(1, n):
        aioschedule.schedule("%d" % i, start_in=3600 + i, repeat=3600)
        if i % 25 == 0:
            gc.collect()  # or what is left of a board's heap is in pieces
    gc.collect()
    loop = asyncio.create_task(aioschedule.schedule_loop())
    meter = Meter().install()
    await asyncio.sleep(2)  # the first run is not like the others
    starts = stub.starts
    meter.busy = busy
    while len(spent) < runs:
        await asyncio.sleep_ms(500)
    meter.busy = None
    loop.cancel()
    return median(spent)
