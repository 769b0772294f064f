# Runs a program with aioctl and aioschedule on CPython, to try it without a board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   PYTHONPATH=.:lib python3 examples/cpython_shim.py examples/calendar.py
#
# or `import cpython_shim` in the program, before aioctl and aioschedule. It adds to CPython what
# these two use of MicroPython, and no more: docs/testing.md says what is different.

import asyncio
import inspect
import runpy
import sys
import time
import traceback
import types
import warnings


class _Core(types.ModuleType):
    @property
    def cur_task(self):
        return asyncio.current_task(loop)


# One event loop for the whole program: in MicroPython tasks can be made before it runs, and those
# that are left go on with the next asyncio.run()
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
core = sys.modules["asyncio.core"] = asyncio.core = _Core("asyncio.core")
core._task_queue = loop
# Made only to stand for a task that has ended
core.Task = lambda coro: types.SimpleNamespace(done=lambda: True)
core.create_task = asyncio.create_task = loop.create_task
asyncio.run = loop.run_until_complete
asyncio.sleep_ms = lambda ms: asyncio.sleep(ms / 1000)

sys.modules["micropython"] = types.SimpleNamespace(const=lambda value: value)
sys.print_exception = lambda error, file=None: traceback.print_exception(error, file=file)

time.ticks_ms = lambda: time.monotonic_ns() // 1_000_000
time.ticks_add = lambda ticks, ms: ticks + ms
time.ticks_diff = lambda end, start: end - start
time.sleep_ms = lambda ms: time.sleep(ms / 1000)
_mktime = time.mktime
time.mktime = lambda when: int(_mktime((*when[:6], 0, 0, -1)))

# aioctl.add() calls a coroutine function once in vain, to see whether the arguments fit
warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)

import aioctl
import aioschedule

# In MicroPython, coroutine functions are not of the type of other functions
aioctl.type = aioschedule.type = lambda value: (
    types.CoroutineType if inspect.iscoroutinefunction(value) else type(value)
)

if __name__ == "__main__":
    runpy.run_path(sys.argv[1], run_name="__main__")
