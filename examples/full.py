# A complete program: log, prompt, watcher, and tasks scheduled in two ways. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Needs two packages more: mpremote mip install logging aiorepl
# (on the unix port: .venv/bin/micropython -m mip install logging aiorepl)

import asyncio
import logging
import sys
import time

import aioctl
import aiorepl
from aiolog import streamlog

import aioschedule


# logging leaves %(asctime)s to time.strftime(), which most boards lack
class Formatter(logging.Formatter):
    def formatTime(self, datefmt, record):
        return aioctl.get_datetime(time.localtime(record.ct))


# What is logged stays in RAM: aioctl.log() prints it, aioctl.status() the lines of each task
logging.basicConfig(level=logging.INFO, stream=streamlog)
logging.getLogger().handlers[0].setFormatter(
    Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
)
log = logging.getLogger(sys.platform)
aioctl.set_log(streamlog)


# Scheduled under its own name: five seconds after the loop starts, then every minute
@aioschedule.schedule_task(start_in=5, repeat=60)
@aioctl.aiotask
async def water(valve, seconds=5, logid="water"):
    log.info("[%s] valve %d opens" % (logid, valve))
    try:
        await asyncio.sleep(seconds)
    finally:
        # Also when it is stopped: a valve must not stay open
        log.info("[%s] valve %d closes" % (logid, valve))
    return seconds


# Not scheduled: it runs until it fails, and the watcher starts it again
@aioctl.aiotask
async def level(low):
    litres = 20
    while litres >= low:
        await asyncio.sleep(15)
        litres -= 4
        log.info("[level] %d l" % litres)
    raise ValueError("%d l left, need %d" % (litres, low))


async def repl():
    await aiorepl.task(prompt=">>> ")
    # Ctrl-D: aiorepl has dropped the event loop, and nothing would wake it again
    raise KeyboardInterrupt


async def main():
    aioctl.add(water, 1)
    # The same once more, under another name, so that it has a schedule of its own
    aioctl.add(water, 2, seconds=3, name="greenhouse", logid="greenhouse")
    soon = time.localtime(int(time.time()) + 40)
    aioschedule.schedule("greenhouse", start_in=soon, repeat=45)
    aioctl.add(level, 5, log=log)

    aioctl.add(repl)
    aioctl.add(aioschedule.watcher_loop, log)
    aioctl.add(aioschedule.schedule_loop, log)
    await asyncio.gather(*aioctl.tasks())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
