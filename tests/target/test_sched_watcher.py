# Proves promise 9, "the watcher does not make it worse".
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import gc

from afresh import table
from harness import eq
from programs import both, fresh, job, ours, play, printed, rows

# What the aioctl in the field cannot keep
OURS_ONLY = {
    "test_sleep_that_is_none": "there a plain task that failed leaves only an argument",
    "test_never_what_was_stopped_after_it_failed": "there stop() leaves no trace of it",
}

HOUR = 3600


def failing(ctl, name="bad", until=1 << 60, **kwargs):
    # Adds a task that fails at once, in its runs before `until` ms; returns their seconds
    runs = []

    async def body(restart=True):
        runs.append(vclock.now() // 1000)
        if vclock.now() < until:
            raise OSError(len(runs))
        await asyncio.sleep(1 << 18)

    ctl.add(ctl.aiotask(body), name=name, **kwargs)
    return runs


def watch(ctl, sched, seconds, *script, **options):
    script = [(int(s * 1000), f) for s, f in script]
    play(seconds * 1000, (0, lambda: ctl.add(sched.watcher_loop, **options)), *script, loop=False)


def test_waits_longer_after_each_failure_in_a_row():
    """Restarts come at the first check, then 2, 4, 8... checks later, up to an hour."""
    for ctl, sched in both():
        runs = failing(ctl)
        watch(ctl, sched, 5 * HOUR)
        gaps = [runs[k + 1] - runs[k] for k in range(len(runs) - 1)]
        eq(gaps, [30, 60, 120, 240, 480, 960, 1920] + [HOUR] * 3)


def test_sleep_that_is_none():
    """What would spin, or is more than asyncio can sleep, is refused in the watcher's result."""
    for sleep in (0, -1, "x", None, 10**6):
        ctl, sched = fresh()
        job("z", [], start_in=0.5)
        watch(ctl, sched, 2, sleep=sleep)
        error = ctl.group().tasks["watcher_loop"].result
        assert (
            isinstance(error, (TypeError, ValueError, OverflowError)) and len(str(error)) < 60
        ), error


def test_sleep():
    """`sleep` seconds are from one check to the next; an hour is the most for any of them."""
    for sleep, want in (
        (60, [60, 120, 240, 480, 960, 1920, HOUR, HOUR]),
        (1, [1 << k for k in range(12)] + [HOUR, HOUR]),
        (1800, [1800] + [HOUR] * 4),
        (7200, [7200] * 3),
    ):
        ctl, sched = fresh()
        runs = failing(ctl)
        watch(ctl, sched, sum(want) + 10, sleep=sleep)
        gaps = [runs[k + 1] - runs[k] for k in range(len(runs) - 1)]
        eq((sleep, gaps), (sleep, want))
    ctl, sched = fresh()
    runs = failing(ctl)
    watch(ctl, sched, 4, sleep=0.5)
    eq(len(runs), 4)  # at 0, 0.5, 1.5 and 3.5 s


def test_same_exception_object_again():
    """A task that fails each time with the same exception object, as MemoryError may be."""
    ctl, sched = fresh()
    runs = []
    er = OSError(5)

    async def body():
        runs.append(vclock.now() // 1000)
        raise er

    ctl.add(ctl.aiotask(body))
    watch(ctl, sched, 1000)
    eq(runs, [0, 30, 90, 210, 450, 930])


def test_forgets_after_a_healthy_run():
    """Once it has been well for as long as it last waited, the next failure is the first again."""
    for ctl, sched in both():
        runs = []

        async def body():
            runs.append(vclock.now() // 1000)
            if len(runs) == 4:
                await asyncio.sleep(1000)
            raise ValueError

        ctl.add(ctl.aiotask(body))
        watch(ctl, sched, 1600)
        # 4th run at 210 after a wait of 120 s; it fails at 1210
        eq(runs[:4], [0, 30, 90, 210])
        eq(runs[4:], [1230, 1290, 1410])


def test_does_not_forget_too_soon():
    """A run that was shorter than that counts as one more failure in a row."""
    ctl, sched = fresh()
    runs = []

    async def body():
        runs.append(vclock.now() // 1000)
        await asyncio.sleep(5)
        if len(runs) == 4:
            await asyncio.sleep(40)
        raise ValueError

    ctl.add(ctl.aiotask(body))
    watch(ctl, sched, 1600)
    eq(runs[:4], [0, 30, 90, 210])
    assert runs[4] - 210 >= 240, runs


def test_how_long_is_healthy():
    """After as many checks as it would wait next, the next failure is the first again."""
    for well, then in ((200, 630), (230, 660), (250, 480), (280, 510)):
        ctl, sched = fresh()
        runs = []

        async def body():
            runs.append(vclock.now() // 1000)
            if len(runs) == 4:
                await asyncio.sleep(well)
            raise ValueError

        ctl.add(ctl.aiotask(body))
        watch(ctl, sched, then + 1)
        # 4th run at 210; it would wait for 8 checks next, 240 s
        eq((well, runs), (well, [0, 30, 90, 210, then]))


def test_stopped_and_started():
    """The watcher, started again, goes on where it was; to be stopped is no failure."""
    ctl, sched = fresh()
    runs = failing(ctl, until=400_000)

    def again():
        ctl.stop("watcher_loop")
        ctl.start("watcher_loop")

    # Four checks after the one at 90 s: at 120, 160, 205, 235
    watch(ctl, sched, 1000, (130, again), (175, again))
    eq(runs, [0, 30, 90, 235, 475])
    # After a healthy run the next failure is the first again, here too
    ctl, sched = fresh()
    runs = []

    async def body():
        runs.append(vclock.now() // 1000)
        if len(runs) == 4:
            await asyncio.sleep(3000)
        raise ValueError

    ctl.add(ctl.aiotask(body))
    watch(ctl, sched, 3390, (3160, again))
    eq(runs, [0, 30, 90, 210, 3220, 3280])


def test_each_task_for_itself():
    """Failures of one task do not make another wait."""
    ctl, sched = fresh()
    first = failing(ctl, "first")
    watch_from = []
    play(
        500_000,
        (0, lambda: ctl.add(sched.watcher_loop)),
        (400_000, lambda: watch_from.append(failing(ctl, "second"))),
        loop=False,
    )
    eq(first, [0, 30, 90, 210, 450])
    eq(watch_from[0], [400, 420, 480])


def test_restart_false():
    """kwargs with restart=False: it stays as it failed, also when that is changed later."""
    for ctl, sched in both():
        runs = failing(ctl, restart=False)
        watch(ctl, sched, 1000)
        eq(runs, [0])
        runs = failing(ctl, "other")

        def change():
            ctl.group().tasks["other"].kwargs["restart"] = False

        start = vclock.now() // 1000
        watch(ctl, sched, start + 1000, (start + 100, change))
        eq([t - start for t in runs], [0, 30, 90])


def test_never_what_finished():
    """A task that returned, whatever it returned, is done."""
    for value in (None, 42, OSError, "error", False):
        ctl, sched = fresh()
        runs = []

        async def body():
            runs.append(vclock.now())
            return value

        ctl.add(ctl.aiotask(body))
        watch(ctl, sched, 1000)
        eq(runs, [0])


def test_never_what_was_stopped():
    """Nor one that was stopped while it ran, whatever became of that."""
    for hook in (None, lambda: 1 // 0, lambda: ValueError()):
        ctl, sched = fresh()
        runs = []

        async def body():
            runs.append(vclock.now())
            await asyncio.sleep(100_000)

        ctl.add(ctl.aiotask(body), on_stop=hook)
        watch(ctl, sched, 1000, (10, lambda: ctl.stop("body")))
        eq(runs, [0])


def test_never_what_was_stopped_after_it_failed():
    """Nor one that waited for its restart when it was stopped."""
    for ctl, sched in ours():
        runs = failing(ctl)
        watch(ctl, sched, 5000, (100, lambda: ctl.stop("bad")))
        eq(runs, [0, 30, 90])


def test_restarted_by_hand():
    """A task that was started by hand while it waits for the watcher is left alone then."""
    ctl, sched = fresh()
    runs = failing(ctl, until=100_000)
    watch(ctl, sched, 5000, (110, lambda: ctl.start("bad")))
    eq(runs, [0, 30, 90, 110])


def test_deleted_while_it_waits():
    """A task that is gone is gone."""
    for ctl, sched in both():
        runs = failing(ctl)
        watch(ctl, sched, 5000, (100, lambda: ctl.delete("bad")))
        eq(runs, [0, 30, 90])
        assert not ctl.group().tasks["watcher_loop"].task.done()


def restarts(sched, name):
    # How often it was restarted, as the table shows it; its schedule is for that alone
    sched.schedule(name, start_in=1 << 20)
    count = table()[name][2]
    sched.unschedule(name)
    return count


def test_forgets_what_was_deleted():
    """A new task of an old name begins at 0, also where no check came in between."""
    for ctl, sched in both():
        # Fails until 100 s have passed
        old = failing(ctl, "old", until=100_000)
        seen = []

        def change():
            seen.append(restarts(sched, "old"))
            ctl.delete("old")
            seen.append(failing(ctl, "old", until=150_000))

        def look():
            # It has begun: a fresh task would be held back by its schedule
            seen.append(restarts(sched, "old"))

        watch(ctl, sched, 160, (85.5, change), (85.75, look), sleep=1)
        # At the checks after 1, 2, 4, 8, 16 and 32 s; the next would be 64 later
        eq(old, [0, 1, 3, 7, 15, 31, 63])
        eq(seen[0], 6)
        eq(seen[1][:5], [85, 86, 88, 92, 100])
        eq(seen[2], 0)


def test_names_that_come_and_go():
    """They leave nothing behind."""
    used = []
    for count in (10, 300):
        ctl, sched = fresh()

        def change(n):
            if n:
                ctl.delete("client%d" % (n - 1))
            failing(ctl, "client%d" % n)

        script = [(3 * n, lambda n=n: change(n)) for n in range(count)]
        script.append((3 * count, lambda: used.append((gc.collect(), gc.mem_alloc())[1])))
        watch(ctl, sched, 3 * count + 1, *script, sleep=1)
    # Names are kept for good by MicroPython; and here is the script. A task that stayed would take
    # 600 bytes and more beside them.
    assert used[1] - used[0] < 290 * 450, used


def test_task_that_cannot_be_started():
    """A start that raises is a failure like others; the watcher goes on."""
    for ctl, sched in both():
        bad = failing(ctl, "bad")
        good = failing(ctl, "good")

        def spoil():
            ctl.group().tasks["bad"].args = (1, 2, 3, 4)

        watch(ctl, sched, 500, (10, spoil))
        eq((bad, good), ([0], [0, 30, 90, 210, 450]))
        assert not ctl.group().tasks["watcher_loop"].task.done()


def test_garbage_in_a_task():
    """Tasks changed by hand do not end the watcher."""
    for value in (None, 5, {"restart": None}, {}):
        for ctl, sched in both():
            bad = failing(ctl, "bad")
            del bad

            def spoil():
                ctl.group().tasks["bad"].kwargs = value

            good = failing(ctl, "good")
            watch(ctl, sched, 500, (10, spoil))
            eq(good, [0, 30, 90, 210, 450])


def test_logger_that_raises():
    """A logger that fails does not end the watcher."""

    class Bad:
        def error(self, s):
            raise OSError(28)

    ctl, sched = fresh()
    runs = failing(ctl)
    watch(ctl, sched, 500, alog=Bad())
    eq(runs, [0, 30, 90, 210, 450])


def test_log():
    """Each restart is logged with the task's name and its error."""
    ctl, sched = fresh()
    lines = []

    class Log:
        def error(self, s):
            lines.append((vclock.now() // 1000, s))

    failing(ctl)
    watch(ctl, sched, 300, alog=Log())
    eq([s for s, line in lines], [30, 90, 210])
    assert all("bad" in line and "OSError" in line for s, line in lines), lines


def test_scheduled_task_that_fails():
    """It is restarted between its due runs, which stay on phase."""
    for ctl, sched in both():
        runs = []

        async def body():
            runs.append(vclock.now() // 1000)
            if len(runs) == 1:
                raise ValueError

        ctl.add(ctl.aiotask(body), name="a")
        sched.schedule("a", start_in=100, repeat=100)
        play(450_000, (0, lambda: ctl.add(sched.watcher_loop)))
        eq(runs, [100, 120, 200, 300, 400])


def test_status_shows_count_and_last_error():
    """How often it was restarted, and why."""
    ctl, sched = fresh()
    failing(ctl)
    sched.set_log(type("", (), {"error": lambda self, s: None})())
    watch(ctl, sched, 300)
    sched.schedule("bad", start_in=1000)
    # The fourth failure is yet to be restarted
    _, line = printed(sched.status_sc, "bad")
    assert line.startswith("    ┗━► schedule restarts: 3, last error: OSError(4"), line
    [row] = rows()
    assert row.endswith(" 3 bad"), row
