# Proves that the chip sleeps whenever there is nothing to do, and only then, and that no clock
# suffers from it: on boards where none, one or both of the clocks stand still meanwhile.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import asyncio
import os
import sys

from interrupts import enough_memory, no_memory, went_short
from sleepyboard import KINDS, Board, Done, fresh_board, play
from afresh import Log
from harness import eq, raises
from programs import both, fresh, is_ours

UNIX_ONLY = {
    "test_memory_runs_out_after_a_sleep": "takes minutes on a board",
    "test_short_sleeps": "more than a board's heap holds",
}
OURS_ONLY = {
    "test_a_sleep_that_raises": "there what an undecorated task raises is lost",
    "test_what_is_retried_is_not_hurried": "there a task that cannot start is lost",
}

MINUTE = 60
HOUR = 3600
DAY = 86400

# How many ms late a run may be by the true time. Where the RTC stands it is set in whole seconds.
LATE = {"nothing": 20, "ticks": 20, "rtc": 1020, "both": 1020, "fraction": 3020}


def valve(board, seen, closed=None, ms=5000):
    # A task that holds a valve open for 5 s, and notes when it opens and closes it
    async def body(keep_awake=True):
        seen.append(board.true())
        await asyncio.sleep_ms(ms)
        if closed is not None:
            closed.append(board.true())

    return body


def check(times, wants, late):
    # All of them, none early
    eq(len(times), len(wants))
    for time, want in zip(times, wants):
        assert 0 <= time - want <= late, (time, want)


def test_the_valve_closes_after_5_s():
    """A run that is under way keeps the chip awake; it sleeps for all the rest. Each run is on
    time by the true time, on every kind of board."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, 6 * HOUR)
        opened, closed = [], []
        ctl.add(valve(board, opened, closed), name="valve")
        sched.schedule("valve", start_in=60, repeat=600)
        play(board)
        print(kind, "asleep for %.2f %%" % (100 * board.asleep / board.end))
        check(opened, [60_000 + k * 600_000 for k in range(36)], 20)
        for a, b in zip(opened, closed):
            assert 5000 <= b - a <= 5020, (kind, b - a)
        # 5 of 600 seconds are awake
        assert board.asleep > board.end * 0.98, (kind, board.asleep)


def test_a_day_of_both_clocks():
    """Crontab strings, a time tuple and seconds, for two days: each run at its true time, and
    none twice. The RTC is right at the end."""
    for kind in KINDS:
        for late in (0, 0.6):
            board, ctl, sched = fresh_board(kind, 2 * DAY, epoch=(2024, 2, 27, 23, 59, 0))
            vclock.step(late)
            half_hours, dailies, seconds, once = [], [], [], []
            for name, seen, options in (
                ("half", half_hours, {"repeat": "*/30 * * * *"}),
                ("daily", dailies, {"repeat": "30 6 * * *"}),
                ("seconds", seconds, {"repeat": 700}),
                ("once", once, {"start_in": (2024, 2, 28, 12, 0, 0)}),
            ):
                ctl.add(valve(board, seen, ms=100), name=name)
                sched.schedule(name, **options)
            play(board)
            begin = 60_000 - round(late * 1000)
            error = LATE[kind]
            check(half_hours, [begin + k * 1_800_000 for k in range(96)], error)
            check(dailies, [begin + 23_400_000 + k * 86_400_000 for k in range(2)], error)
            check(seconds, [700_000 + k * 700_000 for k in range(246)], 20)
            check(once, [begin + 43_200_000], error)
            print(kind, "asleep for %.2f %%" % (100 * board.asleep / board.end))
            assert abs(board.time() - board.wall()) <= 2
            assert board.asleep > board.end * 0.95


def test_sleeps_in_one_piece():
    """The look at the RTC each second is no timer; nor is a sleep longer than the port can do."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, 3 * DAY)
        ctl.add(valve(board, []), name="far")
        sched.schedule("far", repeat="0 0 1 1 *")
        play(board)
        assert 60 < board.count < 75, (kind, board.count)
        eq(board.longest, 4294966)


