# Proves promise 8, "it does not die", where no memory is left. In real time: virtual time takes
# memory itself.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import gc
import time

import aioctl
import aioschedule

UNIX_ONLY = {
    "test_no_entry_is_lost": "takes a minute on a board",
    "test_rule": "takes minutes on a board",
    "test_load": "takes minutes on a board",
}


def fill(left=0):
    # All memory but so many bytes side by side. Not as one object: a word on the stack that looks
    # like its address would keep it
    spare = [bytearray(min(1024, left - i)) for i in range(0, left, 1024)]
    kept = None
    size = 1 << 20
    while size > 32:
        try:
            kept = (kept, bytearray(size))
        except MemoryError:
            size >>= 1
    gc.collect()
    while gc.mem_free():
        # One block
        kept = (kept,)
    del spare
    gc.collect()
    return kept


def run(coro):
    try:
        return asyncio.run(coro)
    finally:
        gc.enable()
        aioctl.reset()
        aioschedule.reset()
        aioschedule._ms = 0


async def _no_memory(seen, uptime):
    aioschedule._ms = uptime

    async def job():
        seen["runs"] += 1

    async def bad():
        raise ValueError

    aioschedule.schedule("job", repeat=0.1)
    # The loop looks at the RTC as long as this one waits
    aioschedule.schedule("day", start_in=time.localtime(int(time.time()) + 86400))
    aioctl.add(job)
    aioctl.add(bad)
    loop = aioctl.add(aioschedule.schedule_loop)
    watcher = aioctl.add(aioschedule.watcher_loop, sleep=0.1)
    await asyncio.sleep_ms(1000)
    before = seen["runs"]
    gc.collect()
    gc.disable()
    kept = fill()
    # No float from here on: that takes memory
    await asyncio.sleep_ms(2500)
    during = seen["runs"]
    del kept
    gc.enable()
    gc.collect()
    await asyncio.sleep_ms(2000)
    for t in loop, watcher:
        assert not t.task.done(), (t.name, t.result)
    assert before and during - before < 5 and seen["runs"] > during + 3, (before, during, seen)


def test_no_memory_left():
    """The loops go on where no memory is left for a while, and all runs again after it."""
    run(_no_memory({"runs": 0}, 0))


def test_no_memory_left_after_months():
    """The same where each reading of the monotonic clock takes memory: a long int."""
    run(_no_memory({"runs": 0}, 1 << 62))


def test_others_run():
    """A task that takes more memory than there is keeps no other from its time."""
    runs = []

    async def job():
        runs.append(time.ticks_ms())

    tries = []

    def big():
        tries.append(1)
        bytearray(1 << 29)

    async def main():
        aioschedule.schedule("big", start_in=0.05)
        aioschedule.schedule("job", repeat=0.1)
        aioctl.add(big)
        aioctl.add(job)
        aioctl.add(aioschedule.schedule_loop)
        await asyncio.sleep(1.5)
        assert len(runs) > 7, runs
        # Nor is it forgotten: a second later it was tried again
        assert waits("big") and len(tries) > 1, tries

    run(main())


def waits(name):
    e = aioschedule.group()[name]
    return any(item == (e["due"], name) for q in aioschedule._heaps for item in q)


async def _little_memory(options, runs):
    # Passes of the loop with 0 bytes of memory left, 32, 64 ... until one does what is due; how
    # many did not. The loop itself starts the clock and leaves the passes to this test.
    aioctl.add(aioschedule.schedule_loop, name="loop")
    await asyncio.sleep_ms(1)
    aioctl.stop("loop")
    left = 0
    ready = False
    while not ready:
        del runs[:]
        aioschedule.schedule("job", **options)
        e = aioschedule.group()["job"]
        await asyncio.sleep_ms(12)
        gc.collect()
        gc.disable()
        kept = fill(left)
        try:
            aioschedule.idle_ms(aioschedule._run, 1000)
        except MemoryError:
            pass
        kept = None
        gc.enable()
        # Lets go of what the stack still holds
        await asyncio.sleep_ms(0)
        gc.collect()
        # What was started is not tried again; a rule whose start has come waits for the wall clock
        ready = len(runs) == e.get("runs", 0) == 1 or "start_in" in options and e["wall"] > 0
        assert ready or not runs, (left, e)
        assert waits("job") != (ready and "repeat" not in options), (left, e)
        left += 32
    del kept
    return left // 32 - 1


def test_no_entry_is_lost():
    """Wherever in a pass memory runs out, what is due and not started is tried again."""
    runs = []

    async def job():
        runs.append(1)

    for options in (
        {"repeat": 0.01},
        {"start_in": 0, "repeat": "* * * * *"},
        {"start_in": time.localtime(int(time.time()) - 5), "repeat": 3},
        {"start_in": 0},
    ):
        aioctl.add(job)
        n = run(_little_memory(options, runs))
        print(options, n)
        assert n > 2, (options, n)


def enough(func):
    # Calls it with 0 bytes of memory, 32, 64 ... until it finds enough; how many that is. What it
    # raises for want of them is a MemoryError.
    left = 0
    while True:
        gc.collect()
        kept = fill(left)
        try:
            func()
            return left
        except MemoryError:
            pass
        finally:
            del kept
        left += 32


def test_rule():
    """A rule that finds no room is not taken for a bad one."""
    n = enough(lambda: aioschedule.schedule("job", repeat="* * * * *"))
    aioschedule.reset()
    assert n > 1000, n


def test_load():
    """A file that finds no room is not taken for a damaged one."""
    aioschedule.schedule("job", repeat="* * * * *")
    aioschedule.save("memory_test.json")
    aioschedule.reset()
    n = enough(lambda: aioschedule.load("memory_test.json"))
    aioschedule.reset()
    assert n > 100, n
