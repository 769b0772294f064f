# Tests of aioctl: a program that is started again in one session, after Ctrl-C.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import sys
import time

import micropython
from asyncio import core

sys.modules["aioschedule"] = None
sys.modules.pop("aioctl", None)

import aioctl
from harness import Skip, eq

ran = []
in_poll = []  # what the event loop meets when it next polls


class IOQueue(core.IOQueue):
    def wait_io_event(self, dt):
        if in_poll and dt > 0:
            in_poll.pop()()
        super().wait_io_event(dt)


def interrupt():
    raise KeyboardInterrupt


def fresh():
    core.IOQueue = IOQueue
    asyncio.new_event_loop()
    core.cur_task = None
    aioctl.set_group(aioctl.TaskGroup())
    aioctl.print = lambda *args: None
    __import__("aioctl_status").print = aioctl.print
    del ran[:], in_poll[:]


async def valve(number, ms=5):
    try:
        while True:
            ran.append(number)
            await asyncio.sleep_ms(ms)
    except asyncio.CancelledError:
        ran.append("end %d" % number)
        raise


async def pump():
    await asyncio.Event().wait()


async def job():
    pass


async def for_ms(ms):
    await asyncio.sleep_ms(ms)


async def until(condition):
    # A busy computer may take its time
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep_ms(5)


async def breaks(how):
    await asyncio.sleep_ms(12)
    if how == "own task":
        interrupt()
    if how == "exit":
        sys.exit()
    if how == "poll":
        in_poll.append(interrupt)


def add_all(number, how):
    aioctl.add(valve, number)
    aioctl.add(pump)
    aioctl.add(job)
    aioctl.add(breaks, how)


def begin(coro):
    try:
        asyncio.run(coro)
    except (KeyboardInterrupt, SystemExit):
        return
    raise AssertionError("it was not interrupted")


async def foreign(how, ms=30):
    await asyncio.sleep_ms(ms)
    if how == "foreign task":
        interrupt()
    await asyncio.sleep_ms(1000)


def check_second_start(number):
    # Nothing of the first start runs beside it
    steps = [step for step in ran if isinstance(step, int)]
    assert len(steps) > 1, ran
    eq((set(steps), sorted(aioctl.group().tasks)), ({number}, ["breaks", "job", "pump", "valve"]))


HOWS = ("poll", "own task", "foreign task", "exit")


def starts_with_tasks_added_before(how, again):
    fresh()
    for number in range(3):
        del ran[:]
        add_all(number, how)
        begin(foreign(how))
        check_second_start(number)
        again()


def no_more():
    # Overdue is what the old ones wait for, when the program is started again
    time.sleep_ms(15)


def test_names_are_used_again():
    """No valve@1, and no old valve runs beside the new one, wherever Ctrl-C or exit() came."""
    for how in HOWS:
        if how == "foreign task" and sys.implementation.version < (1, 23):
            continue  # see below
        starts_with_tasks_added_before(how, no_more)
        # what its `finally` does is done
        assert how == "own task" or "end 1" in ran, (how, ran)


def test_names_are_used_again_at_once():
    """The same, where the second start comes within the same millisecond."""
    for how in HOWS:
        if how == "foreign task" and sys.implementation.version < (1, 23):
            continue
        starts_with_tasks_added_before(how, lambda: None)


def test_names_are_used_again_with_a_new_event_loop():
    def again():
        time.sleep_ms(15)
        asyncio.new_event_loop()

    for how in HOWS:
        starts_with_tasks_added_before(how, again)
        assert "end 1" not in ran or how in ("own task", "exit"), ran


def test_tasks_that_are_added_in_the_loop():
    """The decorator of a program that is run again tells it, where main() adds the tasks."""

    async def main(number, how):
        add_all(number, how)
        await foreign(how)

    for how in ("poll", "own task", "exit"):
        fresh()
        for number in range(3):
            del ran[:]
            aioctl.aiotask(valve)
            begin(main(number, how))
            check_second_start(number)
            time.sleep_ms(15)


def test_the_task_that_ran_last():
    """asyncio takes it for the one that runs, and refuses to cancel it. It goes no step on."""
    fresh()
    aioctl.add(valve, 1, 5)

    async def waits():
        await asyncio.sleep_ms(1000)

    last = aioctl.group().tasks["valve"].task

    def when_last():
        if core.cur_task is last:
            interrupt()
        in_poll.append(when_last)

    in_poll.append(when_last)
    begin(waits())
    assert core.cur_task is last
    del ran[:]
    time.sleep_ms(10)
    eq(aioctl.add(valve, 2, 5).name, "valve")
    del in_poll[:]
    asyncio.run(until(lambda: ran.count(2) > 2))
    assert 1 not in ran and "end 1" in ran and ran.count(2) > 2, ran


