# Proves promise 8 for soft interrupts: schedule() and unschedule() at any branch of a pass, and of
# each other, lose no entry and start nothing twice.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn
#
# In virtual time, and the same each time; test_irq_stress.py is in real time.

import vclock

vclock.install()

import asyncio

from afresh import Log, add, modules, run
from harness import eq
from interrupts import at_branch, fired

TIMEOUT = 300

NOON = (2026, 5, 1, 12, 0, 0)

UNIX_ONLY = {
    "test_at_every_branch_of_a_pass": "takes hours on a board",
    "test_at_every_branch_of_a_call": "takes hours on a board",
    "test_at_every_branch_while_something_is_retried": "takes hours on a board",
    "test_stop_at_every_branch_of_a_pass": "takes hours on a board",
    "test_a_step_that_an_interrupt_sees": "takes hours on a board",
    "test_forgotten_and_scheduled_again": "takes hours on a board",
}


def fresh():
    global aioctl, aioschedule, time
    aioctl, aioschedule, time = modules(NOON)


async def ticker():
    # As in the field: something else runs, and the event loop is never idle for long. What an
    # interrupt schedules while it polls is heard when it looks again.
    while True:
        await asyncio.sleep_ms(5)


class Program:
    """Entries of all kinds, of which some are due at 3000 ms."""

    def __init__(self):
        fresh()
        aioctl.add(ticker)
        self.runs = {
            "a": add("a", start_in=1, repeat=1),
            "w": add("w", start_in=(2026, 5, 1, 12, 0, 1), repeat=1),
            "once": add("once", start_in=3),
            "jitter": add("jitter", start_in=3, repeat=100, jitter=0.002),
            "far": add("far", start_in=1000),
        }
        self.new = add("new", start_in=1001)
        self.count = add("count", start_in=1002)
        # Litter for the queue
        for n in range(8):
            aioschedule.schedule("n%d" % n, start_in=3)
            aioschedule.unschedule("n%d" % n)

    def check(self, where, but=()):
        want = {
            "a": [1000, 2000, 3000, 4000, 5000],
            "w": [1000, 2000, 3000, 4000, 5000],
            "once": [3000],
            "far": [],
        }
        for name in want:
            if name not in but:
                eq((where, name, self.runs[name]), (where, name, want[name]))
        if "jitter" not in but:
            [ms] = self.runs["jitter"]
            assert 3000 <= ms <= 3002, (where, ms)
        assert not aioctl.group().tasks["loop"].task.done(), where


def soon():
    aioschedule.schedule("new", start_in=0.5)


def at_once():
    aioschedule.schedule("new", start_in=0)


def on_the_wall():
    aioschedule.schedule("new", start_in=(2026, 5, 1, 12, 0, 4))


def again():
    # What is due right then
    aioschedule.schedule("a", start_in=1.5)


def gone():
    aioschedule.unschedule("a")


def other_gone():
    aioschedule.unschedule("far")
    aioschedule.schedule("far", start_in=1000)


def one_program(action, n, begin):
    """A program in which an action interrupts the n-th branch after `begin`; whether it did."""
    program = Program()
    at = []

    def interrupt(_):
        at.append(vclock.now())
        action()

    run(5.4, (begin, lambda: at_branch(n, interrupt)))
    if not fired() or not at:
        return None
    ms = at[0]
    where = (action.__name__, n, ms)
    if action is soon:
        program.check(where)
        [new] = program.new
        assert ms + 500 <= new <= ms + 505, (where, new)
    elif action is at_once:
        program.check(where)
        [new] = program.new
        assert ms <= new <= ms + 5, (where, new)
    elif action is on_the_wall:
        program.check(where)
        eq((where, program.new), (where, [4000]))
    elif action is again:
        program.check(where, ("a",))
        runs = program.runs["a"]
        eq((where, runs[:2]), (where, [1000, 2000]))
        # The run at 3000 was started before, or is no more
        late = [new for new in runs if new > 3000]
        assert len(runs) - len(late) in (2, 3) and len(late) == 1, (where, runs)
        assert ms + 1500 <= late[0] <= ms + 1505, (where, runs)
    elif action is gone:
        program.check(where, ("a",))
        assert program.runs["a"] in ([1000, 2000], [1000, 2000, 3000]), (where, program.runs)
    else:
        program.check(where)
    return ms


def every_branch(action, begin, end, step=1):
    n = 1
    count = 0
    while True:
        ms = one_program(action, n, begin)
        if ms is None or ms > end:
            break
        count += 1
        n += step
    print(action.__name__, count, "programs")
    assert count > 100 // step, count


def test_at_every_branch_of_a_pass():
    """From before four runs are due until they are done: whatever interrupts any step of it."""
    for action in (soon, at_once, on_the_wall, again, gone, other_gone):
        every_branch(action, 2.9995, 3003, 3)


