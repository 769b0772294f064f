# The heap that save(), load() and the table of many entries need at once, and the file.
# MIT license; Copyright (c) 2026 the aioschedule authors

import builtins
import os
import time

import aioctl
import aioschedule
from common import least, report, set_clock, used

PATH = "aioschedule_bench.json"


def _schedule(n):
    # A third of each kind: seconds, time tuples, crontab strings of their own
    set_clock()
    day = time.localtime(int(time.time()) + 86400)
    for i in range(n):
        name = "task_%d" % i
        if i % 3 == 0:
            aioschedule.schedule(name, start_in=3600 + i, repeat=60)
        elif i % 3 == 1:
            aioschedule.schedule(name, start_in=day, repeat=86400)
        else:
            aioschedule.schedule(name, repeat="%d 6 1 * *" % (i % 60))


def state(n):
    def load():
        aioschedule.load(PATH)
        assert len(aioschedule.group()) == n

    def load_anew():
        try:
            load()
        finally:
            aioschedule.reset()

    _schedule(n)
    try:
        # Loads the module, and what the file system keeps
        aioschedule.save(PATH)
        load()
        report("file", os.stat(PATH)[6])
        report("save", least(lambda: aioschedule.save(PATH)))
        before = used()
        aioschedule.reset()
        taken = before - used()
        report("load", least(load_anew, taken))
    finally:
        os.remove(PATH)


async def _job():
    pass


def table(n):
    _schedule(n)
    # One record for all: with a hundred tasks a board has too little memory left
    record = aioctl.add(_job, name="job")
    for name in aioschedule.group():
        aioctl.group().tasks[name] = record
    real = builtins.print
    rows = 0

    def count(*texts):
        nonlocal rows
        rows += 1
        if "broken" in texts[0]:
            # A row for which there was no memory
            raise MemoryError

    def show():
        nonlocal rows
        rows = 0
        aioschedule.status_sc()
        # With its header, and that no loop runs
        assert rows == n + 2, rows

    builtins.print = count
    try:
        # Loads the module
        show()
        needed = least(show)
    finally:
        builtins.print = real
    report("table", needed)