def test_nothing_scheduled():
    """It sleeps all the same."""
    board, ctl, sched = fresh_board("nothing", DAY)
    play(board)
    assert board.asleep > board.end * 0.9


def test_timers_of_other_tasks():
    """The chip is awake when a task of the event loop has slept enough."""
    board, ctl, sched = fresh_board("nothing", HOUR)
    ticks = []

    async def ticker():
        while True:
            await asyncio.sleep(7)
            ticks.append(board.true())

    play(board, ticker())
    check(ticks, [7000 + 7000 * k for k in range(len(ticks))], 5)
    assert len(ticks) > 500
    assert board.longest <= 7000


def test_a_task_that_is_ready_keeps_it_awake():
    """As long as one wants its turn again and again."""
    board, ctl, sched = fresh_board("nothing", HOUR)

    async def busy():
        end = vclock.now() + 10_000
        while vclock.now() < end:
            vclock.block(1)
            await asyncio.sleep_ms(0)

    play(board, busy())
    assert 9_990 <= board.naps[0][0] <= 10_020, board.naps[0]


def test_what_need_not_keep_it_awake():
    """A run with keep_awake=False in its kwargs; other tasks of aioctl that wait for an event."""
    board, ctl, sched = fresh_board("nothing", HOUR)
    seen, closed = [], []

    async def waits():
        await asyncio.Event().wait()

    ctl.add(waits, name="server")
    ctl.add(valve(board, seen, closed, ms=100_000), name="server2", keep_awake=False)
    sched.schedule("server2", start_in=0, repeat=600)
    play(board)
    eq(closed[0] - seen[0], 100_000)
    assert board.asleep > board.end * 0.99


def beside_a_good_one(bad, spoil=None, **options):
    """A program that sleeps, with a task "bad"; a good one has all its runs. Returns its log, and
    the share of the time that the board slept."""
    board, ctl, sched = fresh_board("nothing", 95)
    log = Log()
    seen = []
    ctl.add(bad, name="bad")
    ctl.add(valve(board, seen, ms=0), name="good")
    sched.schedule("bad", start_in=0.1, repeat=1000, **options)
    sched.schedule("good", start_in=10, repeat=10)
    if spoil:
        spoil(sched.group()["bad"])
    sched.set_log(log)
    play(board)
    check(seen, list(range(10_000, 90_001, 10_000)), 20)
    assert all(line.startswith("[bad] ") for line in log.lines), log.lines
    return log, board.asleep / board.end


def test_what_is_broken_is_slept_over():
    """An entry that somebody broke is told of once, and does not keep the chip awake."""

    async def body():
        pass

    def spoil(entry):
        entry["timeout"] = "5"

    log, share = beside_a_good_one(body, spoil, timeout=5)
    eq(len(log.lines), 1)
    assert share > 0.9, share


def test_what_is_retried_is_not_hurried():
    """A task that cannot be started because memory has run out is overdue: the chip stays awake.
    It is tried once a second, however often sleep_loop asks."""
    tries = []

    async def body():
        pass

    def big():
        if len(tries) < 1000:
            tries.append(vclock.now())
        if vclock.now():
            raise MemoryError
        return body()

    beside_a_good_one(big)
    gaps = [b - a for a, b in zip(tries[1:], tries[2:])]
    assert len(gaps) > 90 and min(gaps) >= 999, (len(gaps), min(gaps))


def test_an_entry_without_its_task():
    """One run that waits for its task is told of once, and does not keep the chip awake. With a
    `repeat` each due time is left out. The task is found when it is added."""
    for repeat in (None, 7):
        for ctl, sched in both():
            board = Board("nothing", 95_000)
            log = Log()
            sched.set_log(log)
            seen, good = [], []
            sched.schedule("late", start_in=1, repeat=repeat)
            sched.schedule("good", start_in=10, repeat=10)
            ctl.add(valve(board, good, ms=0), name="good")

            async def script():
                await asyncio.sleep(60)
                ctl.add(valve(board, seen, ms=0), name="late")

            play(board, script())
            where = ctl.__name__, repeat
            eq((where, len(log.lines)), (where, 1))
            check(good, list(range(10_000, 90_001, 10_000)), 20)
            # Another aioctl lets it run when it is added
            first = 64_000 if repeat and is_ours(ctl) else 60_000
            assert seen and first <= seen[0] <= first + 20, (where, seen)
            assert board.asleep > board.end * 0.9, (where, board.asleep)


