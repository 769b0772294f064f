# Local time from NTP: that sets the clock to UTC, and set_zone() makes it local. Networked board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Connect to the network first, in boot.py for example. A board's clock starts in 2021 or 2000, and
# jumps when NTP sets it. What is given in seconds does not notice. What waits for a time of day
# waits for the next one: the jump runs nothing.

import asyncio
import time

import aioctl

import aioschedule

try:
    import ntptime
except ImportError:
    ntptime = None  # the unix port: the computer's clock is right

# Berlin; docs/time.md has a table of others. The clock itself stays at UTC.
aioschedule.set_zone("CET-1CEST,M3.5.0,M10.5.0/3")


def say(text):
    print("%s %s" % (aioctl.get_datetime(aioschedule.localtime()), text))


# At once, then every six hours. When it fails, the watcher tries again, less and less often.
@aioschedule.schedule_task(start_in=0, repeat=6 * 3600)
@aioctl.aiotask
async def clock():
    if ntptime:
        ntptime.settime()
    say("[clock] is right")


# Every ten seconds, whatever happens to the clock
@aioschedule.schedule_task(start_in=10, repeat=10)
@aioctl.aiotask
async def sample():
    say("[sample] %d s since the start" % (time.ticks_diff(time.ticks_ms(), started) // 1000))


# Every day at 06:30 local time, in summer and in winter
@aioschedule.schedule_task(repeat="30 6 * * *")
@aioctl.aiotask
async def morning():
    say("[morning] good morning")


async def main():
    global started
    for task in clock, sample, morning:
        aioctl.add(task)
    aioctl.add(aioschedule.watcher_loop)
    aioctl.add(aioschedule.schedule_loop)
    started = time.ticks_ms()
    await asyncio.gather(*aioctl.tasks())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
