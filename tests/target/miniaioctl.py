# A second aioctl, as small as the contract lets it be, and what tests of the scheduler start with.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# It shows that aioschedule needs no more of an aioctl than the contract says: this one creates the
# asyncio task at add(), knows nothing of tasks that are held back, and cancels without a look. It
# calls the coroutine function then, or, where it is lazy, in the task's first step.

import asyncio
import sys

import vclock


lazy = False


class Task:
    cancelled = False
    result = None

    def __init__(self, coro, args, kwargs):
        self.coro = coro
        self.args = args
        self.kwargs = kwargs
        self.launch()

    def launch(self):
        self.cancelled = False
        self.result = None
        coro = None if lazy else self.coro(*self.args, **self.kwargs)
        self.task = asyncio.create_task(self._run(coro))

    async def _run(self, coro):
        try:
            self.result = await (coro or self.coro(*self.args, **self.kwargs))
        except asyncio.CancelledError:
            pass
        except Exception as er:
            self.result = er
        return self.result


class Group:
    tasks = {}


_kept = {}


def aiotask(coro):
    return coro, coro.__name__


def add(task, *args, name=None, **kwargs):
    coro, default = task if isinstance(task, tuple) else (task, getattr(task, "__name__", "task"))
    base = name = name or default
    n = 0
    while name in Group.tasks:
        n += 1
        name = "%s@%d" % (base, n)
    Group.tasks[name] = Task(coro, args, kwargs)
    return Group.tasks[name]


def group():
    return Group


def tasks():
    return [t.task for t in Group.tasks.values()]


def start(name):
    import aioschedule

    e = _kept.pop(name, None)
    if e is not None:
        aioschedule.schedule(name, **e)
    elif Group.tasks[name].task.done():
        Group.tasks[name].launch()
    return True


def stop(name, stop_sch=True):
    import aioschedule

    if stop_sch and name in aioschedule.group():
        _kept[name] = aioschedule.group().pop(name)
    t = Group.tasks[name]
    t.cancelled = True
    if not t.task.done():
        t.task.cancel()
    return True


def delete(*names):
    for name in names:
        stop(name)
        _kept.pop(name, None)
        del Group.tasks[name]


def result_all(as_dict=False):
    return {name: t.result for name, t in Group.tasks.items()}


def reset():
    Group.tasks.clear()
    _kept.clear()


def get_datetime(t):
    return "%04d-%02d-%02d %02d:%02d:%02d" % tuple(t[:6])


def tmdelta_fmt(seconds):
    return "%d s" % seconds


################################################################################
# What tests of the scheduler start with


def fresh(mini=False, **clock):
    """Virtual time as vclock.install(**clock), and (aioctl, aioschedule) as newly imported."""
    vclock.install(**clock)
    for name in ("aioctl", "aioschedule"):
        sys.modules.pop(name, None)
    if mini:
        reset()
        sys.modules["aioctl"] = sys.modules["miniaioctl"]
    import aioctl
    import aioschedule

    return aioctl, aioschedule


def both(**clock):
    """Yields fresh() twice: with the project's aioctl, and with this one."""
    for mini in (False, True):
        print("with", "miniaioctl" if mini else "aioctl")
        yield fresh(mini, **clock)


def all_three(**clock):
    """The same, and with this one being lazy."""
    global lazy
    yield from both(**clock)
    print("with lazy miniaioctl")
    lazy = True
    try:
        yield fresh(True, **clock)
    finally:
        lazy = False


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