def test_the_rtc_is_set_between_the_first_sleeps():
    """They tell which clock stands still, and no step between them is taken for a sleep: NTP
    comes within the first seconds. All is on time, and the RTC as it was set."""
    for kind in ("nothing", "rtc"):
        for after, jump in ((0.5, 150_000_000), (0.5, -7200), (4, 7200), (4, -1.6), (900.5, 1.6)):
            board, ctl, sched = fresh_board(kind, 3 * HOUR, epoch=(2021, 1, 1, 0, 0, 0))
            seen, cron = [], []
            ctl.add(valve(board, seen, ms=0), name="seconds")
            sched.schedule("seconds", start_in=600, repeat=600)
            ctl.add(valve(board, cron, ms=0), name="rule")
            sched.schedule("rule", repeat="*/15 * * * *")

            async def ntp():
                while board.true() < after * 1000:
                    await asyncio.sleep_ms(100)
                vclock.step(jump)

            play(board, ntp())
            where = kind, after, jump
            check(seen, [k * 600_000 for k in range(1, 18)], 20)
            error = board.time() - board.wall() - jump
            assert -1.1 <= error <= 1.1, (where, error)
            assert len(cron) >= 11, (where, cron)


def test_ticks_beyond_half_their_period():
    """The RTC is looked at each second, whatever the ticks were at the start: a step is seen while
    a run keeps the chip awake."""
    for ticks in (0, (1 << 29) + 5, (1 << 30) - 5):
        board, ctl, sched = fresh_board("nothing", 2 * HOUR, ticks=ticks)
        seen = []

        async def server():
            await asyncio.sleep(2 * HOUR)

        ctl.add(server)
        sched.schedule("server", start_in=0)
        ctl.add(valve(board, seen, ms=0), name="late")
        sched.schedule("late", start_in=sched.localtime(int(board.time()) + 5 * HOUR))

        async def script():
            await asyncio.sleep(100)
            vclock.step(5 * HOUR)

        play(board, script())
        assert len(seen) == 1 and 100_000 <= seen[0] <= 102_100, (ticks, seen)


def test_slept_before_the_loop():
    """Seconds count from the start of the loop, also if the chip has slept before that."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, 200)
        seen = []
        for _ in range(8):
            sched.slept(0)
            board.sleep(8000)
            sched.slept(8000)
        ctl.add(valve(board, seen, ms=0), name="valve")
        sched.schedule("valve", start_in=1)
        begin = board.true()
        play(board)
        check(seen, [begin + 1000], 20)


def test_may_sleep():
    """The chip stays awake while it says no."""
    board, ctl, sched = fresh_board("nothing", HOUR)
    asked = []

    def may_sleep():
        if not asked:
            asked.append(board.true())
        return board.true() >= 600_000

    play(board, may_sleep=may_sleep)
    assert 600_000 <= board.naps[0][0] <= 600_100, board.naps[0]
    assert asked[0] < 1000


def test_shortest():
    """No sleep is shorter, and nothing is late for that."""
    for shortest in (0, 20, 500):
        board, ctl, sched = fresh_board("nothing", 100)
        seen = []
        ctl.add(valve(board, seen, ms=0), name="valve")
        sched.schedule("valve", start_in=0.3, repeat=0.3)
        play(board, shortest=shortest)
        check(seen, [300 + 300 * k for k in range(len(seen))], 5)
        assert board.shortest >= max(1, shortest)
        eq(board.count == 0, shortest == 500)


def test_awake():
    """It stays awake for so many ms after each sleep; the RTC is looked at meanwhile."""
    board, ctl, sched = fresh_board("nothing", HOUR, epoch=(2024, 1, 1, 0, 0, 0))
    seen = []
    ctl.add(valve(board, seen), name="valve")
    sched.schedule("valve", repeat="0 12 * * *")

    async def jump():
        # Two seconds before the valve is due, while the chip is kept awake
        await asyncio.sleep(700)
        while board.last_nap < 700_000:
            await asyncio.sleep(1)
        vclock.set_rtc((2024, 1, 1, 11, 59, 58))

    play(board, jump(), awake=60_000)
    ends = [at + ms for at, ms in board.naps]
    for end, (at, _) in zip(ends, board.naps[1:]):
        assert at - end >= 60_000, (end, at)
    assert len(seen) >= 1 and seen[0] < 800_000, seen


def test_steps_are_steps_still():
    """Where the RTC is set while the chip is awake, what waits follows: a clock that starts in
    2021 and is set by NTP."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, 2 * DAY, epoch=(2021, 1, 1, 0, 0, 0))
        days, seconds, at = [], [], []
        ctl.add(valve(board, days), name="daily")
        ctl.add(valve(board, seconds), name="seconds")
        sched.schedule("daily", repeat="30 6 * * *")
        sched.schedule("seconds", repeat=1000)

        async def ntp():
            # While the first run keeps the chip awake. It is 05:00:00 in another year.
            while not seconds:
                await asyncio.sleep(20)
            vclock.set_rtc((2024, 6, 1, 5, 0, 0))
            at.append(board.true())

        play(board, ntp())
        check(days, [at[0] + 5_400_000 + k * 86_400_000 for k in range(2)], LATE[kind])
        check(seconds, [1_000_000 + k * 1_000_000 for k in range(172)], 20)


