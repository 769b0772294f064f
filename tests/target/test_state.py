# Proves promise 10, "state on flash is never half": what save() and load() bring back, through
# sleep, power loss and damage.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys
import vclock

vclock.install()

import asyncio
import builtins
import gc
import os
import random

import afresh

from afresh import add, counts, modules, run, secs, table
from flash import Flash, mount, vfs
from harness import Skip, eq
from programs import printed

TIMEOUT = 300

NOON = (2024, 5, 1, 12, 0, 0)
UNSET = (2000, 1, 1, 0, 0, 0)
PATH = "aiosched_test.json"

UNIX_ONLY = {
    "test_wall_clock_with_the_rtc_lost": "takes minutes on a board",
    "test_order_of_load_add_and_loop": "takes minutes on a board",
}


def fresh(epoch=NOON, **options):
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(epoch, **options)


def later(seconds, base=NOON):
    return afresh.later(seconds, base)


def first_life(seconds=100, *steps, **schedules):
    # Runs these for so many seconds, saves, and returns the runs by name
    fresh()
    for name, options in schedules.items():
        aioschedule.schedule(name, **options)
    runs = {name: add(name) for name in schedules}
    run(seconds + 1, *steps, (seconds, lambda: aioschedule.save(PATH)))
    return runs


def second_life(epoch, *names, seconds=1000, steps=()):
    # Wakes with this RTC and loads the schedule
    fresh(epoch)
    runs = [add(name) for name in names]
    for r in runs:
        r.clear()
    missing = aioschedule.load(PATH)
    eq(missing, [])
    run(seconds, *steps)
    return runs


# The RTC was kept


def test_seconds_with_the_rtc_kept():
    """Waiting times go on, less the time asleep."""
    first_life(a={"start_in": 250}, b={"repeat": 60}, c={"start_in": 30, "repeat": 600})
    # 20 s asleep; b ran at 60, c at 30
    a, b, c = second_life(later(120), "a", "b", "c", seconds=300)
    eq(secs(a), [130])
    eq(secs(b), [0, 60, 120, 180, 240, 300][: len(b)])
    eq(secs(c), [])


def test_parts_of_a_second_with_the_rtc_kept():
    """However often it sleeps: no run is early and the phase stays, to the ms."""
    fresh()
    aioschedule.schedule("a", start_in=60, repeat=10)
    at = 899
    run(1, (at / 1000, lambda: aioschedule.save(PATH)))
    for asleep in (151, 999, 1001, 20, 3, 980, 10_007):
        at += asleep
        fresh()
        vclock.step(at / 1000)
        aioschedule.load(PATH)
        eq(aioschedule.idle_ms(), 60_000 - at)
        aioschedule.save(PATH)
    a = add("a")
    run(70)
    eq([ms + at for ms in a], [60_000, 70_000, 80_000])


def test_overdue_with_the_rtc_kept():
    """What came due asleep runs once, at once, and the old phase goes on."""
    first_life(a={"start_in": 250}, b={"repeat": 60}, c={"start_in": 30, "repeat": 600})
    # 3500 s asleep: up at 3600 and a half minute
    a, b, c = second_life(later(3630), "a", "b", "c", seconds=700)
    eq(secs(a), [0])
    eq(secs(b)[:3], [0, 30, 90])
    # It was due at 630 and so on; the one of 3630, which is now, is one with those before
    eq(secs(c), [0, 600])


def test_wall_clock_with_the_rtc_kept():
    """Dates and rules are where they were; one that was slept through runs once, at once."""
    fresh()
    first_life(
        date={"start_in": later(300)},
        phase={"start_in": later(50), "repeat": 200},
        rule={"repeat": "*/5 * * * *"},
    )
    date, phase, rule = second_life(later(150), "date", "phase", "rule", seconds=500)
    eq(secs(date), [150])
    eq(secs(phase), [100, 300, 500][: len(phase)])
    eq(secs(rule), [150, 450])
    first_life(
        date={"start_in": later(300)},
        phase={"start_in": later(50), "repeat": 200},
        rule={"repeat": "*/5 * * * *"},
    )
    date, phase, rule = second_life(later(10_010), "date", "phase", "rule", seconds=400)
    eq(secs(date), [0])
    # 12:00:50 and so on every 200 s: 10050 is in 40 s
    eq(secs(phase), [0, 40, 240])
    eq(secs(rule), [0, 190])


