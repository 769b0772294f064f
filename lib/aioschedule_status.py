# aioschedule_status: what the schedule looks like: lines, a table, data
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it at the first call of status_sc() or snapshot().
#   look()         takes up what was written by hand, and reads the clocks, once for all entries
#   _in_order()    the names, soonest first
#   _row()         the data of one entry; a broken one has a row too
# From such rows _print_entry() and _print_row() print, and snapshot() makes what JSON can hold.
# aioschedule_upcoming.py tells the runs after the next one.
#
# "Ahead" always means ms from now, on either clock; it is below 0 when a run is overdue.

__version__ = "0.1.0"

import time

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any

# As in aioschedule.py
_ASK = const(1)
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)
_DUE = const(0)
_MS = const(1)
_NAME = const(2)
_CLOCK = const(3)
_RUNS = const(6)
_MISSED = const(7)

_SCHEDULE = "    ┗━► schedule"
# No date before it is believed
_FIRST_YEAR = const(2024)
# Seconds up to which aioctl knows how long a run took
_LONGEST_RUN = const(6 * 86400)
# No time is as late. Made once: it is a long int on boards.
_NEVER = 1 << 40


################################################################################
# The clocks


def look() -> tuple:
    """The monotonic clock in ms, the RTC in seconds, and ms of its second. What is not in the
    queues yet, or was written into the schedule by hand, is taken up before that."""
    schedule = aioschedule.group()
    whole = all(aioschedule._is_ours(name, schedule.get(name)) for name in list(schedule))
    if aioschedule._changed or not whole:
        aioschedule._take_up()
        if not whole:
            # The loop sleeps, and has not heard of it
            aioschedule.wake()
    if aioschedule._unwritten:
        # The loop writes `last` in its next pass, and here it is asked for now
        aioschedule._write_last()
    # The ms before the second: if that ends in between, the sum is early, not late
    ms = time.time_ns() // 1000000 % 1000
    return aioschedule._monotonic(), int(time.time()), ms


def ms_ahead(state: tuple, clocks: tuple) -> int:
    """How far ahead the due time of a state is. clocks: what look() returned."""
    now, rtc, rtc_ms = clocks
    if state[_CLOCK] < _WALL:
        return state[_DUE] - now
    return (state[_DUE] - rtc) * 1000 + state[_MS] - rtc_ms


def second_ahead(ahead: int, clocks: tuple) -> int:
    """The RTC second in which a run is started that is so far ahead: now if it is overdue."""
    return clocks[1] + (clocks[2] + max(0, ahead)) // 1000


def date(rtc: int) -> str:
    """Local time as text. Where localtime() of a board ends, in 2038, the module goes on."""
    try:
        # Somebody may have written any number, and some ports crash at what is no time
        if not 0 <= rtc < _NEVER:
            return str(rtc)
        try:
            fields = aioschedule._localtime(rtc)
        except OverflowError:
            fields = aioschedule._load("aioschedule_zone").localtime(rtc)
        return aioschedule.aioctl.get_datetime(fields)
    except Exception:
        # A zone that fails
        return str(rtc)


def _clock_is_set():
    return time.localtime()[0] >= _FIRST_YEAR


################################################################################
# The data of an entry


def text_of(value: object) -> "Any":
    """One line, whatever repr() of the value does. None stays None, and text is not quoted."""
    if value is None:
        return None
    try:
        text = value if isinstance(value, str) else repr(value)
        return text.replace("\n", " ")
    except Exception as error:
        return "<%s in repr>" % type(error).__name__


def _outcome(name, record):
    # Result and error of the last run, as objects
    if hasattr(record, "result"):
        result = record.result
    else:
        # Another aioctl
        result = aioschedule.aioctl.result_all(as_dict=True).get(name)
    if hasattr(record, "error"):
        return result, record.error
    return result, result if isinstance(result, Exception) else None


