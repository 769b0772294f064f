import asyncio
import random

import aioctl

import aioschedule


# At once, then every 3 seconds
@aioschedule.schedule_task(start_in=0, repeat=3)
@aioctl.aiotask
async def pump():
    print("[pump] on")
    await asyncio.sleep_ms(900)
    print("[pump] off")


# Every 4 seconds, up to a second later
@aioschedule.schedule_task(start_in=2, repeat=4, jitter=1)
@aioctl.aiotask
async def measure():
    moisture = random.randint(30, 60)
    print("[measure] moisture %d %%" % moisture)
    return moisture


# Takes longer than its interval: what is due meanwhile is missed
@aioschedule.schedule_task(start_in=1, repeat=5)
@aioctl.aiotask
async def upload():
    await asyncio.sleep(6)
    print("[upload] done")


# Four times in all
@aioschedule.schedule_task(start_in=6, repeat=6, times=4)
@aioctl.aiotask
async def report():
    print("[report] the last measurement:", aioctl.result("measure"))


# When a minute begins
@aioschedule.schedule_task(repeat="* * * * *")
@aioctl.aiotask
async def minute():
    print("[minute] a new minute")


for task in (pump, measure, upload, report, minute):
    aioctl.add(task)
aioctl.add(aioschedule.schedule_loop)
aioctl.run()