# The RTC was not kept


def test_seconds_with_the_rtc_lost():
    """Waiting times go on from where they stood; setting the clock later changes nothing."""
    for to in (None, later(86400)):
        first_life(a={"start_in": 250}, b={"repeat": 60}, c={"start_in": 30, "repeat": 600})
        steps = ((45, lambda: vclock.set_rtc(NOON)),) if to else ()
        a, b, c = second_life(UNSET, "a", "b", "c", seconds=600, steps=steps)
        eq(secs(a), [150])
        eq(secs(b)[:3], [20, 80, 140])
        eq(secs(c), [530])


def test_wall_clock_with_the_rtc_lost():
    """Dates and rules wait for the time that they had, and are right once the clock is set."""
    opts = {
        "date": {"start_in": (2024, 5, 1, 13, 0, 0)},
        "rule": {"repeat": "0 * * * *"},
        "phase": {"start_in": (2024, 5, 1, 12, 30, 0), "repeat": 3600},
    }
    # Never set: what is in the file keeps its time
    first_life(**opts)
    for runs in second_life(UNSET, "date", "rule", "phase", seconds=7300):
        eq(runs, [])
    # Set after a minute, before they are due: as if nothing had been
    first_life(**opts)
    steps = ((60, lambda: vclock.set_rtc((2024, 5, 1, 12, 20, 0))),)
    date, rule, phase = second_life(UNSET, "date", "rule", "phase", seconds=5000, steps=steps)
    eq(secs(date), [60 + 2400])
    eq(secs(rule), [60 + 2400])
    eq(secs(phase), [60 + 600, 60 + 4200])
    # Set after they were due: once, at once
    first_life(**opts)
    steps = ((60, lambda: vclock.set_rtc((2024, 5, 1, 18, 10, 0))),)
    date, rule, phase = second_life(UNSET, "date", "rule", "phase", seconds=3700, steps=steps)
    for runs in (date, rule, phase):
        assert runs and 60_000 <= runs[0] <= 61_100, runs
    eq(len(date), 1)
    eq(secs(rule[1:]), [60 + 3000])
    eq(secs(phase[1:]), [60 + 1200])


def test_overdue_once_and_then_like_any_other():
    """After the run that it owes, a loaded daily entry is passed over by a long step."""
    first_life(a={"repeat": "0 13 * * *"}, b={"start_in": (2024, 5, 1, 13, 0, 0), "repeat": 86400})
    steps = (
        (60, lambda: vclock.set_rtc((2024, 5, 1, 18, 10, 0))),
        (120, lambda: vclock.set_rtc((2026, 5, 1, 18, 10, 0))),
    )
    for runs in second_life(UNSET, "a", "b", seconds=600, steps=steps):
        eq(len(runs), 1)
        assert 60_000 <= runs[0] <= 61_100, runs


# What is kept


def test_times_left():
    """`times` counts on, and what is finished stays finished."""
    first_life(a={"repeat": 30, "times": 5}, b={"repeat": 30, "times": 2}, c={"start_in": 10})
    # a and b ran at 30, 60, 90
    a, b, c = second_life(later(100), "a", "b", "c", seconds=500)
    eq(secs(a), [20, 50])
    eq((b, c), ([], []))
    eq(aioschedule.idle_ms(), None)


def test_until_and_jitter():
    """`until` in seconds and as a date, and jitter, are kept."""
    opts = {
        "a": {"repeat": 30, "until": 200},
        "b": {"repeat": 30, "until": (2024, 5, 1, 12, 3, 20)},
        "c": {"repeat": 30, "jitter": 20},
    }
    first_life(**opts)
    a, b, c = second_life(later(110), "a", "b", "c", seconds=500)
    eq(secs(a), [10, 40, 70])
    eq(secs(b), [10, 40, 70])
    # At 0 comes one that had still waited for its jitter
    c = [ms for ms in c if ms >= 10_000]
    late = [ms - 10_000 - k * 30_000 for k, ms in enumerate(c)]
    assert min(late) >= 0 and max(late) <= 20_000 and len(set(late)) > 3, late
    # Nor is any of it lost with the clock
    first_life(**opts)
    a, b, c = second_life(UNSET, "a", "b", "c", seconds=500)
    eq(secs(a), [20, 50, 80])
    # By that clock the date is 24 years off
    assert len(b) > 5


