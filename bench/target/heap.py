# Heap: what importing takes, what an entry takes, and what the scheduler allocates as it runs.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc
import heapq  # noqa: F401 - what aioschedule imports, so that it costs nothing then
import json  # noqa: F401
import os  # noqa: F401
import random  # noqa: F401
import sys
import time

from common import Stub, report, set_clock, used


def module(what, stub):
    # One fresh interpreter each
    if stub:
        Stub().install()
    # The table of modules may have to grow for any module
    sys.modules["aioschedule"] = None
    del sys.modules["aioschedule"]
    before = used()
    import aioschedule  # noqa: F401

    report(what, used() - before)


def parts():
    # What the first entries load that need more than aioschedule.py
    Stub().install()
    set_clock()
    import aioschedule

    before = used()
    aioschedule.localtime()
    report("module, wall", used() - before)
    before = used()
    aioschedule.schedule("x", repeat="* * * * *")
    aioschedule.unschedule("x")
    report("module, crontab", used() - before)


def entries(what, n):
    # One fresh interpreter each
    stub = Stub().install()
    set_clock()
    import aioschedule

    names = ["task%d" % i for i in range(n)]
    options = [_options(what, i) for i in range(n)]
    # What the first of a kind loads is no part of it
    aioschedule.schedule("first", **_options(what, -1))
    aioschedule.unschedule("first")
    before = used()
    for i in range(n):
        aioschedule.schedule(names[i], **options[i])
        if i % 10 == 9:
            gc.collect()  # or what is left of a board's heap is in pieces
    report("entry, " + what, (used() - before) // n)
    if what == "seconds":
        asyncio.run(_run(aioschedule))
        assert stub.starts == n, "%d runs, not %d" % (stub.starts, n)
        report("entry, run", (used() - before) // n)


def _options(what, i):
    if what == "seconds":
        return {"start_in": 1, "repeat": 60}
    if what == "time tuple":
        return {"start_in": time.localtime(int(time.time()) + 86400), "repeat": 86400}
    if what == "crontab":
        return {"repeat": "*/5 8-18 * * mon-fri"}
    if what == "crontabs":
        return {"repeat": "%d %d * * mon-fri" % (i % 60, 8 + i // 60)}
    return {"start_in": 1, "repeat": 9, "times": 9, "until": 99, "jitter": 9}


async def _run(aioschedule):
    loop = asyncio.create_task(aioschedule.schedule_loop())
    await asyncio.sleep(3)
    loop.cancel()


def running(n, rule):
    # rule: also what takes a minute, unless idle time is skipped
    stub = Stub().install()
    set_clock()
    import aioschedule

    gc.disable()
    try:
        asyncio.run(_running(stub, aioschedule, n, rule))
    finally:
        # A soft reset of the Pico does not
        gc.enable()


async def _allocated(ms):
    before = used()
    await asyncio.sleep_ms(ms)
    return gc.mem_alloc() - before


async def _running(stub, aioschedule, n, rule):
    before = used()
    for _ in range(100):
        stub.group().tasks["x"].task.done() and stub.start("x")
    own = gc.mem_alloc() - before
    assert own == 0, "the stub itself allocates %d bytes" % own
    await _allocated(1)  # the first time is not like the others
    own = await _allocated(1000)
    assert own == 0, "the measuring itself allocates %d bytes" % own

    loop = asyncio.create_task(aioschedule.schedule_loop())
    for i in range(n):
        aioschedule.schedule("task%d" % i, start_in=3600 + i, repeat=3600)
    await asyncio.sleep(1)
    report("idle", await _allocated(4000) // 4)

    # Its first run is not like the others
    aioschedule.schedule("run", start_in=0.05, repeat=0.1)
    await asyncio.sleep(1)
    stub.starts = 0
    allocated = await _allocated(2000)
    report("run", allocated // stub.starts)
    aioschedule.unschedule("run")
    await asyncio.sleep(1)

    year = time.localtime(int(time.time()) + 365 * 86400)
    aioschedule.schedule("year", start_in=year)
    await asyncio.sleep(1)
    idle = await _allocated(4000) // 4
    report("idle, wall-clock", idle)

    if rule:
        aioschedule.schedule("rule", repeat="* * * * *")
        await asyncio.sleep(90 - time.time() % 60)
        stub.starts = 0
        allocated = 0
        # In slices: nothing is collected in between
        for _ in range(12):
            allocated += await _allocated(5000)
        report("run, crontab", (allocated - 60 * idle) // stub.starts)
    loop.cancel()


def uptime(n, days):
    # The same on a board that has run for long: ms since its start are a long int then. Only where
    # idle time is skipped.
    stub = Stub().install()
    set_clock()
    import aioschedule

    async def main():
        loop = asyncio.create_task(aioschedule.schedule_loop())
        for i in range(n):
            aioschedule.schedule("task%d" % i, start_in=1 << 24, repeat=3600)
        for _ in range(days):
            await asyncio.sleep(86400)
        report("idle, later", await _allocated(4000) // 4)
        year = time.localtime(int(time.time()) + 365 * 86400)
        aioschedule.schedule("year", start_in=year)
        await asyncio.sleep(1)
        await _allocated(1)
        report("idle, wall-clock, later", await _allocated(4000) // 4)
        assert stub.starts == 0, "something ran"
        loop.cancel()

    gc.disable()
    try:
        asyncio.run(main())
    finally:
        gc.enable()


def kept(runs, period_ms):
    # What runs with aioctl leave behind
    import aioctl
    import aioschedule

    count = 0

    async def job():
        nonlocal count
        count += 1

    async def main():
        aioctl.add(aioschedule.schedule_loop)
        aioctl.add(job, name="job")
        aioschedule.schedule("job", start_in=0, repeat=period_ms / 1000)
        await asyncio.sleep(1)
        left = []
        for _ in range(3):
            start = count
            before = used()
            while count < start + runs // 3:
                await asyncio.sleep(1)
            left.append((used() - before) // (count - start))
        # A word on the stack that looks like a pointer keeps a block now and then; what is really
        # left behind is so each time
        report("kept", max(0, min(left)))

    asyncio.run(main())
