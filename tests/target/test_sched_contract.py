# Proves the surface that aioctl and aioschedule see of each other, with either aioctl.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import sys
import time

from afresh import Log, counts
from harness import eq, raises
from programs import both, fresh, job, local, play, printed

OURS_ONLY = {
    "test_start_in_one_pass": "there add() starts what it adds, and so does start()",
    "test_due_in_the_ms_of_its_add": "there add() starts at once what is scheduled by name later",
}


def test_both_import_orders():
    """aioctl and aioschedule import each other; either may come first."""
    for first in ("aioctl", "aioschedule"):
        vclock.install()
        for name in ("aioctl", "aioschedule"):
            sys.modules.pop(name, None)
        __import__(first)
        import aioctl
        import aioschedule

        assert aioctl.aioschedule is aioschedule and aioschedule.aioctl is aioctl
        runs = []
        lines = []
        job("a", runs, start_in=1, repeat=2)

        def restart():
            aioctl.stop("a")
            aioctl.start("a")
            lines.extend(printed(aioctl.status, "a"))

        play(5500, (4000, restart))
        eq(runs, [1000, 3000, 5000])
        eq(len([line for line in lines if "┗━► schedule: " in line]), 1)


def test_all_is_there():
    """Every name of the API."""
    ctl, sched = fresh()
    for name in (
        "schedule_task schedule unschedule schedule_loop watcher_loop group set_group reset "
        "set_log status_sc status_sc_all idle_ms save load _AIOCTL_SCHEDULE_T0 "
        "_AIOCTL_SCHEDULE_GROUP"
    ).split():
        assert hasattr(sched, name), name
    raises(AttributeError, lambda: sched.no_such_name)
    assert sched._AIOCTL_SCHEDULE_GROUP is sched.group()
    eq(sched.group(), {})


def test_entry():
    """start_in is seconds after _AIOCTL_SCHEDULE_T0, -1 after a run; then last, last_dt."""
    for ctl, sched in both(epoch=(2023, 3, 29, 12, 6, 47)):
        del ctl
        seen = []

        def look(*names):
            for name in names:
                e = sched.group()[name]
                dt = e.get("last_dt")
                last = e.get("last")
                seen.append((name, e["start_in"], e["repeat"], last, dt and dt[:6]))

        job("a", [], start_in=10, repeat=60)
        job("b", [], start_in=20)
        job("c", [], start_in=local(30), repeat=5)
        job("d", [], repeat=40)
        look("a", "b")
        eq(seen, [("a", 10, 60, None, None), ("b", 20, False, None, None)])
        del seen[:]
        t0 = int(time.time())
        play(
            100_000,
            (1000, lambda: look("a", "b", "c", "d")),
            (5000, lambda: job("e", [], start_in=10)),
            (5000, lambda: look("e")),
            (22_000, lambda: look("a", "b")),
            (31_000, lambda: look("c")),
        )
        first = (2023, 3, 29, 12, 6, 57)
        eq(
            seen,
            [
                ("a", 10, 60, None, None),
                ("b", 20, False, None, None),
                ("c", 30, 5, None, None),
                ("d", 40, 40, None, None),
                ("e", 15, False, None, None),
                ("a", -1, 60, t0 + 10, first),
                ("b", -1, False, t0 + 20, (2023, 3, 29, 12, 7, 7)),
                ("c", -1, 5, t0 + 30, (2023, 3, 29, 12, 7, 17)),
            ],
        )
        eq(sched._AIOCTL_SCHEDULE_T0, t0)


def test_start_in_is_never_taken_for_one_that_ran():
    """A waiting entry, of whatever time, has not start_in -1."""
    for s in range(4):
        ctl, sched = fresh()
        sched.schedule("a", start_in=local(-s))
        assert sched.group()["a"]["start_in"] != -1, s


def test_counters():
    """RUNS, and MISSED: what was due and was not started, for whatever reason."""
    ctl, sched = fresh()
    job("a", [], 1500, start_in=1, repeat=1)
    play(6400)
    eq(counts("a"), (3, 3))


