# Proves that the scheduler is at home over the aioctl in the field: what ran when is the same as
# over the project's own, but for the limits that the last tests name.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B007, B023 - closures over loop variables: all are called in the same turn
#
# The way through:
#   no group          before the first add(), after reset(), in load() and in the watcher
#   under way         schedule() of a task that runs
#   first runs        none is lost, none is early, each is counted once
#   two names         one decorated function under several names
#   stop and schedule what was stopped on purpose does not come back
#   status, report    what reads the schedule
#   a whole program
#   limits            what cannot be the same over that aioctl

import vclock

vclock.install()

import asyncio

from harness import eq, raises
from programs import both, fresh, is_ours, job, local, play, printed, report

PATH = "field_test.json"
OURS_ONLY = {}


class Log:
    # A logger that keeps the time and the text of each line

    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append((vclock.now(), text))

    info = error


def check(ctl, what, got, want):
    # An eq() that says over which aioctl, and in which case
    if got != want:
        raise AssertionError("over %s, %s: got %r, expected %r" % (ctl.__name__, what, got, want))


def decorated(ctl, sched, runs, ms=0, **options):
    # A task that the decorator schedules, as "body"
    @sched.schedule_task(**options)
    @ctl.aiotask
    async def body(*args, **kwargs):
        runs.append(vclock.now())
        if ms:
            await asyncio.sleep_ms(ms)
        return args, kwargs

    return body


def prepare(kind, ctl, sched, runs, **options):
    # Adds and schedules a task called "body", in one of the ways in which programs do
    async def body():
        runs.append(vclock.now())

    if kind == "decorated":
        ctl.add(decorated(ctl, sched, runs, **options))
        return
    pair = (body, "body") if kind == "plain" else ctl.aiotask(body)
    ctl.add(pair, name="body")
    sched.schedule("body", **options)


KINDS = "decorated", "aiotask", "plain"


def add_all(ctl, sched, body, named):
    # What a program's main() begins with: its tasks, then the loop
    ctl.add(body)
    job("named", named)
    ctl.add(sched.schedule_loop)