def test_jitter_that_was_drawn():
    """A run waits on for the jitter it has; what came due asleep runs at once."""
    for seconds in (20, 1200):
        first_life(10, a={"start_in": 100, "jitter": 1000})
        left = aioschedule.idle_ms()
        # Saved at 10 s, looked at at 11 s
        left += 1000
        (a,) = second_life(later(10 + seconds), "a", seconds=1500)
        eq(a, [max(0, left - seconds * 1000)])


def test_last_run_and_counts():
    """The last run, how many there were, and what status shows."""
    first_life(a={"repeat": 30})
    entry = aioschedule.group()["a"]
    last, date = entry["last"], aioctl.get_datetime(entry["last_dt"])
    eq(counts("a"), (3, 0))
    fresh(later(101))
    add("a")
    aioschedule.load(PATH)
    entry = aioschedule.group()["a"]
    eq(entry["last"], last)
    eq(entry["repeat"], 30)
    eq(entry["start_in"], -1)
    # As localtime() gives it: an aioctl reads it
    assert isinstance(entry["last_dt"], tuple), entry
    eq(counts("a"), (3, 0))
    [line] = printed(aioschedule.status_sc, "a")
    assert "last @ " + date in line and "next in 19 s" in line, line


def test_repeat_that_was_ended_by_hand():
    """`repeat` set to False in group(), on either clock: the run that waits is the last, also for
    load() and for aioctl.stop() and start()."""
    for start in 1, later(1):

        def end():
            aioschedule.group()["a"]["repeat"] = False

        def back():
            e = aioschedule.group().pop("a")
            aioschedule.schedule("a", **e)

        runs = first_life(4, (3.5, end), (3.6, back), a={"start_in": start, "repeat": 2})
        eq(runs["a"], [1000, 3000, 5000])
        (a,) = second_life(later(4), "a", seconds=10)
        eq(a, [1000])


def test_one_shot_that_found_no_memory():
    """What is to be tried again in a second is kept, by save() too."""
    for start in 1, later(1):
        fresh()

        async def body():
            pass

        def no_room():
            raise MemoryError

        aioctl.add(body, name="a")
        aioschedule.schedule("a", start_in=start)
        aioctl.group().tasks["a"].coro = no_room
        run(1.2, (1.1, lambda: aioschedule.save(PATH)))
        (a,) = second_life(later(2), "a", seconds=10)
        eq(len(a), 1)
        assert a[0] <= 1000, a


def kept():
    # What does not change with time
    public = "start_in", "repeat", "last", "last_dt"
    return sorted(
        (name, [e.get(key) for key in public], table()[name])
        for name, e in aioschedule.group().items()
    )


def test_options_survive_any_number_of_saves():
    """save() after load() writes what save() wrote, for tasks that are there and others."""
    first_life(
        a={"repeat": 30, "times": 5, "jitter": 1.5, "until": 900},
        b={"repeat": "*/5 * * * *", "start_in": later(1000), "until": (2025, 1, 1, 0, 0, 0)},
        c={"start_in": 0.5, "repeat": True},
        d={"start_in": later(9999)},
        e={"start_in": 5},
    )
    with open(PATH) as f:
        text = f.read()
    fresh(later(100))
    eq(sorted(aioschedule.load(PATH)), ["a", "b", "c", "d", "e"])
    before = kept()
    for _ in range(3):
        aioschedule.save(PATH)
        fresh(later(100))
        aioschedule.load(PATH)
        eq(kept(), before)
        with open(PATH) as f:
            assert abs(len(f.read()) - len(text)) < 60
    a, b = add("a"), add("b")
    run(1200)
    # Three runs were before
    eq(len(a), 2)
    for k, ms in enumerate(a):
        assert 0 <= ms - (20 + 30 * k) * 1000 <= 1500, a
    # The first match from 12:16:40 on
    eq(secs(b), [1100])
    os.remove(PATH)


# When load() is called


