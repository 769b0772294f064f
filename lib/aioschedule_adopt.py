# aioschedule_adopt: takes entries into the schedule that schedule() has not made from options
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it when one of these comes
#   adopt()      an entry that somebody wrote into group(), or changed there
#   entry_of()   an entry that aioctl.stop() took out, and aioctl.start() gives back
#   set_group()  a whole schedule; reset() is one without entries

__version__ = "0.1.0"

import time

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any

# As in aioschedule.py
_WALL = const(2)
_OVER = const(3)
_FINISHED = const(4)
_CLOCK = const(3)
_PHASE = const(4)

# As in aioschedule_wall.py
_BIG_STEP_MS = const(10800000)


def options_of(entry: dict) -> dict:
    """The options that an entry was made of, as from now on."""
    options = {}
    for option in aioschedule._ACCEPTED:
        if option in entry:
            options[option] = entry[option]
    if options.get("start_in") == -1:
        # It has run
        del options["start_in"]
    elif "state" in entry and isinstance(options.get("start_in"), int):
        # It counts from the start of the loop, and not from now
        options["start_in"] = max(0, options["start_in"] - aioschedule._monotonic() // 1000)
    return options


def entry_of(name: str, options: dict) -> dict:
    """The entry for what may be one already: then its due time holds. Raises what schedule()
    raises."""
    if not aioschedule._is_ours(name, options):
        return aioschedule._new_entry(name, options_of(options) if "state" in options else options)
    # Somebody may have changed it meanwhile
    entry = dict(options)
    if entry["repeat"] is True:
        # It would take start_in, which by now counts from the start of the loop
        aioschedule._refuse(ValueError, name, "repeat", True)
    entry["repeat"] = aioschedule._read_repeat(entry, name)
    aioschedule._check_jitter_and_timeout(entry, name)
    if entry["state"][_CLOCK] == _FINISHED:
        print("Task", name, "has no run left")
    elif entry["state"][_CLOCK] in (_WALL, _OVER):
        _check_kept(entry)
    return entry


def _check_kept(entry):
    # Plans it anew if the RTC was set meanwhile
    wall = aioschedule._load_wall()
    state = entry["state"]
    if state[_CLOCK] == _OVER or _is_set_back(entry, state, wall):
        entry["state"] = wall.state_from_now(entry, state)


def _is_set_back(entry, state, wall):
    # Whether the RTC was set back by three hours or more: then the rule has a time more than three
    # hours from now that is before the one it waits for. What was loaded while the RTC was not set
    # waits for that.
    if not entry["repeat"] or "loaded" in entry:
        return False
    later = int(time.time()) + _BIG_STEP_MS // 1000
    following = wall.next_from(entry, state, later)
    return following is not None and following[0] < state[_PHASE]


def adopt(name: "Any", entry: "Any") -> bool:
    """Makes an entry of what somebody wrote into the schedule or took apart there. What is wrong
    is logged, once. Returns whether it is an entry now."""
    schedule = aioschedule.group()
    try:
        is_changed = "state" in entry and "error" not in entry
        if is_changed:
            # Only then: what is broken comes here each time
            entry = _own(name, entry)
        _make(entry, aioschedule._new_entry(name, options_of(entry)))
        if is_changed:
            aioschedule._say(name, "changed by hand", entry["repeat"])
        entry.pop("error", None)
        return True
    except MemoryError:
        raise
    except Exception as error:
        if name not in schedule:
            # An interrupt has taken it out just now
            return False
        if not isinstance(entry, dict) or not isinstance(name, str):
            _drop(name, entry, error)
        elif entry.get("error") != _text(error):
            aioschedule._say(name, "error", error)
            entry["error"] = _text(error)
            entry["state"] = None
        return False


def _own(name, entry):
    # A dict that is the entry of two names is copied for the second one
    schedule = aioschedule.group()
    for other in list(schedule):
        if other != name and schedule.get(other) is entry and isinstance(entry, dict):
            schedule[name] = dict(entry)
            return schedule[name]
    return entry


def _text(error):
    try:
        return repr(error)
    except Exception:
        return type(error).__name__


def _make(entry, new):
    # Makes `entry` what `new` is. Where memory runs out on the way it can be done once more: its
    # `start_in` counts from now until there is a state.
    entry.setdefault("start_in")
    entry["repeat"] = new["repeat"]
    for option in aioschedule._ACCEPTED:
        if option not in new:
            # None is as left out
            entry.pop(option, None)
    entry["state"] = new["state"]
    entry["start_in"] = new["start_in"]


def _drop(name, entry, error):
    # What cannot be mended leaves the schedule
    found = aioschedule.group().pop(name, None)
    if found is entry:
        aioschedule._say(name, "dropped", error)
    elif found is not None:
        # An interrupt has scheduled it just now
        aioschedule.group().setdefault(name, found)


def keep_stopped(name: str, entry: dict, record: "aioschedule.aioctl.Task") -> None:
    """Leaves a task as aioctl.stop() does, for load(); the loop calls it for an entry that was
    loaded as stopped before its task was there."""
    entry = dict(entry)
    entry["state"] = entry.pop("stopped")
    record.schedule = entry
    aioschedule.group().pop(name, None)
    aioschedule._hold_back(record, name)
    if record.task.done():
        record.cancelled = True


def set_group(d: dict) -> None:
    """Makes the dict `d` the schedule: name -> options, as schedule() takes and refuses them."""
    entries = {}
    for name in d:
        if not isinstance(d[name], dict):
            raise TypeError("%s: %r: accepted: a dict of options" % (name, d[name]))
        entries[name] = entry_of(name, d[name])
    d.update(entries)
    aioschedule._AIOCTL_SCHEDULE_GROUP = d
    for name in entries:
        aioschedule._enter(name, entries[name])
    aioschedule.wake()


def reset(group: bool = True, log: bool = False) -> None:
    """Forgets the schedule, the logger, or both."""
    if group:
        set_group({})
        aioschedule._failures.clear()
    if log:
        aioschedule.set_log(None)