def test_a_sleep_that_ends_early():
    """An interrupt may end it: the clocks are right also then, where one of them ran. Only where
    both stand still nobody knows."""
    for kind in ("nothing", "ticks", "rtc", "fraction"):
        board, ctl, sched = fresh_board(kind, 12 * HOUR, epoch=(2024, 1, 1, 0, 0, 0))
        board.cuts = [20_000 + k * k * 1777 for k in range(150)]
        walls, seconds = [], []
        ctl.add(valve(board, walls), name="wall")
        ctl.add(valve(board, seconds), name="seconds")
        sched.schedule("wall", repeat="0,20,40 * * * *")
        sched.schedule("seconds", repeat=900)
        play(board)
        check(walls, [1_200_000 + k * 1_200_000 for k in range(35)], LATE[kind])
        check(seconds, [900_000 + k * 900_000 for k in range(47)], 20)


def test_the_first_sleep_ends_at_once():
    """Before it is known which clocks stand still, that looks as if both did. It does no more
    harm than the three seconds that the first sleeps are at most."""
    board, ctl, sched = fresh_board("nothing", 12 * HOUR)
    board.cuts = [1, 2, 3, 4, 5]
    seen = []
    ctl.add(valve(board, seen), name="valve")
    sched.schedule("valve", start_in=3600, repeat=3600)
    play(board)
    for k in range(11):
        assert abs(seen[k] - 3_600_000 * (k + 1)) <= 9100, seen