def test_order_of_load_add_and_loop():
    """The same runs, whether tasks and the loop are there before load() or after."""
    want = None
    for order in ("alr", "lar", "arl", "ral", "rla", "lra"):
        first_life(a={"start_in": 250}, b={"repeat": 60}, w={"repeat": "*/5 * * * *"})
        fresh(later(130))
        runs = {}

        async def main():
            for what in order:  # noqa: B023
                if what == "a":
                    for name in "abw":
                        runs[name] = add(name)  # noqa: B023
                elif what == "l":
                    missing = aioschedule.load(PATH)
                    eq(sorted(missing), [] if runs else ["a", "b", "w"])  # noqa: B023
                else:
                    aioctl.add(aioschedule.schedule_loop, name="loop")
                    if order != "alr":  # noqa: B023
                        await asyncio.sleep_ms(0)
            await asyncio.Event().wait()

        vclock.run(main(), 400_000)
        # What add() runs at once because nothing is known of a schedule yet is aioctl's matter
        got = {name: [ms for ms in runs[name] if ms] for name in runs}
        got = {name: secs(got[name]) for name in sorted(got)}
        want = want or {"a": [120], "b": [50, 110, 170, 230, 290, 350], "w": [170]}
        assert got == want, (order, got, want)


def test_unknown_names_are_reported_and_kept():
    """An entry without a task is named, waits, and is saved again; the task may come later."""
    first_life(a={"repeat": 60}, b={"repeat": 60})
    fresh(later(100))
    a = add("a")
    a.clear()
    eq(aioschedule.load(PATH), ["b"])
    assert "b" in aioschedule.group()
    aioschedule.save(PATH)
    fresh(later(100))
    a = add("a")
    eq(aioschedule.load(PATH), ["b"])
    late = []
    run(190, (90, lambda: late.append(add("b"))))
    eq(secs(a), [20, 80, 140])
    # The run at 80 had no task
    eq(secs(late[0]), [140])


def test_load_adds_to_what_is_there():
    """Names in the file replace their own entry; others stay."""
    first_life(a={"repeat": 60})
    fresh(later(100))
    aioschedule.schedule("a", repeat=7)
    aioschedule.schedule("b", repeat=50)
    a = add("a")
    b = add("b")
    eq(aioschedule.load(PATH), [])
    run(130)
    eq(secs(a), [20, 80])
    eq(secs(b), [50, 100])


def test_load_while_the_loop_runs():
    """A schedule that is saved and loaded in one life does not run a second time."""
    fresh()
    aioschedule.schedule("rule", repeat="* * * * *")
    aioschedule.schedule("a", start_in=0.3, repeat=60)
    runs = add("rule"), add("a")

    def reload():
        aioschedule.save(PATH)
        aioschedule.load(PATH)

    run(200, (120.35, reload))
    eq(runs, ([60_000, 120_000, 180_000], [300, 60_300, 120_300, 180_300]))


# Stopped tasks


def test_stopped_tasks_stay_stopped():
    """What aioctl.stop() took out of the schedule is saved as stopped; start() gives it back."""
    for at in (10, 70):
        fresh()
        for name in ("a", "b"):
            add(name, repeat=60)
        run(101, (at, lambda: aioctl.stop("a")), (100, lambda: aioschedule.save(PATH)))
        fresh(later(110))
        a, b = add("a"), add("b")
        eq(aioschedule.load(PATH), [])
        eq(sorted(aioschedule.group()), ["b"])
        assert aioctl.group().tasks["a"].schedule
        # And saved again
        aioschedule.save(PATH)
        run(300, (100, lambda: aioctl.start("a")))
        eq(secs(b), [10, 70, 130, 190, 250])
        # It was due at 10 and 70: once, at once
        eq(secs(a), [100, 130, 190, 250])
        fresh(later(110))
        a, b = add("a"), add("b")
        aioschedule.load(PATH)
        run(300)
        eq((a, secs(b)), ([], [10, 70, 130, 190, 250]))


def test_stopped_and_unscheduled():
    """A stopped task whose schedule was forgotten is not in the file."""
    fresh()
    add("a", repeat=60)
    add("b", repeat=60)
    run(20, (10, lambda: aioctl.stop("a")), (11, lambda: aioschedule.unschedule("a")))
    aioschedule.save(PATH)
    fresh(later(20))
    eq(aioschedule.load(PATH), ["b"])


# Errors of the file system


def os_error(func, path):
    # It must raise an OSError that names the file; what is in memory stays
    before = entries()
    try:
        func(path)
    except OSError as exc:
        assert path in str(exc), exc
    else:
        raise AssertionError("no OSError")
    eq(entries(), before)


def entries():
    return {name: dict(entry) for name, entry in aioschedule.group().items()}


