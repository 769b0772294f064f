# What tests of the scheduler start with: the modules afresh, in virtual time, and a program.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   for aioctl, aioschedule in both():  # over the project's aioctl, and over the field's
#       runs = []
#       job("a", runs, start_in=1, repeat=2)
#       play(6000, (3500, lambda: aioschedule.unschedule("a")))
#       eq(runs, [1000, 3000])
#
# fresh() gives the project's own aioctl, both() both of them, one after the other. Where AIOCTL is
# set in the environment, to one of their names, either gives that one alone. A test file that has
# the literal OURS_ONLY is run once for each: see tests/conftest.py.

import asyncio
import builtins
import json
import os
import sys

import vclock

AIOCTLS = "aioctl", "fieldaioctl"

# Modules that keep nothing between two calls are not made anew
MODULES = AIOCTLS + ("aiolog", "aioschedule")


def _wanted():
    # A board has no environment
    return os.getenv("AIOCTL") if hasattr(os, "getenv") else None


def forget():
    """The next import of any of the project's modules is a new one."""
    for name in list(sys.modules):
        # Its parts too: they hold on to the aioschedule that they were imported with
        if name in MODULES or name.split("_")[0] in ("aioschedule", "aioctl"):
            del sys.modules[name]


def fresh(over=None, **clock):
    """Virtual time as vclock.install(**clock), and (aioctl, aioschedule) as newly imported.

    over: the name of the module that is the aioctl
    """
    vclock.install(**clock)
    forget()
    # The one of the field takes the other's place when it is imported
    __import__(over or _wanted() or "aioctl")
    import aioctl
    import aioschedule

    return aioctl, aioschedule


def both(**clock):
    """Yields fresh() twice: with the project's aioctl, and with the one in the field."""
    for over in (_wanted(),) if _wanted() else AIOCTLS:
        print("with", over)
        yield fresh(over, **clock)


def ours(**clock):
    """Yields fresh() once, with the project's aioctl: where the other has a limit."""
    yield fresh(AIOCTLS[0], **clock)


def is_ours(aioctl):
    """Whether this is the project's own aioctl."""
    return aioctl.__name__ == "aioctl"


async def _sleep(ms):
    # For longer than asyncio can
    end = vclock.now() + ms
    while vclock.now() < end:
        await asyncio.sleep_ms(min(end - vclock.now(), 1 << 28))


def job(name, runs, ms=0, **options):
    """Adds and schedules a task that appends the time to the list `runs`, then takes `ms`."""

    async def body():
        runs.append(vclock.now())
        if ms:
            await _sleep(ms)

    sys.modules["aioctl"].add(body, name=name)
    if options:
        sys.modules["aioschedule"].schedule(name, **options)


def play(until_ms, *script, loop=True):
    """Runs schedule_loop until then; `script` has pairs (ms, function to call at that time)."""

    async def main():
        if loop:
            sys.modules["aioctl"].add(sys.modules["aioschedule"].schedule_loop)
        for ms, func in script:
            await _sleep(ms - vclock.now())
            func()
        await asyncio.Event().wait()

    vclock.run(main(), until_ms)


def local(seconds=0):
    """The time tuple in so many seconds."""
    import time

    return time.localtime(int(time.time()) + seconds)


def report(aioschedule):
    """The schedule as JSON, as services make it that put their own note into each entry."""
    for entry in aioschedule.group().values():
        # From when its start_in counts
        entry["t0"] = aioschedule._AIOCTL_SCHEDULE_T0
    return json.dumps(aioschedule.group())


def printed(call, *args, **kwargs):
    """The lines that a call prints, whichever module prints them."""
    lines = []
    real_print = print

    def note(*words, sep=" ", end="\n", file=None):
        lines.extend(sep.join(str(word) for word in words).split("\n"))

    builtins.print = note
    try:
        call(*args, **kwargs)
    finally:
        builtins.print = real_print
    return lines


# What the table says below its rows
NOTICES = "no schedule_loop runs: ", "clock not set: "


def rows():
    """The lines of the table that stand for an entry: without its header and its notices."""
    lines = printed(sys.modules["aioschedule"].status_sc_all)[1:]
    return [line for line in lines if not any(line.startswith(notice) for notice in NOTICES)]
