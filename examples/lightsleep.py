# A pump on a battery: the chip sleeps lightly whenever there is nothing to do.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# On a board: mpremote run examples/lightsleep.py. Light sleep may cut the USB connection of a
# board; hold BUTTON down to keep it awake. On the unix port time.sleep_ms() stands in for it.

import asyncio
import time

import aioctl
import machine

import aioschedule

PUMP = "LED"
BUTTON = 15

Pin = getattr(machine, "Pin", None)
lightsleep = getattr(machine, "lightsleep", time.sleep_ms)


@aioschedule.schedule_task(start_in=2, repeat=600)
@aioctl.aiotask
async def pump():
    # The chip stays awake until this has ended
    print("pump on")
    if Pin:
        Pin(PUMP, Pin.OUT).on()
    await asyncio.sleep(5)
    if Pin:
        Pin(PUMP).off()
    print("pump off")


@aioschedule.schedule_task(repeat="0 6 * * *")
@aioctl.aiotask
async def report():
    print("it is six o'clock")


def may_sleep():
    return not Pin or Pin(BUTTON, Pin.IN, Pin.PULL_UP).value() == 1


def sleep(ms):
    print("asleep for %d ms" % ms)
    lightsleep(ms)


async def main():
    aioctl.add(pump)
    aioctl.add(report)
    aioctl.add(aioschedule.schedule_loop)
    aioctl.add(aioschedule.sleep_loop, sleep, may_sleep)
    await asyncio.gather(*aioctl.tasks())


asyncio.run(main())
