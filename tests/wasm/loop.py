# Runs tests/target on WebAssembly, whose event loop belongs to JavaScript and has no run().
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# asyncio's own loop there, core._run_iter(), runs what is ready, asks JavaScript to be called
# again when the next task is due, and returns. Here it is called again from run(), after a wait of
# the kind that other ports have, core.IOQueue: that is what vclock.py replaces by its own.

import asyncio
from asyncio import core


class _Ended(BaseException):
    # Leaves core._run_iter() as soon as the main task is done, as asyncio.run() does
    pass


class _IOQueue:
    # No streams here; for tests that do not take virtual time
    map = ()

    def wait_io_event(self, dt):
        raise RuntimeError("only virtual time here")


_new_event_loop = core.new_event_loop


def _make_event_loop():
    loop = _new_event_loop()
    core._io_queue = core.IOQueue()
    core.cur_task = core._top_level_task
    return loop


def run(coro):
    # asyncio.run() of other ports
    results = []

    async def main():
        try:
            results.append((await coro, None))
        except BaseException as error:
            results.append((None, error))
        raise _Ended

    core.create_task(main())
    while not results:
        try:
            core._run_iter()
        except _Ended:
            break
        task = core._task_queue.peek()
        left = max(0, core.ticks_diff(task.ph_key, core.ticks())) if task else -1
        core._io_queue.wait_io_event(left)
    core.cur_task = core._top_level_task
    result, error = results[0]
    if error:
        raise error
    return result


class _Asyncio:
    # What runner.py and vclock.py see as asyncio. The modules see the port's own, without run().
    run = staticmethod(run)
    new_event_loop = staticmethod(_make_event_loop)


def run_tests(module, names):
    core._schedule_run_iter = lambda dt: None
    core.IOQueue = _IOQueue
    core.new_event_loop = asyncio.new_event_loop = _make_event_loop
    _make_event_loop()
    import runner
    import vclock

    runner.asyncio = vclock.asyncio = _Asyncio
    return runner.run(module, names)
