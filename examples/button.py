# A button opens a valve at once, which also opens by the clock.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# On a board: mpremote run examples/button.py, with a button between BUTTON and ground. On the unix
# port there is no button: a thread stands in for it.

import asyncio
import time

import aioctl
import machine

import aioschedule

BUTTON = 15


@aioschedule.schedule_task(repeat="0 6 * * *", timeout=60)
@aioctl.aiotask
async def valve():
    print("valve open")
    await asyncio.sleep(5)
    print("valve closed")


# The light has no schedule: it is switched on when the button is pressed, and at no other time
@aioctl.aiotask
async def light():
    print("light on")
    await asyncio.sleep(20)
    print("light off")


# Made here, called in the interrupt. A button that bounces calls them several times in a row: that
# is one run, and while a task runs it is not started again.
open_valve = aioschedule.trigger("valve")
light_up = aioschedule.trigger("light")


def pressed(source):
    open_valve()
    light_up()


def stand_in():
    for _ in range(2):
        time.sleep(1)
        print("pressed")
        pressed(None)


async def main():
    aioctl.add(valve)
    aioctl.add(light)
    aioctl.stop("light")
    aioctl.add(aioschedule.schedule_loop)
    if hasattr(machine, "Pin"):
        pin = machine.Pin(BUTTON, machine.Pin.IN, machine.Pin.PULL_UP)
        pin.irq(pressed, machine.Pin.IRQ_FALLING, hard=True)
    else:
        import _thread

        _thread.start_new_thread(stand_in, ())
    await asyncio.gather(*aioctl.tasks())


asyncio.run(main())
