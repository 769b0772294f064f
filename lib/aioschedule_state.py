# aioschedule_state: save() and load(), the schedule in a file that outlives reset and deep sleep
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The file has a line for each entry. One before them holds the clocks, one after them says how
# many they are:
#   0b51f3c2 ["aioschedule 1", 798773400, 250, 3600250]
#   2c07aa19 {"repeat": 60, "state": [3660000, 0, "blink", 0, 3660000, 0, 59, 0, -1, -1]}
#   1d90e4f7 1
# The clocks are the RTC's seconds and ms, and the ms of the monotonic clock. A state is the tuple
# that aioschedule.py describes. Each line begins with a checksum of it and of all before it: a
# line that is damaged, missing, there twice or left from an older file does not fit.
#
# Lines are written and read one at a time, as memory is short:
#   save()          _texts() makes a line of each entry, _text_of(), and reads it, as load() would.
#                   _write() writes them beside the file, to `path` with a "-" at its end, and
#                   reads that again. It is renamed in the end
#   load()          _entries_of() makes an entry of each line, _entry_of(). _move() reckons with
#                   the time that has passed. When all are there, _install() schedules them
# FAT's rename() removes the old file first. Where only the new one is there, that is the state.

__version__ = "0.1.0"

import gc
import json
import os
import sys
import time

from micropython import const

import aioschedule

if not hasattr(os, "rename"):
    raise ImportError("aioschedule_state needs os.rename")

adopt = aioschedule._load("aioschedule_adopt")

# As in aioschedule.py
_MONOTONIC = const(0)
_ASK = const(1)
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)
_NAME = const(2)
_CLOCK = const(3)
_UNTIL = const(9)

# What a file begins with; the number is that of its format
_FORMAT = "aioschedule 1"
# In bytes, which readline() takes at once; a foreign file may have no end of line at all
_LONGEST_LINE = const(512)
# What is left over from so many lines is collected at once. Else the entries would lie scattered
# over all memory, and no room for a line between them.
_COLLECT_EVERY = const(2)
# The largest prime below 2**30: the rest of a division by it is a small int on boards
_PRIME = const(1073741789)
# More than any ms or seconds that are meant
_MOST = 1 << 44

_ENOENT = const(2)
_EIO = const(5)


def save(path: str = "schedule.json") -> None:
    """Writes the schedule to a file (path: str), also that of stopped tasks. A reset at any moment
    leaves the old file or the new one.

    An entry that load() would refuse, because it was taken apart by hand, is logged and left out.
    Of a rule that is a callable all the rest is kept: load() takes the rule that the program has
    scheduled under that name. Raises OSError with the path; the old file is still there then."""
    new = path + "-"
    try:
        if not _is_there(path) and _is_whole(new):
            # A reset has come within rename(). This is the state: it must not be written over.
            os.rename(new, path)
        _write(new)
        if sys.platform == "win32" and _is_there(path):
            # Its rename() does not replace
            os.remove(path)
        os.rename(new, path)
    except OSError as error:
        raise OSError(error.errno, path)


def load(path: str = "schedule.json") -> list:
    """Adds the schedule of a file that save() wrote; entries of the same names are replaced. The
    tasks need not be there yet. Returns the names that have no task, sorted.

    If the RTC was kept, the time that has passed counts, and what came due in it runs once, at
    once. The RTC counts as kept if it is not behind the time in the file. If it was not kept, what
    waits for seconds goes on from where it stood, and what waits for a time of day keeps that.

    Raises OSError with the path where there is no file (errno 2) or it cannot be read, ValueError
    with the path of the file that is damaged; nothing is changed then."""
    file = path
    if not _is_there(path) and _is_there(path + "-"):
        file += "-"
    try:
        with open(file, "rb") as lines:
            entries = _entries_of(lines)
    except MemoryError:
        raise
    except OSError as error:
        raise OSError(error.errno, path)
    except Exception as error:
        if file != path and isinstance(error, EOFError):
            # The first save was cut short: there has been no file yet
            raise OSError(_ENOENT, path)
        raise ValueError("%s: damaged: %s" % (file, error))
    if aioschedule._wall:
        # Steps of the RTC are noticed from here on
        aioschedule._wall.look()
    tasks = aioschedule._tasks()
    missing = []
    for entry in entries:
        name = entry["state"][_NAME]
        if name not in tasks:
            missing.append(name)
        _install(name, entry, tasks.get(name))
    return sorted(missing)


################################################################################
# Files and lines


