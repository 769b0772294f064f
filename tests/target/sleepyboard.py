# Boards that sleep, in virtual time: which clocks stand still while the chip does.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys

import asyncio
import vclock

# What stands still. "fraction": the RTC begins its second anew after each sleep.
KINDS = ("nothing", "ticks", "rtc", "both", "fraction")


class Done(BaseException):
    pass


class Board:
    """A board of one of KINDS, whose true time is `true()` ms. With sys.modules["machine"] it is
    the RTC too. Its sleeps end the test after `end` ms."""

    def __init__(self, kind, end):
        self.kind = kind
        self.end = end
        self.hidden = 0  # ms that no clock has shown
        self.naps = []  # (true ms when it fell asleep, ms) of the first 100
        self.count = self.asleep = self.longest = 0  # of all: ms, but for the count
        self.shortest = end
        self.last_nap = 0  # true ms when it last woke
        self.cuts = []  # true ms at which something wakes it, in order
        self.at_wake = None  # called then
        self.start = int(self.time())
        sys.modules["machine"] = self

    def time(self):
        return sys.modules["time"].time()

    def true(self):
        return vclock.now() + self.hidden

    def wall(self):
        """What a clock on the wall shows: RTC seconds."""
        return self.start + self.true() // 1000

    def sleep(self, ms):
        assert 0 < ms <= 4294966, ms
        cut = False
        while self.cuts and self.cuts[0] <= self.true():
            self.cuts.pop(0)
        if self.cuts and self.cuts[0] < self.true() + ms:
            ms = self.cuts.pop(0) - self.true()
            cut = True
        if len(self.naps) < 100:
            self.naps.append((self.true(), ms))
        self.count += 1
        self.asleep += ms
        self.longest = max(self.longest, ms)
        self.shortest = min(self.shortest, ms)
        if self.true() + ms >= self.end:
            raise Done
        if self.kind in ("nothing", "rtc", "fraction"):
            vclock.block(ms)
        else:
            self.hidden += ms
        if self.kind == "ticks":
            self.step(ms)
        if self.kind == "rtc":
            self.step(-ms)
        if self.kind == "fraction":
            self.step(-(sys.modules["time"].time_ns() // 1000000 % 1000))
        self.last_nap = self.true()
        if cut and self.at_wake:
            self.at_wake()

    def step(self, ms):
        vclock.step(ms // 1000)
        vclock.step(ms % 1000 / 1000)

    # machine.RTC

    def RTC(self):
        return self

    def datetime(self, fields):
        year, month, day, _, hour, minute, second, _ = fields
        vclock.set_rtc((year, month, day, hour, minute, second))


def fresh_board(kind, end_s, **clock):
    """(board, aioctl, aioschedule) as newly imported, in virtual time."""
    from programs import fresh

    ctl, sched = fresh(**clock)
    return Board(kind, end_s * 1000), ctl, sched


def play(board, *tasks, **options):
    """Runs schedule_loop and sleep_loop with those options until the board's end."""
    ctl = sys.modules["aioctl"]
    sched = sys.modules["aioschedule"]

    async def main():
        ctl.add(sched.schedule_loop)
        ctl.add(sched.sleep_loop, board.sleep, **options)
        for task in tasks:
            asyncio.create_task(task)
        await asyncio.Event().wait()

    try:
        vclock.run(main(), board.end + 1000)
    except Done:
        pass