def test_unschedule_of_a_stopped_task():
    """It forgets the schedule that aioctl.stop() keeps: start() runs the task then, once."""
    for options in ({"start_in": 3, "repeat": 2}, {"repeat": "* * * * *"}):
        ctl, sched = fresh()
        runs, seen = [], []
        job("a", runs, **options)
        play(
            200_000,
            (500, lambda: ctl.stop("a")),
            (600, lambda: seen.append(sched.unschedule("a"))),
            (700, lambda: ctl.start("a")),
        )
        eq((seen, runs), ([True], [700]))


def test_schedule_of_a_stopped_task():
    """The new schedule takes the place of the one that aioctl.stop() keeps."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=3, repeat=2)
    play(
        9000,
        (500, lambda: ctl.stop("a")),
        (1000, lambda: sched.schedule("a", start_in=5)),
        (1500, lambda: ctl.start("a")),
    )
    # A start by hand, and the run of the new schedule
    eq(runs, [1500, 6000])


def test_start_in_one_pass():
    """What is started by hand in the pass of add() and schedule() runs, before and after them."""
    ctl, sched = fresh()
    runs = []

    def all_three():
        job("x", runs)
        sched.schedule("x", start_in=3600)
        ctl.start("x")

    play(5000, (1000, all_three))
    eq(runs, [1000])
    ctl, sched = fresh()
    runs = []
    job("z", runs)

    def start_and_schedule():
        ctl.start("z")
        sched.schedule("z", start_in=2)

    play(5000, (1000, start_and_schedule))
    eq(runs, [0, 1000, 3000])


def test_due_in_the_ms_of_its_add():
    """A task that is held back does not count as still running."""
    for wait in (0, 0.001):
        ctl, sched = fresh()
        runs = []

        def begin():
            job("x", runs, start_in=wait, repeat=5)

        play(9000, (1000, begin))
        ms = 1000 + round(wait * 1000)
        eq((wait, runs, counts("x")), (wait, [ms, ms + 5000], (2, 0)))


def test_finished_and_started():
    """stop() and start() of one that finished by `times` says so, and runs nothing by itself."""
    ctl, sched = fresh()
    runs, lines = [], []
    job("a", runs, start_in=1, repeat=1, times=2)
    play(
        9000,
        (5000, lambda: ctl.stop("a")),
        (6000, lambda: lines.extend(printed(ctl.start, "a"))),
    )
    assert runs in ([1000, 2000], [1000, 2000, 6000]), runs
    assert len(runs) == 3 or any("a" in line for line in lines), lines


def test_stop_takes_and_start_gives_back():
    """stop() takes the entry out of group(); at start() the original due time holds."""
    for options in (
        {"start_in": 3, "repeat": 2},
        {"start_in": (2024, 1, 1, 0, 0, 3), "repeat": 2},
    ):
        for stop, start in ((500, 600), (500, 2999), (3500, 3600), (3500, 4999), (3000, 3000)):
            for ctl, sched in both():
                runs = []
                seen = []
                job("a", runs, **options)

                def halt():
                    ctl.stop("a")
                    seen.append(list(sched.group()))

                play(9400, (stop, halt), (start, lambda: ctl.start("a")))
                eq(seen, [[]])
                eq((options, stop, start, runs), (options, stop, start, [3000, 5000, 7000, 9000]))


def test_given_back_late():
    """A due time that has passed meanwhile runs at once, once; then the old phase."""
    for options in (
        {"start_in": 3, "repeat": 2},
        {"start_in": (2024, 1, 1, 0, 0, 3), "repeat": 2},
    ):
        for stop, before in ((500, []), (3500, [3000])):
            for ctl, sched in both():
                runs = []
                job("a", runs, **options)
                play(
                    12_400,
                    (stop, lambda: ctl.stop("a")),
                    (8200, lambda: ctl.start("a")),
                )
                eq((stop, runs), (stop, before + [8200, 9000, 11_000]))


def test_given_back_with_its_jitter():
    """The original due time holds, the jitter that was drawn for it included."""
    for ctl, sched in both():
        for stopped, started in ((10, 20), (10, 3000)):
            runs = []
            ctl, sched = fresh()
            job("a", runs, start_in=10, jitter=1000)
            due = []
            play(
                4_000_000,
                (stopped, lambda: (due.append(vclock.now() + sched.idle_ms()), ctl.stop("a"))),
                (started * 1000, lambda: ctl.start("a")),
            )
            eq(runs, [max(due[0], started * 1000)])


def test_rule_given_back_after_the_rtc_was_set_back():
    """A rule follows the wall clock there too; set back by less than a minute, nothing more."""
    for ctl, sched in both(epoch=(2036, 5, 1, 12, 0, 30)):
        runs, dates, phases = [], [], []
        job("rule", runs, repeat="* * * * *")
        job("date", dates, start_in=local(100), repeat=60)
        job("phase", phases, start_in=local(5), repeat=60)
        names = "rule", "date", "phase"
        play(
            130_000,
            (10_000, lambda: [ctl.stop(name) for name in names]),
            (11_000, lambda: vclock.set_rtc((2026, 5, 1, 12, 0, 11))),
            (15_000, lambda: [ctl.start(name) for name in names]),
        )
        # A date is in 2036
        eq((runs, dates, phases), ([60_000, 120_000], [], [5000, 35_000, 95_000]))
    for ctl, sched in both(epoch=(2026, 5, 1, 12, 0, 30)):
        runs = []
        job("a", runs, repeat="* * * * *")

        def back():
            ctl.stop("a")
            vclock.step(-50)
            ctl.start("a")

        # Run at 12:01:00, which comes again 45 s later, and may run then or not
        play(200_000, (35_000, back))
        eq([ms for ms in runs if ms != 80_000], [30_000, 140_000, 200_000])


def test_given_back_as_a_copy():
    """The entry goes through keywords; group() has a dict again that is its own."""
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=3, repeat=2, times=3, until=100, jitter=0)
    kept = []

    def take():
        kept.append(sched.group().pop("a"))

    def give():
        sched.schedule("a", **kept[0])
        sched.schedule("a", **kept[0])

    play(20_000, (1000, take), (4000, give))
    eq(runs, [4000, 5000, 7000])


def test_one_shot_stopped_and_started():
    """A one-shot that was stopped before its time still has it; and it is over after its run."""
    for ctl, sched in both():
        runs = []
        job("a", runs, start_in=3)
        play(9000, (1000, lambda: ctl.stop("a")), (2000, lambda: ctl.start("a")))
        eq(runs, [3000])
        eq(sched.group()["a"]["start_in"], -1)


def test_reset_of_aioschedule():
    """reset() forgets the schedule, with log=True the logger too, with group=False not."""
    ctl, sched = fresh()
    log = Log()
    sched.set_log(log)
    sched.schedule("a", start_in=1)
    sched.reset(group=False)
    eq(list(sched.group()), ["a"])
    sched.reset()
    eq(sched.group(), {})
    assert sched._AIOCTL_SCHEDULE_GROUP is sched.group()
    sched.schedule("ghost", start_in=1)
    play(2000)
    eq(len(log.lines), 1)
    sched.reset(log=True)
    sched.schedule("spectre", start_in=1)
    lines = printed(play, 9000)
    eq((len(log.lines), len([line for line in lines if "spectre" in line])), (1, 1))


def test_t0_before_the_loop():
    """_AIOCTL_SCHEDULE_T0 is a number of seconds at any time."""
    ctl, sched = fresh(epoch=1_000_000)
    eq(sched._AIOCTL_SCHEDULE_T0, 1_000_000)
    play(100_000, (5500, lambda: ctl.add(sched.schedule_loop)), loop=False)
    assert isinstance(sched._AIOCTL_SCHEDULE_T0, int)
    assert 1_000_005 <= sched._AIOCTL_SCHEDULE_T0 <= 1_000_006, sched._AIOCTL_SCHEDULE_T0
