import asyncio

import aioctl

import aioschedule

attempts = 0


# Fails twice of three times. The watcher starts it again
@aioschedule.schedule_task(start_in=2, repeat=12)
@aioctl.aiotask
async def sensor():
    global attempts
    attempts += 1
    await asyncio.sleep_ms(300)
    if attempts % 3:
        raise OSError("the sensor does not answer")
    print("[sensor] 21 degrees")


# Hangs. After two seconds it is cancelled
@aioschedule.schedule_task(start_in=4, repeat=8, timeout=2)
@aioctl.aiotask
async def upload():
    print("[upload] waits for a server")
    await asyncio.sleep(60)


# The others do not notice
@aioschedule.schedule_task(start_in=0, repeat=1)
@aioctl.aiotask
async def blink():
    await asyncio.sleep_ms(200)


for task in (sensor, upload, blink):
    aioctl.add(task)
aioctl.add(aioschedule.watcher_loop, sleep=1)
aioctl.add(aioschedule.schedule_loop)
aioctl.run()
