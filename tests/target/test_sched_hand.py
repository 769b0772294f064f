# Proves promise 8 for entries that somebody changed by hand: no other task is disturbed, the loop
# neither spins nor ends, and the entry runs on or one line of the log names it.
# MIT license; Copyright (c) 2026 the aioschedule authors
# ruff: noqa: B023, B904 - closures over loop variables: all are called in the same turn
#
#   KINDS         entries of each kind, with all options
#   edits()       what is done to them: each key, and the entry itself, set to nonsense or deleted
#   check()       one edit in a program with neighbours on both clocks
#   the tests     by kind and moment; then what is written anew; then set_group()

import vclock

vclock.install()

import afresh
from afresh import add, modules, run, secs
from harness import eq
from programs import printed

TIMEOUT = 300

UNIX_ONLY = "takes minutes on a board"

NOON = (2026, 5, 1, 12, 0, 0)
ALL = {"times": 50, "until": 10_000, "jitter": 0.5}
ALL_WALL = {"times": 50, "until": (2026, 5, 1, 18, 0, 0), "jitter": 0.5}

KINDS = {
    "once": {"start_in": 5},
    "tuple": {"start_in": (2026, 5, 1, 12, 0, 5)},
    "seconds": {"start_in": 1, "repeat": 3},
    "seconds, all": dict(ALL, **{"start_in": 1, "repeat": 3}),
    "seconds, until on the wall": dict(ALL_WALL, **{"start_in": 1, "repeat": 3}),
    "after a tuple": {"start_in": (2026, 5, 1, 12, 0, 1), "repeat": 3},
    "after a tuple, all": dict(ALL_WALL, **{"start_in": (2026, 5, 1, 12, 0, 1), "repeat": 3}),
    "days": {"start_in": (2026, 5, 1, 12, 0, 1), "repeat": 86_400},
    "rule": {"repeat": "* * * * *"},
    "rule, all": dict(ALL_WALL, **{"start_in": 1, "repeat": "* * * * *"}),
    "rule from seconds on": dict(ALL, **{"start_in": 65, "repeat": "* * * * *"}),
}

NONSENSE = (
    None,
    "junk",
    "",
    [],
    [1],
    {},
    {"x": None},
    (),
    (1, 2),
    (2026, 5, 1, 12, 0, 70),
    float("nan"),
    float("inf"),
    -float("inf"),
    10**60,
    -(10**60),
    True,
    False,
    -1,
    0,
    1.5,
    1 << 31,
    b"x",
    object,
    "* * * *",
    "0 0 30 2 *",
)
GONE = "gone"


def fresh():
    global aioctl, aioschedule, time, log
    aioctl, aioschedule, time = modules(NOON)
    log = []
    aioschedule.set_log(Log())


class Log:
    def error(self, text):
        log.append(text)
        # A loop that spins would fill the memory first
        assert len(log) < 50, log[:5]


class Program:
    """A task "x" of some kind, and neighbours that must have exactly their runs."""

    def __init__(self, options):
        fresh()
        self.x = add("x", **options)
        self.neighbours = (
            (add("seconds", start_in=0.25, repeat=0.5), range(250, 260_001, 500)),
            (add("tuple", start_in=(2026, 5, 1, 12, 0, 2), repeat=7), range(2000, 260_001, 7000)),
            (add("rule", repeat="* * * * *"), range(60_000, 260_001, 60_000)),
            (add("once", start_in=100), [100_000]),
        )
        self.late = []

    def play(self, at, edit):
        """Edits at that second; at 200 s "x" is unscheduled, and scheduled for 210 s."""

        def mend():
            before = len(log)
            aioschedule.unschedule("x")
            self.lines = [line for line in log if line.startswith("[x]")]
            self.others = [line for line in log if line not in self.lines]
            self.runs = [ms for ms in self.x if ms > at * 1000]
            del self.x[:]
            aioschedule.schedule("x", start_in=10)
            eq(len(log), before)

        run(260, (at, edit), (200, mend))

    def check(self, where):
        # nan is not equal to itself
        where = repr(where)
        for runs, due in self.neighbours:
            # No further than by a pass, as more may be due then
            assert runs == list(due), (where, runs[:20])
        assert not aioctl.group().tasks["loop"].task.done(), where
        assert len(self.lines) <= 3, (where, self.lines)
        eq((where, self.others), (where, []))
        eq((where, self.x), (where, [210_000]))


