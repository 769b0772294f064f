# Proves promise 8 where memory runs out: nothing is lost or started twice, the loop goes on and
# never spins, and what schedule(), load() and save() cannot do leaves all as it was.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn
#
#   the scan         with 0 bytes left, 16, 32 ... up to 3 KB when runs are due; then it is back
#   at every branch  nothing can be allocated from there on, for a while
#   the calls        the same scan for schedule(), load() and save()
#   for a while      no memory for some seconds; a task that needs more than there is

import vclock

vclock.install()

import asyncio
import gc
import os

import interrupts

from afresh import Log, add, counts, modules
from harness import eq, raises

TIMEOUT = 600

NOON = (2026, 5, 1, 12, 0, 0)
PATH = "memory_test.json"
MOST = 3072  # bytes that are left at most
STEP = 16

UNIX_ONLY = {
    "test_scan": "virtual time takes memory there",
    "test_scan_of_rules": "virtual time takes memory there",
    "test_at_every_branch": "virtual time takes memory there",
    "test_at_every_branch_of_rules": "virtual time takes memory there",
    "test_for_several_branches": "virtual time takes memory there",
    "test_for_several_branches_of_rules": "virtual time takes memory there",
    "test_at_every_branch_of_a_start": "virtual time takes memory there",
    "test_at_every_branch_of_a_limited_run": "virtual time takes memory there",
    "test_first_runs": "virtual time takes memory there",
    "test_at_every_branch_after_a_load": "virtual time takes memory there",
    "test_schedule": "takes minutes on a board",
    "test_load": "takes minutes on a board",
    "test_save": "would wear out the flash of a board",
}


def fill(left=0):
    # All memory but so many bytes side by side. Not as one object: a word on the stack that looks
    # like its address would keep it
    spare = [bytearray(min(1024, left - i)) for i in range(0, left, 1024)]
    kept = None
    size = 1 << 20
    while size > 32:
        try:
            kept = (kept, bytearray(size))
        except MemoryError:
            size >>= 1
    gc.collect()
    while gc.mem_free():
        # One block
        kept = (kept,)
    del spare
    gc.collect()
    return kept


def fresh():
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(NOON)


################################################################################
# While runs are due


