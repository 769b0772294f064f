# Proves that Ctrl-C, as a terminal sends it, loses no entry wherever it comes: 200 of them.
# MIT license; Copyright (c) 2026 the aioschedule authors

import random
import re
import time

from common import PATH

COUNT = 200

# Ten entries that are due together ten times a second, so that a pass is often under way. What
# comes between two lines of "run" starts the loop again, by turns in a new event loop.
PROGRAM = """
import asyncio, time
import aioctl, aioschedule

runs = {}

def job(name):
    async def body():
        runs[name] = runs.get(name, 0) + 1
    aioctl.add(body, name=name)

for n in range(10):
    job("t%%d" %% n)
    aioschedule.schedule("t%%d" %% n, start_in=0.1, repeat=0.1)

async def busy():
    # Keeps an emulator from running ahead of whoever types
    while True:
        await asyncio.sleep_ms(2)

async def main(n, ms):
    asyncio.create_task(busy())
    if "loop" in aioctl.group().tasks:
        aioctl.delete("loop")
    aioctl.add(aioschedule.schedule_loop, name="loop")
    print("run", n)
    await asyncio.sleep_ms(ms)

t0 = time.ticks_ms()
n = 0
while n < %d:
    try:
        asyncio.run(main(n, 60000))
    except KeyboardInterrupt:
        asyncio.new_event_loop()
        n += 1

before = dict(runs)
asyncio.run(main(n, 3000))
periods = time.ticks_diff(time.ticks_ms(), t0) // 100
print("periods", periods)
for name in sorted(runs):
    print("task", name, runs[name] - before[name], runs[name])
aioschedule.status_sc()
print("the end")
"""


def test_many_of_them(board):
    """After each the loop goes on with all entries, and none has more runs than periods."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    random.seed(seed)
    board.soft_reset()
    with board.console() as console:
        console.paste(PATH + PROGRAM % COUNT)
        for n in range(COUNT):
            console.read_until(rf"run {n}\r\n", timeout=60)
            # At any ms of a period, or of two
            time.sleep(random.uniform(0.02, 0.25))
            console.write("\x03")
        out = console.read_until(r"the end\r\n", timeout=120)
    assert "Traceback" not in out, out
    periods = int(re.search(r"periods (\d+)", out)[1])
    tasks = re.findall(r"task t(\d) (\d+) (\d+)", out)
    assert len(tasks) == 10, out
    for _, late, total in tasks:
        # Three seconds undisturbed
        assert 25 <= int(late) <= 31, out
        assert int(total) <= periods + 1, out
    shown = re.findall(r" (\d+) +(\d+) +0 t\d\r\n", out)
    assert len(shown) == 10, out
    for runs, missed in shown:
        assert int(runs) + int(missed) <= periods + 1, out