def test_at_the_prompt_after_ctrl_c():
    """What was interrupted is stopped, and start() works again."""
    fresh()
    add_all(1, "poll")
    begin(foreign("poll"))
    lines = []
    aioctl.print = lambda *args: lines.append(" ".join(str(arg) for arg in args))
    __import__("aioctl_status").print = aioctl.print
    aioctl.status("valve")
    assert "stopped @" in lines[0], lines
    record = aioctl.group().tasks["valve"]
    eq(
        (record.cancelled, record.task.done(), aioctl.tasks(), aioctl.stop()),
        (True, True, [], False),
    )
    del ran[:]
    record.args = (2, 5)
    eq((aioctl.start("valve"), aioctl.start("valve"), record.cancelled), (True, False, False))
    asyncio.run(for_ms(30))
    # The old run has ended before the new one began
    eq((ran[0], set(ran[1:])), ("end 1", {2}))


def test_start_with_a_new_event_loop_after_ctrl_c():
    """What was interrupted does not wait for the end of a run whose event loop is gone."""
    fresh()
    aioctl.add(valve, 1)
    begin(foreign("foreign task", 12))
    # This notices, and cancels it; then the event loop in which it would end is gone
    aioctl.status()
    asyncio.new_event_loop()
    del ran[:]
    aioctl.start("valve")
    asyncio.run(for_ms(12))
    assert len(ran) > 1 and set(ran) == {1}, ran
    assert not aioctl.group().tasks["valve"].task.done()


def test_aioctl_run():
    fresh()
    for number in range(3):
        for how in ("poll", "own task"):
            del ran[:]
            add_all(number, how)
            try:
                aioctl.run()
                raise AssertionError("it was not interrupted")
            except KeyboardInterrupt:
                pass
            check_second_start(number)
            tasks = aioctl.group().tasks
            eq([name for name in tasks if not tasks[name].task.done()], [])


def test_after_aioctl_run_has_returned():
    """Its tasks have ended: a second start takes their names; what is started keeps its own."""
    fresh()
    for _ in range(2):
        aioctl.add(job)
        aioctl.run()
        eq(sorted(aioctl.group().tasks), ["job"])
    aioctl.start("job")
    eq(aioctl.add(job).name, "job@1")


def test_a_loop_that_ended_in_good_order():
    """What it leaves goes on with the next one."""
    fresh()

    async def sets_up():
        aioctl.add(valve, 1)
        await asyncio.sleep_ms(10)

    asyncio.run(sets_up())
    del ran[:]
    time.sleep_ms(10)
    eq(aioctl.add(valve, 2).name, "valve@1")
    asyncio.run(for_ms(30))
    eq(set(ran), {1, 2})
    assert not aioctl.group().tasks["valve"].cancelled


def test_main_that_raises():
    fresh()

    async def fails():
        await asyncio.sleep_ms(10)
        raise OSError

    aioctl.add(valve, 1)
    for _ in range(2):
        try:
            asyncio.run(fails())
        except OSError:
            pass
        eq(len(aioctl.tasks()), 1)


def test_names_in_one_program():
    fresh()

    async def adds_later():
        await asyncio.sleep_ms(10)
        return aioctl.add(valve, 3).name

    eq((aioctl.add(valve, 1).name, aioctl.add(valve, 2).name), ("valve", "valve@1"))
    eq(asyncio.run(adds_later()), "valve@2")


def test_tasks_of_others_are_left_alone():
    fresh()

    async def others():
        while True:
            ran.append("other")
            await asyncio.sleep_ms(5)

    asyncio.create_task(others())
    add_all(1, "poll")
    begin(foreign("poll"))
    del ran[:]
    add_all(2, "")
    asyncio.run(until(lambda: ran.count("other") > 2))
    assert ran.count("other") > 2, ran
    assert 1 not in ran, ran


def test_an_interrupt_while_the_loop_polls():
    """A soft interrupt finds what Ctrl-C leaves behind: nothing is stopped for that."""
    if not hasattr(micropython, "schedule"):
        raise Skip("no micropython.schedule()")
    fresh()
    names = []

    def adds(_):
        names.append(aioctl.add(valve, 2).name)
        names.append(aioctl.start("valve"))
        aioctl.stop("nobody")

    def calls_back():
        micropython.schedule(adds, None)
        for _ in range(3):
            time.sleep_ms(0)

    async def main():
        await asyncio.sleep_ms(12)
        in_poll.append(calls_back)
        await asyncio.sleep_ms(30)

    aioctl.add(valve, 1)
    asyncio.run(main())
    eq(names, ["valve@1", False])
    eq((set(ran), aioctl.group().tasks["valve"].cancelled), ({1, 2}, False))


def test_a_task_that_has_not_begun():
    """It runs nothing either in the next start, where its name is used again."""
    fresh()

    async def main():
        await asyncio.sleep_ms(5)
        aioctl.add(valve, 1)
        interrupt()

    aioctl.add(job)
    begin(main())
    if sys.implementation.version < (1, 23):
        raise Skip("MicroPython up to 1.22 does not tell Ctrl-C in the main task from its end")
    eq(aioctl.add(valve, 2).name, "valve")
    asyncio.run(for_ms(20))
    eq(set(ran), {2})
