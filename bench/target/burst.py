# What happens when many tasks are due in one minute, each by a crontab string of its own.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc
import time

import aioctl
import aioschedule
from common import report, set_clock


def main(n, spin):
    # spin: another task takes its turn in each pass, and sees how long the others take
    set_clock()
    try:
        asyncio.run(_main(n, spin))
    finally:
        # A soft reset of the Pico does not
        gc.enable()


def _next_minute(least):
    # The seconds of a full minute that is that far away, or more
    now = int(time.time()) + least
    return now - now % 60 + 60


def _second_begins():
    # A second, and ticks_us() at its beginning
    second = int(time.time())
    while int(time.time()) == second:
        pass
    return second + 1, time.ticks_us()


async def _main(n, spin):
    starts = []
    worst = 0

    async def job():
        starts.append(time.ticks_us())

    async def spinner():
        nonlocal worst
        before = time.ticks_us()
        while True:
            await asyncio.sleep_ms(0)
            now = time.ticks_us()
            worst = max(worst, time.ticks_diff(now, before))
            before = now

    minute = _next_minute(20)
    at = time.localtime(minute)[4]
    for i in range(n):
        # Due together, and never again
        text = "%d,%d * * * *" % (at, (at + 2 + i) % 60)
        aioschedule.schedule("job%d" % i, repeat=text)
        aioctl.add(job, name="job%d" % i)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(minute - int(time.time()) - 5)
    second, us = _second_begins()
    due = time.ticks_add(us, (minute - second) * 1000000)
    gc.collect()
    gc.disable()
    await asyncio.sleep(2)
    if spin:
        asyncio.create_task(spinner())
    await asyncio.sleep(4)
    assert len(starts) == n, "%d runs, not %d" % (len(starts), n)
    late = [time.ticks_diff(start, due) for start in starts]
    # A clock of whole seconds is read a little late
    assert min(late) > -1000, "%d us early" % -min(late)
    if spin:
        report("burst, pass", worst)
    else:
        report("burst, first", min(late))
        report("burst, last", max(late))
