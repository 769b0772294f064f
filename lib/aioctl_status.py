# aioctl_status: looking at tasks, their results, tracebacks and log lines, and forgetting them
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioctl.py loads it when one of these functions is first asked for. They are called as
# aioctl.status(), aioctl.result() and so on.
#   status()     prints a task with _print_status(), and aioschedule's lines under it
#   _state()     the word for it, and the colour of its dot
#   traceback()  the lines of _traceback_lines(), printed, written or returned
#   set_log()    finds the stream in what it is given, where log(), follow() and status() read
#   delete()     and reset() stop and forget tasks; set_group() puts another group in their place
#   _refuse()    says what aioctl.start() and others print where they get no name

__version__ = "0.1.0"

import sys
import time

import aioctl
from micropython import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any

# What status() prints before a name
_DOT = "●"
_GREEN = const(92)
_YELLOW = const(93)
_RED = const(91)
_CYAN = const(96)

_debug = False


################################################################################
# Results and tracebacks


def result(name: str | None = None) -> object:
    """The result of a task, None while there is none; of a wildcard or None: a dict by name, None
    if that is empty. The result of a failed task is the exception, or what on_error returned."""
    if isinstance(name, str) and name in aioctl._group.tasks:
        return aioctl._group.tasks[name].result
    found = {name: aioctl._group.tasks[name].result for name in aioctl._names(name, None)}
    return found or None


def result_all(as_dict: bool = False) -> dict | list:
    """All results, as a dict by name or as a list in the order of the names"""
    results = aioctl._group.results
    return results if as_dict else [results[name] for name in sorted(results)]


def traceback(
    name: str | None = None, rtn: bool = False, indent: str = "", file: "Any" = None
) -> str | None:
    """Prints the tracebacks of failed tasks.

    rtn: returns the text instead
    indent: what each line begins with
    file: what it is written to, anything with a write(str); None is the console"""
    lines = []
    for found in aioctl._names(name, None):
        error = aioctl._group.tasks[found].error
        if error is not None:
            lines.append(indent + found + ":")
            lines += _traceback_lines(error, indent)
    if rtn:
        return "".join(line + "\n" for line in lines)
    for line in lines:
        if file is None:
            print(line)
        else:
            file.write(line + "\n")


def _traceback_lines(error, indent):
    from io import StringIO

    stream = StringIO()
    sys.print_exception(error, stream)
    return [indent + line for line in stream.getvalue().rstrip().split("\n")]


################################################################################
# Status and log


def get_datetime(fields: tuple) -> str:
    """A time tuple (6 or more fields) as "2023-03-29 12:06:47" """
    return "%04d-%02d-%02d %02d:%02d:%02d" % tuple(fields[:6])