def _duration(record):
    # ms of the last run, None if they are not known. Over half a period of ticks_ms they are not.
    ms = getattr(record, "ms", None)
    if ms is None or ms < 0 or record.done_at - record.since >= _LONGEST_RUN:
        return None
    return ms


def _is_running(name):
    record = aioschedule._tasks().get(name)
    # What is held back is not done before its first turn, but has an end
    return record and not record.task.done() and getattr(record, "done_at", None) is None


def _failure_of(name):
    # What the watcher knows of this very task, and not of one that was deleted; else None
    failure = aioschedule._failures.get(name)
    record = aioschedule._tasks().get(name)
    return failure if failure and failure[0] is record else None


def _row(name, entry, clocks):
    # As snapshot() gives it, but with result and error as objects, and without what only that
    # tells. A row that raises an exception stays broken.
    failure = _failure_of(name)
    row = {
        "name": name,
        "state": "broken",
        "next": None,
        "next_ms": None,
        "last": None,
        "last_ms": None,
        "result": None,
        "error": None,
        "runs": 0,
        "missed": 0,
        "restarts": failure[1] if failure else 0,
    }
    try:
        record = aioschedule._tasks().get(name)
        if record:
            row["result"], row["error"] = _outcome(name, record)
            row["last_ms"] = _duration(record)
        if isinstance(entry.get("last"), int):
            row["last"] = entry["last"]
        if entry["state"] is None:
            # Somebody has broken it
            row["error"] = entry["error"]
        else:
            _add_plan(row, entry, clocks)
            row["state"] = _state_of(entry, record)
    except Exception as error:
        row["error"] = error
    return row


def _add_plan(row, entry, clocks):
    state = entry["state"]
    row["runs"] = state[_RUNS]
    row["missed"] = state[_MISSED]
    if state[_CLOCK] < _OVER:
        ahead = max(0, ms_ahead(state, clocks))
        row["next"] = second_ahead(ahead, clocks)
        row["next_ms"] = ahead


def _state_of(entry, record):
    # What an entry waits for, in a word
    clock = entry["state"][_CLOCK]
    if clock == _FINISHED:
        return "done"
    if clock == _OVER:
        return "over"
    if not record:
        return "no task"
    # With a start in seconds that comes first, and then the rule says when
    return "earliest" if clock == _ASK else "scheduled"


def _in_order(clocks):
    # Generator: the names of all entries, soonest first. The states are sorted as they are: with
    # a key for each a board's heap would soon be in pieces.
    monotonic = []
    wall = []
    others = []
    schedule = aioschedule.group()
    for name in list(schedule):
        try:
            state = schedule[name]["state"]
            ms_ahead(state, clocks)
            if state[_CLOCK] < _OVER:
                (monotonic if state[_CLOCK] < _WALL else wall).append(state)
                continue
        except Exception:
            # It is broken, or has no run to come
            pass
        others.append(name)
    monotonic.sort()
    wall.sort()
    while monotonic or wall:
        queue = monotonic or wall
        if monotonic and wall and ms_ahead(wall[0], clocks) < ms_ahead(monotonic[0], clocks):
            queue = wall
        yield queue.pop(0)[_NAME]
    others.sort(key=str)
    yield from others


def snapshot() -> list:
    """The schedule as a list of dicts that JSON can hold, soonest first:

    name: of the task
    state: "scheduled"; "earliest": `next` is the start of a rule, which then says when; "running";
        "no task" has that name, and it waits for one; "done": no run is left; "over": its `until`
        has passed by the RTC; "broken", and `error` says how
    next, next_ms: the next run, in seconds of the RTC and in ms from now; None if there is none.
        What is overdue is due now.
    offset: seconds of local time east of the RTC, then; without a next run now; None if the zone
        fails
    last: when the last run of the schedule was started, in seconds of the RTC, or None
    last_ms: how long the last run took, in ms. None while one runs, and if that is not known: with
        an aioctl that does not tell, or after 6 days or more by the RTC, also if that was set
    result, error: of the last run, as text, or None
    runs, missed, restarts: counters"""
    clocks = look()
    offset = aioschedule._load("aioschedule_zone").offset
    rows = []
    for name in _in_order(clocks):
        row = _row(name, aioschedule.group().get(name), clocks)
        try:
            row["offset"] = offset(row["next"] or clocks[1])
        except Exception:
            # A zone that fails
            row["offset"] = None
        if _is_running(name):
            row["state"] = "running"
        row["result"] = text_of(row["result"])
        row["error"] = text_of(row["error"])
        rows.append(row)
    return rows