def test_save_without_a_place():
    """A missing directory or file is an OSError with the path; what is in memory stays."""
    fresh()
    aioschedule.schedule("a", repeat=60)
    os_error(aioschedule.save, "no_such_dir/x.json")
    os_error(aioschedule.load, "no_such_dir/x.json")
    os_error(aioschedule.load, "no_such_file.json")


def test_no_memory_to_open_the_file():
    """Then load() does not say that there is no file: the program would write a new one."""
    fresh()
    aioschedule.schedule("a", repeat=60)
    aioschedule.save(PATH)
    fresh()
    open_file = builtins.open

    def no_room(*args):
        raise MemoryError

    builtins.open = no_room
    try:
        aioschedule.load(PATH)
    except MemoryError:
        pass
    else:
        raise AssertionError("no MemoryError")
    finally:
        builtins.open = open_file
    eq(aioschedule.group(), {})
    eq(aioschedule.load(PATH), ["a"])


# Power cuts


def cut_everywhere(kind, blocks, torn):
    if not hasattr(vfs, kind):
        raise Skip("no " + kind)
    fresh()
    blank = Flash(bytes(blocks * Flash.SIZE))
    getattr(vfs, kind).mkfs(blank)
    mount(kind, blank)
    path = "/ram/schedule.json"
    aioschedule.schedule("old", repeat=60)
    aioschedule.schedule("both", repeat=60)
    aioschedule.save(path)
    aioschedule.save(path)
    vfs.umount("/ram")
    seen = {"old": 0, "new": 0}
    cut = 0
    while True:
        aioschedule.reset()
        aioschedule.schedule("both", repeat=7, times=3)
        for i in range(12):
            aioschedule.schedule("new%d" % i, repeat=30 + i, jitter=2, until=(2025, 1, 1, 0, 0, 0))
        want = sorted(aioschedule.group())
        flash = Flash(blank.data, cut, torn)
        whole = False
        mount(kind, flash)
        try:
            aioschedule.save(path)
            whole = True
        except OSError:
            pass
        finally:
            try:
                vfs.umount("/ram")
            except OSError:
                pass
        gc.collect()
        # What is on it now is all that there is after the reset; the file half written before
        # does not stand in the way of the next save
        flash.left = None
        mount(kind, flash)
        aioschedule.reset()
        aioschedule.load(path)
        got = aioschedule.group()
        repeat = got["both"]["repeat"]
        if sorted(got) == ["both", "old"] and repeat == 60:
            seen["old"] += 1
            assert not whole
        else:
            eq(sorted(got), want)
            eq(repeat, 7)
            seen["new"] += 1
        aioschedule.schedule("more", repeat=5)
        aioschedule.save(path)
        aioschedule.reset()
        aioschedule.load(path)
        assert "more" in aioschedule.group()
        vfs.umount("/ram")
        if whole:
            break
        cut += 1
    print("writes:", cut, seen)
    assert cut > 5 and seen["old"] > 5 and seen["new"] >= 1, (cut, seen)


def test_power_cut_at_every_write():
    """The old or the new schedule, whichever write of save() is the first that is lost."""
    cut_everywhere("VfsLfs2", 24, False)


def test_power_cut_within_every_write():
    """The same where that write is half done."""
    cut_everywhere("VfsLfs2", 24, True)


def test_power_cut_on_fat():
    """The same on FAT, where for a moment there is no file of the name that save() was given."""
    cut_everywhere("VfsFat", 50, False)
    cut_everywhere("VfsFat", 50, True)


def cut_the_first_save(kind, blocks, torn):
    # Before it there was no file: then there is none, or the whole new one
    if not hasattr(vfs, kind):
        raise Skip("no " + kind)
    fresh()
    blank = Flash(bytes(blocks * Flash.SIZE))
    getattr(vfs, kind).mkfs(blank)
    path = "/ram/schedule.json"
    cut = 0
    seen = {"none": 0, "new": 0}
    whole = False
    while not whole:
        aioschedule.reset()
        for i in range(12):
            aioschedule.schedule("new%d" % i, repeat=30 + i, jitter=2, until=(2025, 1, 1, 0, 0, 0))
        want = sorted(aioschedule.group())
        flash = Flash(blank.data, cut, torn)
        mount(kind, flash)
        try:
            aioschedule.save(path)
            whole = True
        except OSError:
            pass
        finally:
            try:
                vfs.umount("/ram")
            except OSError:
                pass
        gc.collect()
        flash.left = None
        mount(kind, flash)
        aioschedule.reset()
        try:
            aioschedule.load(path)
            eq(sorted(aioschedule.group()), want)
            seen["new"] += 1
        except OSError:
            assert not whole
            eq(aioschedule.group(), {})
            seen["none"] += 1
        # What is left of it does not stand in the way of the next
        aioschedule.schedule("more", repeat=5)
        aioschedule.save(path)
        aioschedule.reset()
        aioschedule.load(path)
        assert "more" in aioschedule.group()
        vfs.umount("/ram")
        cut += 1
    print("writes:", cut, seen)
    assert seen["none"] > 3 and seen["new"] >= 1, seen


