# The modules afresh, in virtual time, and a program of them.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc
import sys

import vclock


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append(text)


def modules(epoch, **options):
    """aioctl, aioschedule and time as after a reset, at this date."""
    vclock.install(epoch=epoch, **options)
    for name in ("aioctl", "aioschedule"):
        sys.modules.pop(name, None)
    gc.collect()
    import time

    import aioctl
    import aioschedule

    aioschedule.set_log(Log())
    return aioctl, aioschedule, time


def run(seconds, *steps):
    """Runs what was added, and the scheduler; each step is (second, function)."""
    import aioctl
    import aioschedule

    async def main():
        aioctl.add(aioschedule.schedule_loop, name="loop")
        for second, what in steps:
            await asyncio.sleep_ms(int(second * 1000) - vclock.now())
            what()
        await asyncio.Event().wait()

    vclock.run(main(), int(seconds * 1000))