################################################################################
# Lines and the table


def status_sc(name: str | None = None, debug: bool = False) -> None:
    """Prints what aioctl.status() shows of the schedule of a task; without a name the table of
    all, as status_sc_all().

    debug: also all that the entry holds"""
    if name is None:
        return status_sc_all()
    clocks = look()
    entry = aioschedule.group().get(name)
    if entry is None:
        hint = "is not scheduled: aioschedule.schedule(name, ...); there are"
        print("Task", name, hint, sorted(aioschedule.group()))
        return
    _print_entry(_row(name, entry, clocks))
    if debug:
        print(_SCHEDULE, "opts:", text_of(entry))
    failure = _failure_of(name)
    if failure and failure[1]:
        print("%s restarts: %d, last error: %s" % (_SCHEDULE, failure[1], text_of(failure[2])))


def _print_entry(row):
    line = _SCHEDULE + ":"
    word = "starts"
    if row["last"] is not None:
        line += " last @ %s -->" % date(row["last"])
        word = "next"
    state = row["state"]
    if state == "broken":
        line += " broken: " + text_of(row["error"])
    elif state == "done":
        line += " done"
    elif state == "over":
        line += " until has passed: done"
    else:
        if state == "earliest":
            word = state
        # To the nearest second
        left = aioschedule.aioctl.tmdelta_fmt((row["next_ms"] + 500) // 1000)
        line += " %s in %s @ %s" % (word, left, date(row["next"]))
        if state == "no task":
            line += " (no task)"
        if not _clock_is_set():
            line += " (clock not set)"
    print(line)


def status_sc_all() -> None:
    """Prints a table of all that is scheduled, soonest first.

    NEXT is local time, or says "no task" or "earliest" (see snapshot()); LEFT the time until then,
    or "done", "over", "broken". LAST says "ERROR" if the last run has failed. Below it stands what
    keeps the tasks from running in time."""
    clocks = look()
    _print_columns("NEXT", "LEFT", "LAST", "AGO", "RUNS", "MISSED", "RESTARTS", "TASK")
    for name in _in_order(clocks):
        # A row at a time: the heap that one takes is free for the next
        entry = aioschedule.group().get(name)
        _print_row(_row(name, entry, clocks), clocks)
    if aioschedule.group() and not aioschedule.loop_runs():
        print("no schedule_loop runs: aioctl.add(aioschedule.schedule_loop)")
    if not _clock_is_set():
        print("clock not set: it shows", date(clocks[1]))


def _print_columns(*texts):
    print("%-11s %-9s %-11s %-9s %4s%7s%9s %s" % texts)


def _print_row(row, clocks):
    at = last = ago = "-"
    left = row["state"]
    if row["next"] is not None:
        at = date(row["next"])[5:16] if left == "scheduled" else left
        # To the nearest second
        left = _short((row["next_ms"] + 500) // 1000)
    if row["last"] is not None:
        last = date(row["last"])[5:16]
        ago = _short(clocks[1] - row["last"])
    if row["error"] is not None and row["state"] != "broken":
        last = "ERROR"
    counters = row["runs"], row["missed"], row["restarts"]
    _print_columns(at, left, last, ago, *counters, row["name"])


def _short(seconds):
    if seconds < 86400:
        return aioschedule.aioctl.tmdelta_fmt(seconds)
    return "%dd %dh" % (seconds // 86400, seconds // 3600 % 24)
