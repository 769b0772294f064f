# A garden: water at sunrise unless it has rained, lights from dusk to 23:00. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The clock must show UTC: ntp.py sets it and keeps it right. Until it is set, the sun of another
# day would water the garden, so main() waits for that.

import asyncio
import time

import aioctl
import suntimes

import aioschedule

try:
    from machine import Pin
except ImportError:

    class Pin:
        # The unix port has no pins: this one says what it would do
        IN = OUT = 0

        def __init__(self, number, mode):
            self.number = number

        def __call__(self, value=None):
            if value is None:
                return 0
            say("pin %d is %s" % (self.number, "on" if value else "off"))


# Berlin: degrees north and east, and its zone
LATITUDE = 52.52
LONGITUDE = 13.40
aioschedule.set_zone("CET-1CEST,M3.5.0,M10.5.0/3")

valve = Pin(2, Pin.OUT)
lamp = Pin(3, Pin.OUT)
rain = Pin(4, Pin.IN)

dry = 0
wet = 0


def say(text):
    print("%s %s" % (aioctl.get_datetime(aioschedule.localtime()), text))


# How often it was dry and wet since the last sunrise
@aioschedule.schedule_task(start_in=0, repeat=600)
@aioctl.aiotask
async def weather():
    global dry, wet
    if rain():
        wet += 1
    else:
        dry += 1


# A timeout of a minute more than it takes: a valve must not stay open
@aioschedule.schedule_task(repeat=suntimes.sunrise(LATITUDE, LONGITUDE), timeout=11 * 60)
@aioctl.aiotask
async def water():
    global dry, wet
    rained = wet > dry
    dry = wet = 0
    if rained:
        say("[water] it has rained")
        return
    valve(1)
    try:
        await asyncio.sleep(10 * 60)
    finally:
        # Also when it is stopped
        valve(0)


# Half an hour before sunset
@aioschedule.schedule_task(repeat=suntimes.sunset(LATITUDE, LONGITUDE, offset=-1800))
@aioctl.aiotask
async def lights_on():
    lamp(1)


# Local time, in summer and in winter
@aioschedule.schedule_task(repeat="0 23 * * *")
@aioctl.aiotask
async def lights_off():
    lamp(0)


async def main():
    while time.localtime()[0] < 2024:
        await asyncio.sleep(1)
    for task in weather, water, lights_on, lights_off:
        aioctl.add(task)
    aioctl.add(aioschedule.watcher_loop)
    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(0)
    aioschedule.status_sc()
    await asyncio.gather(*aioctl.tasks())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