def edits():
    """(key, value): what a key of an entry is set to; the key None is the entry itself."""
    for value in NONSENSE + (GONE,):
        yield None, value
        yield "mine", value
    for key in sorted(KEYS):
        for value in NONSENSE + (GONE,):
            yield key, value


def keys_of(options):
    # All keys that an entry of this kind has, at whatever time
    fresh()
    add("x", **options)
    keys = set(aioschedule.group()["x"])
    run(70)
    return keys | set(aioschedule.group()["x"])


def change(key, value):
    if key is None:
        if value == GONE:
            aioschedule.group().pop("x", None)
        else:
            aioschedule.group()["x"] = value
        return
    entry = aioschedule.group().get("x")
    if value == GONE:
        entry.pop(key, None)
    else:
        entry[key] = value


def check(kind, at, told):
    """Every edit of a kind at a second. `told`: also tells the scheduler, as the documents say."""
    global KEYS
    KEYS = keys_of(KINDS[kind])
    count = 0
    for key, value in list(edits()):
        where = (kind, at, key, value)
        program = Program(KINDS[kind])

        def edit():
            change(key, value)
            if told:
                getattr(aioschedule, "wake", aioschedule.idle_ms)()

        try:
            program.play(at, edit)
        except Exception as exc:
            raise AssertionError("%r: %r" % (where, exc))
        program.check(where)
        count += 1
        # It runs, or it says why not, or it is gone, or over
        if not program.runs and not program.lines and key is not None:
            assert may_be_silent(kind, at, key, value), (where, "neither runs nor a line")
    print(kind, at, count, "edits")


def may_be_silent(kind, at, key, value):
    # What there is nothing to be said of: one-shots that have run, limits that are a new end
    if at > 6 and kind in ("once", "tuple"):
        return True
    if kind == "days":
        return True
    return key in ("times", "until", "repeat", "start_in") and value is not None


def test_one_shots_before():
    """One-shots on either clock, before their run."""
    check("once", 2, False)
    check("tuple", 2, False)


def test_one_shots_after():
    """The same after it."""
    check("once", 10, True)
    check("tuple", 10, False)


def test_seconds_before():
    """Repeating ones in seconds, with options and without, before the first run."""
    check("seconds", 0.5, True)
    check("seconds, all", 0.5, False)


def test_seconds_after():
    """The same between two runs."""
    check("seconds", 8.75, False)
    check("seconds, all", 8.75, True)


def test_seconds_until_on_the_wall_clock():
    """An `until` on the other clock."""
    check("seconds, until on the wall", 8.75, False)


def test_after_a_tuple_before():
    """Repeating ones on the wall clock, before the first run."""
    check("after a tuple", 0.5, False)
    check("after a tuple, all", 0.5, True)


def test_after_a_tuple_after():
    """The same between two runs, and of whole days."""
    check("after a tuple", 8.75, True)
    check("after a tuple, all", 8.75, False)
    check("days", 8.75, False)


def test_rules_before():
    """Rules before the first match, and before their start."""
    check("rule", 30, False)
    check("rule, all", 30, True)
    check("rule from seconds on", 30, False)


def test_rules_after():
    """Rules between two matches."""
    check("rule", 70.5, True)
    check("rule, all", 70.5, False)
    check("rule from seconds on", 70.5, True)


def test_while_it_runs():
    """Each edit in the middle of a run of the task itself, and as its last act."""
    global KEYS
    options = KINDS["seconds, all"]
    KEYS = keys_of(options)
    for key, value in list(edits()):
        program = Program({})
        runs = program.x

        async def body():
            runs.append(vclock.now())
            if len(runs) == 2:
                change(key, value)

        aioschedule.schedule("x", **options)
        aioctl.group().tasks["x"].coro = body
        try:
            program.play(60, lambda: None)
        except Exception as exc:
            raise AssertionError("%r: %r" % ((key, value), exc))
        program.check((key, value))


