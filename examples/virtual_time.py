# How to test your own program on your computer: ten days in seconds, and a clock that you set.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   MICROPYPATH=.frozen:.:lib:tests/target .venv/bin/micropython examples/virtual_time.py

import vclock

# First of all: whatever imports `time` after this gets the virtual one. A board's RTC is not set.
vclock.install(epoch=(2021, 1, 1, 0, 0, 0))

import asyncio

import aioctl
import aioschedule

waterings = []


# What you would import from your own program
@aioschedule.schedule_task(repeat="30 6 * * *")
@aioctl.aiotask
async def water():
    waterings.append(aioschedule.localtime()[:5])


aioschedule.set_zone("CET-1CEST,M3.5.0,M10.5.0/3")
aioctl.add(water)
aioctl.add(aioschedule.schedule_loop)


async def test():
    await asyncio.sleep(60)
    # NTP sets the clock. Three years have passed, and nothing is watered for that.
    vclock.set_rtc((2024, 3, 28, 12, 0, 0))
    await asyncio.sleep(60)
    assert waterings == []

    await asyncio.sleep(5 * 86400)
    assert len(waterings) == 5
    assert waterings[0] == (2024, 3, 29, 6, 30)
    # Summer begins on the 31st, and it still is half past six
    assert all(when[3:] == (6, 30) for when in waterings)

    aioctl.stop("water")
    await asyncio.sleep(5 * 86400)
    assert len(waterings) == 5


vclock.run(test())
print("ten days have passed")
