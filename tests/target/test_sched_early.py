# Proves promise 1, "not one line early", with either aioctl.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio

from harness import eq
from programs import both, fresh, job, ours, play

# What the aioctl in the field cannot keep
OURS_ONLY = {
    "test_set_group_while_the_loop_runs": "nothing there tells whether a task has begun",
    "test_scheduled_before_added": "nothing there tells the scheduler of an add()",
    "test_before_the_first_loop": "before the first loop nothing can be cancelled, on 1.21",
}


def decorated(ctl, sched, runs, **options):
    # A task without any await, scheduled by the decorator
    @sched.schedule_task(**options)
    @ctl.aiotask
    async def body(*args, **kwargs):
        runs.append(vclock.now())
        return args, kwargs

    return body


def test_decorator_body_without_await():
    """A body that has no await at all does not slip through at add(), in whatever order."""
    for options, want in (
        ({"start_in": 2}, [2000]),
        ({"start_in": 2, "repeat": 3}, [2000, 5000, 8000]),
        ({"repeat": 4}, [4000, 8000]),
        ({"start_in": (2024, 1, 1, 0, 0, 2), "repeat": 7}, [2000, 9000]),
        ({"start_in": 0, "repeat": 5}, [0, 5000]),
    ):
        for loop_first in (False, True):
            for ctl, sched in both():
                runs = []
                body = decorated(ctl, sched, runs, **options)
                if loop_first:
                    play(9500, (0, lambda: ctl.add(body)))
                else:
                    ctl.add(body)
                    play(9500)
                eq((options, loop_first, runs), (options, loop_first, want))


def test_name_body_without_await():
    """The same for a task that is scheduled by its name after add()."""
    for ctl, sched in both():
        runs = []
        job("a", runs, start_in=2, repeat=3)
        play(9500)
        eq(runs, [2000, 5000, 8000])
        # and from a task, while the loop runs: over the field's aioctl it has begun by then
    for ctl, sched in ours():
        runs = []
        play(9500, (1000, lambda: job("a", runs, start_in=2, repeat=3)))
        eq(runs, [3000, 6000, 9000])


def test_set_group_while_the_loop_runs():
    """The same for a task that a new schedule brings in one go."""
    for ctl, sched in ours():
        runs = []

        def begin():
            job("a", runs)
            sched.set_group({"a": {"start_in": 2, "repeat": 3}})

        play(9500, (1000, begin))
        eq(runs, [3000, 6000, 9000])


def test_scheduled_before_added():
    """The same for a name that was scheduled first and added later."""
    ctl, sched = fresh()
    runs = []
    sched.schedule("a", start_in=2, repeat=3)
    job("a", runs)
    play(9500)
    eq(runs, [2000, 5000, 8000])
    ctl, sched = fresh()
    runs = []
    sched.schedule("a", start_in=2, repeat=3)
    play(9500, (1000, lambda: job("a", runs)))
    eq(runs, [2000, 5000, 8000])


def test_awaits_between_add_and_the_loop():
    """Whatever is awaited between aioctl.add() and the loop's start."""
    for by_name in (True, False):
        for ctl, sched in both():
            runs = []

            async def main():
                if by_name:
                    job("a", runs, start_in=2, repeat=3)
                else:
                    ctl.add(decorated(ctl, sched, runs, start_in=2, repeat=3))
                for _ in range(10):
                    await asyncio.sleep_ms(0)
                await asyncio.sleep(5)
                ctl.add(sched.schedule_loop)
                await asyncio.sleep(60)

            vclock.run(main(), 14_000)
            eq((by_name, runs), (by_name, [7000, 10_000, 13_000]))


def test_loop_never_starts():
    """Without a loop nothing of it runs."""
    for ctl, sched in both():
        runs = []
        job("a", runs, start_in=0)
        ctl.add(decorated(ctl, sched, runs, start_in=0))
        play(10_000, loop=False)
        eq(runs, [])


def test_arguments_arrive():
    """The held task runs with the arguments that add() was given, and its result is kept."""
    for ctl, sched in both():
        runs = []
        ctl.add(decorated(ctl, sched, runs, start_in=2), "world", b=10)
        play(5000)
        eq(runs, [2000])
        eq(ctl.result_all(as_dict=True)["body"], (("world",), {"b": 10}))