def test_power_cut_in_the_first_save():
    """Nothing was there before: then there is no file, which is an OSError and no damage."""
    cut_the_first_save("VfsLfs2", 24, False)
    cut_the_first_save("VfsLfs2", 24, True)


def test_power_cut_in_the_first_save_on_fat():
    """The same on FAT."""
    cut_the_first_save("VfsFat", 50, False)
    cut_the_first_save("VfsFat", 50, True)


def test_first_save_cut_at_any_byte():
    """The same for any part of the new file that got onto the flash, beside the name or on it."""
    data = saved()
    os.remove(PATH)
    new_name = None
    # The name that save() writes to, which is its own affair
    fresh()
    aioschedule.schedule("a", repeat=60)
    flash = Flash(bytes(24 * Flash.SIZE))
    if not hasattr(vfs, "VfsLfs2"):
        raise Skip("no VfsLfs2")
    vfs.VfsLfs2.mkfs(flash)
    mount("VfsLfs2", flash)
    left = 0
    while not new_name:
        flash.left = flash.writes + left
        try:
            aioschedule.save("/ram/x.json")
            break
        except OSError:
            pass
        flash.left = None
        vfs.umount("/ram")
        mount("VfsLfs2", flash)
        names = [name for name in os.listdir("/ram") if name != "x.json"]
        new_name = names and names[0].replace("x.json", PATH)
        left += 1
    vfs.umount("/ram")
    if not new_name:
        raise Skip("save() leaves nothing behind")
    for i in range(len(data)):
        with open(new_name, "wb") as f:
            f.write(data[:i])
        fresh()
        os_error(aioschedule.load, PATH)
    os.remove(new_name)


def test_full_flash():
    """ENOSPC in the middle of save() is an OSError with the path; the old file stays."""
    # FAT itself takes a part of them
    for kind, blocks in (("VfsLfs2", 40), ("VfsFat", 60)):
        if not hasattr(vfs, kind):
            continue
        fresh()
        flash = Flash(bytes(blocks * Flash.SIZE))
        getattr(vfs, kind).mkfs(flash)
        mount(kind, flash)
        aioschedule.schedule("old", repeat=60)
        aioschedule.save("/ram/x.json")
        for i in range(200):
            aioschedule.schedule("new%d" % i, repeat=30)
        os_error(aioschedule.save, "/ram/x.json")
        aioschedule.reset()
        eq(aioschedule.load("/ram/x.json"), ["old"])
        # With what it had begun out of the way, or written over, there is room for a small one
        aioschedule.schedule("more", repeat=5)
        aioschedule.save("/ram/x.json")
        aioschedule.reset()
        eq(aioschedule.load("/ram/x.json"), ["more", "old"])
        vfs.umount("/ram")


def test_read_only_flash():
    """The same where the file system is mounted for reading."""
    fresh()
    flash = Flash(bytes(60 * Flash.SIZE))
    if not hasattr(vfs, "VfsLfs2"):
        raise Skip("no VfsLfs2")
    vfs.VfsLfs2.mkfs(flash)
    mount("VfsLfs2", flash)
    aioschedule.schedule("old", repeat=60)
    aioschedule.save("/ram/x.json")
    vfs.umount("/ram")
    vfs.mount(vfs.VfsLfs2(flash), "/ram", readonly=True)
    aioschedule.schedule("new", repeat=60)
    os_error(aioschedule.save, "/ram/x.json")
    aioschedule.reset()
    eq(aioschedule.load("/ram/x.json"), ["old"])
    vfs.umount("/ram")


# Damage. Nothing here knows what a file looks like, but that it has a line per entry.


