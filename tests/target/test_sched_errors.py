# Proves that bad arguments raise at the call, name option and value, and change nothing.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn

import vclock

vclock.install()

from harness import eq, raises
from programs import fresh, job, play, printed

OURS_ONLY = {}

NUMBERS = (-1, -0.001, "5", "soon", b"5", {}, object, float("nan"), float("inf"))
TUPLES = (
    (),
    (2024,),
    (2024, 1, 1),
    (2024, 1, 1, 0, 0),
    [2024, 1, 1, 0, 0],
    ("a",) * 6,
    (None,) * 8,
)
NO_TIMES = (
    (2024, 13, 1, 0, 0, 0),
    (2024, 2, 30, 0, 0, 0),
    (2023, 2, 29, 0, 0, 0),
    (2024, 1, 1, 24, 0, 0),
    (2024, 1, 1, 0, 0, 5.0),
    (2024.0, 1, 1, 0, 0, 0),
    (-1, 1, 1, 0, 0, 0),
    (9999, 1, 1, 0, 0, 0),
    (10**12, 1, 1, 0, 0, 0),
    (1e20, 1, 1, 0, 0, 0),
)
CRON = (
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "x * * * *",
    "@never",
    "0 0 30 2 *",
    "*/0 * * * *",
    ".",
    "0****",
    "0011*",
    "@",
)


def refusal(func, *args, **kwargs):
    # Calls func, which must raise TypeError or ValueError; returns that
    try:
        func(*args, **kwargs)
    except (TypeError, ValueError) as er:
        return er
    raise AssertionError("nothing raised: %r %r" % (args, kwargs))


def refused(option, value, **others):
    # The call raises, the message names option and value, the old schedule runs on
    for decorator in (False, True):
        ctl, sched = fresh()
        runs = []
        job("a", runs, start_in=1, repeat=2)
        before = dict(sched.group()["a"])
        options = dict(others)
        options[option] = value
        if decorator:
            er = refusal(lambda: sched.schedule_task(**options)(("no coroutine", "a")))
        else:
            er = refusal(sched.schedule, "a", **options)
        text = str(er)
        assert option in text and repr(value) in text, (option, value, text)
        eq(list(sched.group()), ["a"])
        eq(sched.group()["a"], before)
        refusal(sched.set_group, {"b": {"start_in": 1}, "a": options})
        eq((list(sched.group()), sched.group()["a"]), (["a"], before))
        play(6000)
        eq(runs, [1000, 3000, 5000])


def test_start_in():
    """Negative, no number, a tuple that is short, or of a time that does not exist."""
    for value in NUMBERS + TUPLES + NO_TIMES:
        refused("start_in", value)
        refused("start_in", value, repeat=60)


def test_repeat():
    """0, negative, no number, no crontab string."""
    for value in (0, 0.0, 0.0004) + tuple(v for v in NUMBERS if not isinstance(v, str)) + CRON:
        refused("repeat", value)
        refused("repeat", value, start_in=1)
    refused("repeat", (2024, 1, 1, 0, 0, 0), start_in=1)


def test_longest_and_shortest():
    """Seconds up to 2**30 - 2, a period of 1 ms; beyond they are refused."""
    for option in ("start_in", "until", "jitter", "repeat"):
        refused(option, (1 << 30) - 1, **({} if option == "repeat" else {"repeat": 5}))
        ctl, sched = fresh()
        options = {"repeat": 5}
        options[option] = (1 << 30) - 2
        sched.schedule("a", **options)
    refused("times", (1 << 30) - 1, repeat=5)
    ctl, sched = fresh()
    runs = []
    job("a", runs, start_in=1, repeat=0.001)
    play(1005)
    eq(runs, [1000, 1001, 1002, 1003, 1004, 1005][: len(runs)])
    assert len(runs) > 4


