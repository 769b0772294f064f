# Carries out the command sequences of tests/test_model.py on virtual time, one JSON line each.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# In: [board, commands], as tests/test_model.py makes them. Out: "=> " and what happened, a list of
# [event, ms since the boot, ...]; tests/model.py says what the events are.

import vclock

vclock.install()

import asyncio
import gc
import json
import random
import sys
import time

STATE = "model.json"
MAX_EVENTS = 400  # the rest of a sequence is left out then
START_MS = 137  # no command comes at a full second of the RTC

events = []


class Full(BaseException):
    pass


def record(*event):
    if len(events) >= MAX_EVENTS:
        raise Full
    events.append(event)


class Log:
    def error(self, text):
        record("say", vclock.now(), text[1 : text.find("]")], text)


def boot(board, epoch_ms, ticks):
    # A board after power-up: only the RTC may go on
    global aioctl, aioschedule, start_task
    vclock.install(
        ticks=ticks,
        wrap=1 << board["wrap"],
        epoch=epoch_ms // 1000,
        float_time=board["float_time"],
    )
    vclock.step(epoch_ms % 1000 / 1000)
    vclock.block(START_MS)
    random.seed(board["seed"])
    for name in ("aioschedule", "aioctl"):
        sys.modules.pop(name, None)
    import aioctl
    import aioschedule

    start_task = aioctl.start
    aioctl.start = go
    aioschedule.set_log(Log())


def go(name):
    # The scheduler's way to start a task
    record("go", vclock.now(), name)
    return start_task(name)


def make_task(name, body):
    # A coroutine function that does what `body` says
    kind, seconds = body if isinstance(body, list) else (body, 0)

    async def task():
        record("run", vclock.now(), name, int(time.time()))
        how = "cancelled"
        try:
            if kind == "sleep":
                await asyncio.sleep_ms(int(seconds * 1000))
            elif kind == "block":
                block(seconds)
            how = "ended"
        finally:
            record("end", vclock.now(), name, how)
        if kind == "fail":
            raise ValueError(name)

    return task


async def schedule_loop():
    record("loop", vclock.now())
    await aioschedule.schedule_loop()


def block(seconds):
    t0 = vclock.now()
    vclock.block(int(seconds * 1000))
    record("block", t0, vclock.now())


def options(o):
    # ["now", 5] is a time tuple, 5 seconds from now
    new = {}
    for k, v in o.items():
        if isinstance(v, list):
            v = time.localtime(int(time.time()) + v[1])
        new[k] = v
    return new


def status():
    # {name: [runs, missed]} of the table
    lines = []
    aioschedule.print = lines.append
    aioschedule.status_sc_all()
    counts = {}
    for line in lines[1:]:
        runs, missed, _, name = line.split()[-4:]
        counts[name] = [int(runs), int(missed)]
    return counts


def new_year(year):
    return int(time.mktime((year, 1, 1, 0, 0, 0, 0, 0)))


def add(name, body, options=None):
    n = name
    i = 0
    while n in aioctl.group().tasks:
        i += 1
        n = "%s@%d" % (name, i)
    bodies[n] = body
    task = make_task(n, body), name
    if options is not None:
        task = aioschedule.schedule_task(**options)(task)
    aioctl.add(task)


async def do(kind, *args):
    if kind == "wait":
        ms = int(args[0] * 1000)
        while ms:
            # No longer than half a period of ticks_ms
            await asyncio.sleep_ms(min(ms, 1 << 28))
            ms -= min(ms, 1 << 28)
    elif kind == "schedule":
        aioschedule.schedule(args[0], **options(args[1]))
    elif kind == "unschedule":
        return aioschedule.unschedule(*args)
    elif kind == "start":
        start_task(*args)
    elif kind == "stop":
        aioctl.stop(*args)
    elif kind == "delete":
        aioctl.delete(*args)
    elif kind == "add":
        add(*args)
    elif kind == "decorate":
        add(args[0], args[2], options(args[1]))
    elif kind == "block":
        block(*args)
    elif kind == "step":
        vclock.step(*args)
    elif kind == "rtc":
        seconds = new_year(*args) - int(time.time())
        if abs(seconds) >= 5:
            vclock.step(seconds)
    elif kind == "loop":
        loop = aioctl.group().tasks.get("schedule_loop")
        if not loop:
            aioctl.add(schedule_loop)
        elif loop.task.done():
            start_task("schedule_loop")
        else:
            aioctl.stop("schedule_loop")
    else:
        raise ValueError(kind)


async def settle():
    # Until all that is due now has run
    queue = asyncio.core._task_queue
    while True:
        await asyncio.sleep_ms(0)
        task = queue.peek()
        if not task or asyncio.core.ticks_diff(task.ph_key, asyncio.core.ticks()) > 0:
            return


async def life(commands, i):
    # From a boot to the next one, or to the end of the sequence
    while True:
        await settle()
        record("command", vclock.now(), i, aioschedule.idle_ms())
        if i == len(commands):
            record("status", vclock.now(), status())
            return i
        if commands[i][0] == "reset":
            return i
        result = None
        try:
            result = await do(*commands[i])
        except Exception as exc:
            result = repr(exc)
        record("did", vclock.now(), result)
        i += 1


def reset(board, epoch_ms, add_first):
    # The program saves its schedule, and starts afresh after so many seconds
    aioschedule.save(STATE)
    names = [n for n in aioctl.group().tasks if n != "schedule_loop"]
    kept = {n: bodies[n] for n in names}
    boot(board, epoch_ms, board["ticks"])
    record("boot", vclock.now())
    bodies.clear()
    if not add_first:
        aioschedule.load(STATE)
    for n in names:
        bodies[n] = kept[n]
        aioctl.add(make_task(n, kept[n]), name=n)
    if add_first:
        aioschedule.load(STATE)
    aioctl.add(schedule_loop)


bodies = {}


def play(board, commands):
    boot(board, new_year(board["year"]) * 1000, board["ticks"])
    i = 0
    while True:
        i = vclock.run(life(commands, i))
        if i == len(commands):
            return
        rtc, first = commands[i][1:]
        if isinstance(rtc, list):  # ["kept", seconds without power]
            epoch_ms = time.time_ns() // 1000000 + rtc[1] * 1000
        else:
            epoch_ms = new_year(rtc) * 1000
        reset(board, epoch_ms, first == "add")
        i += 1


def main():
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        events.clear()
        bodies.clear()
        try:
            play(*json.loads(line))
        except Full:
            pass
        except Exception as exc:
            sys.print_exception(exc)
            events.append(("crash", vclock.now(), repr(exc)))
        print("=>", json.dumps(events))
        gc.collect()


main()