def test_an_rtc_in_steps_of_4_ms():
    """As that of an STM32, whose ticks stand still in a sleep. One that ends at once counts for
    no more than it was."""
    for phase in range(0, 1000, 111):
        board, ctl, sched = fresh_board("ticks", 2 * MINUTE)
        time = sys.modules["time"]

        def coarse(real=time.time_ns):
            ns = real()
            return ns - ns % (1_000_000_000 // 256)

        time.time_ns = coarse
        vclock.block(phase)
        seen = []
        ctl.add(valve(board, seen, ms=0), name="valve")
        sched.schedule("valve", start_in=100)
        whole = board.sleep

        def sleep(ms):
            if board.count == 1:
                board.count = 2
                vclock.block(2)
            else:
                whole(ms)

        board.sleep = sleep
        play(board)
        eq(len(seen), 1)
        assert -8 <= seen[0] - phase - 100_000 <= 20, (phase, seen)


def test_the_rtc_is_set_by_what_wakes_the_chip():
    """Then it is a step as any other, and no sleep."""
    for kind in ("nothing", "ticks", "rtc"):
        board, ctl, sched = fresh_board(kind, HOUR - MINUTE, epoch=(2021, 1, 1, 0, 0, 0))
        daily, tens = [], []
        ctl.add(valve(board, daily, ms=0), name="daily")
        ctl.add(valve(board, tens, ms=0), name="tens")
        sched.schedule("daily", repeat="0 2 * * *")
        sched.schedule("tens", repeat="*/10 * * * *")
        board.cuts = [1_810_000]
        board.at_wake = lambda: vclock.set_rtc((2025, 10, 3, 3, 10, 10))
        play(board)
        eq(daily, [])
        check(tens, [600_000, 1_200_000, 1_800_000, 2_400_000, 3_000_000], LATE[kind])


def test_loaded_before_the_rtc_is_set():
    """What load() has brought waits for that, however long the first sleeps are."""
    for kind in KINDS:
        for period in (1.5, 2.4, 2.9):
            ctl, sched = fresh(epoch=(2026, 5, 1, 5, 0, 0))
            sched.schedule("daily", repeat="30 6 * * *")
            sched.save("test_power.json")
            board, ctl, sched = fresh_board(kind, MINUTE, epoch=(2021, 1, 1, 0, 0, 0))
            seen = []
            sched.load("test_power.json")
            ctl.add(valve(board, seen, ms=0), name="daily")
            ctl.add(valve(board, [], ms=0), name="blink")
            sched.schedule("blink", start_in=0, repeat=period)

            async def ntp():
                vclock.set_rtc((2026, 5, 1, 8, 0, 0))

            ctl.add(ntp)
            sched.schedule("ntp", start_in=30)
            play(board)
            os.remove("test_power.json")
            # Each sleep may be rounded by a ms
            assert len(seen) == 1 and 29_980 <= seen[0] <= 36_000, (kind, period, seen)


def test_memory_runs_out_after_a_sleep():
    """At any branch: the sleep is accounted for before the next, once."""
    n = 0
    went = True
    while went:
        n += 1
        board, ctl, sched = fresh_board("ticks", 2 * HOUR, epoch=(2026, 5, 1, 12, 0, 0))
        seen = []
        ctl.add(valve(board, seen, ms=0), name="valve")
        sched.schedule("valve", start_in=3600)

        def sleep(ms):
            board.sleep(min(ms, 3000 if board.count < 2 else 1_800_000))
            if board.count == 3:
                no_memory(n, 1)

        async def main():
            ctl.add(sched.schedule_loop)
            while True:
                try:
                    await sched.sleep_loop(sleep)
                except MemoryError:
                    enough_memory()
                    await asyncio.sleep_ms(100)

        try:
            vclock.run(main(), board.end + 1000)
        except Done:
            pass
        went = went_short() and n < 150
        enough_memory()
        eq(len(seen), 1)
        assert 0 <= seen[0] - 3_600_000 <= 20, (n, seen)
    print(n, "programs")
    assert n > 100, n


def test_short_sleeps():
    """Sleeps of less than a second add up, also while it is not known which clocks stand still."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, HOUR - 9, epoch=(2024, 1, 1, 0, 0, 0))
        walls, seconds = [], []
        ctl.add(valve(board, walls, ms=0), name="wall")
        ctl.add(valve(board, seconds, ms=0), name="seconds")
        sched.schedule("wall", repeat="*/10 * * * *")
        sched.schedule("seconds", repeat=0.7)
        play(board)
        check(walls, [600_000 + k * 600_000 for k in range(5)], LATE[kind])
        # The first three seconds asleep cannot be told from being awake, and are made up for later
        late = [ms % 700 for ms in seconds if ms > 10_000]
        assert len(late) > 5100 and max(late) <= 20, (kind, len(late), max(late))
        assert abs(board.time() - board.wall()) <= 2


def test_slept():
    """A program that sleeps by itself has the same from slept(ms)."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, DAY, epoch=(2024, 1, 1, 0, 0, 0))
        walls, seconds = [], []
        ctl.add(valve(board, walls, ms=3000), name="wall")
        ctl.add(valve(board, seconds, ms=3000), name="seconds")
        sched.schedule("wall", repeat="0 * * * *")
        sched.schedule("seconds", repeat=700)

        async def main():
            ctl.add(sched.schedule_loop)
            while True:
                await asyncio.sleep_ms(100)
                ms = sched.idle_ms()
                if ms > 1000:
                    sched.slept(0)
                    ms = min(ms, 300_000)
                    board.sleep(ms)
                    sched.slept(ms)

        try:
            vclock.run(main())
        except Done:
            pass
        check(walls, [3_600_000 + k * 3_600_000 for k in range(len(walls))], LATE[kind] + 100)
        assert len(walls) >= 23
        check(seconds, [700_000 + k * 700_000 for k in range(len(seconds))], 120)
        assert len(seconds) >= 123
        assert abs(board.time() - board.wall()) <= 2


def test_a_long_sleep_over_what_is_due():
    """It runs once, when the board is awake again, also if it slept for longer than a step may be
    that plans anew."""
    for kind in KINDS:
        board, ctl, sched = fresh_board(kind, DAY, epoch=(2024, 1, 1, 0, 0, 0))
        runs = []
        ctl.add(valve(board, runs, ms=0), name="hourly")
        sched.schedule("hourly", repeat="30 * * * *")

        async def main():
            ctl.add(sched.schedule_loop)
            await asyncio.sleep(10)
            sched.slept(0)
            for _ in range(5):
                board.sleep(4_000_000)
            sched.slept(20_000_000)
            await asyncio.sleep(2)

        vclock.run(main())
        eq(len(runs), 1)
        assert 20_010_000 <= runs[0] <= 20_011_100, (kind, runs)


def test_arguments():
    """What is none is refused, by name and value."""
    board, ctl, sched = fresh_board("nothing", 10)

    async def main(*args, **kwargs):
        await sched.sleep_loop(*args, **kwargs)

    for args, kwargs in (
        ((7,), {}),
        ((board.sleep, 7), {}),
        ((board.sleep,), {"shortest": -1}),
        ((board.sleep,), {"shortest": "x"}),
        ((board.sleep,), {"awake": 1.5}),
    ):
        raises((TypeError, ValueError), vclock.run, main(*args, **kwargs))
    raises(TypeError, sched.slept, "x")
    raises(TypeError, sched.slept, 1.5)
    raises(ValueError, sched.slept, -1)


def test_a_sleep_that_raises():
    """The task has failed, and is told as any other; the chip stays awake, the schedule goes on,
    and the RTC is looked at each second as before."""
    board, ctl, sched = fresh_board("nothing", HOUR, epoch=(2024, 1, 1, 0, 0, 0))
    seen = []
    ctl.add(valve(board, seen), name="valve")
    sched.schedule("valve", repeat="0 12 * * *")

    def sleep(ms):
        raise OSError("no such sleep")

    async def main():
        ctl.add(sched.schedule_loop)
        ctl.add(sched.sleep_loop, sleep)
        await asyncio.sleep(100)
        vclock.set_rtc((2024, 1, 1, 11, 59, 58))
        await asyncio.sleep(10)

    vclock.run(main())
    assert isinstance(ctl.group().tasks["sleep_loop"].result, OSError)
    eq(len(seen), 1)


def test_stopped_and_started_again():
    """Without sleep_loop the worker looks at the RTC again; with it, the chip sleeps again."""
    board, ctl, sched = fresh_board("nothing", 3 * HOUR, epoch=(2024, 1, 1, 0, 0, 0))
    seen = []
    ctl.add(valve(board, seen), name="valve")
    sched.schedule("valve", repeat="0 12 * * *")

    async def script():
        await asyncio.sleep(100)
        ctl.stop("sleep_loop")
        await asyncio.sleep(100)
        naps = board.count
        vclock.set_rtc((2024, 1, 1, 11, 59, 58))
        await asyncio.sleep(10)
        eq(len(seen), 1)
        eq(board.count, naps)
        ctl.stop("schedule_loop")
        await asyncio.sleep(1)
        ctl.start("schedule_loop")
        ctl.start("sleep_loop")

    play(board, script())
    assert board.asleep > board.end * 0.95