def test_a_time_limit():
    """One that is spoilt is told of once, when the next run is due, and shown; that run and those
    after it are left out. Mended, it runs again. It makes no difference whether the scheduler is
    told of it."""
    for value in ("5", 0, -1, [], {}, object, b"x", 1 << 40, float("nan")):
        for told in (False, True):
            program = Program({"start_in": 1, "repeat": 3, "timeout": 5})
            shown = []

            def edit(limit=value):
                aioschedule.group()["x"]["timeout"] = limit
                if told or limit == 5:
                    aioschedule.wake()

            def mend():
                eq(len([line for line in log if line.startswith("[x] ")]), 1)
                shown.extend(printed(aioschedule.status_sc, "x"))
                edit(5)

            run(260, (5, edit), (100, mend))
            where = repr((value, told))
            before = [ms for ms in program.x if ms < 100_000]
            after = [ms for ms in program.x if ms > 100_000]
            eq((where, before), (where, [1000, 4000]))
            assert len(after) in (53, 54), (where, after)
            eq([b - a for a, b in zip(after, after[1:])], [3000] * (len(after) - 1))
            assert "timeout" in "".join(shown), (where, shown)
            for runs, due in program.neighbours:
                eq((where, runs), (where, list(due)))


def test_with_a_step_of_the_clock():
    """A broken entry does not keep the others from following a step of the RTC."""
    global KEYS
    for kind in ("after a tuple, all", "rule, all"):
        KEYS = keys_of(KINDS[kind])
        for key, value in list(edits()):
            for step in (-600, 20_000):
                fresh()
                add("x", **KINDS[kind])
                rule = add("rule", repeat="* * * * *")
                steady = add("steady", repeat=7)
                run(
                    130,
                    (62, lambda: change(key, value)),
                    (70.5, lambda: vclock.step(step)),
                )
                where = repr((kind, key, value, step))
                # Stepped by whole minutes, or 20 s less
                want = [60, 120] if step == -600 else [60, 100]
                eq((where, secs(rule)), (where, want))
                eq((where, secs(steady)), (where, list(range(7, 131, 7))))
                assert len(log) <= 3, (where, log)


# Entries written by hand

WRITTEN = (
    ({"start_in": 1, "repeat": 4}, [11_000, 15_000, 19_000]),
    ({"start_in": 0, "repeat": 4}, [10_000, 14_000, 18_000]),
    ({"repeat": 4}, [14_000, 18_000]),
    ({"start_in": 2, "repeat": False}, [12_000]),
    ({"start_in": 2}, [12_000]),
    ({"start_in": 2, "repeat": True}, [12_000, 14_000, 16_000, 18_000]),
    ({"start_in": (2026, 5, 1, 12, 0, 13), "repeat": 5}, [13_000, 18_000]),
    ({"start_in": 1, "repeat": 4, "times": 2}, [11_000, 15_000]),
    ({"start_in": 1, "repeat": 4, "until": 6}, [11_000, 15_000]),
    # None is as left out
    (
        {
            "start_in": 1,
            "repeat": 4,
            "until": None,
            "times": None,
            "timeout": None,
            "jitter": None,
        },
        [11_000, 15_000, 19_000],
    ),
)


