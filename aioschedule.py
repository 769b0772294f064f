# aioschedule: starts aioctl tasks at a time, at an interval or by a rule, restarts those that fail
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The way of an entry, which is also the order of this file:
#   schedule()        _new_entry() reads the options and finds the first due time,
#                     _enter() puts it into the schedule, and wake() tells the loop
#   schedule_loop()   keeps a worker, _work(), which sleeps until something is due; then
#     _take_up()        builds the queues from the schedule, if that was changed
#     _fall_due()       looks what is to be done with an entry that is due; most often
#     _start()          finds its next due time and starts its task
#
# What is needed less often lives in modules of its own, see _PARTS.
#
# There are two clocks. The monotonic one counts ms since the loop started, and nobody can set it.
# The wall clock is the RTC, in seconds; everything special about it, time tuples, rules, zones and
# steps of the RTC, lives in aioschedule_wall.py, which is loaded when the first entry needs it.
#
# Soft interrupts and Ctrl-C come in between any two steps of the code below, but not within a call
# of a C function or a store. So whatever is changed here is changed like this: look at an entry,
# compute, and then store the result with one store, into the very dict that was looked at. The
# schedule is the truth. The queues belong to the loop, and are built from it again and again.

import asyncio
import heapq
import sys
import time

import aioctl
from micropython import const

for _name in ("time", "time_ns", "localtime"):
    if not hasattr(time, _name):
        raise ImportError("aioschedule needs time." + _name)

try:
    _NUMBERS = (int, float)
except NameError:
    # A port without floats
    _NUMBERS = (int,)

# name -> entry, a plain dict that always holds
#   start_in  seconds from _AIOCTL_SCHEDULE_T0 to its first run; -1 once it has run
#   repeat    as given: seconds, a crontab string, a callable, or False
#   state     the tuple below; None if somebody has broken the entry: then `error` tells how
# and, where there is something to tell: times, until, jitter, timeout (as given), last, last_dt.
#
# The state is all that changes from run to run. It also is the item that waits in a queue: such an
# item is valid as long as it is the state of its entry, and stale afterwards. It holds
#   due, part       when its run is due: ms on the monotonic clock and 0, or RTC seconds and ms
#   name
#   clock           where it waits, one of those below
#   phase           when it is due without its jitter, in the unit of `due`
#   left            runs left, 0 if there is no limit
#   runs, missed    counters
#   start           the time tuple that was its start_in, as local seconds; -1 if there was none
#   until           ms on the monotonic clock, or local seconds if it is a tuple; -1 if none
_AIOCTL_SCHEDULE_GROUP = {}

# Values of `clock`
_MONOTONIC = const(0)
_ASK = const(1)  # the monotonic clock, until its rule is to be asked
_WALL = const(2)
_OVER = const(3)  # past its `until`, unless the RTC is set back; in the wall clock's queue
_FINISHED = const(4)  # has no run left; in no queue

# Places in a state
_DUE = const(0)
_NAME = const(2)
_CLOCK = const(3)
_PHASE = const(4)
_LEFT = const(5)
_UNTIL = const(9)

# Heaps of states, one for each clock. Only the loop changes them, and idle_ms().
_monotonic_queue = []
_wall_queue = []

# ms on the monotonic clock, and ticks_ms() when it stood there. Until a loop has started it stands
# still: then the tick is None. One tuple, so that an interrupt does not see half of a change.
_clock = (0, None)
# The module aioschedule_wall, when it has been loaded
_wall = None
# Makes local time of RTC seconds; set_zone() puts another one here
_localtime = time.localtime

# The Event that ends with the present schedule_loop, and the asyncio queue in which that runs
_loop = None
_loop_queue = None
# The module aioschedule_irq, once something may come from an interrupt or a thread
_irq = None
# ticks_ms() up to which nothing is due: until then the worker wakes each second, and only compares
# the clocks. Or None.
_rest_until = None
# Whether sleep_loop looks at the RTC each second, and the worker need not
_is_looked_at = False
# The worker's asyncio task while it sleeps
_sleeper = None
# Whether a small task that wakes it is on its way
_waking = False
# The schedule was changed, or a queue may lack something: the queues are to be built anew
_changed = True
# Something failed, and is to be tried again in a second
_retry = False
# Whether the wall clock's queue has its turn
_wall_first = False
# An item that is due soon, the `repeat` of its entry, and the state after its run: found
# beforehand, so that its task starts sooner
_prepared = (None, None, None)
# How many entries there were at the last look
_count = 0
# A start under way: (entry, name, its asyncio task before, its state after), or None
_intent = None
# The entry that was started last, until its `last` has been written
_started = None

# name -> the group of aioctl in which its task was met; None for what was scheduled before its
# task was added, until that is held back
_met = {}
# Names of what is due and waits for its task to be added
_parked = set()
# Names of what was due and could not run, because it still ran or for another reason; until its
# next start
_skipping = set()
# Names of tasks that the schedule has started, until somebody asks whether they run
_under_way = set()
# name -> what aioschedule_watcher.py knows of the failures of a task
_failures = {}

