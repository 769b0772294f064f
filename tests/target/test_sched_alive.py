# Proves promise 8, "it does not die", and that a loop started again keeps the phases.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import builtins

from afresh import counts
from harness import eq, raises
from programs import both, fresh, job, local, ours, play

# What the aioctl in the field cannot keep
OURS_ONLY = {
    "test_task_that_does_not_exist": "nothing there tells the scheduler of an add()",
    "test_task_that_raises_at_start": "there start() loses a task that it cannot start",
    "test_group_emptied_by_hand": "nothing there tells whether a task has begun",
    "test_second_start_of_what_was_interrupted": "there a task that was interrupted runs for ever",
    "test_program_that_ends": "nothing there tells the scheduler of an add()",
}

UNIX_ONLY = {"test_stopped_for_longer_than_ticks_last": "takes minutes on a board"}


class Log:
    def __init__(self):
        self.lines = []

    def error(self, s):
        self.lines.append((vclock.now(), s))


def alive(ctl):
    return not ctl.group().tasks["schedule_loop"].task.done()


def test_task_that_does_not_exist():
    """Its due runs are logged, and it runs on phase once it is there; a one-shot that came due
    before waits for its task, and runs when that is added."""
    ctl, sched = fresh()
    log = Log()
    runs, z, late, tuples = [], [], [], []
    sched.schedule("ghost", start_in=1, repeat=1)
    sched.schedule("never", start_in=2.5)
    sched.schedule("tuple", start_in=local(2))
    job("z", z, start_in=0.5, repeat=1)
    sched.set_log(log)
    play(
        6400,
        (3300, lambda: job("ghost", runs)),
        (4700, lambda: job("never", late)),
        (4800, lambda: job("tuple", tuples)),
    )
    # What it missed may be made up for when it is added
    eq([ms for ms in runs if ms != 3300], [4000, 5000, 6000])
    eq(z, [500, 1500, 2500, 3500, 4500, 5500])
    eq((late, tuples), ([4700], [4800]))
    for name, ms in (("ghost", 1000), ("never", 2500), ("tuple", 2000)):
        lines = [when for when, line in log.lines if line.startswith("[%s]" % name)]
        eq((name, lines[:1]), (name, [ms]))


def test_task_that_raises_at_start():
    """Wrong arguments: logged and counted at each due time, until they are put right."""
    for ctl, sched in ours():
        log = Log()
        runs, z = [], []
        job("a", runs, start_in=1, repeat=1)
        job("z", z, start_in=0.5, repeat=0.5)
        sched.set_log(log)

        def spoil():
            ctl.group().tasks["a"].args = (1, 2, 3)

        def mend():
            ctl.group().tasks["a"].args = ()

        play(6400, (1500, spoil), (4200, mend))
        eq(runs, [1000, 5000, 6000])
        eq(z, list(range(500, 6400, 500)))
        eq(counts("a"), (3, 3))
        eq([ms for ms, s in log.lines], [2000, 3000, 4000])


def test_task_that_raises_in_its_body():
    """That is its own matter: it is due again as ever."""
    for ctl, sched in both():
        runs = []

        async def body():
            runs.append(vclock.now())
            return 1 // 0

        ctl.add(ctl.aiotask(body), name="a")
        sched.schedule("a", start_in=1, repeat=2)
        play(6400)
        eq(runs, [1000, 3000, 5000])
        assert isinstance(ctl.result_all(as_dict=True)["a"], ZeroDivisionError)


def test_logger():
    """alog of the loop, or set_log(), gets the errors; without one they are printed."""
    for how in ("alog", "set_log", "print"):
        ctl, sched = fresh()
        log = Log()
        builtins.print = log.error
        sched.schedule("ghost", start_in=1)
        if how == "alog":
            play(1, (0, lambda: ctl.add(sched.schedule_loop, alog=log)), loop=False)
            ctl, sched = fresh()
            log.lines.clear()
            sched.schedule("ghost", start_in=1)
            play(3000, (0, lambda: ctl.add(sched.schedule_loop, alog=log)), loop=False)
        elif how == "set_log":
            sched.set_log(log)
            play(3000)
        else:
            play(3000)
        eq(len(log.lines), 1)
        assert log.lines[0][0] == 1000 and "ghost" in log.lines[0][1], log.lines