def test_written_into_the_group():
    """{"start_in": 1, "repeat": 1} written into group() is taken up by wake(), schedule(),
    unschedule() and status_sc(), or when the loop next looks; its seconds count from then."""
    for how in ("wake", "schedule", "unschedule", "status_sc", "loop"):
        for options, want in WRITTEN:
            fresh()
            runs = add("x")
            steady = add("steady", start_in=0.5, repeat=1)
            # The loop looks when this one is due
            add("look", start_in=10)
            add("other", start_in=500)

            def write():
                aioschedule.group()["x"] = dict(options)
                if how == "wake":
                    getattr(aioschedule, "wake", aioschedule.idle_ms)()
                elif how == "schedule":
                    aioschedule.schedule("other", start_in=600)
                elif how == "unschedule":
                    aioschedule.unschedule("other")
                elif how == "status_sc":
                    printed(aioschedule.status_sc)

            run(19.9, (9.999 if how == "loop" else 10, write))
            eq((how, options, runs), (how, options, [0] + want))
            eq(steady, list(range(500, 20_000, 1000)))
            eq(log, [])


def test_written_while_memory_runs_out():
    """Its seconds count from when it is taken up, also if there is no memory for that at first."""

    class Entry(dict):
        # At first there is no room for another key
        is_full = True

        def __setitem__(self, key, value):
            if self.is_full and key not in self:
                self.is_full = False
                raise MemoryError
            super().__setitem__(key, value)

        def update(self, other):
            for key in other:
                self[key] = other[key]

    fresh()
    runs = add("x")

    def write():
        aioschedule.group()["x"] = Entry({"start_in": 5, "repeat": 10})
        aioschedule.wake()

    run(1030, (1000, write))
    # The next try is a second later
    eq(runs, [0, 1_006_000, 1_016_000, 1_026_000])


def test_written_before_the_loop():
    """The same before the loop starts, for a task that is added before or after."""
    for first in (True, False):
        fresh()
        if first:
            x = add("x")
        aioschedule.group()["x"] = {"start_in": 3, "repeat": 4}
        if not first:
            x = add("x")
        run(12)
        # Nobody held back what was added before it had an entry
        eq((first, x[x[:1] == [0] and first :]), (first, [3000, 7000, 11_000]))


def test_written_nonsense():
    """Entries that are none are named once, and disturb nobody."""
    for value in NONSENSE + (
        {"start_in": "x"},
        {"start_in": 5, "repeat": "x"},
        {"start_in": 5, "repeat": -1},
        {"mine": 1},
        {"start_in": 1, "repeat": 1, "times": 0},
        {"start_in": 1, "repeat": 1, "jitter": "x"},
        {"start_in": 5, "until": 1},
    ):
        for name in ("x", "not a task"):
            program = Program({"start_in": 5, "repeat": 5})

            def write():
                aioschedule.group()[name] = value

            program.play(7, write)
            lines = [line for line in log if line.startswith("[%s]" % name)]
            assert len(lines) <= 3, (value, lines)
            if name == "x":
                program.check(value)
                assert lines, (value, "no line")
            else:
                for runs, due in program.neighbours:
                    eq((repr(value), runs), (repr(value), list(due)))


def test_one_dict_under_two_names():
    """The second one gets its own: that is said once, and both run from then on."""
    _, aioschedule, _ = modules(NOON)
    log = afresh.Log()
    aioschedule.set_log(log)
    first = add("first", start_in=1, repeat=2)
    second = add("second", start_in=100)
    other = add("other", start_in=1, repeat=1)

    def write():
        aioschedule.group()["second"] = aioschedule.group()["first"]
        aioschedule.wake()

    run(10.5, (1.5, write))
    eq(first[:3], [1000, 3000, 5000])
    assert len(second) == 4 or len(second) == 5, second
    eq(other, [k * 1000 for k in range(1, 11)])
    assert len(log.lines) <= 2, log.lines


def test_an_exception_that_cannot_be_printed():
    """It is logged under the name of the entry, once, and the others run."""

    class Odd(Exception):
        def __repr__(self):
            raise self

        __str__ = __repr__

    def rule(rtc):
        raise Odd

    _, aioschedule, _ = modules(NOON)
    log = afresh.Log()
    aioschedule.set_log(log)
    other = add("other", start_in=1, repeat=1)

    def write():
        aioschedule.group()["odd"] = {"start_in": 1, "repeat": rule}
        aioschedule.wake()

    run(10.5, (3.5, write))
    eq(other, [k * 1000 for k in range(1, 11)])
    eq(len(log.lines), 1)
    assert log.lines[0].startswith("[odd] "), log.lines


