# A battery logger: wakes, does what is due, saves the schedule, and sleeps deeply until the next.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# On a board: mpremote cp examples/deepsleep.py :main.py. On the unix port, which cannot sleep
# deeply, a time.sleep_ms() and a fresh start of main() stand in for it, WAKES times.

import asyncio
import json
import time

import aioctl
import machine

import aioschedule

SCHEDULE = "schedule.json"
CLOCK = "clock.json"
READINGS = "readings.txt"
WAKES = 5


@aioctl.aiotask
async def measure():
    with open(READINGS, "a") as f:
        f.write("%s %d\n" % (aioctl.get_datetime(time.localtime(time.time())), 21))


@aioctl.aiotask
async def send():
    with open(READINGS) as f:
        print("sent", len(f.read().split("\n")) - 1, "readings")
    with open(READINGS, "w"):
        pass


def restore_clock():
    # Some boards, the Pico for one, forget the time in deep sleep: it is at least what was saved
    try:
        with open(CLOCK) as f:
            wake = json.load(f)
    except (OSError, ValueError):
        return
    if time.time() < wake - 1 and hasattr(machine, "RTC"):
        t = time.gmtime(wake)
        machine.RTC().datetime((t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0))


async def main():
    try:
        aioschedule.load(SCHEDULE)
    except (OSError, ValueError) as err:
        print("a new schedule:", err)
        aioschedule.schedule("measure", start_in=0, repeat=10)
        aioschedule.schedule("send", start_in=25, repeat=30)
    # Added after their schedule is known: add() would start them at once
    aioctl.add(measure)
    aioctl.add(send)
    aioctl.add(aioschedule.schedule_loop)
    # What is due runs, and what runs ends: until then there are 0 ms to sleep. Less than a second
    # is not worth it.
    while True:
        await asyncio.sleep_ms(20)
        ms = aioschedule.idle_ms()
        # Never None here: both repeat for ever
        if ms > 1000:
            break
    aioschedule.save(SCHEDULE)
    with open(CLOCK, "w") as f:
        json.dump(int(time.time()) + (ms + 500) // 1000, f)
    return ms


if hasattr(machine, "deepsleep"):
    restore_clock()
    # RAM is lost, and the board starts again with main.py
    machine.deepsleep(asyncio.run(main()))

for _ in range(WAKES):
    ms = asyncio.run(main())
    print("asleep for %d ms" % ms)
    # As little is left as after a deep sleep
    aioctl.reset()
    aioschedule.reset()
    asyncio.new_event_loop()
    time.sleep_ms(ms)