_log = None

_PARTS = {
    "watcher_loop": "watcher",
    "set_zone": "wall",
    "localtime": "wall",
    "mktime": "wall",
    "status_sc": "status",
    "status_sc_all": "status",
    "snapshot": "status",
    "upcoming": "status",
    "save": "state",
    "load": "state",
    "sleep_loop": "power",
    "slept": "power",
    "trigger": "irq",
    "trigger_loop": "irq",
}


def _part(name):
    # A module of this project that is loaded when it is first needed. It may have been loaded by
    # an aioschedule before this one, in the same session: from here on it belongs to this one.
    global _wall
    try:
        part = __import__(name)
    except ImportError as error:
        raise ImportError("install %s.py: %s" % (name, error))
    part.aioschedule = sys.modules[__name__]
    if name == "aioschedule_wall" and not _wall:
        _wall = part
        part.begin()
    return part


def __getattr__(name):
    if name == "_AIOCTL_SCHEDULE_T0":
        # The RTC second at which the loop started, right whenever the RTC is
        return int(time.time()) - _monotonic() // 1000
    if name not in _PARTS:
        raise AttributeError(name)
    try:
        value = getattr(_part("aioschedule_" + _PARTS[name]), name)
    except ImportError as error:
        # dir() asks for every name, and ignores only an AttributeError. So the error is raised
        # when the function is called.
        message = str(error)

        def value(*args, **kwargs):
            raise ImportError(message)

        return value
    globals()[name] = value
    return value


def _monotonic():
    # Stores nothing: an interrupt may call it while it is being called
    ms, tick = _clock
    return ms if tick is None else ms + time.ticks_diff(time.ticks_ms(), tick)


def _load_wall():
    return _wall or _part("aioschedule_wall")


################################################################################
# Reading the options

_ACCEPTED = {
    "start_in": "seconds from 0 on, or a time tuple; for a time of day repeat='30 6 * * *'",
    "repeat": "seconds from 0.001 on, True (with start_in in seconds), a crontab string, a rule",
    "times": "an int from 1 on",
    "until": "seconds from 0 on, or a time tuple, and not before the first run",
    "jitter": "seconds from 0 on",
    "timeout": "seconds from 0.001 on",
}
# About 34 years: seconds below it are small ints on boards
_LONGEST = const((1 << 30) - 1)


def _refuse(error, name, option, value, accepted=None):
    accepted = accepted or "accepted: " + _ACCEPTED.get(option, "seconds from 0.001 on")
    raise error("%s: %s=%r: %s" % (name, option, value, accepted))


def _read_ms(value, name, option, least=0):
    # Seconds as whole ms. The fraction is taken apart: a float may have as little as 24 bits.
    # A bool is no int in MicroPython.
    if not isinstance(value, _NUMBERS):
        _refuse(TypeError, name, option, value)
    if 0 <= value < _LONGEST:
        ms = int(value) * 1000 + round(value % 1 * 1000)
        if ms >= least:
            return ms
    _refuse(ValueError, name, option, value)


def _is_tuple(value):
    # JSON makes lists of tuples
    return isinstance(value, (tuple, list))


def _is_rule(repeat):
    return isinstance(repeat, str) or callable(repeat)


def _read_when(options, option, name):
    # Of start_in or until: ms from now and -1, or -1 and local seconds; both -1 if left out
    value = options.get(option)
    if value is None:
        return -1, -1
    if _is_tuple(value):
        return -1, _load_wall().read_tuple(value, name, option)
    return _read_ms(value, name, option), -1


def _check_jitter_and_timeout(options, name):
    for option in "jitter", "timeout":
        if options.get(option) is not None:
            _read_ms(options[option], name, option, 1 if option == "timeout" else 0)
    if options.get("timeout") is not None:
        # If that is missing, it is told here, and not at the first run
        _part("aioschedule_runs")


def _read_repeat(options, name):
    # What is kept as `repeat`
    start_in = options.get("start_in")
    repeat = options.get("repeat")
    if repeat is None or repeat is False:
        return False
    if repeat is True and start_in and not _is_tuple(start_in):
        return start_in
    if _is_rule(repeat):
        _load_wall().read_rule(repeat, name)
    elif repeat is True:
        _refuse(ValueError, name, "repeat", repeat)
    else:
        _read_ms(repeat, name, "repeat", 1)
    return repeat


def _read_runs_left(options, repeat, name):
    # 0 if there is no limit
    times = options.get("times")
    if times is not None:
        if not isinstance(times, int):
            _refuse(TypeError, name, "times", times)
        if not 0 < times < _LONGEST:
            _refuse(ValueError, name, "times", times)
    if not repeat:
        return 1
    return times or 0


