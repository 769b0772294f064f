# The clock is set while tasks wait: seconds stay seconds, times of day follow. Networked board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Connect to the network first, in boot.py for example. Without one the clock is asked for again
# and again, and all that is given in seconds runs as it should.

import asyncio
import time

import aioctl

import aioschedule

try:
    import ntptime
except ImportError:
    ntptime = None  # the unix port: the computer's clock is right


def say(text):
    print("%s %s" % (aioctl.get_datetime(time.localtime(time.time())), text))


# A failure is retried by the watcher, success is refreshed by the schedule
@aioschedule.schedule_task(start_in=5, repeat=6 * 3600)
@aioctl.aiotask
async def clock():
    if ntptime:
        ntptime.settime()
    say("[clock] is right")


# Measured on the monotonic clock: no step of the RTC fires or delays it
@aioschedule.schedule_task(start_in=10, repeat=10)
@aioctl.aiotask
async def sample():
    say("[sample] %d s since the start" % (time.ticks_diff(time.ticks_ms(), started) // 1000))


# On the wall clock: due when the RTC says so. A step that jumps over such a time runs it once, the
# first setting of a clock that started in 2021 too: what must not be late looks at the time first
@aioschedule.schedule_task(repeat="30 6 * * *")
@aioctl.aiotask
async def sunrise():
    hour = time.localtime(time.time())[3]
    say("[sunrise] " + ("good morning" if hour in (6, 7) else "too late"))


async def main():
    global started
    for task in clock, sample, sunrise:
        aioctl.add(task)
    aioctl.add(aioschedule.watcher_loop)
    aioctl.add(aioschedule.schedule_loop)
    started = time.ticks_ms()
    await asyncio.gather(*aioctl.tasks())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
