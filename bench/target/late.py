# How late a task starts that is due, beside a loop of asyncio.sleep_ms in the same run.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import time

import aioctl
import aioschedule
from common import median, report, set_clock

PERIOD = 100  # ms


def main(runs, wall=False):
    # wall: another entry waits on the wall clock, which the scheduler looks at each second
    set_clock()
    if wall:
        year = time.localtime(int(time.time()) + 365 * 86400)
        aioschedule.schedule("year", start_in=year)
    asyncio.run(_main(runs))


async def _main(runs):
    tasks = []
    loops = []

    async def job():
        tasks.append(time.ticks_us())

    async def loop():
        nonlocal ms, us
        # Seconds count from the start of schedule_loop; let that be the start of a ms
        ms = time.ticks_ms()
        while time.ticks_ms() == ms:
            pass
        us = time.ticks_us()
        ms = time.ticks_ms()
        await aioschedule.schedule_loop()

    ms = us = 0
    aioschedule.schedule("job", start_in=1, repeat=PERIOD / 1000, times=runs)
    aioctl.add(job, name="job")
    aioctl.add(loop)
    await asyncio.sleep_ms(500)
    # Half a period apart, so that neither delays the other
    due = time.ticks_add(ms, 1000 + PERIOD // 2)
    for _ in range(runs):
        await asyncio.sleep_ms(time.ticks_diff(due, time.ticks_ms()))
        loops.append(time.ticks_us())
        due = time.ticks_add(due, PERIOD)
    await asyncio.sleep_ms(PERIOD)
    assert len(tasks) == runs, "%d runs, not %d" % (len(tasks), runs)
    for what, start, seen in ("loop", 1000 + PERIOD // 2, loops), ("task", 1000, tasks):
        late = []
        for i, t in enumerate(seen):
            late.append(time.ticks_diff(t, time.ticks_add(us, (start + i * PERIOD) * 1000)))
        assert min(late) >= 0, "%d us early" % -min(late)
        report(what, median(late))
        report(what + ", worst", max(late))