def _new_entry(name, options):
    # The entry that options make; changes nothing else
    if not isinstance(name, str):
        raise TypeError("name=%r: accepted: the name of a task, a str" % (name,))
    for option in options:
        if option not in _ACCEPTED:
            _refuse(
                TypeError,
                name,
                option,
                options[option],
                "no such option; there are " + ", ".join(_ACCEPTED),
            )
    start_ms, start = _read_when(options, "start_in", name)
    repeat = _read_repeat(options, name)
    left = _read_runs_left(options, repeat, name)
    until_ms, until = _read_when(options, "until", name)
    _check_jitter_and_timeout(options, name)
    if options.get("start_in") is None and not repeat:
        raise ValueError("%s: start_in or repeat is needed" % name)
    entry = {"start_in": 0, "repeat": repeat}
    for option in "times", "until", "jitter", "timeout":
        if options.get(option) is not None:
            entry[option] = options[option]
    now = _monotonic()
    if until_ms >= 0:
        until = now + until_ms
    if start >= 0 or _is_rule(repeat) and start_ms <= 0:
        clock = _WALL
        phase, part = _wall.first_phase(name, repeat, start_ms, start)
    else:
        clock = _ASK if _is_rule(repeat) else _MONOTONIC
        phase = now + (start_ms if start_ms >= 0 else _read_ms(repeat, name, "repeat"))
        part = 0
    state = _planned(entry, (0, 0, name, 0, 0, left, 0, 0, start, until), clock, phase, part)
    if state[_DUE] is None or state[_CLOCK] == _OVER:
        _refuse(ValueError, name, "until", options["until"])
    entry["state"] = state
    entry["start_in"] = _seconds_until(state) + now // 1000
    return entry


################################################################################
# Due times


def _seconds_until(state):
    # From now to the due time of a state
    if state[_CLOCK] >= _WALL:
        return max(0, state[_DUE] - int(time.time()))
    return max(0, state[_DUE] - _monotonic()) // 1000


def _planned(entry, state, clock, phase, part=0):
    # The state in which an entry waits for a phase: its `until` is looked at where that is on the
    # same clock, and its jitter drawn. No phase: it is finished.
    _, _, name, _, _, left, runs, missed, start, until = state
    due = phase
    if phase is None:
        clock = _FINISHED
    elif clock == _WALL:
        due, part, clock = _wall.due_time(entry, phase, part, start, until)
    elif until >= 0 and phase > until and not _is_tuple(entry.get("until")):
        due = None
        clock = _FINISHED
    elif entry.get("jitter") and clock == _MONOTONIC:
        import random

        # Before the next phase, and not past `until`
        room = _read_ms(entry["jitter"], name, "jitter") + 1
        if entry["repeat"]:
            room = min(room, _read_ms(entry["repeat"], name, "repeat", 1))
        if until >= 0 and not _is_tuple(entry["until"]):
            room = min(room, until - phase + 1)
        due += room * random.getrandbits(30) >> 30
    return due, part, name, clock, phase, left, runs, missed, start, until


def _next_state(entry, state):
    # The state after a due time; the counters in it are right already. No drift: phases are
    # counted from each other. Missed runs coalesce: what is past is left out.
    repeat = entry["repeat"]
    if not repeat or state[_LEFT] == 0 and "times" in entry:
        return _planned(entry, state, _FINISHED, None)
    if state[_CLOCK] == _WALL:
        return _wall.next_state(entry, state)
    phase = state[_PHASE]
    period = _read_ms(repeat, state[_NAME], "repeat", 1)
    now = max(phase, _monotonic())
    return _planned(entry, state, _MONOTONIC, now - (now - phase) % period + period)


def _ran(state):
    due, part, name, clock, phase, left, runs, missed, start, until = state
    return due, part, name, clock, phase, left - (left > 0), runs + 1, missed, start, until


def _missed(entry, state, error):
    # The state after a due time without a run
    due, part, name, clock, phase, left, runs, missed, start, until = state
    if error:
        _say(name, "missed", error)
    state = due, part, name, clock, phase, left, runs, missed + 1, start, until
    return _state_after(entry, state)


def _missed_again(entry, state, error):
    # The same, but logged once until there is a run again
    if state[_NAME] in _skipping:
        error = None
    _skipping.add(state[_NAME])
    return _missed(entry, state, error)


def _state_after(entry, state):
    # The same as _next_state(), and it does not fail for what somebody has broken, or for a rule
    try:
        return _next_state(entry, state)
    except MemoryError:
        raise
    except Exception as error:
        return _state_after_failure(entry, state, error)


def _state_after_failure(entry, state, error):
    # There is no next due time. A rule is asked again in an hour; what somebody has broken waits
    # to be mended.
    global _changed
    due, part, name, clock, phase, left, runs, missed, start, until = state
    _say(name, "repeat", error)
    if not callable(entry.get("repeat")):
        entry["error"] = repr(error)
        _changed = True
        return None
    phase = _monotonic() + 3600000
    return phase, 0, name, _ASK, phase, left, runs, missed, start, until


