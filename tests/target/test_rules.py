# Proves that a rule of the user's own may fail in any way: that is logged and counted, the rule is
# asked again an hour later, and nothing else is disturbed.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import sys

from afresh import Log, counts
from harness import eq, raises
from programs import both, job, play, printed

OURS_ONLY = {}

UNIX_ONLY = "takes minutes on a board"

EPOCH = (2026, 5, 1, 0, 0, 0)
MINUTE = 60_000
HOUR = 60 * MINUTE


def fails(now):
    raise OSError("no sensor")


# What a rule may return instead of an int that is later than the time it was given
NONSENSE = {
    "raises": fails,
    "the past": lambda now: now - 5,
    "the same": lambda now: now,
    "a float": lambda now: now + 10.5,
    "text": lambda now: "soon",
    "a bool": lambda now: True,
    "a tuple": lambda now: (2026, 6, 1, 0, 0, 0),
    "nanoseconds": lambda now: now * 1_000_000_000,
}


class Rule:
    """Each ten minutes; for times from `begin` to `end`, ms from now, what `failure` gives."""

    def __init__(self, failure, begin, end):
        self.failure = failure
        self.start = int(sys.modules["time"].time())
        self.begin = begin
        self.end = end
        self.asked = 0

    def __call__(self, now):
        self.asked += 1
        if self.begin <= (now - self.start) * 1000 < self.end:
            return self.failure(now)
        return now // 600 * 600 + 600


def test_a_rule_that_fails():
    """Logged under its name, counted, and asked again an hour later; then it is a rule again."""
    for what in NONSENSE:
        for _ctl, sched in both(epoch=EPOCH):
            log = Log()
            sched.set_log(log)
            runs, other = [], []
            rule = Rule(NONSENSE[what], 15 * MINUTE, 130 * MINUTE)
            job("a", runs, repeat=rule)
            job("other", other, repeat=MINUTE // 1000)
            play(210 * MINUTE)
            minutes = [10, 20] + list(range(140, 211, 10))
            eq((what, runs), (what, [minute * MINUTE for minute in minutes]))
            eq((what, log.times), (what, [20 * MINUTE, 80 * MINUTE]))
            assert all(line.startswith("[a] repeat: ") for line in log.lines), log.lines
            eq((what, counts("a")), (what, (len(runs), 2)))
            eq((what, other), (what, list(range(MINUTE, 210 * MINUTE + 1, MINUTE))))
            # It never spins: it is asked for each run, beforehand, and a few times where it failed
            assert rule.asked <= len(runs) + 8, (what, rule.asked)


def test_it_fails_while_its_start_is_waited_for():
    """It does not run before its start for that, whatever made the scheduler ask it again."""
    for _ctl, sched in both(epoch=EPOCH):
        sched.set_log(Log())
        runs = []
        rule = Rule(fails, MINUTE, 2 * MINUTE)
        job("a", runs, start_in=(2026, 5, 1, 6, 0, 0), repeat=rule)
        play(7 * HOUR - 1, (MINUTE, lambda: sched.set_zone("UTC0")))
        eq(runs, [6 * HOUR + minute * MINUTE for minute in range(0, 60, 10)])
        eq(counts("a"), (6, 0))


def test_no_more_times():
    """None is the end, and no failure."""
    for _ctl, sched in both(epoch=EPOCH):
        log = Log()
        sched.set_log(log)
        runs = []
        job("a", runs, repeat=Rule(lambda now: None, 15 * MINUTE, 5 * HOUR))
        play(6 * HOUR)
        eq((runs, counts("a"), log.lines), ([10 * MINUTE, 20 * MINUTE], (2, 0), []))
        eq(sched.idle_ms(), None)


def test_no_more_times_when_the_clock_is_set():
    """A step, or another zone, that leaves a rule no time before its first run: it is done."""
    for what in ("step", "zone", "start"):
        for _ctl, sched in both(epoch=EPOCH):
            log = Log()
            sched.set_log(log)
            runs = []
            due = int(sys.modules["time"].time()) + 3600
            ended = []

            def rule(now):
                return due if now < due and not ended else None

            def end():
                ended.append(True)
                if what == "zone":
                    sched.set_zone("UTC0")
                elif what == "step":
                    vclock.step(8 * 3600)

            job("a", runs, start_in=60 if what == "start" else None, repeat=rule)
            play(2 * HOUR, (5000, end))
            where = what, runs, log.lines
            eq((where, counts("a")), ((what, [], []), (0, 0)))
            shown = "".join(printed(sched.status_sc, "a"))
            assert "done" in shown, (what, shown)
            eq(sched.idle_ms(), None)


def test_a_second_ends_between_two_looks():
    """A match in the very second of a start, in seconds, counts, also where that second ends while
    the clock is read: not at once, as the loop was busy meanwhile."""
    clock = sys.modules["time"]
    real = clock.time_ns
    for busy in range(290, 302):
        for _ in both(epoch=EPOCH):
            # Each hour, and in the second in which it starts
            came = int(clock.time()) + 2
            runs = []

            def slowly():
                ns = real()
                vclock.block(1)
                return ns

            def begin():
                # From 2.700 s on it is due
                vclock.block(busy)
                clock.time_ns = slowly

            job("a", runs, start_in=2.7, repeat=lambda now: came if now < came else now + 3600)
            try:
                play(10_000, (2699, begin))
            finally:
                clock.time_ns = real
            assert len(runs) == 1 and runs[0] < 3100, (busy, runs)


def test_nonsense_at_the_call():
    """What fails when it is scheduled is refused, and the old schedule stays."""
    for _ctl, sched in both(epoch=EPOCH):
        sched.schedule("a", start_in=60)
        old = dict(sched.group()["a"])
        for what in NONSENSE:
            assert "a: repeat=" in str(
                raises(ValueError, sched.schedule, "a", repeat=NONSENSE[what])
            )
        raises(ValueError, sched.schedule, "a", repeat=lambda now: None)
        eq(sched.group()["a"], old)