def check_damaged(data):
    # Writes a file of these bytes, which load() must refuse by ValueError with its path
    with open(PATH, "wb") as f:
        f.write(data)
    before = repr(aioschedule.group())
    error = None
    try:
        aioschedule.load(PATH)
    except BaseException as exc:
        error = exc
    assert isinstance(error, ValueError) and PATH in str(error), (data, error)
    assert repr(aioschedule.group()) == before, data


def saved():
    # Fills the schedule, and returns the bytes of its file
    fresh()
    aioschedule.schedule("waits", start_in=1000)
    aioschedule.schedule("a", repeat=60, times=5, until=3600)
    aioschedule.schedule("b", start_in=later(500), jitter=5)
    aioschedule.schedule("c", repeat="*/5 * * * *", start_in=100)
    add("a")
    run(130)
    aioschedule.save(PATH)
    with open(PATH, "rb") as f:
        return f.read()


def test_other_files():
    """Empty ones, other files, other JSON, flash that was erased or never written."""
    saved()
    for data in (
        b"",
        b" ",
        b"\n",
        b"\n\n",
        b"\x00",
        b"\x00" * 4096,
        b"\xff" * 512,
        b"\xc3\x28",
        b"null",
        b"null\nnull\n",
        b"true",
        b"0",
        b"[]",
        b"{}",
        b"{}\n{}\n",
        b"[1, 2]",
        b"[0, []]",
        b"[0, ]",
        b'""',
        b'"schedule"',
        b"import aioschedule\n",
        b"[" * 5000,
        b"9" * 1000,
        b"[1e999, [0, 0, {}]]",
        b"[-1, [0, 0, {}]]",
        b"[3632233996, [0, 0, {}]",
    ):
        check_damaged(data)
    os.remove(PATH)


def test_damaged_files():
    """Blanks, other values, and parts that were erased or never written."""
    data = saved()
    aioschedule.load(PATH)
    half = len(data) // 2
    others = [
        data + b"\n",
        data + b" ",
        data + data,
        b" " + data,
        b"\xef\xbb\xbf" + data,
        data.replace(b"60", b"61", 1),
        data.replace(b"60", b"99999999999999999999999", 1),
        data.replace(b"*/5", b"*/6", 1),
        data[:10] + b"\x00" * (len(data) - 10),
        data[:half] + b"\xff" * (len(data) - half),
        data[:half] + data[half + 1 :],
        data[half:] + data[:half],
    ]
    for other in others:
        if other != data:
            check_damaged(other)
    os.remove(PATH)


def test_damaged_lines():
    """Lines that are lost, there twice, cut, mixed up or put together from two files."""
    old = saved().split(b"\n")
    aioschedule.schedule("b", repeat=77)
    aioschedule.schedule("more", start_in=5)
    aioschedule.save(PATH)
    with open(PATH, "rb") as f:
        new = f.read().split(b"\n")
    whole = b"\n".join(old), b"\n".join(new)
    for i in range(len(old) - 1):
        for lines in (
            old[:i] + old[i + 1 :],
            old[: i + 1] + old[i:],
            old[:i] + [b""] + old[i:],
            old[:i] + [old[i][: len(old[i]) // 2]] + old[i + 1 :],
            old[:i] + [old[i][:-1]] + old[i + 1 :],
            old[:i] + [old[i] + b" "] + old[i + 1 :],
            old[:i] + [old[i] + old[i + 1]] + old[i + 2 :],
            old[: i + 1] + new[i + 1 :],
            new[: i + 1] + old[i + 1 :],
        ):
            data = b"\n".join(lines)
            # A file of one line or of two equal ones is as good in any order
            if data not in whole:
                check_damaged(data)
    os.remove(PATH)


def test_lines_in_another_order():
    """They are the same entries, or the file counts as damaged."""
    lines = saved().split(b"\n")
    fresh(later(130))
    aioschedule.load(PATH)
    before = kept()
    for i in range(len(lines) - 2):
        fresh(later(130))
        mixed = lines[:i] + [lines[i + 1], lines[i]] + lines[i + 2 :]
        with open(PATH, "wb") as f:
            f.write(b"\n".join(mixed))
        try:
            aioschedule.load(PATH)
        except ValueError as exc:
            assert PATH in str(exc), exc
            eq(aioschedule.group(), {})
        else:
            eq(kept(), before)
    os.remove(PATH)


def test_cut_files():
    """Cut at any byte, at the end and at the start."""
    data = saved()
    for i in range(len(data)):
        check_damaged(data[:i])
        if i:
            check_damaged(data[i:])
    os.remove(PATH)


def test_random_damage():
    """10,000 files with some bytes changed, lost or added."""
    if sys.platform != "linux":
        raise Skip("would wear out the flash of a board")
    data = saved()
    seed = random.getrandbits(30)
    print("seed", seed)
    random.seed(seed)
    for _ in range(10_000):
        other = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 5))):
            i = random.randrange(len(other))
            kind = random.randrange(4)
            if kind == 0:
                other[i] ^= 1 << random.randrange(8)
            elif kind == 1:
                other[i] = random.choice(b'0123456789[]{},:" -.eEtrufalsn\\')
            elif kind == 2:
                j = min(len(other) - 1, i + random.randrange(1, 9))
                other = other[:i] + other[j:]
            else:
                j = random.randrange(len(other))
                other = other[:i] + other[j : j + 9] + other[i:]
        if other != data:
            check_damaged(other)
    os.remove(PATH)