def test_names_that_are_none():
    """Keys of the dict that are no names."""
    for name in (5, None, (), b"x", 1.5, True):
        for value in (None, {"start_in": 1, "repeat": 1}):
            program = Program({"start_in": 5, "repeat": 5})

            def write():
                aioschedule.group()[name] = value

            program.play(7, write)
            for runs, due in program.neighbours:
                eq((name, value, runs), (name, value, list(due)))
            assert len(log) <= 3, log


def test_many_entries_taken_apart():
    """A hundred broken entries at once: a line for each, and the loop lives."""
    fresh()

    class Lines:
        def error(self, text):
            log.append(text)
            assert len(log) < 1000, log[:5]

    aioschedule.set_log(Lines())
    for n in range(100):
        add("t%d" % n, start_in=5, repeat=5)
    steady = add("steady", start_in=0.5, repeat=1)

    def spoil():
        for n in range(100):
            entry = aioschedule.group()["t%d" % n]
            for key in list(entry):
                entry[key] = NONSENSE[n % len(NONSENSE)]

    run(30, (7, spoil))
    eq(steady, list(range(500, 30_000, 1000)))
    for n in range(100):
        lines = [line for line in log if "t%d]" % n in line]
        assert len(lines) <= 3, lines


# set_group()


def test_set_group_of_nonsense():
    """It raises TypeError or ValueError with the name of the task, and nothing is changed."""
    for good in (True, False):
        for value in NONSENSE:
            refused({"pump": value}, good)
    for option in ("start_in", "repeat", "times", "until", "jitter"):
        for value in NONSENSE:
            if is_nonsense(option, value):
                refused({"pump": {"start_in": 5, "repeat": 5, option: value}}, True)


def is_nonsense(option, value):
    # What is a value of one option need not be one of another
    if value is None or option == "repeat" and value in (False, True):
        # As left out, and every start_in seconds
        return False
    if option in ("start_in", "until", "jitter") and value in (0, 1.5):
        return option == "until"
    if option == "repeat" and (value == 1.5 or value is object):
        # Seconds, or a callable, which may be a rule
        return False
    # A bool may pass for an int
    return not isinstance(value, bool)


def refused(d, good):
    program = Program({"start_in": 5, "repeat": 5})
    before = aioschedule.group()
    text = repr(before)
    given = dict(d)
    if good:
        given = {"first": {"start_in": 1}}
        given.update(d)
    shown = repr(given)
    try:
        aioschedule.set_group(given)
    except (TypeError, ValueError) as exc:
        assert "pump" in str(exc), (d, exc)
    else:
        raise AssertionError("taken: %r" % d)
    assert aioschedule.group() is before
    eq(repr(before), text)
    eq(repr(given), shown)
    if good:
        return
    program.play(7, lambda: None)
    program.check(d)


def test_set_group_of_a_spoilt_entry():
    """An entry that went through somebody's hands: refused with its name, or it runs."""
    global KEYS
    for kind in ("seconds, all", "after a tuple, all", "rule, all"):
        KEYS = keys_of(KINDS[kind])
        for key, value in list(edits()):
            if key is None:
                continue
            fresh()
            add("pump", **KINDS[kind])
            run(65)
            entry = dict(aioschedule.group()["pump"])
            steady = add("steady", start_in=0.5, repeat=1)
            before = aioschedule.group()
            if value == GONE:
                entry.pop(key, None)
            else:
                entry[key] = value
            good = aioschedule.group()["steady"]
            try:
                aioschedule.set_group({"steady": good, "pump": entry})
            except (TypeError, ValueError) as exc:
                assert "pump" in str(exc), (key, value, exc)
                assert aioschedule.group() is before
            start = vclock.now()
            run(start / 1000 + 20)
            assert len([ms for ms in steady if ms > start]) >= 19, (kind, key, value, steady)
            assert len(log) <= 3, (kind, key, value, log)