def test_stop_at_every_branch_of_a_pass():
    """aioctl.stop() holds, wherever in a start it comes: no run but one that had begun to start,
    until aioctl.start(), which goes on with the phases."""
    for options in (
        {"start_in": 1, "repeat": 1},
        {"start_in": 1, "repeat": 1, "timeout": 2},
        {"start_in": (2026, 5, 1, 12, 0, 1), "repeat": 1, "until": (2026, 5, 1, 12, 0, 6)},
    ):
        for is_late in (False, True):
            n = 1
            count = caught = 0
            while True:
                program = Program()
                log = Log()
                aioschedule.set_log(log)
                aioctl.delete("w")
                program.runs["w"] = add("w", **options)
                at = []

                def stop(_):
                    at.append(vclock.now())
                    at.append(aioctl.stop("w"))
                    at.append("w" in aioschedule.group())

                def arm():
                    if is_late:
                        # What comes after the run is not known beforehand
                        vclock.block(20)
                    at_branch(n, stop)

                again = []

                def start():
                    again.append("w" in aioschedule.group())
                    again.append(aioctl.start("w"))
                    again.append("w" in aioschedule.group())

                run(5.4, (2.9995, arm), (4.5, start))
                if not fired() or not at or at[0] > 3022:
                    break
                where = (options, is_late, n, at)
                eq((where, at[1:]), (where, [True, False]))
                eq((where, again), (where, [False, True, True]))
                runs = program.runs["w"]
                eq((where, runs[:2]), (where, [1000, 2000]))
                # One that was due when it was stopped may be made up for when it is started
                begun = [ms for ms in runs if 2000 < ms < 4500]
                later = [ms for ms in runs if ms >= 4500]
                assert len(begun) <= 1 and not [ms for ms in begun if ms > 3022], (where, runs)
                assert later in ([5000], [4500, 5000]), (where, runs)
                eq((where, log.lines), (where, []))
                if not is_late:
                    program.check(where, ("w",))
                count += 1
                caught += not begun
                n += 3
            print(options, is_late, count, "programs;", caught, "without that run")
            assert count > 100 and caught > 50, (count, caught)


def test_at_every_branch_while_something_is_retried():
    """What an interrupt schedules is not late for another that has failed, and waits for its next
    try. That still comes once a second, and perhaps once more, as all is taken up anew."""
    n = 1
    count = 0
    while True:
        program = Program()
        tries = []

        async def body():
            pass

        def big():
            tries.append(vclock.now())
            if vclock.now():
                raise MemoryError
            return body()

        aioctl.add(big)
        aioschedule.schedule("big", start_in=2)
        at = []

        def interrupt(_):
            at.append(vclock.now())
            at_once()

        # It is tried at 2000 ms, 3000 and so on
        run(5.4, (2.9995, lambda: at_branch(n, interrupt)))
        if not fired() or not at or at[0] > 3003:
            break
        where = (n, at)
        program.check(where)
        [new] = program.new
        assert at[0] <= new <= at[0] + 5, (where, new)
        assert len(tries) <= 6, (where, tries)
        count += 1
        n += 1
    print(count, "programs")
    assert count > 50, count


def test_at_every_branch_of_a_call():
    """schedule() and unschedule() that interrupt another schedule(), set_group() or unschedule(),
    of the same name and others."""
    for outer in (
        lambda: aioschedule.schedule("count", start_in=0.7),
        lambda: aioschedule.schedule("count", start_in=(2026, 5, 1, 12, 0, 4)),
        lambda: aioschedule.unschedule("count"),
    ):
        for name in ("count", "new"):
            n = 0
            reached = True
            while reached:
                n += 1
                program = Program()
                done = []

                def interrupt(_):
                    aioschedule.schedule(name, start_in=1.25)
                    done.append(name)

                def call():
                    at_branch(n, interrupt)
                    outer()
                    done.append("outer")

                run(5.4, (2.5, call))
                fired()
                reached = done[:1] == [name]
                program.check((name, n))
                inner = program.count if name == "count" else program.new
                # Of the same name, the one that was stored last counts
                assert inner in ([3750], [3200], [4000], []) or name == "new", (n, inner)
                if name == "new" and name in done:
                    assert len(inner) == 1 and 3750 <= inner[0] <= 3755, (n, inner)
                if name == "count" and done and done[-1] == name:
                    assert len(inner) == 1 and 3750 <= inner[0] <= 3755, (n, inner)
            print(name, n, "programs")
            assert n > 5, n


def test_forgotten_and_scheduled_again():
    """An interrupt forgets an entry while the schedule is taken up, and another one schedules it
    again a few branches later: it is there, and nothing is logged."""
    fresh()
    log = Log()
    aioschedule.set_log(log)
    # In this order, so that "x" is taken up in the middle
    for name in "wxyz":
        aioschedule.schedule(name, start_in=100)
    count = 0
    for between in range(1, 12):
        n = 0
        reached = True
        while reached:
            n += 1
            done = []

            def forget(_):
                done.append(aioschedule.unschedule("x"))
                at_branch(between, again)

            def again(_):
                aioschedule.schedule("x", start_in=100)
                done.append("again")

            aioschedule.wake()
            at_branch(n, forget)
            aioschedule.idle_ms()
            fired()
            for _ in range(9):
                pass  # what comes now was on its way
            reached = bool(done)
            fired()
            if done == [True]:
                # All was over before that
                again(0)
            where = between, n
            eq((where, sorted(aioschedule.group())), (where, list("wxyz")))
            eq((where, log.lines), (where, []))
            count += 1
    print(count, "times")
    assert count > 500, count


def test_a_step_that_an_interrupt_sees():
    """An interrupt at any branch of a pass sets the RTC and calls schedule() for another entry:
    the one that is due starts once, or waits for the new time, and goes on by that."""
    for jump in -150_000_000, -14400, 14400:
        # A pass that starts one run has fewer
        for n in range(1, 160):
            fresh()
            runs = add("a", repeat="* * * * *")

            def radio_clock(_):
                vclock.step(jump)
                aioschedule.schedule("other", repeat="0 0 1 1 *")

            run(210, (59.999, lambda: at_branch(n, radio_clock)))
            assert fired()
            where = jump, n
            if runs[0] == 120_000:
                runs.insert(0, 60_000)
            eq((where, runs), (where, [60_000, 120_000, 180_000]))