################################################################################
# The schedule


def _tasks():
    # name -> record. Some aioctls have no group before the first add().
    group = aioctl.group()
    return group.tasks if group else {}


def _say(name, what, error):
    # There is often nobody to see a traceback, sometimes no memory for a line, and an exception
    # that fails to say what it is
    try:
        try:
            line = "[%s] %s: %r" % (name, what, error)
        except Exception:
            line = "[%s] %s: %s" % (name, what, type(error).__name__)
        if hasattr(_log, "error"):
            _log.error(line)
        elif _log:
            _log.write(line + "\n")
        else:
            print(line)
    except Exception:
        pass


def _is_ours(name, entry):
    # Whether _new_entry() has made it, and it is whole
    state = entry.get("state") if isinstance(entry, dict) else None
    if not isinstance(state, tuple) or len(state) != 10 or "repeat" not in entry:
        return False
    # And what decides about its queue is no nonsense
    clock = state[_CLOCK]
    if state[_NAME] != name or not isinstance(clock, int):
        return False
    if clock == _FINISHED:
        return True
    return isinstance(state[_DUE], int) and _MONOTONIC <= clock <= (_OVER if _wall else _ASK)


def _enter(name, entry):
    # Puts an entry into the schedule. What may run out of memory comes first: the worker cannot
    # run before this returns.
    record = _tasks().get(name)
    _met[name] = aioctl.group() if record else None
    wake()
    _AIOCTL_SCHEDULE_GROUP[name] = entry
    if record:
        # The new schedule takes the place of what aioctl.stop() has kept
        record.schedule = None
        _hold_back(record, name)


def _hold_back(record, name):
    # Not one line early: what aioctl.add() has started does not run before it is due. This
    # project's aioctl knows whether a task is fresh from add(); with another one a task is held
    # back only while no loop runs.
    fresh = record.is_fresh() if hasattr(record, "is_fresh") else not loop_runs()
    if record.task.done():
        _end(record)
    elif fresh and not _is_current(record.task):
        aioctl.stop(name, stop_sch=False)
        _end(record)


def _awaits_task(name):
    return name in _met and _met[name] is None


def _hold_all_back():
    # What was scheduled first, and then added
    tasks = _tasks()
    for name in list(tasks):
        if _awaits_task(name):
            _met[name] = aioctl.group()
            _hold_back(tasks[name], name)


def _end(record):
    # The task was stopped before it began. Another aioctl does not set done_at then, and its
    # status() needs it.
    if getattr(record, "done_at", 0) is None:
        record.done_at = record.since


def _kept(record):
    # The entry that aioctl.stop() has taken out of the schedule, or None
    return getattr(record, "schedule", None)


def _is_current(task):
    # Whether this asyncio task runs now. Before the event loop runs MicroPython raises one or the
    # other, depending on its version.
    try:
        return asyncio.current_task() is task
    except (NameError, RuntimeError):
        return False


