# How long the event loop is busy at most, while the scheduler does no more than look at the clock.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import time

from common import Meter, Stub, fill, report, set_clock

stub = Stub().install()
import aioschedule


def main(seconds, free):
    # With so much of the heap free, which is collected if that runs out
    set_clock()
    asyncio.run(_main(seconds, free))


async def _main(seconds, free):
    worst = 0

    def busy(us):
        nonlocal worst
        worst = max(worst, us)

    year = time.localtime(int(time.time()) + 365 * 86400)
    aioschedule.schedule("year", start_in=year)
    loop = asyncio.create_task(aioschedule.schedule_loop())
    meter = Meter().install()
    kept = fill(free)
    await asyncio.sleep(2)
    meter.busy = busy
    wakes = meter.wakes
    await asyncio.sleep(seconds)
    meter.busy = None
    assert stub.starts == 0 and kept
    report("idle pass, worst", worst)
    report("idle pass, wakes", meter.wakes - wakes)
    loop.cancel()
