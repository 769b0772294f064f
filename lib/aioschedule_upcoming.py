# aioschedule_upcoming: the runs to come of a task, of a crontab string or of a rule
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# aioschedule.py loads it at the first call of upcoming(), to try a rule before it is trusted. It
# asks the rule, or the repeat and the limits of an entry, for the runs after the next one.
#
# "Ahead" always means ms from now, on either clock; it is below 0 when a run is overdue.

__version__ = "0.1.0"

from micropython import const

import aioschedule

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Callable

status = aioschedule._load("aioschedule_status")
zone = aioschedule._load("aioschedule_zone")
wall = aioschedule._load_wall()

# As in aioschedule.py
_ASK = const(1)
_WALL = const(2)
_OVER = const(3)
_NAME = const(2)
_CLOCK = const(3)
_PHASE = const(4)
_LEFT = const(5)
_START = const(8)
_UNTIL = const(9)


def upcoming(name_or_rule: "str | Callable[[int], int | None]", n: int = 5) -> list:
    """Prints the next `n` runs, in local time, and returns them as the same texts.

    name_or_rule: the name of a scheduled task, whose `times` and `until` count, and whose jitter
        is known for the next run only; or a crontab string, or a rule

    "2026-03-29 07:00:00 +02:00" has the offset from UTC where there is a zone. A rule that fails
    is told, and what it gave before is returned. Raises ValueError for text that is neither a name
    nor a crontab string, TypeError for what is no text and no rule."""
    clocks = status.look()
    entry = aioschedule.group().get(name_or_rule)
    if entry is not None:
        runs = _runs_of(entry, clocks)
    else:
        _check_rule(name_or_rule)
        runs = _matches(name_or_rule, -1, 0, clocks)
    texts = []
    try:
        # In this order: no rule is asked for a run more
        for _, ahead in zip(range(n), runs):
            texts.append(_local(status.second_ahead(ahead, clocks)))
            print(texts[-1])
    except MemoryError:
        raise
    except Exception as error:
        print("error:", status.text_of(error))
    if not texts:
        print("no run to come")
    return texts


def _check_rule(rule):
    if isinstance(rule, str):
        try:
            wall.read_rule(rule, "upcoming")
        except ValueError as error:
            raise ValueError("%s; nor is a task of that name scheduled" % error)
    elif not callable(rule):
        text = "accepted: the name of a scheduled task, a crontab string, a rule"
        aioschedule._refuse(TypeError, "upcoming", "name_or_rule", rule, text)


def _local(rtc):
    text = status.date(rtc)
    if zone.is_known():
        minutes = zone.offset(rtc) // 60
        sign = "-" if minutes < 0 else "+"
        text += " %s%02d:%02d" % (sign, abs(minutes) // 60, abs(minutes) % 60)
    return text


def _runs_of(entry, clocks):
    # Generator: how far ahead the runs of an entry are, as far as its limits let them come
    state = entry["state"]
    if state is None:
        raise ValueError(entry["error"])
    if state[_CLOCK] >= _OVER:
        return
    left = max(1, state[_LEFT]) if "times" in entry else -1
    last = _last_ahead(entry, state, clocks)
    for ahead in _due_times(entry, state, clocks):
        if last is not None and ahead > last:
            return
        yield ahead
        left -= 1
        if left == 0:
            return


def _last_ahead(entry, state, clocks):
    # How far ahead `until` is, on the clock that it was given for; None if there is none
    now, rtc, rtc_ms = clocks
    until = state[_UNTIL]
    if until < 0:
        return None
    if aioschedule._is_tuple(entry.get("until")):
        return (zone.to_rtc(until) - rtc) * 1000 - rtc_ms
    return until - now


def _due_times(entry, state, clocks):
    # Generator: the same without limits. Only the next run is later by a jitter.
    repeat = entry["repeat"]
    ahead = status.ms_ahead(state, clocks)
    if state[_CLOCK] == _ASK:
        # What matches in the second of the start counts
        yield from _matches(repeat, state[_START], max(0, ahead) - 1000, clocks)
        return
    yield ahead
    if not repeat:
        return
    if state[_CLOCK] == _WALL:
        yield from _matches(repeat, state[_START], max(0, ahead), clocks)
        return
    period = aioschedule._read_ms(repeat, state[_NAME], "repeat", 1)
    ahead = state[_PHASE] - clocks[0]
    if ahead < 0:
        # Missed runs coalesce: the last phase that has passed
        ahead = -(-ahead % period)
    while True:
        ahead += period
        yield ahead


def _matches(repeat, start, ahead, clocks):
    # Generator: what is due on the wall clock after that, by a rule, or by a repeat in seconds
    _, rtc, rtc_ms = clocks
    while True:
        ms = rtc_ms + ahead
        following = wall.next_phase(repeat, start, rtc + ms // 1000, ms % 1000)
        if following is None:
            return
        ahead = (following[0] - rtc) * 1000 + following[1] - rtc_ms
        yield ahead