def failing(ctl, runs, name="bad", hooks=None, until=1 << 30):
    # Adds a task that notes the second and fails
    async def bad():
        runs.append(vclock.now() // 1000)
        if vclock.now() < until:
            raise OSError(len(runs))

    ctl.add(ctl.aiotask(bad), name=name, _id=name, **hooks or {})


def counted(sched, name="body"):
    # The runs that the table shows
    for line in printed(sched.status_sc):
        words = line.split()
        if words and words[-1] == name:
            # RUNS MISSED RESTARTS TASK
            return int(words[-4])
    return None


################################################################################
# No group


def test_scheduled_before_anything_is_added():
    """@schedule_task and schedule() in a module, before any add(): held, then on time."""
    for ctl, sched in both():
        runs, named = [], []
        body = decorated(ctl, sched, runs, start_in=2, repeat=3)
        sched.schedule("named", start_in=1, repeat=3)
        eq(sorted(sched.group()), ["body", "named"])
        printed(sched.status_sc)
        sched.idle_ms()
        play(9500, (0, lambda: add_all(ctl, sched, body, named)), loop=False)
        check(ctl, "decorated", runs, [2000, 5000, 8000])
        check(ctl, "by name", named, [1000, 4000, 7000])


def test_unscheduled_before_anything_is_added():
    """unschedule(), set_group() and reset() need no task either."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=2)
        eq(sched.unschedule("body"), True)
        printed(sched.unschedule, "body")
        sched.reset()
        sched.set_group({"body": {"start_in": 3, "repeat": 3}})
        ctl.add(body)
        play(9500)
        check(ctl, "decorated", runs, [3000, 6000, 9000])


def test_due_before_anything_is_added():
    """The loop, outside of any group, logs and counts what has no task, and goes on."""
    for ctl, sched in both():
        log = Log()
        runs = []
        body = decorated(ctl, sched, runs, start_in=1, repeat=1)

        async def main():
            asyncio.create_task(sched.schedule_loop(log))
            await asyncio.sleep_ms(2500)
            ctl.add(body)
            await asyncio.sleep(10)

        vclock.run(main(), 5500)
        check(ctl, "decorated", runs, [3000, 4000, 5000])
        assert log.lines and log.lines[0][0] == 1000 and "body" in log.lines[0][1], log.lines


def test_reset_of_aioctl():
    """After aioctl.reset() the phases go on with the tasks that are added then."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=2, repeat=2)
        ctl.add(body)

        def again():
            ctl.add(body)
            # Over our own aioctl reset() stopped the loop, over the field's it goes on
            printed(ctl.add, sched.schedule_loop)

        play(9500, (2500, ctl.reset), (3500, again))
        check(ctl, "decorated", runs, [2000, 4000, 6000, 8000])


def test_scheduled_after_reset_of_aioctl():
    """schedule() and @schedule_task while there is no group again, and no loop yet."""
    for ctl, sched in both():
        runs, named = [], []

        async def other():
            pass

        ctl.add(other)
        ctl.reset()
        body = decorated(ctl, sched, runs, start_in=2, repeat=3)
        sched.schedule("named", start_in=1, repeat=3)
        sched.schedule("named", start_in=2, repeat=3)
        play(9500, (0, lambda: add_all(ctl, sched, body, named)), loop=False)
        check(ctl, "decorated", runs, [2000, 5000, 8000])
        check(ctl, "by name", named, [2000, 5000, 8000])


def test_due_after_reset_of_aioctl():
    """The field's reset() leaves the loop running: it logs what has no task, and goes on."""
    for ctl, sched in both():
        if is_ours(ctl):
            continue
        log = Log()
        sched.set_log(log)
        runs = []
        body = decorated(ctl, sched, runs, start_in=2, repeat=2)
        ctl.add(body)
        play(9500, (2500, ctl.reset), (4500, lambda: ctl.add(body)))
        check(ctl, "decorated", runs, [2000, 6000, 8000])
        check(ctl, "log", [ms for ms, text in log.lines], [4000])


def test_load_before_anything_is_added():
    """load() gives the names of all that has no task, and what is added then runs as it says."""
    for ctl, sched in both():
        over = ctl.__name__
        sched.schedule("body", start_in=4, repeat=5)
        sched.schedule("named", start_in=3, repeat=5)
        sched.save(PATH)
        ctl, sched = fresh(over)
        runs, named = [], []
        body = decorated(ctl, sched, runs, start_in=100)
        check(ctl, "load()", sorted(sched.load(PATH)), ["body", "named"])
        play(14_500, (0, lambda: add_all(ctl, sched, body, named)), loop=False)
        check(ctl, "decorated", runs, [4000, 9000, 14_000])
        check(ctl, "by name", named, [3000, 8000, 13_000])


def test_watcher_without_a_group():
    """The watcher, outside of any group, waits for one."""
    for ctl, sched in both():
        runs = []
        log = Log()

        async def main():
            asyncio.create_task(sched.watcher_loop(log, sleep=1))
            await asyncio.sleep_ms(4500)
            failing(ctl, runs)
            await asyncio.sleep(10)

        vclock.run(main(), 12_500)
        check(ctl, "failing at seconds", runs, [4, 5, 7, 11])
        check(ctl, "log", [ms // 1000 for ms, text in log.lines], [5, 7, 11])


def test_watcher_after_reset_of_aioctl():
    """The field's reset() leaves the watcher running too."""
    for ctl, sched in both():
        if is_ours(ctl):
            continue
        runs = []
        ctl.add(sched.watcher_loop, sleep=1, alog=Log())
        play(12_500, (1500, ctl.reset), (4500, lambda: failing(ctl, runs)))
        check(ctl, "failing at seconds", runs, [4, 5, 7, 11])


################################################################################
# schedule() of a task that is under way


def working(ctl, steps, decorate):
    # Adds a task that takes 3 s, cleans up for 100 ms, and notes all of that. It is ready to go on
    # in each ms in which the tests do something to it.
    async def work():
        steps.append(("begins", vclock.now()))
        try:
            for _ in range(30):
                await asyncio.sleep_ms(100)
            steps.append(("ends", vclock.now()))
        finally:
            await asyncio.sleep_ms(100)
            steps.append(("cleaned up", vclock.now()))

    if decorate:
        stopped = lambda: steps.append(("on_stop", vclock.now()))  # noqa: E731
        ctl.add(ctl.aiotask(work), name="a", _id="a", on_stop=stopped)
    else:
        ctl.add(work, name="a")


def run_of(ms):
    # The steps of a whole run
    return [("begins", ms), ("ends", ms + 3000), ("cleaned up", ms + 3100)]


def test_under_way_while_the_loop_runs():
    """The run goes on, to the end of its `finally`; the next one is when it is due."""
    for decorate in (True, False):
        for ctl, sched in both():
            steps = []
            working(ctl, steps, decorate)
            play(
                12_000,
                (1500, lambda: sched.schedule("a", start_in=3)),
                (5500, lambda: sched.schedule("a", start_in=3)),
            )
            what = "decorated" if decorate else "plain"
            check(ctl, what, steps, run_of(0) + run_of(4500) + run_of(8500))


def test_under_way_before_the_loop_starts():
    """Over our own aioctl the run goes on; over the field's it is stopped as aioctl.stop() does,
    with on_stop and to the end of its `finally`."""
    for decorate in (True, False):
        for ctl, sched in both():
            steps = []
            working(ctl, steps, decorate)
            play(
                9500,
                (1000, lambda: sched.schedule("a", start_in=4)),
                (2000, lambda: ctl.add(sched.schedule_loop)),
                loop=False,
            )
            first = run_of(0)
            if not is_ours(ctl):
                first = [("begins", 0), ("cleaned up", 1100)]
                if decorate:
                    first.append(("on_stop", 1100))
            what = "decorated" if decorate else "plain"
            check(ctl, what, steps, first + run_of(6000))


def test_schedules_itself_before_the_loop_starts():
    """A task that gives itself a schedule goes on, and nobody tries to cancel it."""
    for decorate in (True, False):
        for ctl, sched in both():
            steps, lines = [], []

            async def body():
                steps.append(vclock.now())
                if len(steps) == 1:
                    lines.extend(printed(sched.schedule, "body", start_in=2))
                await asyncio.sleep_ms(100)
                steps.append(vclock.now())

            ctl.add(ctl.aiotask(body) if decorate else body, name="body")
            play(9500, (1000, lambda: ctl.add(sched.schedule_loop)), loop=False)
            check(ctl, "steps", steps, [0, 100, 3000, 3100])
            check(ctl, "printed", lines, [])


def test_decorated_task_under_way_is_rescheduled():
    """A run that the schedule has started goes on too."""
    for ctl, sched in both():
        runs = []
        ctl.add(decorated(ctl, sched, runs, ms=1500, start_in=1))
        ends = []

        async def wait():
            await asyncio.sleep_ms(1200)
            await ctl.group().tasks["body"].task
            ends.append(vclock.now())

        ctl.add(wait)
        play(9500, (1600, lambda: sched.schedule("body", start_in=3, repeat=4)))
        check(ctl, "runs", runs, [1000, 4600, 8600])
        check(ctl, "end of the first", ends, [2500])


################################################################################
# First runs


def reschedule(ctl, sched):
    sched.schedule("body", start_in=3, repeat=3)


def stop_and_start(ctl, sched):
    ctl.stop("body")
    ctl.start("body")


def save_and_load(ctl, sched):
    sched.save(PATH)
    sched.load(PATH)


def same_group(ctl, sched):
    sched.set_group(dict(sched.group()))


ACTIONS = (
    ("rescheduled", reschedule),
    ("stopped and started", stop_and_start),
    ("saved and loaded", save_and_load),
    ("set_group() of the same", same_group),
)


def test_first_run_is_not_lost():
    """What is done with a task before the loop starts, at once: its first run is when it is due,
    and what was counted did run."""
    for kind in KINDS:
        for what, action in ACTIONS:
            for ctl, sched in both():
                runs = []
                prepare(kind, ctl, sched, runs, start_in=3, repeat=3)
                action(ctl, sched)
                seen = []
                play(10_000, (9500, lambda: seen.append(counted(sched))))
                check(ctl, (kind, what), runs, [3000, 6000, 9000])
                check(ctl, (kind, what, "counted"), seen, [3])


def test_first_run_is_not_lost_after_a_while():
    """The same when the event loop runs already, and the scheduler's not yet."""
    for kind in KINDS:
        for what, action in ACTIONS:
            for ctl, sched in both():
                runs = []
                prepare(kind, ctl, sched, runs, start_in=3, repeat=3)
                seen = []
                play(
                    11_000,
                    (500, lambda: action(ctl, sched)),
                    (1000, lambda: ctl.add(sched.schedule_loop)),
                    (10_500, lambda: seen.append(counted(sched))),
                    loop=False,
                )
                check(ctl, (kind, what), runs, [4000, 7000, 10_000])
                check(ctl, (kind, what, "counted"), seen, [3])


def test_first_run_is_not_lost_with_times():
    """`times` runs are runs of the body."""
    for what, action in ACTIONS[1:]:
        for ctl, sched in both():
            runs = []
            prepare("decorated", ctl, sched, runs, start_in=3, repeat=3, times=2)
            action(ctl, sched)
            play(20_000)
            check(ctl, what, runs, [3000, 6000])


def test_first_run_of_what_is_loaded_before_it_is_added():
    """A decorator's schedule, replaced by the one in the file before add()."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=3, repeat=3)
        sched.save(PATH)
        sched.schedule("body", start_in=100)
        sched.load(PATH)
        ctl.add(body)
        play(9500)
        check(ctl, "decorated", runs, [3000, 6000, 9000])


def test_awaits_between_add_and_the_loop():
    """A task that was scheduled after add() runs nothing of its body before the loop starts."""
    for kind in KINDS:
        for ctl, sched in both():
            runs = []

            async def main():
                prepare(kind, ctl, sched, runs, start_in=2, repeat=3)
                for _ in range(10):
                    await asyncio.sleep_ms(0)
                await asyncio.sleep(5)
                ctl.add(sched.schedule_loop)
                await asyncio.sleep(60)

            vclock.run(main(), 14_000)
            check(ctl, kind, runs, [7000, 10_000, 13_000])


def test_scheduled_before_it_is_added():
    """schedule() first, then add(), then the loop, with nothing awaited between the last two."""
    for decorate in (True, False):
        for ctl, sched in both():
            runs = []

            async def body():
                runs.append(vclock.now())

            async def main():
                sched.schedule("body", start_in=2, repeat=3)
                await asyncio.sleep(1)
                ctl.add(ctl.aiotask(body) if decorate else body, name="body")
                ctl.add(sched.schedule_loop)
                await asyncio.sleep(60)

            vclock.run(main(), 9500)
            what = "decorated" if decorate else "plain"
            check(ctl, what, runs, [3000, 6000, 9000])


def test_scheduled_and_added_before_the_event_loop():
    """schedule() first, then add(), both in a module: the task is queued before main() is."""
    for decorate in (True, False):
        for ctl, sched in both():
            runs = []

            async def body():
                runs.append(vclock.now())

            sched.schedule("body", start_in=2, repeat=3)
            ctl.add(ctl.aiotask(body) if decorate else body, name="body")
            play(9500, (1000, lambda: ctl.add(sched.schedule_loop)), loop=False)
            what = "decorated" if decorate else "plain"
            check(ctl, what, runs, [3000, 6000, 9000])


def test_started_by_hand_before_it_is_due():
    """aioctl.start() of a decorated task runs it at once, once; its schedule goes on."""
    for when in ([500], [1999], [500, 700], [500, 3000]):
        for ctl, sched in both():
            runs = []
            ctl.add(decorated(ctl, sched, runs, start_in=2, repeat=3))
            play(9500, *[(ms, lambda: ctl.start("body")) for ms in when])
            check(ctl, ("started at", when), runs, sorted(when + [2000, 5000, 8000]))


def test_started_by_hand_before_the_loop_starts():
    """The same before the loop starts, and before anything runs at all."""
    for ctl, sched in both():
        runs = []
        ctl.add(decorated(ctl, sched, runs, start_in=2))
        play(
            9500,
            (100, lambda: ctl.start("body")),
            (1000, lambda: ctl.add(sched.schedule_loop)),
            loop=False,
        )
        check(ctl, "started at 100", runs, [100, 3000])
    for ctl, sched in both():
        runs = []
        ctl.add(decorated(ctl, sched, runs, start_in=2))
        ctl.start("body")
        play(9500)
        # The field's start() takes the record away and adds the task once more: in the very pass
        # of its add() that looks like another add(), and it is held back
        at_once = [0] if is_ours(ctl) else []
        check(ctl, "started right after add()", runs, at_once + [2000])


def test_held_back_is_not_stopped():
    """No hook is called for that; the run has the arguments of add(), and a stop its on_stop."""
    for decorate in (True, False):
        for ctl, sched in both():
            steps = []

            @ctl.aiotask
            async def body(*args, **kwargs):
                steps.append((vclock.now(), args, kwargs))
                await asyncio.sleep(5)

            def stopped(*args, **kwargs):
                steps.append((vclock.now(), "on_stop", args, kwargs))

            if decorate:
                body = sched.schedule_task(start_in=2, repeat=10)(body)
            ctl.add(body, 1, _id="body", on_stop=stopped, on_error=stopped, b=2)
            if not decorate:
                sched.schedule("body", start_in=2, repeat=10)
            play(13_000, (3000, lambda: ctl.stop("body", stop_sch=False)))
            what = "decorated" if decorate else "aiotask"
            want = [(2000, (1,), {"b": 2}), (3000, "on_stop", (1,), {"b": 2})]
            check(ctl, what, steps, want + [(12_000, (1,), {"b": 2})])


def test_restarted_by_the_watcher_before_it_is_due():
    """A decorated task that fails is restarted between its runs, each time once."""
    for ctl, sched in both():
        runs = []

        @sched.schedule_task(start_in=3, repeat=10)
        @ctl.aiotask
        async def body():
            runs.append(vclock.now())
            if len(runs) < 3:
                raise OSError(5)

        ctl.add(body)
        ctl.add(sched.watcher_loop, sleep=2, alog=Log())
        play(24_000)
        check(ctl, "runs", runs, [3000, 4000, 8000, 13_000, 23_000])


def test_deleted_and_added_anew():
    """The schedule went with the task: the new one runs at once, until it is given one."""
    for kind in KINDS:
        for ctl, sched in both():
            runs = []

            async def plain():
                runs.append(vclock.now())

            body = decorated(ctl, sched, runs, start_in=2, repeat=1)
            if kind != "decorated":
                sched.unschedule("body")
                body = ctl.aiotask(plain) if kind == "aiotask" else plain
            ctl.add(body, name="body")
            if kind != "decorated":
                sched.schedule("body", start_in=2, repeat=1)

            def anew():
                ctl.delete("body")
                ctl.add(body, name="body")

            play(
                9500,
                (2500, anew),
                (4500, lambda: sched.schedule("body", start_in=1, repeat=2)),
            )
            check(ctl, kind, runs, [2000, 2500, 5500, 7500, 9500])


################################################################################
# One function, several names


def test_under_another_name_first():
    """The decorator schedules the function's name; under another it is a task like any other."""
    for names in (["other", "body"], ["body", "other"], ["other", "third", "body"]):
        for ctl, sched in both():
            runs = []

            @sched.schedule_task(start_in=2, repeat=3)
            @ctl.aiotask
            async def body(who):
                runs.append((vclock.now(), who))

            for name in names:
                ctl.add(body, name, name=name, _id=name)
            play(9500)
            want = [(0, name) for name in names if name != "body"]
            want += [(ms, "body") for ms in (2000, 5000, 8000)]
            check(ctl, names, runs, want)


def test_under_another_name_that_is_scheduled():
    """Both names have a schedule of their own, whichever is added first."""
    for names in (["other", "body"], ["body", "other"]):
        for ctl, sched in both():
            runs = []

            @sched.schedule_task(start_in=2, repeat=4)
            @ctl.aiotask
            async def body(who):
                runs.append((vclock.now(), who))

            for name in names:
                ctl.add(body, name, name=name, _id=name)
            sched.schedule("other", start_in=3, repeat=4)
            play(8500)
            want = [(2000, "body"), (3000, "other"), (6000, "body"), (7000, "other")]
            check(ctl, names, runs, want)


def test_added_twice():
    """The second one, name@1, is a task like any other and runs at once."""
    for ctl, sched in both():
        runs = []
        body = decorated(ctl, sched, runs, start_in=2, repeat=3)
        ctl.add(body)
        ctl.add(body)
        eq(sorted(ctl.group().tasks), ["body", "body@1"])
        play(9500)
        check(ctl, "both", runs, [0, 2000, 5000, 8000])


################################################################################
# stop() and schedule()


def test_stopped_and_scheduled_anew():
    """The new schedule counts: at its due time there is a run, not the old schedule."""
    for kind in KINDS:
        for stopped in (500, 2500):
            for ctl, sched in both():
                runs = []
                prepare(kind, ctl, sched, runs, start_in=2, repeat=1)
                play(
                    12_000,
                    (stopped, lambda: ctl.stop("body")),
                    (3500, lambda: sched.schedule("body", start_in=2, repeat=3)),
                )
                first = [2000] if stopped > 2000 else []
                want = first + [5500, 8500, 11_500]
                check(ctl, (kind, "stopped at", stopped), runs, want)


def test_stopped_in_a_run_and_scheduled_anew():
    """The same for a run that stop() ended."""
    for ctl, sched in both():
        runs = []
        ctl.add(decorated(ctl, sched, runs, ms=5000, start_in=2, repeat=10))
        play(
            14_000,
            (2500, lambda: ctl.stop("body")),
            (3500, lambda: sched.schedule("body", start_in=2, repeat=6)),
        )
        check(ctl, "runs", runs, [2000, 5500, 11_500])


def test_stopped_and_loaded():
    """What load() brings for a stopped task counts, not what was kept before."""
    for ctl, sched in both():
        runs = []
        prepare("decorated", ctl, sched, runs, start_in=2, repeat=1)

        def load():
            ctl.stop("body")
            sched.load(PATH)

        play(6500, (0, lambda: sched.save(PATH)), (1500, load))
        check(ctl, "runs", runs, [2000, 3000, 4000, 5000, 6000])


def test_stopped_and_unscheduled():
    """unschedule() forgets what was kept: start() runs the task once, and it has no schedule."""
    for kind in KINDS:
        for ctl, sched in both():
            runs = []
            prepare(kind, ctl, sched, runs, start_in=2, repeat=1)
            said = []
            play(
                9500,
                (2500, lambda: ctl.stop("body")),
                (3500, lambda: said.append(sched.unschedule("body"))),
                (4500, lambda: ctl.start("body")),
            )
            check(ctl, kind, (runs, said), ([2000, 4500], [True]))


def test_stopped_and_given_back():
    """stop() takes the entry out of group(); with start() the original due time holds."""
    for kind in KINDS:
        for stop, start, want in (
            (500, 600, [2000, 5000, 8000]),
            (2500, 3500, [2000, 5000, 8000]),
            (2500, 6500, [2000, 6500, 8000]),
        ):
            for ctl, sched in both():
                runs = []
                prepare(kind, ctl, sched, runs, start_in=2, repeat=3)
                seen = []

                def halt():
                    ctl.stop("body")
                    seen.append(list(sched.group()))

                play(9500, (stop, halt), (start, lambda: ctl.start("body")))
                check(ctl, (kind, stop, start), (runs, seen), (want, [[]]))


def test_stopped_after_it_failed():
    """The watcher leaves a scheduled task alone that failed and was then stopped on purpose."""
    for stopped in (1500, 4500):
        for ctl, sched in both():
            runs = []
            failing(ctl, runs, until=1 << 30)
            sched.schedule("bad", start_in=1, repeat=100)
            ctl.add(sched.watcher_loop, sleep=2, alog=Log())
            play(250_000, (stopped, lambda: ctl.stop("bad")))
            want = [1] if stopped < 2000 else [1, 2]
            check(ctl, ("stopped at", stopped), runs, want)
            check(ctl, "group()", list(sched.group()), [])


def test_stopped_after_it_failed_and_started():
    """Started again by hand it has its schedule back, and the watcher its eye on it."""
    for ctl, sched in both():
        runs = []
        failing(ctl, runs, until=150_000)
        sched.schedule("bad", start_in=1, repeat=100)
        ctl.add(sched.watcher_loop, sleep=20, alog=Log())
        play(
            230_000,
            (1500, lambda: ctl.stop("bad")),
            (90_500, lambda: ctl.start("bad")),
        )
        check(ctl, "while it is stopped", [s for s in runs if s < 90], [1])
        # Between its due runs it is restarted, over the field's aioctl for its old failure too
        check(ctl, "when due", [s for s in runs if s in (101, 201)], [101, 201])
        check(ctl, "restarts", bool([s for s in runs if 101 < s < 150]), True)


################################################################################
# What reads the schedule


def test_status_of_what_is_held_back():
    """status(), also with debug=True, raises nothing, before the loop starts and after."""
    for kind in KINDS:
        for ctl, sched in both():
            runs = []
            prepare(kind, ctl, sched, runs, start_in=5, repeat=7)
            texts = []

            def look():
                for debug in (True, False):
                    texts.append("\n".join(printed(ctl.status, debug=debug)))

            look()
            play(
                11_500,
                (500, look),
                (1000, lambda: ctl.add(sched.schedule_loop)),
                (3500, look),
                (8000, look),
                (8500, lambda: ctl.stop("body", stop_sch=False)),
                (9000, look),
                (9500, lambda: sched.schedule("body", start_in=70)),
                (10_000, look),
                loop=False,
            )
            check(ctl, (kind, "runs"), runs, [6000])
            for when in (1, 2):
                text = texts[2 * when]
                assert "body: status: scheduled @ " in text, (ctl.__name__, kind, text)
            assert "schedule: starts in 3 s @ 2024-01-01 00:00:06" in texts[5], texts[5]
            assert (
                "schedule: last @ 2024-01-01 00:00:06 --> next in 5 s @ 2024-01-01 00:00:13"
                in (texts[7])
            ), texts[7]


def test_entries_that_others_write_to():
    """Services add a key to the entries and make JSON of them, whenever they like."""
    for ctl, sched in both():
        runs, named, rule = [], [], []
        body = decorated(ctl, sched, runs, start_in=2, repeat=3)
        ctl.add(body)
        job("named", named, start_in=local(3), repeat=4, until=1000, jitter=0.001, times=50)
        job("rule", rule, repeat="* * * * *")
        report(sched)

        def again():
            report(sched)
            for name in ("body", "named", "rule"):
                ctl.stop(name)
                ctl.start(name)
            report(sched)
            sched.set_group(dict(sched.group()))
            report(sched)
            sched.save(PATH)
            sched.load(PATH)

        play(61_000, *[(ms, again) for ms in (500, 2500, 3500, 9500)])
        check(ctl, "decorated", runs, list(range(2000, 61_000, 3000)))
        check(ctl, "tuple", [ms // 1000 for ms in named], list(range(3, 61, 4)))
        check(ctl, "rule", rule, [60_000])


################################################################################
# A whole program


def start_program(ctl, sched, log):
    # Two tasks of one function, one scheduled by the decorator and one by its name, a prompt, the
    # watcher and the scheduler; main() waits for all of them
    @sched.schedule_task(start_in=10, repeat=120)
    @ctl.aiotask
    async def test(who, n=1, alog=log, logid="test"):
        import time

        await asyncio.sleep_ms(100)
        alog.info("[%s] start %s %d" % (logid, who, n))
        begin = time.time()
        while time.time() - begin < 5:
            await asyncio.sleep(2)
        alog.info("[%s] done %s %d" % (logid, who, n))
        return 42

    async def prompt(prompt=""):
        while True:
            await asyncio.sleep(1000)

    async def main():
        ctl.add(test, "world", n=10)
        ctl.add(test, "from", n=20, name="test_from", _id="test_from", logid="test_from")
        sched.schedule("test_from", start_in=local(20), repeat=30)
        ctl.add(prompt, name="repl", prompt=">>> ")
        ctl.add(sched.watcher_loop)
        ctl.add(sched.schedule_loop)
        await asyncio.gather(*ctl.tasks())

    return main()


def lines_of_runs(logid, who, n, seconds):
    lines = []
    for second in seconds:
        lines.append((second * 1000 + 100, "[%s] start %s %d" % (logid, who, n)))
        lines.append((second * 1000 + 6100, "[%s] done %s %d" % (logid, who, n)))
    return lines


def test_whole_program():
    """Three minutes of it: each run when it is due, with its lines in the log, and no others."""
    want = lines_of_runs("test", "world", 10, [10, 130])
    want += lines_of_runs("test_from", "from", 20, [20, 50, 80, 110, 140, 170])
    for ctl, sched in both():
        log = Log()
        vclock.run(start_program(ctl, sched, log), 180_000)
        check(ctl, "log", log.lines, sorted(want))
        eq(
            sorted(ctl.group().tasks),
            ["repl", "schedule_loop", "test", "test_from", "watcher_loop"],
        )
        check(ctl, "results", [ctl.result(name) for name in ("test", "test_from")], [42, 42])
        check(ctl, "counted", [counted(sched, name) for name in ("test", "test_from")], [2, 6])


def test_status_of_a_whole_program():
    """A second after its start, and after its first runs."""
    for ctl, sched in both():
        texts = []

        async def look():
            for ms in (1000, 35_000):
                await asyncio.sleep_ms(ms)
                texts.append("\n".join(printed(ctl.status)))

        async def main():
            ctl.add(look)
            await start_program(ctl, sched, Log())

        vclock.run(main(), 40_000)
        for text, parts in (
            (
                texts[0],
                (
                    "repl: status: running since 2024-01-01 00:00:00; 1 s ago",
                    "test: status: scheduled @ ",
                    "schedule: starts in 9 s @ 2024-01-01 00:00:10",
                    "test_from: status: scheduled @ ",
                    "schedule: starts in 19 s @ 2024-01-01 00:00:20",
                    "schedule_loop: status: running since 2024-01-01 00:00:00; 1 s ago",
                ),
            ),
            (
                texts[1],
                (
                    "test: status: scheduled - done @ 2024-01-01 00:00:16; 20 s ago --> "
                    "result: 42",
                    "schedule: last @ 2024-01-01 00:00:10 --> next in 00:01:34 @ "
                    "2024-01-01 00:02:10",
                    "test_from: status: scheduled - done @ 2024-01-01 00:00:26; 10 s ago --> "
                    "result: 42",
                    "schedule: last @ 2024-01-01 00:00:20 --> next in 14 s @ 2024-01-01 00:00:50",
                ),
            ),
        ):
            for part in parts:
                assert part in text, "over %s: no %r in\n%s" % (ctl.__name__, part, text)


################################################################################
# Limits of that aioctl


def test_limit_added_first_and_scheduled_while_the_loop_runs():
    """Its first run is at once: nothing tells whether it has begun, so that it is left alone."""
    for ctl, sched in both():
        runs = []
        play(9500, (1000, lambda: job("a", runs, start_in=2, repeat=3)))
        early = [] if is_ours(ctl) else [1000]
        check(ctl, "runs", runs, early + [3000, 6000, 9000])


def test_limit_added_while_the_loop_runs():
    """So it is where schedule() came before: that add() tells nobody of what it adds."""
    for ctl, sched in both():
        runs = []
        sched.schedule("a", start_in=3, repeat=3)
        play(9500, (1000, lambda: job("a", runs)))
        early = [] if is_ours(ctl) else [1000]
        check(ctl, "runs", runs, early + [3000, 6000, 9000])


def test_limit_awaits_between_add_and_the_loop():
    """The same before the loop starts: what schedule_loop() finds there may have begun."""
    for ctl, sched in both():
        runs = []
        sched.schedule("a", start_in=3, repeat=3)
        play(
            9500,
            (500, lambda: job("a", runs)),
            (1000, lambda: ctl.add(sched.schedule_loop)),
            loop=False,
        )
        early = [] if is_ours(ctl) else [500]
        check(ctl, "runs", runs, early + [4000, 7000])


def test_limit_run_starts_everything():
    """The field's run() starts what is scheduled too; its schedule goes on."""
    for ctl, sched in both():
        runs = []

        async def end():
            await asyncio.sleep_ms(6500)
            raise KeyboardInterrupt

        ctl.add(decorated(ctl, sched, runs, start_in=2, repeat=3))
        ctl.add(sched.schedule_loop)
        ctl.add(end)
        raises(KeyboardInterrupt, printed, ctl.run)
        at_once = [] if is_ours(ctl) else [0]
        check(ctl, "runs", runs, at_once + [2000, 5000])


def test_limit_failures_of_undecorated_tasks():
    """The watcher does not see them: the exception's first argument is all that is left."""
    for ctl, sched in both():
        runs = []

        async def bad():
            runs.append(vclock.now() // 1000)
            raise OSError(5)

        ctl.add(bad)
        ctl.add(sched.watcher_loop, sleep=1, alog=Log())
        play(8500, loop=False)
        check(ctl, "failing at seconds", runs, [0, 1, 3, 7] if is_ours(ctl) else [0])


def test_limit_on_error_hides_a_failure():
    """What on_error gives is all that the watcher sees."""
    for ctl, sched in both():
        runs = []
        failing(ctl, runs, hooks={"on_error": lambda exc: "noted"})
        ctl.add(sched.watcher_loop, sleep=1, alog=Log())
        play(8500, loop=False)
        check(ctl, "failing at seconds", runs, [0, 1, 3, 7] if is_ours(ctl) else [0])


def test_limit_returned_exception():
    """An exception that is returned counts as a failure there."""
    for ctl, sched in both():
        runs = []

        async def body():
            runs.append(vclock.now() // 1000)
            return OSError(5)

        ctl.add(ctl.aiotask(body))
        ctl.add(sched.watcher_loop, sleep=1, alog=Log())
        play(8500, loop=False)
        check(ctl, "runs at seconds", runs, [0] if is_ours(ctl) else [0, 1, 3, 7])


def test_limit_failures_are_told_by_the_watcher():
    """That aioctl says nothing of a failure; the watcher does, once for each restart."""
    for ctl, sched in both():
        log = Log()
        failing(ctl, [])
        ctl.add(sched.watcher_loop, sleep=1, alog=log)
        lines = printed(play, 3500, loop=False)
        check(ctl, "log", [ms for ms, text in log.lines], [1000, 3000])
        assert all("bad" in text and "OSError" in text for ms, text in log.lines), log.lines
        if not is_ours(ctl):
            check(ctl, "printed", [line for line in lines if "bad" in line], [])


def test_limit_on_stop_after_a_timeout():
    """A run that takes too long is cancelled, and that aioctl calls on_stop then."""
    for ctl, sched in both():
        runs, stopped = [], []

        async def body():
            runs.append(vclock.now())
            await asyncio.sleep(100)

        hook = lambda: stopped.append(vclock.now())  # noqa: E731
        ctl.add(ctl.aiotask(body), on_stop=hook)
        sched.set_log(Log())
        sched.schedule("body", start_in=2, repeat=3, timeout=1)
        play(9500)
        check(ctl, "runs", runs, [2000, 5000, 8000])
        if not is_ours(ctl):
            check(ctl, "on_stop", stopped, [3000, 6000, 9000])
