# Runs the test functions of one module on MicroPython and prints TAP.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# micropython runner.py test_module [test_name ...]; at the prompt: runner.run("test_module")

import asyncio
import builtins
import gc
import io
import sys

from asyncio import core

from harness import Skip


_print = print


def _traceback(exc):
    buf = io.StringIO()
    sys.print_exception(exc, buf)
    for line in buf.getvalue().rstrip().split("\n"):
        print("#", line)


async def _awaited(coro, ended):
    await coro
    ended.append(True)


def _run_one(func):
    try:
        result = func()
        if hasattr(result, "send"):
            ended = []
            asyncio.run(_awaited(result, ended))
            # MicroPython up to 1.25 just returns when nothing is left that could wake the test.
            assert ended, "nothing can wake the test"
    finally:
        # What a test left running, or replaced, must not be there in the next one.
        builtins.print = _print
        core.cur_task = None
        asyncio.new_event_loop()
        gc.collect()


def run(module, names=()):
    # Returns the number of tests that failed.
    try:
        mod = __import__(module)
    except Exception as exc:
        print("\nBail out! cannot import", module)
        _traceback(exc)
        return 1
    names = list(names) or sorted(n for n in dir(mod) if n.startswith("test_"))
    failed = 0
    for i, name in enumerate(names):
        # The newline: a test may have left the cursor in the middle of a line.
        result = "\n%%s %d - %s" % (i + 1, name)
        try:
            _run_one(getattr(mod, name))
            print(result % "ok")
        except Skip as exc:
            print(result % "ok", "# SKIP", exc)
        except BaseException as exc:  # SystemExit too: no test may end the run unseen
            failed += 1
            print(result % "not ok")
            _traceback(exc)
            if isinstance(exc, KeyboardInterrupt):
                raise
    print("1..%d" % len(names))
    return failed


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1], sys.argv[2:]) else 0)
