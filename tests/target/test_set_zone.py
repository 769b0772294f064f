# Proves that set_zone() is done as a whole or not at all, and that what waits for local time
# follows it, also what is stopped.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

import os
import sys

from harness import eq, raises
from programs import both, job, ours, play

UNIX_ONLY = {"test_what_is_stopped_follows": "takes minutes on a board"}

HOUR = 3_600_000
# Berlin has summer time then: two hours east of what the RTC shows
EPOCH = (2026, 5, 1, 4, 0, 0)
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


class Missing:
    """While it is used, a module of the project is not installed."""

    def __init__(self, name):
        self.path = name + ".py"
        with open(self.path, "w") as f:
            f.write("raise ImportError('no module named %s')\n" % name)
        sys.path.insert(0, "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        sys.path.pop(0)
        os.remove(self.path)


def test_a_missing_part():
    """Without the module for the wall clock, or for zones, an ImportError tells what to install,
    and nothing is changed. When it is there all is."""
    for module in ("aioschedule_wall", "posixtz"):
        for _ctl, sched in both(epoch=EPOCH):
            runs = []
            job("a", runs, start_in=1, repeat=1)
            before = sched.localtime(), dict(sched.group()["a"])
            if module in sys.modules:
                del sys.modules[module]
            with Missing(module):
                error = raises(ImportError, sched.set_zone, BERLIN)
            assert "install %s.py" % module in str(error), error
            eq((sched.localtime(), sched.group()["a"]), before)
            sched.set_zone(BERLIN)
            eq(sched.localtime()[:6], (2026, 5, 1, 6, 0, 0))
            play(3500)
            eq(
                (runs, sched.group()["a"]["last_dt"][:6]),
                ([1000, 2000, 3000], (2026, 5, 1, 6, 0, 3)),
            )


def test_what_is_stopped_follows():
    """What was stopped, before its first run or after one, waits for its local time in the zone
    that was set meanwhile; a long time after, and in another zone once more."""
    # At 6:30 local time each day
    options = {
        "once": {"start_in": (2026, 5, 1, 6, 30, 0)},
        "day": {"start_in": (2026, 5, 1, 6, 30, 0), "repeat": 86400},
        "rule": {"repeat": "30 6 * * *"},
        "until": {"repeat": "*/30 * * * *", "until": (2026, 5, 1, 6, 30, 0)},
    }
    for zones, hour in (((BERLIN,), 2), (("UTC-1",), 1), (("UTC-1", BERLIN), 2)):
        for ctl, sched in ours(epoch=EPOCH):
            runs = {name: [] for name in options}
            for name in options:
                job(name, runs[name], **options[name])

            def stop():
                for name in options:
                    eq((name, ctl.stop(name)), (name, True))
                    assert name not in sched.group()

            def start():
                for name in options:
                    eq((name, ctl.start(name)), (name, True))

            script = [(1000, stop)]
            script += [
                (2000 + 1000 * n, lambda z=zone: sched.set_zone(z)) for n, zone in enumerate(zones)
            ]
            script += [(10_000, start)]
            play(6 * HOUR, *script)
            due = (5 - 2 * hour) * HOUR // 2
            where = zones
            for name in ("once", "day", "rule"):
                eq((where, name, runs[name]), (where, name, [due]))
            eq((where, runs["until"]), (where, list(range(HOUR // 2, due + 1, HOUR // 2))))
