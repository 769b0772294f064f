# The Python side of the page: runs the program and the commands, and looks at the schedule.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# It runs in MicroPython's WebAssembly port. worker.js calls it; what it returns is JSON.

import asyncio
import io
import json
import sys
import time

FILE = "driver.py"
RED = "\x1b[91m"
PLAIN = "\x1b[0m"

# How many due times the time line is told of each task, and how many runs the rule's tab shows
AHEAD = 30
LISTED = 20
DAYS = 7
MOST_RUNS = 1500
MOST_CHANGES = 8

DAY = 86400
HINT = "Here the event loop runs by itself: write asyncio.create_task(...), not asyncio.run(...)"

program = {"__name__": "__main__"}

# The due times that were worked out, by name: the entry and the fields of the row that they are
# for, and by how many ms each is later than the first
_worked_out = {}
LOOKED_AT = ("next", "offset", "runs", "missed")


################################################################################
# The program and its prompt


def run(source):
    """Runs the program. Returns whether its tasks may go on: not after an exception. On a board
    they would not even begin."""
    try:
        exec(compile(source, "main.py", "exec"), program)
    except SystemExit:
        return False
    except BaseException as error:
        _print_error(error)
        if isinstance(error, AttributeError) and "asyncio.run(" in source:
            print(HINT)
        return False
    return True


def command(text):
    """Does what was typed at the prompt, in a task, as aiorepl does."""
    print(">>>", text)
    for name in ("aioctl", "aioschedule"):
        program.setdefault(name, __import__(name))
    asyncio.create_task(_command(text))


async def _command(text):
    try:
        try:
            code = compile(text, "prompt", "eval")
        except SyntaxError:
            exec(compile(text, "prompt", "exec"), program)
            return
        value = eval(code, program)
        if value is not None:
            print(repr(value))
    except BaseException as error:
        _print_error(error)


def _print_error(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    lines = [line for line in text.getvalue().split("\n") if FILE not in line]
    print(RED + "\n".join(lines).rstrip() + PLAIN)


################################################################################
# The time line


def look():
    """What is scheduled: the rows of snapshot(), each with `ahead`, the due times to come in ms
    from now. `alive` is False when nothing is left that could run."""
    aioschedule = sys.modules.get("aioschedule")
    rows = aioschedule.snapshot() if aioschedule else []
    for row in rows:
        row["ahead"] = _ahead(aioschedule, row)
    return json.dumps({"rows": rows, "alive": _alive()})


def _alive():
    aioctl = sys.modules.get("aioctl")
    return bool(asyncio.core._task_queue.peek() or aioctl and aioctl.tasks())


def _ahead(aioschedule, row):
    if row["next"] is None or row["state"] in ("earliest", "no task"):
        return []
    name = row["name"]
    entry = aioschedule.group()[name]
    # A rule that matches once in four years takes its time: not at each look
    fields = [row[field] for field in LOOKED_AT]
    known = _worked_out.get(name, (None, None, None))
    if known[0] is not entry or known[1] != fields:
        known = _worked_out[name] = entry, fields, _from_first(aioschedule, name, entry)
    return [row["next_ms"] + ms for ms in known[2]]


def _from_first(aioschedule, name, entry):
    # It prints, too: worker.js does not show what is printed meanwhile
    texts = aioschedule.upcoming(name, AHEAD)
    repeat = entry["repeat"]
    if isinstance(repeat, (int, float)) and "jitter" not in entry:
        # Texts are in whole seconds, these may not be
        return [int(n * repeat * 1000) for n in range(len(texts))]
    seconds = [_seconds(text) for text in texts]
    return [(at - seconds[0]) * 1000 for at in seconds]


def _seconds(text):
    # "2026-03-29 07:00:00 +02:00" in seconds of UTC, or of local time without an offset
    import posixtz

    date, clock = text.split(" ")[:2]
    fields = [int(field) for field in date.split("-") + clock.split(":")]
    seconds = posixtz.Zone("UTC0").mktime(tuple(fields))
    if len(text) > 19:
        east = int(text[21:23]) * 3600 + int(text[24:26]) * 60
        seconds -= -east if text[20] == "-" else east
    return seconds


################################################################################
# The rule's tab


class _Refused(Exception):
    """What was typed is wrong. args: the field, and what the library says."""


def rule(text, zone, start):
    """The next runs of a crontab string in a zone, and when the zone's clocks change.

    start: local time as "2026-03-29T00:00", or "" for now"""
    import crontab
    import posixtz

    now = int(time.time())
    try:
        zone = _read("zone", posixtz.Zone, zone)
        begin = _read("from", _start, start, zone) if start else now
        found = _read("text", crontab.Rule, text, zone)
    except _Refused as refused:
        field, error = refused.args
        return json.dumps({"field": field, "error": error})
    runs = _runs(found, zone, begin - 1)
    return json.dumps(
        {
            "now": now,
            "runs": runs,
            "fixed": found.fixed,
            "listed": LISTED,
            "changes": _changes(zone, runs[0][0], runs[-1][0]),
            "nights": _changes(zone, now, now + 366 * DAY),
        }
    )


def _read(field, reader, *args):
    try:
        return reader(*args)
    except ValueError as error:
        raise _Refused(field, str(error))


def _start(text, zone):
    date, clock = text.split("T")
    fields = [int(field) for field in date.split("-") + clock.split(":")]
    return zone.mktime(tuple(fields + [0]))


def _runs(found, zone, seconds):
    # [seconds of UTC, seconds that local time is east of it], all of the first days and some more
    runs = []
    days = set()
    while len(days) <= DAYS or len(runs) < LISTED:
        seconds = found(seconds)
        offset = zone(seconds)
        day = (seconds + offset) // DAY
        if len(runs) >= MOST_RUNS and day not in days:
            break
        days.add(day)
        runs.append([seconds, offset])
    return runs


def _changes(zone, begin, end):
    # [seconds of UTC, offset before, offset after], from the day before to the day after
    changes = []
    day = begin - DAY
    while day <= end + DAY and len(changes) < MOST_CHANGES:
        before, after = zone(day), zone(day + DAY)
        if before != after:
            changes.append([_change(zone, day, day + DAY), before, after])
        day += DAY
    return changes


def _change(zone, low, high):
    # The first second in between with the offset of `high`
    offset = zone(high)
    while high - low > 1:
        middle = (low + high) // 2
        if zone(middle) == offset:
            high = middle
        else:
            low = middle
    return high