class Program:
    """Entries of all kinds, of which five are due at 3000 ms, and some litter in the queue."""

    def __init__(self, rules=False):
        fresh()
        # So that the same is imported each time
        aioschedule.schedule("rule", repeat="* * * * *")
        aioschedule.unschedule("rule")
        self.runs = {
            "a": add("a", start_in=1, repeat=1),
            "w": add("w", start_in=(2026, 5, 1, 12, 0, 1), repeat=1),
            "once": add("once", start_in=3),
            "tuple": add("tuple", start_in=(2026, 5, 1, 12, 0, 3)),
            "few": add("few", start_in=2, repeat=1, times=3, jitter=0.001),
        }
        if rules:
            # Three seconds before the minute, before anything waits for that clock
            for name in list(self.runs):
                if name != "a":
                    aioctl.delete(name)
                    del self.runs[name]
            vclock.set_rtc((2026, 5, 1, 11, 59, 57))
            for n in range(4):
                name = "rule%d" % n
                self.runs[name] = add(name, repeat="* * * * *")
        add("far", start_in=1000)
        for n in range(12):
            aioschedule.schedule("n%d" % n, start_in=3)
            aioschedule.schedule("m%d" % n, start_in=(2026, 5, 1, 12, 0, 3))
        for n in range(12):
            aioschedule.unschedule("n%d" % n)
            aioschedule.unschedule("m%d" % n)
        self.log = Log()
        aioschedule.set_log(self.log)
        self.was_late = False

    def play(self, begin, end):
        """At 2999 ms begin() is called, and end() 10 ms later; it ends at 6500 ms. False if memory
        was too short for virtual time itself."""

        async def main():
            aioctl.add(aioschedule.schedule_loop, name="loop")
            await asyncio.sleep_ms(2999)
            begin()
            await asyncio.sleep_ms(10)
            end()
            await asyncio.Event().wait()

        try:
            vclock.run(main(), 6500)
        except MemoryError:
            return False
        finally:
            end()
        return True

    def check(self, where):
        for name, runs in self.runs.items():
            if name.startswith("rule"):
                seconds = [3]
            else:
                seconds = {"a": range(1, 7), "w": range(1, 7), "few": (2, 3, 4)}.get(name, (3,))
            # The run of 3 s may come a second later, and then it is one with that of 4 s
            got = [ms // 1000 for ms in runs]
            want = list(seconds)
            if got != want and 3 in want:
                self.was_late = True
                want.remove(3)
                if 4 not in want:
                    want.append(4)
                if name == "few":
                    want = [2, 4, 5]
            eq((where, name, got), (where, name, want))
            shown, missed = counts(name)
            eq((where, name, shown), (where, name, len(got)))
        assert not aioctl.group().tasks["loop"].task.done(), where
        assert "far" in aioschedule.group(), where
        assert len(self.log.lines) < 30, (where, self.log.lines)


def scan(rules):
    outside = 0
    short = 0
    for left in range(0, MOST, STEP):
        program = Program(rules)
        kept = []

        def begin():
            gc.collect()
            gc.disable()
            kept.append(fill(left))

        def end():
            kept.clear()
            gc.enable()
            gc.collect()

        kept.append(None)
        kept.clear()
        if not program.play(begin, end):
            outside += 1
            continue
        program.check(left)
        short += program.was_late
    print(short, "programs in which the scheduler was short of memory,", outside, "others")
    assert outside < 10 and short > 5, (outside, short)


def test_scan():
    """Entries on both clocks; then all goes on, on the old phases."""
    scan(False)


def test_scan_of_rules():
    """The same with rules, whose next time takes memory to find."""
    scan(True)


def every_branch(rules, count, step):
    n = 1
    outside = hit = 0
    reached = True
    while reached:
        program = Program(rules)
        inside = program.play(lambda: interrupts.no_memory(n, count), interrupts.enough_memory)
        reached = interrupts.went_short()
        if inside and reached:
            program.check((rules, count, n))
            hit += program.was_late
        else:
            outside += 1
        n += step
    print(count, "branches:", hit, "programs hit,", outside, "others, up to branch", n)
    assert n > 100 and hit > 3, (n, hit)


def test_at_every_branch():
    """Wherever in a pass nothing can be allocated any more, up to the next branch."""
    every_branch(False, 1, 1)


def test_at_every_branch_of_rules():
    """The same with rules."""
    every_branch(True, 1, 1)


def test_for_several_branches():
    """Wherever in a pass nothing can be allocated any more, for a while."""
    every_branch(False, 7, 3)


def test_for_several_branches_of_rules():
    """The same with rules."""
    every_branch(True, 7, 3)


def test_first_runs():
    """Tasks that run for the first time, and others that are not there: what is noted of them for
    the first time finds no memory either. All run when it is back, and what is missing waits."""
    for left in range(0, 1024, 64):
        fresh()
        aioschedule.set_log(Log())
        runs = [add("t%d" % n, start_in=1, repeat=1) for n in range(6)]
        for n in range(6):
            aioschedule.schedule("n%d" % n, start_in=1)
        new = []

        async def body():
            new.append(vclock.now())

        async def main():
            aioctl.add(aioschedule.schedule_loop, name="loop")
            await asyncio.sleep_ms(999)
            gc.collect()
            gc.disable()
            kept = fill(left)
            await asyncio.sleep_ms(10)
            for name in ("new1", "new2", "new3"):
                try:
                    aioctl.add(body, name=name)
                except MemoryError:
                    pass
            del kept
            gc.enable()
            gc.collect()
            await asyncio.sleep_ms(2500)

        try:
            vclock.run(main())
        except MemoryError:
            # Virtual time itself
            continue
        finally:
            gc.enable()
        for got in runs:
            assert got in ([1000, 2000, 3000], [2000, 3000]), (left, got)
        for n in range(6):
            assert "n%d" % n in aioschedule.group(), (left, n)
        assert not aioctl.group().tasks["loop"].task.done(), left


def loaded_run(n, count):
    """What was loaded while the clock was unset has become overdue when it is set at 60 s; from
    the n-th branch after that on nothing can be allocated, for `count` branches. Whether that was
    reached"""
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules((2000, 1, 1, 0, 0, 0))
    aioschedule.set_log(Log())
    aioschedule.load(PATH)
    runs = {name: add(name) for name in ("daily", "once", "rule", "far")}

    async def main():
        aioctl.add(aioschedule.schedule_loop, name="loop")
        await asyncio.sleep_ms(60_000)
        vclock.set_rtc((2026, 5, 1, 18, 0, 0))
        interrupts.no_memory(n, count)
        await asyncio.sleep_ms(1100)
        interrupts.enough_memory()
        await asyncio.sleep_ms(5000)

    try:
        vclock.run(main())
    except MemoryError:
        return interrupts.went_short()
    finally:
        interrupts.enough_memory()
    eq((n, count, runs.pop("far")), (n, count, []))
    for name in runs:
        where = n, count, name, runs[name]
        # The time that was missed while it was not known is made up for, once
        eq((where, len(runs[name])), (where, 1))
        assert 60_000 <= runs[name][0] <= 63_100, where
    return interrupts.went_short()


def test_at_every_branch_after_a_load():
    """What load() has brought keeps its run where memory runs out when the clock is set."""
    fresh()
    aioschedule.schedule("daily", start_in=(2026, 5, 1, 13, 0, 0), repeat=86400)
    aioschedule.schedule("once", start_in=(2026, 5, 1, 13, 0, 0))
    aioschedule.schedule("rule", repeat="0 13 * * *")
    aioschedule.schedule("far", repeat="0 13 1 1 *")
    aioschedule.save(PATH)
    for count in (1, 7):
        n = 0
        reached = True
        while reached:
            n += 3
            reached = loaded_run(n, count)
        print(count, n, "programs")
        assert n > 100, n
    os.remove(PATH)


def hanging_run(n, count):
    """A run that hangs, of a task with a time limit of a second, is due at 3000 ms, where nothing
    can be allocated from the n-th branch on, for `count` branches. Whether that was reached"""
    fresh()
    aioschedule.set_log(Log())
    begun, ended = [], []

    for_ever = asyncio.Event()

    async def body():
        begun.append(vclock.now())
        try:
            await for_ever.wait()
        finally:
            ended.append(vclock.now())

    aioschedule.schedule("hang", start_in=3, timeout=1)
    aioctl.add(body, name="hang")

    async def main():
        aioctl.add(aioschedule.schedule_loop, name="loop")
        await asyncio.sleep_ms(2999)
        interrupts.no_memory(n, count)
        await asyncio.sleep_ms(10)
        interrupts.enough_memory()
        await asyncio.sleep_ms(9000)

    try:
        vclock.run(main())
    except MemoryError:
        return interrupts.went_short()
    finally:
        interrupts.enough_memory()
    # It may start a second later, and be ended a second later
    where = n, count, begun, ended
    eq((where, len(begun), len(ended)), (where, 1, 1))
    assert begun[0] // 1000 in (3, 4), where
    # Where the body itself found no memory it ended at once
    assert ended == begun or 1000 <= ended[0] - begun[0] <= 2100, where
    return interrupts.went_short()


def test_at_every_branch_of_a_limited_run():
    """No run starts without its time limit for want of memory."""
    for count in (1, 3, 20):
        n = 0
        reached = True
        while reached:
            n += 1
            reached = hanging_run(n, count)
        print(count, n, "programs")
        assert n > 100, n


def started_loop(n, count, is_second):
    """A program whose loop starts while nothing can be allocated from the n-th branch on, for
    `count` branches. Where the loop has ended it is started again. is_second: it has run before,
    in an event loop that was replaced. (whether that was reached, whether it had ended)"""
    fresh()
    aioschedule.set_log(Log())
    runs = add("a", start_in=0.5, repeat=0.5)
    wall = add("w", start_in=(2026, 5, 1, 12, 0, 1), repeat=1)
    had_ended = []

    async def first():
        aioctl.add(aioschedule.schedule_loop, name="loop")
        await asyncio.sleep_ms(1200)
        raise KeyboardInterrupt

    if is_second:
        raises(KeyboardInterrupt, vclock.run, first(), keep=True)
        asyncio.new_event_loop()
        aioctl.delete("loop")

    async def main():
        record = aioctl.add(aioschedule.schedule_loop, name="loop")
        interrupts.no_memory(n, count)
        for _ in range(4):
            await asyncio.sleep_ms(0)
        interrupts.enough_memory()
        await asyncio.sleep_ms(1500)
        where = n, count, is_second
        eq((where, aioschedule.loop_runs()), (where, not record.task.done()))
        if record.task.done():
            had_ended.append(True)
            eq((where, aioctl.start("loop")), (where, True))
        await asyncio.sleep_ms(2500)
        assert aioschedule.loop_runs(), where
        # As it was before, or as it would have been with enough memory
        begin = 1600 + 1200 * is_second
        late = [ms for ms in runs if ms > begin]
        eq((where, late), (where, [ms for ms in range(0, vclock.now(), 500) if ms > begin]))
        late = [ms for ms in wall if ms > begin]
        eq((where, late), (where, [ms for ms in range(0, vclock.now(), 1000) if ms > begin]))

    try:
        vclock.run(main())
    except MemoryError:
        pass
    finally:
        interrupts.enough_memory()
    return interrupts.went_short(), bool(had_ended)


def test_at_every_branch_of_a_start():
    """A loop that cannot start has ended, and no loop runs then: it can be started again. Or it
    has started, and all runs."""
    for is_second in (False, True):
        for count in (1, 3, 20):
            n = ended = 0
            reached = True
            while reached:
                n += 1
                reached, had_ended = started_loop(n, count, is_second)
                ended += had_ended
            print(is_second, count, n, "programs,", ended, "whose loop had ended")
            assert n > 100 and ended, (n, ended)


################################################################################
# Calls


def enough(func, check):
    # Calls it with 0 bytes of memory, 16, 32 ... until it finds enough; how many that is. What it
    # raises where they are too few is a MemoryError, after which check() is called.
    left = 0
    while True:
        gc.collect()
        kept = fill(left)
        try:
            func()
            return left
        except MemoryError:
            pass
        finally:
            del kept
        gc.collect()
        check(left)
        left += STEP if left < MOST else 8 * STEP


def shown():
    return sorted((name, repr(entry)) for name, entry in aioschedule.group().items())


def test_schedule():
    """What finds no room is not taken for bad; the old schedule stays, or the new one is in."""
    for options in (
        {"start_in": 5, "repeat": 7, "times": 3, "until": 1000, "jitter": 0.5},
        {"start_in": (2026, 5, 1, 12, 0, 5), "repeat": 7, "until": (2026, 5, 2, 0, 0, 0)},
        {"repeat": "*/5 2,4 * jan-mar mon"},
    ):
        fresh()
        # So that what is imported is there
        aioschedule.schedule("pump", start_in=(2026, 5, 1, 12, 0, 5), repeat="* * * * *")
        runs = add("pump", start_in=2, repeat=3)
        add("other", start_in=100)
        before = shown()
        keys = sorted(aioschedule.group()["other"])

        def check(left):
            now = shown()
            if now != before:
                # It is the new one, as a whole
                entry = aioschedule.group()["pump"]
                eq(entry["repeat"], options["repeat"])
                assert set(keys) <= set(entry), entry
                eq([line for line in now if line[0] == "other"], before[:1])

        n = enough(lambda: aioschedule.schedule("pump", **options), check)
        print(options, n)
        assert n > 64, n
        aioschedule.schedule("pump", start_in=2, repeat=3)

        async def main():
            aioctl.add(aioschedule.schedule_loop, name="loop")
            await asyncio.Event().wait()

        vclock.run(main(), 9000)
        eq(runs, [2000, 5000, 8000])


def fill_schedule():
    for n in range(12):
        aioschedule.schedule("t%d" % n, repeat=60 + n, times=5, until=10_000)
        aioschedule.schedule("r%d" % n, repeat="%d * * * *" % n)


def test_load():
    """A file that finds no room is neither damaged nor "no file", and nothing of it is in."""
    fresh()
    fill_schedule()
    aioschedule.save(PATH)
    fresh()
    aioschedule.schedule("old", start_in=5)
    before = shown()
    n = enough(lambda: aioschedule.load(PATH), lambda left: eq((left, shown()), (left, before)))
    print(n)
    assert n > 100, n
    eq(len(aioschedule.group()), 25)
    os.remove(PATH)


def test_save():
    """The file of before stays, and is good, until the new one is whole."""
    fresh()
    aioschedule.schedule("old", repeat=60)
    aioschedule.save(PATH)
    fill_schedule()
    aioschedule.unschedule("old")
    before = shown()

    def check(left):
        eq((left, shown()), (left, before))

    n = enough(lambda: aioschedule.save(PATH), check)
    print(n)
    fresh()
    aioschedule.load(PATH)
    eq(len(aioschedule.group()), 24)
    # And once more, with a look at the file each time
    fresh()
    aioschedule.schedule("old", repeat=60)
    aioschedule.save(PATH)
    fill_schedule()
    for left in range(0, n, max(16, n // 20)):
        gc.collect()
        kept = fill(left)
        names = ["old"]
        try:
            aioschedule.save(PATH)
            # What was free lay more happily than before
            names = sorted(aioschedule.group())
        except MemoryError:
            pass
        finally:
            del kept
        group = aioschedule.group()
        kept = dict(group)
        group.clear()
        aioschedule.load(PATH)
        eq((left, sorted(aioschedule.group())), (left, names))
        if names != ["old"]:
            return
        group.clear()
        group.update(kept)
    os.remove(PATH)


################################################################################
# For a while


async def no_memory(seen, is_woken):
    async def job():
        seen["jobs"] += 1

    async def bad():
        raise ValueError

    aioschedule.schedule("job", repeat=0.1)
    # The loop looks at the RTC as long as this one waits
    aioschedule.schedule("day", start_in=time.localtime(int(time.time()) + 86400))
    aioctl.add(job)
    aioctl.add(bad)
    aioctl.add(bad, name="day")
    loop = aioctl.add(aioschedule.schedule_loop)
    watcher = aioctl.add(aioschedule.watcher_loop, sleep=0.1)
    await asyncio.sleep_ms(1000)
    before = seen["jobs"]
    gc.collect()
    gc.disable()
    if is_woken:
        # It is on its way, and there will be none for it
        aioschedule.wake()
    kept = fill()
    # No float from here on: that takes memory
    await asyncio.sleep_ms(2500)
    during = seen["jobs"]
    del kept
    gc.enable()
    gc.collect()
    await asyncio.sleep_ms(2000)
    for record in loop, watcher:
        assert not record.task.done(), (record.name, record.result)
    assert before and during - before < 5 and seen["jobs"] > during + 3, (before, during, seen)


def test_no_memory_left():
    """The loops go on where no memory is left for a while, and all runs again after it."""
    for is_woken in (False, True):
        fresh()
        try:
            vclock.run(no_memory({"jobs": 0}, is_woken), 10_000)
        finally:
            gc.enable()


def test_others_run():
    """A task that takes more memory than there is keeps no other from its time."""
    fresh()
    runs = add("job", repeat=0.1)
    tries = []

    async def body():
        pass

    def big():
        tries.append(vclock.now())
        if len(tries) > 50:
            # It is tried again and again without a pause
            raise SystemExit
        if vclock.now():
            bytearray(1 << 29)
        return body()

    aioschedule.schedule("big", start_in=0.05)
    aioctl.add(big)

    async def main():
        aioctl.add(aioschedule.schedule_loop)
        await asyncio.sleep_ms(1550)

    vclock.run(main())
    eq(runs, list(range(100, 1501, 100)))
    # Nor is it forgotten: a second later it was tried again
    late = [ms for ms in tries if ms]
    assert len(late) > 1 and late[0] == 50, tries
