# How often the event loop wakes for the scheduler while nothing is due.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys


def main(virtual, n, hours=1):
    if virtual:
        import vclock

        vclock.install()
        run = vclock.run
    else:
        import asyncio

        run = asyncio.run
    run(_main(n, hours))


async def _main(n, hours):
    import asyncio
    import time

    from common import Meter, Stub, report, set_clock

    if "vclock" not in sys.modules:
        set_clock()
    stub = Stub().install()
    import aioschedule

    loop = asyncio.create_task(aioschedule.schedule_loop())
    for i in range(n):
        aioschedule.schedule("task%d" % i, start_in=86400 + i, repeat=86400)
    meter = Meter().install()

    async def wakes():
        await asyncio.sleep(1)
        meter.wakes = 0
        await asyncio.sleep(hours * 3600)
        return (meter.wakes - 1) // hours  # but for this sleep itself

    report("wakes", await wakes())
    aioschedule.schedule("day", start_in=time.localtime(int(time.time()) + 86400))
    report("wakes, wall-clock", await wakes())
    assert stub.starts == 0, "something ran, at %s" % (time.localtime(),)
    loop.cancel()