def _is_there(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _is_whole(path):
    try:
        with open(path, "rb") as file:
            for _ in _lines_of(file):
                pass
        return True
    except (OSError, EOFError, ValueError):
        return False


def _write(new):
    try:
        checksum = 0
        with open(new, "wb") as file:
            for text in _texts():
                checksum = _checksum(text, checksum)
                file.write(b"%08x " % checksum + text + b"\n")
        if not _is_whole(new):
            raise OSError(_EIO)
    except Exception:
        if _is_there(new):
            # It may be what has filled the flash
            os.remove(new)
        raise


def _checksum(text, before):
    # The bytes as one large number, and the rest of its division by a prime: a polynomial checksum
    # in one step of C, which every port has. All changes within 29 bits are found, and of others
    # all but one in a billion.
    return (int.from_bytes(text, "big") + before) % _PRIME


def _lines_of(file):
    # The JSON texts in a file, but for the last one. EOFError: it is cut short. ValueError: it is
    # damaged.
    checksum = 0
    count = -1
    while True:
        line = file.readline(_LONGEST_LINE)
        if line[-1:] != b"\n" and len(line) < _LONGEST_LINE:
            raise EOFError("too short")
        text = line[9:-1]
        checksum = _checksum(text, checksum)
        _require(line[:9] == b"%08x " % checksum)
        if text == b"%d" % count:
            break
        yield text
        count += 1
    _require(not file.read(1))


def _require(condition):
    if not condition:
        raise ValueError("not by save()")


################################################################################
# Writing


def _texts():
    # The JSON texts that make a file
    if aioschedule._unwritten:
        # It belongs to a run that has been counted
        aioschedule._write_last()
    yield json.dumps((_FORMAT,) + _clocks()).encode()
    count = 0
    group = aioschedule.group()
    for name in set(group) | set(aioschedule._tasks()):
        # First what is kept: an interrupt may schedule it anew in between
        kept = _kept(name)
        entry = group.get(name)
        is_stopped = entry is None
        text = _text_of(name, kept if is_stopped else entry, is_stopped)
        if text:
            count += 1
            yield text
    yield b"%d" % count


def _clocks():
    # RTC seconds and ms, and the monotonic clock's ms
    while True:
        second = int(time.time())
        ms = time.time_ns() // 1000000 % 1000
        if second == int(time.time()):
            return second, ms, aioschedule._monotonic()


def _kept(name):
    # The entry that aioctl.stop() took out of the schedule, or None
    return aioschedule._kept(aioschedule._tasks().get(name))


def _text_of(name, entry, is_stopped):
    # None if there is no entry, or if load() would refuse it
    if entry is None:
        return None
    try:
        _require(aioschedule._is_ours(name, entry) or adopt.adopt(name, entry))
        text = json.dumps(_value_of(entry, is_stopped)).encode()
        _entry_of(json.loads(text))
        _require(len(text) < _LONGEST_LINE - 10)
        return text
    except MemoryError:
        raise
    except Exception as error:
        aioschedule._say(name, "not saved", error)


def _value_of(entry, is_stopped):
    # One that still waits for its task has its own place for its state, see _install()
    value = adopt.options_of(entry)
    # When it is due is in the state, but its runs do not tell whether it has begun: it may have
    # been started by hand
    if value.pop("start_in", None) is not None:
        value["first"] = True
    if callable(value["repeat"]):
        value["repeat"] = None
    value["state"] = entry.get("stopped", entry["state"])
    if "last_dt" in entry:
        value["last"] = (entry["last"],) + tuple(entry["last_dt"])
    if "loaded" in entry:
        value["loaded"] = True
    if is_stopped or "stopped" in entry:
        value["stopped"] = True
    return value


################################################################################
# Reading


def _entries_of(file):
    # The entries in a file, their times as from now on
    lines = _lines_of(file)
    kind, second, ms, monotonic = json.loads(next(lines))
    _require(kind == _FORMAT)
    _check_numbers((second, ms, monotonic))
    now = _clocks()
    is_kept = now[:2] >= (second, ms)
    passed = now[2] - monotonic
    if is_kept:
        passed -= (now[0] - second) * 1000 + now[1] - ms
    entries = []
    for text in lines:
        entry = _entry_of(json.loads(text))
        _move(entry, passed, monotonic - second * 1000 - ms)
        if not is_kept and entry["state"][_CLOCK] in (_WALL, _OVER):
            # What it waits for is right as soon as the RTC is
            entry["loaded"] = True
        entries.append(entry)
        if not len(entries) % _COLLECT_EVERY:
            gc.collect()
    return entries


def _check_numbers(numbers):
    for number in numbers:
        # A bool is no int in MicroPython
        _require(isinstance(number, int) and abs(number) < _MOST)


def _entry_of(value):
    # The entry of a line, its times as they were. Raises ValueError, TypeError, KeyError and
    # others if it is not as schedule() would have made it.
    state = value["state"]
    name = state[_NAME]
    repeat = value["repeat"]
    is_rule = repeat is None or isinstance(repeat, str)
    # What schedule() refuses, load() refuses. A rule has no part in that: the time for which it
    # would wait from now on may be after its `until`.
    options = adopt.options_of(value)
    options["start_in"] = 0
    if is_rule:
        options["repeat"] = 1
    entry = aioschedule._new_entry(name, options)
    if repeat is None:
        repeat = _rule_of(name)
    elif is_rule:
        aioschedule._load_wall().read_rule(repeat, name)
    entry["repeat"] = repeat
    entry["state"] = _state_of(state, is_rule, entry)
    last = value.get("last")
    if last:
        _check_numbers(last)
        _require(7 <= len(last) <= 10)
        entry["last"] = last[0]
        entry["last_dt"] = tuple(last[1:])
    if "first" not in value:
        entry["start_in"] = -1
    for flag in "loaded", "stopped":
        if flag in value:
            entry[flag] = True
    return entry


def _rule_of(name):
    # A callable is not in the file: it is the one that the program has scheduled, or None
    entry = aioschedule.group().get(name) or _kept(name)
    repeat = isinstance(entry, dict) and entry.get("repeat")
    return repeat if callable(repeat) else None


def _state_of(state, is_rule, entry):
    # The state in a line, of a rule or something else. `entry`: its options, and the state that
    # they would begin with today.
    due, ms, name, clock, phase, left, runs, missed, start, until = state
    _check_numbers((ms, clock, left, runs, missed, start, until))
    _require(0 <= ms < 1000 and left >= 0 and runs >= 0 and missed >= 0 and start >= -1)
    has_date = aioschedule._is_tuple(entry.get("until"))
    today = entry["state"][_UNTIL]
    _require(until == today or until >= 0 and today >= 0 and not has_date)
    if clock == _FINISHED:
        return None, 0, name, clock, None, left, runs, missed, start, until
    if clock == _OVER:
        _require(has_date)
        due = aioschedule._load_wall()._NEVER
    elif clock == _WALL:
        # The loop needs it
        aioschedule._load_wall()
        _require((is_rule or start >= 0) and phase >= 0)
    elif clock == _ASK:
        _require(is_rule)
    else:
        _require(clock == _MONOTONIC and not is_rule and start < 0)
    _check_numbers((due, phase))
    _require(due >= phase)
    return due, ms, name, clock, phase, left, runs, missed, start, until


def _move(entry, passed, offset):
    # Adds so many ms to the instants on the monotonic clock, which may be before its beginning
    # then.
    # `offset`: how far that was ahead of the RTC, in ms, when it was saved.
    due, ms, name, clock, phase, left, runs, missed, start, until = entry["state"]
    if until >= 0 and not aioschedule._is_tuple(entry["until"]):
        if clock == _WALL and until + passed < 0 and due * 1000 + ms + offset > until:
            # It was due when its `until` had passed
            clock = _FINISHED
            due = phase = None
        # Less than 0 would be none. What is planned from here on is after 0.
        until = max(0, until + passed)
    if clock < _WALL:
        due += passed
        phase += passed
    elif clock == _OVER and start < 0 and not aioschedule._is_rule(entry["repeat"]):
        # If the RTC is set back, it waits for the monotonic clock again
        phase += passed
    state = due, ms, name, clock, phase, left, runs, missed, start, until
    entry["state"] = state
    aioschedule._tell_start(entry, state)


def _install(name, entry, record):
    if entry["repeat"] is None:
        aioschedule._say(name, "not loaded", ValueError("no rule for it"))
        return
    is_stopped = entry.pop("stopped", False)
    if is_stopped:
        # It is never due, but aioctl.add() sees that its task is not to run at once
        entry["stopped"] = state = entry["state"]
        entry["state"] = (None, 0, name, _FINISHED, None) + state[5:]
    aioschedule._enter(name, entry)
    if is_stopped and record:
        adopt.keep_stopped(name, entry, record)
