# Carries out the command sequences of tests/test_model.py on virtual time, one JSON line each.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# In: [board, commands], as tests/test_model.py makes them. Out: "=> " and what happened, a list of
# [event, ms since the boot, ...]; tests/model.py says what the events are.

import vclock

vclock.install()

import asyncio
import builtins
import gc
import json
import random
import sys
import time

import micropython

import interrupts

from programs import forget, printed

STATE = "model.json"
MAX_EVENTS = 400  # the rest of a sequence is left out then
START_MS = 137  # no command comes at a full second of the RTC

# What entries are set to by hand
NONSENSE = (
    None,
    "junk",
    [],
    {},
    (1, 2),
    float("nan"),
    float("inf"),
    10**60,
    -1,
    0,
    True,
    1.5,
    1 << 31,
    object,
    "* * * *",
)

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
    forget()
    import aioctl
    import aioschedule

    start_task = aioctl.start
    aioctl.start = go
    aioschedule.set_log(Log())


def go(name):
    # The scheduler's way to start a task
    if not faults:
        record("go", vclock.now(), name)
        return start_task(name)
    kind, when = faults.pop(0)
    record("fault", vclock.now(), name, kind, when)
    if when == "after":
        start_task(name)
    raise getattr(builtins, kind)(name)


def make_task(named, body):
    # A coroutine function that does what `body` says; its name is the only item of `named`
    kind, seconds = body if isinstance(body, list) else (body, 0)

    async def task():
        name = named[0]
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
    # An interrupt would be told before it
    global in_command
    before = in_command
    in_command = True
    t0 = vclock.now()
    vclock.block(int(seconds * 1000))
    record("block", t0, vclock.now())
    in_command = before


def options(o):
    # ["now", 5] is a time tuple, 5 seconds from now
    new = {}
    for k, v in o.items():
        if isinstance(v, list):
            v = time.localtime(int(time.time()) + v[1])
        new[k] = v
    return new


def status():
    # {name: [runs, missed]} of the table, without what it says below its rows
    counts = {}
    for line in printed(aioschedule.status_sc_all)[1:]:
        columns = line.split()[-4:]
        if len(columns) == 4 and all(column.isdigit() for column in columns[:3]):
            counts[columns[3]] = int(columns[0]), int(columns[1])
    return counts


def new_year(year):
    return int(time.mktime((year, 1, 1, 0, 0, 0, 0, 0)))


def interrupt(args):
    # It waits while a command is carried out, as nobody could tell which came first
    i, command, commands = args
    if commands is not armed_in:
        return
    if in_command:
        micropython.schedule(interrupt, args)
        return
    result = None
    try:
        aioschedule.schedule(command[1], **options(command[2]))
    except Exception as exc:
        result = repr(exc)
    events.append(("irq", vclock.now(), i, result))


def edit(name, key, value):
    # By hand: one key of an entry, or the entry itself, is deleted or set to nonsense
    group = aioschedule.group()
    if name not in group:
        return
    place = group
    if key is None:
        key = name
    else:
        place = group[name]
        if not isinstance(place, dict) or not place:
            return
        key = sorted(place, key=str)[key % len(place)]
    if value == "gone":
        del place[key]
    else:
        place[key] = NONSENSE[value % len(NONSENSE)]
    if len(name) % 2:
        aioschedule.wake()


def add(name, body, options=None):
    named = []
    task = make_task(named, body), name
    if options is not None:
        task = aioschedule.schedule_task(**options)(task)
    named.append(aioctl.add(task).name)
    bodies[named[0]] = body


async def do(i, kind, *args):
    if kind == "together":
        return
    if kind == "edit":
        edit(*args)
    elif kind == "fault":
        faults[:] = [args]
    elif kind == "irq":
        interrupts.at_branch(args[0], interrupt, (i, args[1], armed_in))
    elif kind == "wait":
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
        seconds = new_year(args[0]) + args[1] - int(time.time())
        if abs(seconds) >= 5:
            vclock.step(seconds)
    elif kind == "loop":
        global loop_wanted
        loop_wanted = not loop_wanted
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
    # Until all that is due now has run; interrupts do not come any more then
    global in_command
    queue = asyncio.core._task_queue
    while True:
        in_command = False
        await asyncio.sleep_ms(0)
        in_command = True
        task = queue.peek()
        if not task or asyncio.core.ticks_diff(task.ph_key, asyncio.core.ticks()) > 0:
            return


async def life(commands):
    # From a boot to the next one, or to the end of the sequence; the program goes on where Ctrl-C
    # has ended it
    global was_ended
    if was_ended and loop_wanted:
        start_task("schedule_loop")
    was_ended = False
    while True:
        together = place and commands[place - 1][0] == "together"
        if not together:
            await settle()
        record("command", vclock.now(), place, "-" if together else aioschedule.idle_ms())
        if place == len(commands):
            record("status", vclock.now(), status())
            return
        if commands[place][0] == "reset":
            return
        await carry_out(*commands[place])


async def carry_out(kind, *args):
    # With an await interrupts come, and Ctrl-C
    global in_command, place
    result = None
    place += 1
    if kind == "wait":
        in_command = False
    try:
        result = await do(place - 1, kind, *args)
    except Exception as exc:
        result = repr(exc)
    record("did", vclock.now(), result)


def reset(board, epoch_ms, add_first):
    # The program saves its schedule, and starts afresh after so many seconds
    global loop_wanted
    disarm()
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
        aioctl.add(make_task([n], kept[n]), name=n)
    if add_first:
        aioschedule.load(STATE)
    aioctl.add(schedule_loop)
    loop_wanted = True


# name -> what its task does
bodies = {}
# What the next start of a task by the scheduler raises, and when
faults = []
# The next command
place = 0
in_command = False
loop_wanted = False
# By Ctrl-C
was_ended = False
# An interrupt that belongs to another one has come too late
armed_in = None


def play(board, commands):
    global place, was_ended
    boot(board, new_year(board["year"]) * 1000, board["ticks"])
    while True:
        try:
            vclock.run(life(commands))
        except KeyboardInterrupt:
            record("ctrl_c", vclock.now())
            was_ended = True
            continue
        if place == len(commands):
            return
        rtc, first = commands[place][1:]
        if isinstance(rtc, list):  # ["kept", seconds without power]
            epoch_ms = time.time_ns() // 1000000 + rtc[1] * 1000
        else:
            epoch_ms = new_year(rtc) * 1000
        reset(board, epoch_ms, first == "add")
        place += 1


def disarm():
    # What was to come does not come any more
    global armed_in
    armed_in = object()
    interrupts.fired()
    faults.clear()


def start_anew():
    global place, in_command, loop_wanted, was_ended
    disarm()
    in_command = loop_wanted = was_ended = False
    place = 0
    events.clear()
    bodies.clear()


def main():
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        start_anew()
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