def _options_of(entry):
    # Those that an entry was made of
    options = {}
    for option in _ACCEPTED:
        if option in entry:
            options[option] = entry[option]
    if options.get("start_in") == -1:
        # It has run
        del options["start_in"]
    elif "state" in entry and isinstance(options.get("start_in"), int):
        # It counts from the start of the loop, and not from now
        options["start_in"] = max(0, options["start_in"] - _monotonic() // 1000)
    return options


def _entry_of(name, options):
    # What aioctl.start() gives back is an entry already: its due time holds
    if not _is_ours(name, options):
        return _new_entry(name, _options_of(options) if "state" in options else options)
    # Somebody may have changed it meanwhile
    entry = dict(options)
    if entry["repeat"] is True:
        # It would take start_in, which by now counts from the start of the loop
        _refuse(ValueError, name, "repeat", True)
    entry["repeat"] = _read_repeat(entry, name)
    _check_jitter_and_timeout(entry, name)
    if entry["state"][_CLOCK] == _FINISHED:
        print("Task", name, "has no run left")
    elif entry["state"][_CLOCK] == _WALL:
        _load_wall().check_kept(entry)
    return entry


def schedule(name, *wrong, **options):
    """Schedules a task of aioctl.group() by its name, or reschedules it; a run that is under way
    goes on.

    name: str; the task need not be there yet
    start_in: the first run, in seconds (int or float, >= 0; from the start of schedule_loop, or
        from now once that runs), or at a time tuple as time.localtime() gives (6 to 9 fields, in
        local time). 0 is at once. Left out: after one `repeat`. With a rule: the earliest time
    repeat: period in seconds (int or float, > 0, rounded to ms), True for `start_in` seconds,
        False for none, a crontab string (in local time), or a rule: a callable that takes RTC
        seconds (int) and returns the next due time after it, or None
    times: finish after that many runs (int > 0)
    until: what is due after it does not run (seconds or a time tuple, as `start_in`)
    jitter: each run is up to that many seconds (>= 0) later, at random
    timeout: a run that takes longer than that many seconds (> 0) is cancelled, and has failed

    None means left out. Raises TypeError or ValueError that name the task, the
    option, its value and what is accepted; nothing is changed then.
    """
    if wrong:
        raise TypeError("%s: %r: write start_in= or repeat=" % (name, wrong[0]))
    _enter(name, _entry_of(name, options))


def unschedule(name):
    """Forgets the schedule of a task, also of one that is stopped; a run that is under way goes
    on. Returns True, or False if there is none: then it prints which names are known."""
    found = _AIOCTL_SCHEDULE_GROUP.pop(name, None) is not None
    record = _tasks().get(name)
    if record and _kept(record) is not None:
        found = True
        record.schedule = None
    _met.pop(name, None)
    wake()
    if not found:
        print("Task", name, "not found in", list(_AIOCTL_SCHEDULE_GROUP))
    return found


def schedule_task(**options):
    """Decorator above @aioctl.aiotask: schedules the task under its function's name.

    Options and errors are those of schedule(). TypeError when it stands below @aioctl.aiotask, or
    above what is not a coroutine function."""

    def decorate(task):
        if not isinstance(task, tuple):
            raise TypeError("@schedule_task goes above @aiotask")
        function, name = task
        # In MicroPython a coroutine function has a type of its own; group() is a plain one
        if type(function) is type(group):
            raise TypeError("%s: not a coroutine function: write async def" % name)
        schedule(name, **options)
        if hasattr(aioctl, "_WAKES"):
            # It holds back what is in the schedule
            return task

        # aioctl.add() calls it when the task is added, aioctl.start() when a run starts. Another
        # aioctl has no record of it then, in both cases. It is a start if the scheduler has asked
        # for it, or if the task was met in that very group before.
        def call(*args, **kwargs):
            record = _tasks().get(name)
            present = aioctl.group()
            if (
                name not in _AIOCTL_SCHEDULE_GROUP
                or (_intent and _intent[1] == name)
                or (record and not _is_current(record.task))
                or (present and _met.get(name) is present)
            ):
                return function(*args, **kwargs)
            _met[name] = None
            return _first(name, function, args, kwargs)

        return call, name

    return decorate


async def _first(name, function, args, kwargs):
    # An aioctl that does not know of the schedule has started a decorated function at add(). Only
    # now it can be seen under which name. Under its own it is held back, also when its first run
    # has taken its place by now.
    tasks = _tasks()
    for added in list(tasks):
        if _is_current(tasks[added].task):
            break
    else:
        # None at all if somebody awaits it by hand
        added = name if name in tasks else None
    if added != name:
        return await function(*args, **kwargs)
    _met[name] = aioctl.group()
    _end(tasks[name])
    wake()


def group():
    """The schedule, a dict of name -> entry. Call wake() when you have changed it by hand."""
    return _AIOCTL_SCHEDULE_GROUP


def set_group(d):
    """Makes the dict `d` the schedule: name -> options, as schedule() takes and refuses them."""
    global _AIOCTL_SCHEDULE_GROUP
    entries = {}
    for name in d:
        if not isinstance(d[name], dict):
            raise TypeError("%s: %r: accepted: a dict of options" % (name, d[name]))
        entries[name] = _entry_of(name, d[name])
    d.update(entries)
    _AIOCTL_SCHEDULE_GROUP = d
    for name in entries:
        _enter(name, entries[name])
    wake()


def set_log(log):
    """Sets where the loops tell errors: a logger, or whatever has error(str); a stream, with
    write(str); or None, which prints them."""
    global _log
    _log = log


def reset(group=True, log=False):
    """Forgets the schedule, the logger, or both."""
    if group:
        set_group({})
        _failures.clear()
    if log:
        set_log(None)


################################################################################
# Waking the loop


def wake():
    """Tells schedule_loop that group() was changed by hand, or that a task was added."""
    global _changed, _waking
    _changed = True
    if _irq:
        _irq.flag.set()
    holds_back = not hasattr(aioctl, "_WAKES") and not loop_runs()
    if (_sleeper or holds_back) and not _waking:
        # The worker cannot be cancelled from here. While the event loop polls, its current task is
        # the one that ran last, most often the worker itself, and "can't cancel self" is what an
        # interrupt would get. A task of its own can.
        _waking = True
        try:
            asyncio.create_task(_wake_worker())
        except BaseException:
            _waking = False
            raise


async def _wake_worker():
    global _waking
    _waking = False
    if not loop_runs():
        # What was added after it was scheduled, to an aioctl that does not know of that: this task
        # has its turn before that one
        _hold_all_back()
    if _sleeper:
        _sleeper.cancel()


def loop_runs():
    """Whether a schedule_loop runs."""
    # asyncio.new_event_loop() leaves all tasks behind, without a word
    return _loop is not None and _loop_queue is asyncio.core._task_queue


################################################################################
# The schedule loop

# asyncio cannot sleep for half a period of ticks_ms, 2**29 ms on a board, nor may the monotonic
# clock be left alone for so long
_LONGEST_SLEEP_MS = const(1 << 26)
# Other tasks get their turn when the loop has been busy for so long
_LONG_MS = const(5)


def schedule_loop(alog=None):
    """The scheduler, for aioctl.add(). alog: as for set_log().

    A second one says that one runs already, and ends."""
    # A plain function, which returns the coroutine: aioctl.add() calls it at once, and so what was
    # added before is held back before it can begin
    _hold_all_back()
    return _schedule_loop(alog)


async def _schedule_loop(alog):
    # What others see and cancel. A private task does the work: a CancelledError means a wake-up
    # there, unless this one has ended.
    global _loop, _loop_queue, _clock
    if alog:
        set_log(alog)
    if loop_runs():
        _say("schedule_loop", "error", RuntimeError("one runs already"))
        return
    if _clock[1] is None:
        _clock = 0, time.ticks_ms()
    _loop_queue = asyncio.core._task_queue
    ended = asyncio.Event()
    worker = None
    try:
        _loop = ended
        worker = asyncio.create_task(_work(ended))
        if _irq:
            _irq.listen()
        await ended.wait()
    finally:
        if _loop is ended:
            _loop = None
        if worker:
            worker.cancel()


async def _work(ended):
    global _sleeper, _waking, _changed, _retry, _loop, _is_looked_at, _rest_until
    me = asyncio.current_task()
    # Ctrl-C may have ended the loop before this one anywhere
    _move_clock()
    _waking = _is_looked_at = False
    _rest_until = _sleeper = None
    _changed = True
    try:
        while _loop is ended:
            ms = _pass()
            if not ms:
                # What was started gets its turn
                await asyncio.sleep_ms(0)
                continue
            # From here on whoever changes something finds a sleeper to wake
            _sleeper = me
            try:
                # It yields in any case. What has failed is not tried again within a second.
                await asyncio.sleep_ms(ms if _retry or not _changed else 0)
            except asyncio.CancelledError:
                # A wake-up, or the end
                _rest_until = None
            if _sleeper is me:
                _sleeper = None
            if _retry:
                _retry = False
                _changed = True
    finally:
        if _sleeper is me:
            _sleeper = None
        if _loop is ended:
            _loop = None
        _move_clock()
        ended.set()


def _pass():
    # Starts what is due. Returns the ms to sleep, 0 to be called again when others had their turn.
    global _retry, _wall_first, _rest_until
    try:
        if _rest_until is not None:
            ms = _ms_to_rest()
            if ms > 0:
                return ms
            _rest_until = None
        if _changed or len(_AIOCTL_SCHEDULE_GROUP) != _count:
            _take_up()
        if _started:
            _write_last()
        first, second = _monotonic_queue, _wall_queue
        if _wall_first:
            first, second = second, first
        ms = _pass_of(first)
        # Next time it is the other one's turn, so that a busy one cannot shut it out
        _wall_first = not ms and first is _monotonic_queue
        if ms:
            ms = min(ms, _pass_of(second), _LONGEST_SLEEP_MS)
        return _ms_to_sleep(ms) if ms else 0
    except Exception as error:
        # An entry that was taken apart, a bug, memory that runs out: it does not die
        _retry = True
        _say("schedule_loop", "error", error)
        return 1000


def _ms_to_rest():
    # While the RTC is looked at each second: the ms to the next look, 0 if there is work to do
    if _changed or not _soonest(_wall_queue) or not _wall.clocks_agree():
        return 0
    return min(1000, time.ticks_diff(_rest_until, time.ticks_ms()))


def _pass_of(queue):
    # The ms until something of this queue is due; if it is due now, 0, and that is seen to
    if queue and queue is _wall_queue:
        _wall.look()
    item = _soonest(queue)
    if not item:
        return _LONGEST_SLEEP_MS
    ms = _ms_until(item)
    if ms > 0:
        # The clocks drift apart: the RTC is looked at again shortly before
        return ms - 1000 if queue is _wall_queue and ms > 2000 else ms
    due = item[_DUE]
    begun = time.ticks_ms()
    while ms <= 0:
        _fall_due(queue, item, -ms)
        # What is due together starts together, as long as other tasks need not wait for it
        if not queue or queue[0][_DUE] > due:
            break
        if time.ticks_diff(time.ticks_ms(), begun) >= _LONG_MS:
            break
        item = _soonest(queue)
        ms = _ms_until(item) if item else 1
    return 0


def _ms_until(item):
    return item[_DUE] - _monotonic() if item[_CLOCK] < _WALL else _wall.ms_until(item)


def _move_clock():
    # Only the loop does so, at least once in _LONGEST_SLEEP_MS. If it was stopped for longer than
    # half a period of ticks_ms, that time does not count.
    global _clock
    tick = time.ticks_ms()
    now, before = _clock
    _clock = now + max(0, time.ticks_diff(tick, before)), tick


def _ms_to_sleep(ms):
    global _retry, _rest_until
    _move_clock()
    if _parked and not hasattr(aioctl, "_WAKES"):
        # Another aioctl does not tell when it adds a task
        _retry = True
    if _retry:
        ms = min(ms, 1000)
    _prepare()
    if _monotonic_queue:
        ms = min(ms, max(1, _monotonic_queue[0][_DUE] - _monotonic()))
    if ms > 1000 and _wall_queue and not _is_looked_at:
        _rest_until = time.ticks_add(time.ticks_ms(), ms)
        return 1000
    return ms


def _prepare():
    # Finds out what comes after the first run of the monotonic queue, or of the wall clock's if
    # that one is empty. If it cannot, that is told when it is due.
    global _prepared
    item = (_monotonic_queue or _wall_queue or (None,))[0]
    if item and item is not _prepared[0] and item[_CLOCK] in (_MONOTONIC, _WALL):
        try:
            entry = _AIOCTL_SCHEDULE_GROUP[item[_NAME]]
            _prepared = item, entry["repeat"], _next_state(entry, _ran(item))
        except Exception:
            _prepared = (None, None, None)


def _soonest(queue):
    # The first item that is not stale, or None
    global _changed
    while queue:
        item = queue[0]
        name = item[_NAME]
        entry = _AIOCTL_SCHEDULE_GROUP.get(name)
        if isinstance(entry, dict) and entry.get("state") is item:
            return item
        if name in _AIOCTL_SCHEDULE_GROUP:
            # It was scheduled anew, or somebody has taken it apart
            _changed = True
        heapq.heappop(queue)


def _take_up():
    # Builds the queues from the schedule; takes up what somebody wrote into it
    global _changed
    # What is changed from here on is looked at the next time
    _changed = False
    try:
        _build_queues()
    except BaseException:
        _changed = True
        raise


def _build_queues():
    global _count, _prepared, _monotonic_queue, _wall_queue
    _count = len(_AIOCTL_SCHEDULE_GROUP)
    _prepared = (None, None, None)
    _settle()
    monotonic = []
    wall = []
    tasks = _tasks()
    for name in list(_AIOCTL_SCHEDULE_GROUP):
        entry = _AIOCTL_SCHEDULE_GROUP.get(name)
        if not _is_ours(name, entry) and not _adopt(name, entry):
            continue
        state = entry["state"]
        if "stopped" in entry and name in tasks:
            # It was loaded before its task was there
            _part("aioschedule_state").keep_stopped(name, entry, tasks[name])
        elif state[_CLOCK] < _WALL:
            monotonic.append(state)
        elif state[_CLOCK] < _FINISHED:
            wall.append(state)
    heapq.heapify(monotonic)
    heapq.heapify(wall)
    _monotonic_queue = monotonic
    _wall_queue = wall
    _forget_names(tasks)


def _forget_names(tasks):
    # What was noted of entries that are gone, or have met their task
    for name in list(_met):
        if name not in _AIOCTL_SCHEDULE_GROUP:
            _met.pop(name, None)
        elif name in tasks and tasks[name].task.done() and _awaits_task(name):
            _met[name] = aioctl.group()
    for name in list(_parked):
        if name not in _AIOCTL_SCHEDULE_GROUP or _met.get(name):
            _parked.discard(name)
    for name in list(_skipping):
        if name not in _AIOCTL_SCHEDULE_GROUP:
            _skipping.discard(name)


def _adopt(name, entry):
    # Reads what somebody wrote into the schedule, or took apart. What is wrong is logged once.
    try:
        entry.update(_new_entry(name, _options_of(entry)))
        if "error" not in entry and name in _met:
            # It may have been an entry of before
            _say(name, "changed by hand", entry["repeat"])
        entry.pop("error", None)
        return True
    except MemoryError:
        raise
    except Exception as error:
        if name not in _AIOCTL_SCHEDULE_GROUP:
            # An interrupt has taken it out just now
            return False
        if not isinstance(entry, dict) or not isinstance(name, str):
            _say(name, "dropped", error)
            _AIOCTL_SCHEDULE_GROUP.pop(name, None)
        elif entry.get("error") != repr(error):
            _say(name, "error", error)
            entry["error"] = repr(error)
            entry["state"] = None


################################################################################
# What is due


def _fall_due(queue, item, late):
    # Whatever fails keeps no other entry waiting: its item leaves the queue, and is back when the
    # queues are built anew
    global _retry
    name = item[_NAME]
    entry = _AIOCTL_SCHEDULE_GROUP.get(name)
    if not isinstance(entry, dict) or entry.get("state") is not item:
        # An interrupt has changed it just now
        return
    try:
        state = _state_when_due(entry, item, late)
        entry["state"] = state
        heapq.heappop(queue)
        if state and state is not item and state[_CLOCK] < _FINISHED:
            heapq.heappush(_monotonic_queue if state[_CLOCK] < _WALL else _wall_queue, state)
    except Exception as error:
        _retry = True
        _settle()
        if queue and queue[0] is item:
            heapq.heappop(queue)
        _say(name, "error", error)


def _state_when_due(entry, item, late):
    # Does what is to be done now, and returns the state after it
    name = item[_NAME]
    if item[_CLOCK] == _ASK:
        # From here on the rule says when
        return _load_wall().state_by_rule(entry, item, late)
    if item[_UNTIL] >= 0 and _wall and _wall.is_past(entry, item, late):
        return _wall.state_past(item)
    record = _tasks().get(name)
    if record is None:
        if not entry["repeat"]:
            # One run waits until its task is added, and is out of the queue meanwhile
            _park(name)
            return item
        return _missed_again(entry, item, KeyError("no such task"))
    if record.task.done() or record.cancelled or _awaits_task(name):
        return _start(entry, item, record, late)
    # The run before is left alone
    return _missed_again(entry, item, RuntimeError("still running"))


def _park(name):
    if name not in _parked:
        _parked.add(name)
        _say(name, "missed", KeyError("no such task"))


def _start(entry, item, record, late):
    # Starts a run, once and only once. All that takes memory comes before the start, and what is
    # intended is noted: whatever comes in between, the record tells whether the start happened.
    global _intent, _started
    if _started:
        _write_last()
    name = item[_NAME]
    _under_way.add(name)
    prepared, repeat, state = _prepared
    if prepared is not item or entry["repeat"] is not repeat or late >= _LONG_MS:
        state = _state_after(entry, _ran(item))
    _intent = entry, name, record.task, state
    error = RuntimeError("not started")
    has_started = False
    try:
        has_started = aioctl.start(name)
    except MemoryError:
        raise
    except Exception as exception:
        error = exception
    if not has_started:
        _intent = None
        return _missed(entry, item, error)
    entry["state"] = state
    entry["start_in"] = -1
    _intent = None
    # The rest is written when the task has had its turn
    _started = entry
    _note_start(name, entry)
    return state


def _note_start(name, entry):
    _skipping.discard(name)
    _met[name] = aioctl.group()
    if name in _failures:
        # Another aioctl makes a new record for each run
        _failures[name][0] = _tasks().get(name)
    if "timeout" in entry:
        try:
            _part("aioschedule_runs").limit(name, entry)
        except Exception as error:
            # It has started, and goes on without a limit
            _say(name, "timeout", error)


def started(name):
    """Tells of a run that was started, for aioctl.start(). One that is not the schedule's counts
    as one of the task's runs all the same."""
    if _intent and _intent[1] == name:
        return
    if _irq:
        _irq.flag.set()
    if name in _AIOCTL_SCHEDULE_GROUP:
        _part("aioschedule_runs").started(name)


def _settle():
    # After Ctrl-C or an exception. If the start happened, its state is stored, else forgotten.
    global _intent
    if _intent:
        entry, name, task, state = _intent
        record = _tasks().get(name)
        if record and record.task is not task:
            entry["state"] = state
            entry["start_in"] = -1
        _intent = None


def _write_last():
    global _started
    now = int(time.time())
    try:
        date = _localtime(now)
    except MemoryError:
        raise
    except Exception:
        # Boards from 2038 on, or a zone that fails
        date = time.localtime()
    # After its first run an entry from load() is like any other
    _started.pop("loaded", None)
    _started["last"] = now
    _started["last_dt"] = date
    _started = None


def idle_ms():
    """The ms (int) until the next due run; 0 when one is overdue, or while a run that the schedule
    started is under way (but for one with keep_awake=False in its kwargs); None when nothing is
    scheduled. What waits for its task to be added does not count."""
    tasks = _tasks()
    for name in list(_under_way):
        record = tasks.get(name)
        if not record or record.task.done():
            _under_way.discard(name)
        elif record.kwargs.get("keep_awake", True):
            return 0
    # What has failed is out of the queues until it is tried again
    if _changed or _retry or len(_AIOCTL_SCHEDULE_GROUP) != _count:
        # The worker has to hear of it, too
        wake()
        _take_up()
    ms = None
    for queue in _monotonic_queue, _wall_queue:
        item = _soonest(queue)
        while item and item[_CLOCK] != _OVER:
            left = _ms_until(item)
            if left > 0 or item[_NAME] in tasks:
                ms = max(0, left if ms is None else min(ms, left))
                break
            # It waits for its task, and is out of the queue until the worker has told of that
            heapq.heappop(queue)
            wake()
            item = _soonest(queue)
    return ms