def tmdelta_fmt(seconds: float) -> str:
    """Seconds (int or float; less than 0 is 0) as "5 s", "00:02:31" or "1 days, 00:59:57" """
    seconds = max(0, int(seconds))
    if seconds < 60:
        return "%d s" % seconds
    text = "%02d:%02d:%02d" % (seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    days = seconds // 86400
    return "%d days, %s" % (days, text) if days else text


def _datetime(seconds):
    # Local time, in the zone of aioschedule.set_zone()
    try:
        localtime = getattr(aioctl.aioschedule, "localtime", None) or time.localtime
        return get_datetime(localtime(seconds))
    except Exception:
        # A board's localtime() ends in 2038, and clocks can be set wrong
        return str(seconds)


def _state(record, entry):
    # What status() calls it, and the colour of its dot, 0 for none
    if not record.task.done():
        return "running", _GREEN
    if record.error is not None:
        return "ERROR", _RED
    if isinstance(entry, dict) and ("last" in entry or aioctl._has_runs(entry)):
        if record.cancelled and record.ms is not None:
            return "scheduled - stopped", _CYAN
        if entry.get("start_in", -1) == -1:
            return "scheduled - done", _CYAN
        return "scheduled", _CYAN
    if record.cancelled:
        return "stopped", _YELLOW
    return "done", 0


def _print_status(record, debug, indent):
    entry = aioctl._schedule().get(record.name)
    state, colour = _state(record, entry)
    is_running = colour == _GREEN
    at = record.since if is_running or record.done_at is None else record.done_at
    dot = "\x1b[%dm%s\x1b[0m" % (colour, _DOT) if colour else _DOT
    since = "since" if is_running else "@"
    line = "%s %s: status: %s %s %s" % (dot, record.name, state, since, _datetime(at))
    if state != "scheduled":
        line += "; %s ago" % tmdelta_fmt(aioctl._now() - at)
    if not is_running:
        line += " --> result:"
        if record.result is not None:
            line += " " + aioctl._text(record.result)
    print(line)
    if debug:
        _print_details(record, aioctl._now() if is_running else at, indent)
    if entry is not None:
        _print_schedule(record.name, debug, indent)
    if debug and record.error is not None:
        print(indent + "┗━► traceback:")
        for line in _traceback_lines(record.error, indent):
            print(line)


def _print_details(record, end, indent):
    print(indent + "Task:", getattr(record.coro, "__name__", record.coro), record.task)
    print(indent + "┗━► runtime:", tmdelta_fmt(end - record.since))
    print(indent + "┗━► args:", aioctl._text(record.args))
    print(indent + "┗━► kwargs:", aioctl._text(record.kwargs))


def _print_schedule(name, debug, indent):
    try:
        aioctl.aioschedule.status_sc(name, debug=debug)
    except Exception as error:
        # A part may be missing: the error says what to install
        print(indent + "┗━► schedule:", aioctl._text(error))


def status(
    name: str | None = None, log: bool = True, debug: bool = False, indent: str = "    "
) -> None:
    """Prints the state of tasks.

    log: with their lines of the log that set_log() has set, those that hold "[name]"
    debug: with what they run and how they failed, as always after debug()
    indent: what the lines under that of a task begin with"""
    aioctl._notice_left_loop()
    names = aioctl._names(name, None)
    for found in names:
        _print_status(aioctl._group.tasks[found], debug or _debug, indent)
        if log and aioctl._AIOCTL_LOG is not None:
            aioctl._AIOCTL_LOG.cat("[%s]" % found)
        if log or aioctl._AIOCTL_LOG is not None:
            print("<" + "-" * 80 + ">")
    aioctl._say_if_nothing_runs_the_schedule(names)


def debug() -> bool:
    """Turns debug mode of status() on or off; returns whether it is on."""
    global _debug
    _debug = not _debug
    return _debug


def set_log(log: object) -> None:
    """Sets the log that status(), log() and follow() read: an aiolog.AioStream, a logger of
    `logging` that writes to one, or None. Raises TypeError for anything else."""
    aioctl._notice_left_loop()
    stream = _stream_of(log)
    if stream is None and log is not None:
        raise TypeError("set_log(%r): give it an AioStream, or a logger that has one" % (log,))
    aioctl._AIOCTL_LOG = stream


def _stream_of(log):
    if hasattr(log, "cat"):
        return log
    handlers = getattr(log, "handlers", None)
    if handlers == [] and "logging" in sys.modules:
        # Then the root logger's count
        handlers = sys.modules["logging"].getLogger().handlers
    for handler in handlers or ():
        stream = getattr(handler, "stream", None)
        if hasattr(stream, "cat"):
            return stream
    return None


def log(grep: str | list | tuple = "") -> None:
    """Prints the lines of the log that match `grep`, see aiolog."""
    if aioctl._AIOCTL_LOG is not None:
        aioctl._AIOCTL_LOG.cat(grep)
    else:
        print("No log: set_log(stream)")


async def follow(grep: str | list | tuple = "", wait: float | None = None) -> None:
    """Prints new lines of the log that match `grep` until cancelled, see aiolog."""
    if aioctl._AIOCTL_LOG is not None:
        await aioctl._AIOCTL_LOG.follow(grep, wait)
    else:
        log()


################################################################################
# Forgetting tasks, and what is no name


def set_group(group: "aioctl.TaskGroup") -> None:
    """Makes another TaskGroup the group; running tasks of the old one go on unseen."""
    aioctl._group = group
    aioctl._free_names.clear()


def reset(group: bool = True, log: bool = False) -> None:
    """Stops all tasks and forgets them with what stop() has kept; forgets the log. What is
    scheduled stays so."""
    if group:
        aioctl.stop(stop_sch=False)
        aioctl._group.tasks.clear()
        aioctl._free_names.clear()
    if log:
        aioctl._AIOCTL_LOG = None


def delete(*names: str) -> bool:
    """Stops tasks and forgets them, their results and schedules; returns True if there were any.
    As with stop(), a wildcard leaves out the task that calls."""
    aioctl._notice_left_loop()
    was_there = False
    for name in names:
        for found in aioctl._names(name, aioctl.core.cur_task):
            aioctl._stop(aioctl._group.tasks[found], True)
            del aioctl._group.tasks[found]
            aioctl._free_names.pop(found, None)
            was_there = True
    return was_there


def _refuse(task):
    # It is the task itself, most often
    if isinstance(task, tuple) and len(task) == 2:
        name = task[1]
    else:
        name = getattr(task, "__name__", None) or getattr(task, "name", None)
    if isinstance(name, str):
        print('Tasks go by their names: "%s"' % name)
    else:
        print("Tasks go by their names, not by", aioctl._text(task))