def test_logger_that_raises():
    """A logger that fails, as one on a full flash does, ends neither loop nor phases."""

    class Bad:
        def error(self, s):
            raise OSError(28)

    ctl, sched = fresh()
    sched.set_log(Bad())
    slow, z = [], []
    sched.schedule("ghost", start_in=1, repeat=1)
    job("slow", slow, 1500, start_in=1, repeat=1)
    job("z", z, start_in=0.5, repeat=1)
    play(9400)
    assert alive(ctl)
    eq(slow, [1000, 3000, 5000, 7000, 9000])
    eq(z, list(range(500, 9400, 1000)))


GARBAGE = (None, 5, -1, "junk", "", [], (), {}, 1e30, object, ("a", 2), b"x", float("nan"))


def on_time(z, until_ms):
    # Every run of z is there, at most the second late that a broken neighbour may cost
    eq(len(z), (until_ms - 500) // 1000 + 1)
    for k, ms in enumerate(z):
        assert 0 <= ms - (500 + 1000 * k) < 1000, z


def test_garbage_for_an_entry():
    """Anything put into group() by hand: the loop and its neighbours go on."""
    for value in GARBAGE:
        for wall in (False, True):
            ctl, sched = fresh()
            sched.set_log(Log())
            z = []
            job("a", [], start_in=local(1) if wall else 1, repeat=1)
            job("z", z, start_in=0.5, repeat=1)

            def put():
                sched.group()["a"] = value
                sched.group()["new"] = value
                sched.group()[5] = value

            play(
                9400,
                (2200, put),
                (4200, lambda: vclock.step(100)),
                (6200, lambda: vclock.step(-50)),
            )
            assert alive(ctl), value
            on_time(z, 9400)


def test_garbage_in_an_entry():
    """Any key of a live entry gone, or set to anything."""
    ctl, sched = fresh()
    job("a", [], start_in=local(1), repeat=1, until=100, jitter=0.1, times=50)
    keys = list(sched.group()["a"]) + ["last", "last_dt"]
    for key in keys:
        for n, value in enumerate(GARBAGE + ("gone",)):
            for wall in (False, True):
                ctl, sched = fresh()
                sched.set_log(Log())
                z = []
                job("a", [], 1500, start_in=local(1) if wall else 1, repeat=1, until=100, times=50)
                job("z", z, start_in=0.5, repeat=1)

                def put():
                    e = sched.group().get("a")
                    if value == "gone":
                        e.pop(key, None)
                    else:
                        e[key] = value

                play(
                    7400,
                    (2200, put),
                    (4200, lambda: vclock.step(100)),
                    (6200, lambda: vclock.step(-50)),
                )
                print(key, n, value, wall)
                assert alive(ctl)
                on_time(z, 7400)
                # and everything can be mended
                sched.schedule("a", start_in=1)
                sched.unschedule("a")


def test_garbage_when_the_clock_is_set():
    """A rule that somebody spoilt does not keep the others from following a step of the RTC."""
    for bad in "abc":
        for value in ("junk", None, {}, "gone"):
            ctl, sched = fresh()
            log = Log()
            sched.set_log(log)
            runs = {name: [] for name in "abc"}
            z = []
            for name in runs:
                job(name, runs[name], repeat="* * * * *")
            job("z", z, start_in=0.5, repeat=1)

            def spoil():
                if value == "gone":
                    del sched.group()[bad]["repeat"]
                else:
                    sched.group()[bad]["repeat"] = value

            play(130_400, (65_000, spoil), (70_000, lambda: vclock.step(-600)))
            assert alive(ctl)
            eq(runs.pop(bad), [60_000])
            for name in runs:
                eq((bad, value, name, runs[name]), (bad, value, name, [60_000, 120_000]))
            eq(z, list(range(500, 130_400, 1000)))
            assert [s for ms, s in log.lines if s.startswith("[%s] " % bad)], log.lines


def test_group_emptied_by_hand():
    """group().clear(), and tasks taken out of aioctl's own dict."""
    for ctl, sched in ours():
        runs, z = [], []
        job("a", runs, start_in=1, repeat=1)
        play(
            6400,
            (1500, lambda: sched.group().clear()),
            (2500, lambda: job("z", z, start_in=1, repeat=1)),
            (4700, lambda: ctl.group().tasks.pop("z")),
        )
        eq((runs, z), ([1000], [3500, 4500]))
        assert alive(ctl)
        assert "z" in sched.group()


def test_loop_stopped_and_started():
    """Phases are kept; what was due meanwhile runs once, at once."""
    for ctl, sched in both():
        a, b, w, once = [], [], [], []
        job("a", a, start_in=1, repeat=2)
        job("b", b, start_in=0.5, repeat=10)
        job("w", w, start_in=local(1), repeat=4)
        job("once", once, start_in=6)
        play(
            20_400,
            (4200, lambda: ctl.stop("schedule_loop")),
            (9600, lambda: ctl.start("schedule_loop")),
        )
        eq(a, [1000, 3000, 9600, 11_000, 13_000, 15_000, 17_000, 19_000])
        eq(b, [500, 10_500])
        eq(w, [1000, 9600, 13_000, 17_000])
        eq(once, [9600])


def test_loop_stopped_at_any_moment():
    """The same when it is stopped and started at once, at each ms around a due time."""
    for at in range(2997, 3004):
        for ctl, sched in both():
            runs = []
            job("a", runs, start_in=1, repeat=1)

            def restart():
                ctl.stop("schedule_loop")

                async def again():
                    await asyncio.sleep_ms(20)
                    ctl.start("schedule_loop")

                asyncio.create_task(again())

            play(6400, (at, restart))
            assert runs[2] in (3000, at + 20), runs
            runs[2] = 3000
            eq(runs, [1000, 2000, 3000, 4000, 5000, 6000])


def test_stopped_for_longer_than_ticks_last():
    """Beyond half a wrap of ticks_ms the time it is stopped does not count, nor runs backwards."""
    ctl, sched = fresh(ticks=12345)
    runs = []
    job("a", runs, start_in=20 * 86400)
    day = 86_400_000
    play(
        28 * day,
        # A look at the clock, which the loop took hours ago
        (day, lambda: (sched.idle_ms(), ctl.stop("schedule_loop"))),
        (8 * day, lambda: ctl.start("schedule_loop")),
    )
    eq(runs, [27 * day])


def test_stopped_and_scheduled_in_one_turn():
    """A loop that was just stopped ends, whatever is scheduled before it does."""
    for ctl, sched in both():
        runs = []
        job("a", runs, start_in=5)

        def stop():
            ctl.stop("schedule_loop")
            sched.schedule("a", start_in=1)

        play(9000, (1000, stop))
        assert not alive(ctl)
        eq(runs, [])


def test_schedule_while_the_loop_is_stopped():
    """Seconds count from the call; what is due waits for the loop."""
    for ctl, sched in both():
        runs = []
        job("a", runs)
        play(
            9000,
            (1000, lambda: ctl.stop("schedule_loop")),
            (2000, lambda: sched.schedule("a", start_in=1, repeat=2)),
            (4500, lambda: ctl.start("schedule_loop")),
        )
        eq(runs, [0, 4500, 5000, 7000, 9000])


def test_loop_deleted_and_added():
    """A new schedule_loop goes on with the old phases."""
    for ctl, sched in both():
        runs = []
        job("a", runs, start_in=1, repeat=2)
        play(
            9900,
            (3500, lambda: ctl.delete("schedule_loop")),
            (6000, lambda: ctl.add(sched.schedule_loop)),
        )
        eq(runs, [1000, 3000, 6000, 7000, 9000])


def test_two_loops():
    """A second loop says that one runs already, and ends; the first hears what is scheduled then,
    and when it has ended another one can start."""
    for how in ("stop", "delete"):
        for ctl, sched in both():
            runs, late = [], []
            log = Log()
            sched.set_log(log)
            job("a", runs, start_in=1, repeat=1)
            job("b", late)

            def second_has_ended():
                assert ctl.group().tasks["schedule_loop@1"].task.done()
                getattr(ctl, how)("schedule_loop@1")

            play(
                9400,
                (1500, lambda: ctl.add(sched.schedule_loop)),
                (2500, second_has_ended),
                (3600, lambda: sched.schedule("b", start_in=0.1, repeat=1)),
                (5500, lambda: getattr(ctl, how)("schedule_loop")),
                (7500, lambda: ctl.add(sched.schedule_loop)),
            )
            eq([ms for ms, line in log.lines], [1500])
            assert "schedule_loop" in log.lines[0][1], log.lines
            eq(runs, [1000, 2000, 3000, 4000, 5000, 7500, 8000, 9000])
            eq(late, [0, 3700, 4700, 7500, 7700, 8700])


def interrupt():
    raise KeyboardInterrupt


def test_second_program_start():
    """After Ctrl-C, asyncio.new_event_loop() and aioctl.reset(), the same main() runs again on the
    same modules: not one line early, the decorator's phases kept, the rest counted anew."""
    for ctl, sched in both():
        runs, named = [], []

        @sched.schedule_task(start_in=1, repeat=2)
        @ctl.aiotask
        async def body():
            runs.append(vclock.now())

        async def note():
            named.append(vclock.now())

        def program(ms):
            async def main():
                ctl.add(body)
                ctl.add(note, name="named")
                sched.schedule("named", start_in=1, repeat=3)
                ctl.add(sched.schedule_loop)
                ctl.add(sched.watcher_loop)
                await asyncio.sleep_ms(ms)
                raise KeyboardInterrupt

            raises(KeyboardInterrupt, vclock.run, main())

        program(4300)
        eq((runs, named), ([1000, 3000], [1000, 4000]))
        for again in range(2):
            del runs[:], named[:]
            asyncio.new_event_loop()
            ctl.reset()
            vclock.block(2000)
            start = vclock.now()
            program(5300)
            # One that came due at the prompt runs at once
            want = [t for t in range(1000, start + 5301, 2000) if t > start]
            eq((again, runs), (again, [start] + want))
            eq((again, named), (again, [start + 1000, start + 4000]))
        eq(sorted(ctl.group().tasks), ["body", "named", "schedule_loop", "watcher_loop"])


def test_second_start_with_a_new_event_loop():
    """After Ctrl-C and asyncio.new_event_loop() nothing of the old loop runs beside the new one,
    whatever it waited for next, and whichever loop the program starts."""
    loops = ["schedule_loop"]
    if hasattr(asyncio, "ThreadSafeFlag"):
        loops.append("trigger_loop")
    for wait, name in [(wait, name) for wait in (5, 55, 500) for name in loops]:
        for ctl, sched in both():
            old, runs = [], []

            async def lamp():
                while True:
                    old.append(vclock.now())
                    await asyncio.sleep_ms(50)

            async def first():
                asyncio.create_task(lamp())
                sched.schedule("a", start_in=(200 + wait) / 1000)
                ctl.add(sched.schedule_loop)
                await asyncio.sleep_ms(205)
                raise KeyboardInterrupt

            async def second():
                ctl.add(getattr(sched, name), name="second")
                await asyncio.sleep_ms(10)
                sched.schedule("a", start_in=2)
                await asyncio.sleep(1)

            raises(KeyboardInterrupt, vclock.run, first(), keep=True)
            asyncio.new_event_loop()
            del old[:]
            job("b", runs, start_in=0.1)
            vclock.run(second())
            eq((ctl.__name__, wait, name, old), (ctl.__name__, wait, name, []))
            if name == "schedule_loop":
                eq(len(runs), 1)


def test_second_start_of_what_was_interrupted():
    """After Ctrl-C, aioctl.start() of the loop alone goes on with the phases."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, 100, start_in=1, repeat=2)
    raises(KeyboardInterrupt, play, 9000, (3050, interrupt))
    eq(runs, [1000, 3000])
    vclock.block(1000)

    async def main():
        ctl.start("schedule_loop")
        await asyncio.sleep(100)

    vclock.run(main(), 9900)
    eq(runs, [1000, 3000, 5000, 7000, 9000])


def test_program_that_ends():
    """A loop that lives on in a queue nobody runs is not touched any more."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=5)
    play(1000)
    for _ in range(3):
        sched.schedule("a", start_in=2, repeat=3)
        sched.unschedule("a")
    sched.schedule("a", start_in=2, repeat=3)
    ctl.reset()
    job("a", runs)
    play(9000)
    eq(runs, [3000, 6000, 9000])
