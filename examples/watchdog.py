# A watchdog that is fed only while every task in a list has run in time.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# On a board: mpremote cp examples/watchdog.py :main.py. A watchdog that was started cannot be
# stopped: it resets the board when it is not fed for 8 s, also at the prompt. On the unix port
# there is none: a line is printed instead.

import asyncio
import time

import aioctl
import machine

import aioschedule

# name: the most seconds from the end of one run to the end of the next
MUST_RUN = {"sensor": 30, "send": 90}


@aioschedule.schedule_task(start_in=0, repeat=10, timeout=8)
@aioctl.aiotask
async def sensor():
    await asyncio.sleep_ms(100)


@aioschedule.schedule_task(start_in=5, repeat=30, timeout=20)
@aioctl.aiotask
async def send():
    # From the second minute on the network hangs
    if time.ticks_diff(time.ticks_ms(), started) > 60000:
        await asyncio.Event().wait()


last = {}
healthy = {}


def in_time():
    # A run counts when it has ended well, not when it was started
    now = time.ticks_ms()
    for name, seconds in MUST_RUN.items():
        record = aioctl.group().tasks[name]
        ended = record.task.done() and record.error is None
        if ended and record.done_at != last.get(name):
            last[name] = record.done_at
            healthy[name] = now
        if time.ticks_diff(now, healthy.setdefault(name, now)) > seconds * 1000:
            print(name, "has not run for", seconds, "s")
            return False
    return True


@aioschedule.schedule_task(start_in=0, repeat=2)
@aioctl.aiotask
async def feed():
    # Itself a scheduled task: it does not run when the event loop or the schedule loop hangs
    if in_time():
        dog.feed()


class PrintedDog:
    def feed(self):
        print("fed")


async def main():
    global dog, started
    started = time.ticks_ms()
    dog = machine.WDT(timeout=8000) if hasattr(machine, "WDT") else PrintedDog()
    aioctl.add(sensor)
    aioctl.add(send)
    aioctl.add(feed)
    aioctl.add(aioschedule.watcher_loop)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.gather(*aioctl.tasks())


asyncio.run(main())