def test_repeat_true():
    """It repeats every start_in seconds: not without one, or a time tuple, or 0."""
    ctl, sched = fresh()
    for options in ({}, {"start_in": 0}, {"start_in": (2024, 1, 1, 0, 0, 0)}):
        er = refusal(sched.schedule, "a", repeat=True, **options)
        assert "repeat=True" in str(er), er
    # Less than a ms
    er = refusal(sched.schedule, "a", repeat=True, start_in=0.0001)
    assert "repeat=" in str(er) and "0.001" in str(er), er
    eq(sched.group(), {})


def test_neither_start_in_nor_repeat():
    """There is nothing to do then."""
    ctl, sched = fresh()
    for options in ({}, {"repeat": False}, {"times": 3}, {"until": 5}):
        er = refusal(sched.schedule, "a", **options)
        assert "start_in" in str(er), er
    eq(sched.group(), {})


def test_times():
    """0, negative, no int."""
    for value in (0, -1, 1.5, "3", (), {}):
        refused("times", value, start_in=1)


def test_until():
    """As start_in."""
    for value in NUMBERS + TUPLES + NO_TIMES:
        refused("until", value, start_in=1)


def test_jitter():
    """Negative, no number."""
    for value in NUMBERS + ((1, 2),):
        refused("jitter", value, start_in=1)


def test_unknown_option():
    """A misspelt option is not taken for nothing."""
    refused("start", 5, start_in=1)
    refused("every", 5, start_in=1, repeat=2)
    refused("every", 5, start_in=1, repeat=2, times=3, until=100, jitter=0)
    # Nor is a key of an entry taken for one that comes from aioctl.start()
    for key in ("due", "wall", "at", "last"):
        refused(key, 5, start_in=1, repeat=2)


def test_name_that_is_no_string():
    """TypeError with the name."""
    for name in (5, None, b"a", ("a",), print):
        ctl, sched = fresh()
        er = refusal(sched.schedule, name, start_in=1)
        assert repr(name) in str(er), er
        er = refusal(sched.set_group, {name: {"start_in": 1}})
        assert repr(name) in str(er), er
        eq(sched.group(), {})


def test_set_group_of_garbage():
    """Values that are no dicts of options."""
    for value in (5, None, {}, [], (), "x", "wall", "every ten minutes", object):
        ctl, sched = fresh()
        runs = []
        job("z", runs, start_in=1)
        before = sched.group()
        refusal(sched.set_group, {"a": value})
        refusal(sched.set_group, {"b": {"start_in": 1}, "a": value})
        assert sched.group() is before
        eq(list(before), ["z"])
        play(3000)
        eq(runs, [1000])


def test_set_group_leaves_the_options_alone():
    """A refused dict is as it was; options that are given twice are the same both times."""
    ctl, sched = fresh()
    d = {"a": {"start_in": 1, "repeat": 2}, "b": {"start_in": -1}}
    refusal(sched.set_group, d)
    eq(d, {"a": {"start_in": 1, "repeat": 2}, "b": {"start_in": -1}})
    options = {"start_in": 1, "repeat": 2}
    sched.schedule("a", **options)
    sched.schedule("b", **options)
    eq(options, {"start_in": 1, "repeat": 2})


def test_decorators_in_the_wrong_order():
    """schedule_task below aiotask raises a TypeError that says how to write it."""
    ctl, sched = fresh()

    async def body():
        pass

    def wrong():
        return ctl.aiotask(sched.schedule_task(start_in=1)(body))

    er = raises(TypeError, wrong)
    assert "schedule_task" in str(er) and "aiotask" in str(er) and "above" in str(er), er
    eq(sched.group(), {})


def test_unschedule_of_an_unknown_name():
    """Returns False, and prints which names are known, as aioctl does."""
    ctl, sched = fresh()
    sched.schedule("a", start_in=1)
    found = []
    eq(printed(lambda: found.append(sched.unschedule("b"))), ["Task b not found in ['a']"])
    eq(printed(lambda: found.append(sched.unschedule("a"))), [])
    eq((found, sched.group()), ([False, True], {}))