def test_decorated_and_unscheduled():
    """A decorated task that is not scheduled any more is like any other."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=2)
        sched.unschedule("body")
        ctl.add(body)
        play(5000)
        eq(runs, [0])


def test_stopped_and_scheduled_in_one_turn():
    """A task that was just stopped hears of it, whatever is scheduled before it does."""
    for ctl, sched in both():
        steps = []

        async def body():
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                steps.append(vclock.now())
                raise

        ctl.add(body, name="a")

        def stop():
            ctl.stop("a")
            sched.schedule("a", start_in=5)

        play(2000, (1000, stop))
        eq(steps, [1000])


def test_started_by_hand_runs_at_once():
    """aioctl.start() of a waiting task runs it now, and its schedule stays."""
    for by_name in (True, False):
        for when in (500, 1000, 4200):
            for ctl, sched in both():
                runs = []
                if by_name:
                    job("body", runs, start_in=2, repeat=3)
                else:
                    ctl.add(decorated(ctl, sched, runs, start_in=2, repeat=3))
                play(9500, (when, lambda: ctl.start("body")))
                eq((by_name, runs), (by_name, sorted([2000, 5000, 8000, when])))


def test_started_by_hand_before_the_loop():
    """The same before the loop starts."""
    for by_name in (True, False):
        for ctl, sched in both():
            runs = []
            if by_name:
                job("body", runs, start_in=2)
            else:
                ctl.add(decorated(ctl, sched, runs, start_in=2))
            play(
                9500,
                (100, lambda: ctl.start("body")),
                (1000, lambda: ctl.add(sched.schedule_loop)),
                loop=False,
            )
            eq((by_name, runs), (by_name, [100, 3000]))


def test_other_names_of_a_decorated_task():
    """The decorator schedules the function's name: added under another one, a task runs at once,
    unless that name is scheduled too."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=2)
        ctl.add(body)
        ctl.add(body)
        ctl.add(body, name="other")
        ctl.add(body, name="third")
        sched.schedule("third", start_in=4)
        assert "body@1" in ctl.group().tasks
        play(9000)
        eq(runs, [0, 0, 2000, 4000])


def test_task_that_runs_goes_on():
    """schedule() of a task that has begun leaves that run alone, the first time and later."""
    for when in (1000, 1050):
        for ctl, sched in both():
            runs = []
            steps = []

            async def body():
                runs.append(vclock.now())
                for _ in range(30):
                    await asyncio.sleep_ms(100)
                steps.append(vclock.now())

            ctl.add(body, name="a")
            play(
                9500,
                (when, lambda: sched.schedule("a", start_in=3)),
                (when + 4000, lambda: sched.schedule("a", start_in=3)),
            )
            eq((runs, steps), ([0, when + 3000, when + 7000], [3000, when + 6000]))


def test_task_that_never_sleeps_goes_on():
    """The same for one that is always ready."""
    ctl, sched = fresh()
    steps = []

    async def body():
        while vclock.now() < 3000:
            vclock.block(100)
            await asyncio.sleep_ms(0)
        steps.append(vclock.now())

    ctl.add(body, name="a")
    play(9500, (1000, lambda: sched.schedule("a", start_in=60)))
    assert steps, steps


def test_before_the_first_loop():
    """MicroPython 1.21 has no cur_task before a loop runs for the first time."""
    for ctl, sched in ours():
        runs = []
        del asyncio.core.cur_task
        job("a", runs, start_in=2, repeat=3)
        ctl.add(decorated(ctl, sched, runs, start_in=1))
        play(6000)
        eq(runs, [1000, 2000, 5000])


def test_task_that_schedules_itself_goes_on():
    """schedule() of the current task does not stop it."""
    for ctl, sched in both():
        runs = []

        async def body():
            runs.append(vclock.now())
            if len(runs) < 4:
                sched.schedule("a", start_in=2)
            await asyncio.sleep_ms(100)
            runs.append(vclock.now())

        ctl.add(body, name="a")
        play(9500)
        eq(runs, [0, 100, 2000, 2100, 4000, 4100])


def test_program_that_gathers_goes_on():
    """`await asyncio.gather(*aioctl.tasks())` of a whole program outlives that tasks are held."""
    for ctl, sched in both():
        runs = []
        more = []

        async def main():
            ctl.add(decorated(ctl, sched, runs, start_in=1, repeat=3))
            job("test_from", more, start_in=2, repeat=3)
            ctl.add(sched.watcher_loop)
            ctl.add(sched.schedule_loop)
            await asyncio.gather(*ctl.tasks())

        vclock.run(main(), 9500)
        eq((runs, more), ([1000, 4000, 7000], [2000, 5000, 8000]))