NO_ENTRIES = (
    {"start_in": 5, "repeat": "junk"},
    {"mine": 1},
    {},
    5,
    None,
    [1],
    "ab",
    {"start_in": None, "repeat": None},
    {"start_in": 5, "repeat": float("nan")},
    {"start_in": 5, "repeat": 10**60},
)


def test_options_put_into_the_group_are_saved():
    """{"start_in": 5, "repeat": 2} that somebody put there is scheduled, so it comes back."""
    for started in (False, True):
        fresh()
        aioschedule.schedule("a", start_in=5)
        if started:
            run(0.5)
        aioschedule.group()["hand"] = {"start_in": 5, "repeat": 2}
        aioschedule.save(PATH)
        fresh()
        hand = add("hand")
        eq(aioschedule.load(PATH), ["a"])
        run(10)
        eq(len(hand), 3)
        eq([b - a for a, b in zip(hand, hand[1:])], [2000, 2000])
    os.remove(PATH)


def test_nonsense_in_the_group_does_not_spoil_a_file():
    """save() leaves out what is no entry, or raises and leaves the good file."""
    for value in NO_ENTRIES:
        fresh()
        aioschedule.schedule("a", start_in=5, repeat=5)
        aioschedule.save(PATH)
        aioschedule.schedule("b", start_in=6, repeat=6)
        aioschedule.group()["hand"] = value
        try:
            aioschedule.save(PATH)
            want = ["a", "b"]
        except (TypeError, ValueError):
            want = ["a"]
        fresh()
        a = add("a")
        add("b")
        aioschedule.load(PATH)
        eq((value, sorted(aioschedule.group())), (value, want))
        run(11)
        eq(secs(a), [5, 10])
    os.remove(PATH)


def strange_values():
    # Every key of an entry that has run, gone or with a value that is none for it
    fresh()
    aioschedule.schedule("a", start_in=5, repeat=5, until=99, jitter=0.5, times=9)
    add("a")
    run(7)
    for key in list(aioschedule.group()["a"]):
        for value in (
            None,
            "junk",
            [],
            {},
            -1,
            5,
            True,
            10**60,
            float("nan"),
            float("inf"),
            "gone",
        ):
            yield key, value
        for value in (saved, b"x", {1: 2}, (1, 2)):
            yield key, value
    for value in (saved, float("inf"), b"x", {1: 2}, (1, 2), None):
        yield "mine", value


def test_spoilt_entry_does_not_spoil_a_file():
    """The same for any key of an entry: load() takes what save() writes, and that runs."""
    for key, value in list(strange_values()):
        fresh()
        aioschedule.schedule("good", start_in=5, repeat=5)
        aioschedule.save(PATH)
        aioschedule.schedule("a", start_in=5, repeat=5, until=99, jitter=0.5, times=9)
        add("a")
        add("good")
        run(7)
        if value == "gone":
            aioschedule.group()["a"].pop(key, None)
        else:
            aioschedule.group()["a"][key] = value
        try:
            aioschedule.save(PATH)
        except (TypeError, ValueError):
            pass
        fresh()
        a = add("a")
        good = add("good")
        aioschedule.load(PATH)
        loaded = sorted(aioschedule.group())
        assert loaded in (["good"], ["a", "good"]), (key, value, loaded)
        run(20)
        assert len(good) >= 3, (key, value, good)
        if "a" in loaded and key not in ("times", "until"):
            assert a, (key, value)
    os.remove(PATH)
