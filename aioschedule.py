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
# What is needed less often lives in modules of its own, which are loaded when it is. _PARTS lists
# what of that is called by the user.
#
# There are two clocks. The monotonic one counts ms since the loop started, and nobody can set it.
# The wall clock is the RTC, in seconds; everything special about it, time tuples, rules, zones and
# steps of the RTC, lives in aioschedule_wall.py, which is loaded when the first entry needs it.
#
# Soft interrupts and Ctrl-C come in between any two steps of the code below, but not within a call
# of a C function or a store. So whatever is changed here is changed like this: look at an entry,
# compute, and then store the result with one store, into the very dict that was looked at. The
# schedule is the truth. The queues belong to the loop, and are built from it again and again.

__version__ = "0.1.0"

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

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    # For editors: MicroPython leaves it out
    from typing import Any, NoReturn

# name -> entry, a plain dict that always holds
#   start_in  seconds from _AIOCTL_SCHEDULE_T0 to its first run; -1 once it has run
#   repeat    as given: seconds, a crontab string, a callable, or False
#   state     the tuple below; None if somebody has broken the entry: then `error` tells how
# and, where there is something to tell: times, until, jitter, timeout (as given), last, last_dt.
#
# The state is all that changes from run to run. It also is the item that waits in a queue: such an
# item is valid as long as it is the state of its entry, and stale afterwards. It holds
#   due, ms         when its run is due: ms on the monotonic clock and 0, or an RTC second and ms
#   name
#   clock           where it waits, one of those below
#   phase           when it is due without its jitter, in the unit of `due`
#   left            runs left, 0 if there is no limit
#   runs, missed    counters
#   start           the time tuple that was its start_in, as local seconds; -1 if there was none
#   until           ms on the monotonic clock, or local seconds if it is a tuple; -1 if none
_AIOCTL_SCHEDULE_GROUP: "Any" = {}

# Values of `clock`
_MONOTONIC = const(0)
_ASK = const(1)  # the monotonic clock, until its rule is to be asked
_WALL = const(2)
_OVER = const(3)  # past its `until`, unless the RTC is set back; in the wall clock's queue
_FINISHED = const(4)  # has no run left; in no queue

# Places in a state
_DUE = const(0)
_MS = const(1)
_NAME = const(2)
_CLOCK = const(3)
_PHASE = const(4)
_LEFT = const(5)
_UNTIL = const(9)

# Heaps of states, one for each clock. The loop changes them, and what asks for them between two
# passes: idle_ms(), and the status.
_monotonic_queue = []
_wall_queue = []

# ms on the monotonic clock, and ticks_ms() when it stood there. Until a loop has started it stands
# still: then the tick is None. One tuple, so that an interrupt does not see half of a change.
_monotonic_base: tuple = (0, None)
# The module aioschedule_wall, when it has been loaded
_wall = None
# Makes local time of RTC seconds; set_zone() puts another one here
_localtime = time.localtime

# The Event that ends with the present schedule_loop, and the asyncio queue in which that runs
_loop = None
_loop_queue = None
# The module aioschedule_irq, once something may come from an interrupt or a thread
_irq = None
# The module aioschedule_other, with an aioctl that does not know of aioschedule
_other = None
# ticks_ms() up to which nothing is due: until then the worker wakes each second, and only compares
# the clocks. Or None.
_rest_until: "Any" = None
# Whether sleep_loop looks at the RTC each second, and the worker need not
_is_looked_at = False
# The worker's asyncio task while it sleeps
_sleeper = None
# The event loop's queue in which a small task is on its way that wakes it, or None
_waking = None
# The schedule was changed, or a queue may lack something: the queues are to be built anew
_changed = True
# Something failed: ticks_ms() at which it is tried again. Or None.
_retry_tick: "Any" = None
# How entries were planned anew since an entry was taken up that is due, or None
_planned_anew: "Any" = None
# Whether the wall clock's queue is asked first in the next pass
_wall_first = False
# An item that is due soon, the `repeat` of its entry, and the state after its run: found
# beforehand, so that its task starts sooner
_prepared = (None, None, None)
# How many entries there were at the last look
_entries_seen = 0
# A start under way: (entry, name, its asyncio task before, its state after, its time limit), or
# None
_intent: "Any" = None
# The entry that was started last, until its `last` has been written
_unwritten = None

# These are dicts and no sets: a set that finds no memory to grow is broken afterwards, in
# MicroPython up to 1.29 at least.
#
# Names whose last due run was left out, as the task still ran or was not there. That is logged
# once, until it is started or scheduled again.
_skipping = {}
# Whether there is an entry whose only run is due and waits for its task
_lacks_task = False
# Names of tasks that were started and may still run. idle_ms() forgets those that do not.
_under_way = {}
# name -> what aioschedule_watcher.py knows of the failures of a task
_failures = {}

_log = None

_PARTS = {
    "set_group": "adopt",
    "reset": "adopt",
    "watcher_loop": "watcher",
    "set_zone": "zone",
    "localtime": "zone",
    "mktime": "zone",
    "status_sc": "status",
    "status_sc_all": "status",
    "snapshot": "status",
    "upcoming": "upcoming",
    "save": "state",
    "load": "state",
    "idle_ms": "power",
    "sleep_loop": "power",
    "slept": "power",
    "trigger": "irq",
    "trigger_loop": "irq",
}


def _load(name):
    # A module of this project that is loaded when it is first needed
    me = sys.modules[__name__]
    if getattr(sys.modules.get(name), "aioschedule", me) is not me:
        # An aioschedule before this one has loaded it, in the same session
        del sys.modules[name]
    try:
        return __import__(name)
    except ImportError as error:
        if " needs " in str(error):
            # It is there, but the port lacks something
            raise
        raise ImportError("install %s.py: %s" % (name, error))


def _load_wall():
    global _wall
    if not _wall:
        _wall = _load("aioschedule_wall")
    return _wall


def __getattr__(name: str) -> "Any":
    if name == "_AIOCTL_SCHEDULE_T0":
        # The RTC second at which the loop started, right whenever the RTC is
        return int(time.time()) - _monotonic() // 1000
    if name not in _PARTS:
        raise AttributeError(name)
    try:
        value = getattr(_load("aioschedule_" + _PARTS[name]), name)
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
    # Only reads: an interrupt may call it at any point
    ms, tick = _monotonic_base
    return ms if tick is None else ms + time.ticks_diff(time.ticks_ms(), tick)


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


def _refuse(error, name, option, value, accepted=None) -> "NoReturn":
    accepted = accepted or "accepted: " + _ACCEPTED.get(option, "seconds from 0.001 on")
    raise error("%s: %s=%r: %s" % (name, option, value, accepted))


def _read_ms(value, name, option, least=0):
    # Seconds as whole ms. Seconds and fraction are converted separately, as a float may have only
    # 24 bits. True is refused: a bool is no int in MicroPython.
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
        _load_wall()
        return -1, _load("aioschedule_zone").read_tuple(value, name, option)
    return _read_ms(value, name, option), -1


def _check_jitter_and_timeout(options, name):
    for option in "jitter", "timeout":
        if options.get(option) is not None:
            _read_ms(options[option], name, option, 1 if option == "timeout" else 0)
    if options.get("timeout") is not None:
        # If that is missing, it is told here, and not at the first run
        _load("aioschedule_runs")


def _read_repeat(options, name):
    # What is kept as `repeat`
    start_in = options.get("start_in")
    repeat = options.get("repeat")
    if repeat is None or repeat is False:
        return False
    if repeat is True and start_in and not _is_tuple(start_in):
        repeat = start_in
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


def _check_names(name, options):
    if not isinstance(name, str):
        raise TypeError("name=%r: accepted: the name of a task, a str" % (name,))
    for option in options:
        if option not in _ACCEPTED:
            known = "no such option; there are " + ", ".join(sorted(_ACCEPTED))
            _refuse(TypeError, name, option, options[option], known)


def _new_entry(name, options):
    # The entry that options make; changes nothing else
    _check_names(name, options)
    start_ms, start = _read_when(options, "start_in", name)
    repeat = _read_repeat(options, name)
    left = _read_runs_left(options, repeat, name)
    until_ms, until = _read_when(options, "until", name)
    _check_jitter_and_timeout(options, name)
    if options.get("start_in") is None and not repeat:
        raise ValueError("%s: start_in or repeat is needed" % name)
    # Read once, or a start and an `until` that are the same would not be
    now = _monotonic()
    if until_ms >= 0:
        until = now + until_ms
    entry = {"start_in": 0, "repeat": repeat}
    for option in "times", "until", "jitter", "timeout":
        if options.get(option) is not None:
            entry[option] = options[option]
    entry["state"] = _first_state(entry, name, left, start_ms, start, until, now)
    _tell_start(entry, entry["state"])
    return entry


def _first_state(entry, name, left, start_ms, start, until, now):
    # `start_ms` and `start`: its start_in, as _read_when() gives it
    repeat = entry["repeat"]
    if start >= 0 or _is_rule(repeat) and start_ms <= 0:
        clock = _WALL
        phase, ms = _wall.first_phase(name, repeat, start_ms, start)
    else:
        clock = _ASK if _is_rule(repeat) else _MONOTONIC
        phase = start_ms if start_ms >= 0 else _read_ms(repeat, name, "repeat")
        phase += now
        ms = 0
    # Of this one only the places count that do not change from run to run
    state = _planned(entry, (0, 0, name, 0, 0, left, 0, 0, start, until), clock, phase, ms)
    if state[_DUE] is None or state[_CLOCK] == _OVER:
        _refuse(ValueError, name, "until", entry["until"])
    return state


################################################################################
# Due times


def _seconds_until(state):
    # From now to the due time of a state
    if state[_CLOCK] >= _WALL:
        return max(0, state[_DUE] - int(time.time()))
    return max(0, state[_DUE] - _monotonic()) // 1000


def _tell_start(entry, state):
    # Its `start_in` says when the first run is, counted from the start of the loop
    if entry.get("start_in") != -1 and state[_CLOCK] < _OVER:
        entry["start_in"] = _seconds_until(state) + _monotonic() // 1000


def _planned(entry, state, clock, phase, ms=0):
    # The state in which an entry waits for a phase: its `until` is looked at where that is on the
    # same clock, and its jitter drawn. No phase: it is finished.
    _, _, name, _, _, left, runs, missed, start, until = state
    due = phase
    if phase is None:
        clock = _FINISHED
    elif clock == _WALL:
        due, ms, clock = _wall.due_time(entry, phase, ms, start, until)
    else:
        last = until if until >= 0 and not _is_tuple(entry.get("until")) else None
        if last is not None and phase > last:
            due = None
            clock = _FINISHED
        elif clock == _MONOTONIC and entry.get("jitter"):
            next_ms = _read_ms(entry["repeat"], name, "repeat", 1) if entry["repeat"] else None
            due += _jitter_ms(entry, name, next_ms, None if last is None else last - phase)
    return due, ms, name, clock, phase, left, runs, missed, start, until


def _jitter_ms(entry, name, next_ms, until_ms):
    # A random delay: less than next_ms, the time to the next phase, and at most until_ms, the time
    # to `until`. None: no such limit.
    import random

    room = _read_ms(entry["jitter"], name, "jitter") + 1
    if next_ms is not None:
        room = min(room, next_ms)
    if until_ms is not None:
        room = min(room, until_ms + 1)
    return room * random.getrandbits(30) >> 30


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
    due, ms, name, clock, phase, left, runs, missed, start, until = state
    # 0 runs left is no limit
    left = left - 1 if left else 0
    return due, ms, name, clock, phase, left, runs + 1, missed, start, until


def _missed(entry, state, error):
    # The state after a due time without a run
    due, ms, name, clock, phase, left, runs, missed, start, until = state
    if error:
        _say(name, "missed", error)
    state = due, ms, name, clock, phase, left, runs, missed + 1, start, until
    return _state_after(entry, state)


def _missed_again(entry, state, error):
    # The same, but logged once until there is a run again
    if state[_NAME] in _skipping:
        error = None
    _skipping[state[_NAME]] = True
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
    # There is no next due time. A rule is asked again in an hour.
    due, ms, name, clock, phase, left, runs, missed, start, until = state
    if not callable(entry.get("repeat")):
        return _broken(entry, name, "repeat", error)
    _say(name, "repeat", error)
    if start < 0 or entry.get("start_in") == -1:
        # Not while it waits for its first time, a tuple
        missed += 1
    phase = _monotonic() + 3600000
    return phase, 0, name, _ASK, phase, left, runs, missed, start, until


def _broken(entry, name, option, error):
    # The state of what somebody has broken: it waits to be mended
    global _changed
    _say(name, option, error)
    entry["error"] = repr(error)
    _changed = True
    return None


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
    return (
        isinstance(state[_DUE], int)
        and isinstance(state[_MS], int)
        and isinstance(state[_PHASE], int)
        and _MONOTONIC <= clock <= (_OVER if _wall else _ASK)
    )


def _enter(name, entry):
    # Puts an entry into the schedule. Whatever raises up to the store leaves that as it was.
    # wake() comes before it, as the worker cannot run until this returns.
    record = _tasks().get(name)
    if _other:
        _other.note_entry(name, record)
    _skipping.pop(name, None)
    wake()
    _AIOCTL_SCHEDULE_GROUP[name] = entry
    if record:
        # The new schedule takes the place of what aioctl.stop() has kept
        record.schedule = None
        _hold_back(record, name)


def _hold_back(record, name):
    # Not one line early: what aioctl.add() has started does not run before it is due
    if _other:
        _other.hold_back(record, name)
    elif record.is_fresh():
        aioctl.stop(name, stop_sch=False)


def _kept(record):
    # The entry that aioctl.stop() has taken out of the schedule, or None
    return getattr(record, "schedule", None)


def schedule(name: str, *wrong, **options) -> None:
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
    # What aioctl.start() gives back is an entry already
    read = _load("aioschedule_adopt").entry_of if "state" in options else _new_entry
    _enter(name, read(name, options))


def unschedule(name: str) -> bool:
    """Forgets the schedule of a task, also of one that is stopped; a run that is under way goes
    on. Returns True, or False if there is none: then it prints which names are known."""
    found = _AIOCTL_SCHEDULE_GROUP.pop(name, None) is not None
    record = _tasks().get(name)
    if record and _kept(record) is not None:
        found = True
        record.schedule = None
    if _other:
        _other.forget_entry(name)
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
        return _other.wrap(task) if _other else task

    return decorate


def group() -> dict:
    """The schedule, a dict of name -> entry. Call wake() when you have changed it by hand."""
    return _AIOCTL_SCHEDULE_GROUP


def set_log(log) -> None:
    """Sets where the loops tell errors: a logger, or whatever has error(str); a stream, with
    write(str); or None, which prints them. TypeError for anything else."""
    global _log
    if not (log is None or hasattr(log, "error") or hasattr(log, "write")):
        raise TypeError("set_log(%r): accepted: a logger, a stream, None" % (log,))
    _log = log


################################################################################
# Waking the loop


def wake() -> None:
    """Tells schedule_loop that group() was changed by hand, or that a task was added."""
    global _changed, _waking
    _changed = True
    if _irq:
        _irq.flag.set()
    queue = asyncio.core._task_queue
    # A worker of an event loop that was replaced must be left alone: cancelling it would bring all
    # that waits in the old queue into the new one. Before the loop runs, another aioctl has tasks
    # to be held back.
    if (_sleeper if loop_runs() else _other) and _waking is not queue:
        # The worker cannot be cancelled from here. While the event loop polls, its current task is
        # the one that ran last, most often the worker itself, and "can't cancel self" is what an
        # interrupt would get. A task of its own can.
        _waking = queue
        try:
            asyncio.create_task(_wake_worker())
        except BaseException:
            _waking = None
            raise


async def _wake_worker():
    global _waking
    _waking = None
    if loop_runs():
        if _sleeper:
            _sleeper.cancel()
    elif _other:
        # This task has its turn before those that were added after it was made
        _other.hold_all_back()


def loop_runs() -> bool:
    """Whether a schedule_loop runs."""
    # asyncio.new_event_loop() leaves all tasks behind, without a word
    return _loop is not None and _loop_queue is asyncio.core._task_queue


################################################################################
# The schedule loop

# asyncio cannot sleep for half a period of ticks_ms, 2**29 ms on a board, nor may the monotonic
# clock be left alone for so long
_LONGEST_SLEEP_MS = const(1 << 26)
# So often it is found out anew how long it is until the wall clock shows a due time
_LONGEST_REST_MS = const(600000)
# Other tasks get their turn when the loop has been busy for so long
_BUSY_MS = const(5)
# What was prepared for a due time does not hold when it is so late: another may have passed
_TOO_LATE_MS = const(5)
# What has failed is tried again after that
_RETRY_MS = const(1000)


def schedule_loop(alog=None):
    """The scheduler, for aioctl.add(). alog: as for set_log().

    A second one says that one runs already, and ends."""
    # A plain function, which returns the coroutine: aioctl.add() calls it at once, and so what was
    # added to another aioctl before is held back before it can begin
    if _other:
        _other.hold_all_back()
    return _schedule_loop(alog)


async def _schedule_loop(alog):
    # What others see and cancel. A private task does the work: a CancelledError means a wake-up
    # there, unless this one has ended.
    global _loop, _loop_queue, _monotonic_base
    if alog:
        set_log(alog)
    if loop_runs():
        _say("schedule_loop", "error", RuntimeError("one runs already"))
        return
    if _monotonic_base[1] is None:
        _monotonic_base = 0, time.ticks_ms()
    ended = asyncio.Event()
    worker = None
    try:
        # In this order: whatever comes in between, loop_runs() does not take a former one for this
        _loop = ended
        _loop_queue = asyncio.core._task_queue
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
    global _sleeper, _waking, _changed, _loop, _is_looked_at, _rest_until
    me = asyncio.current_task()
    # Ctrl-C may have ended the loop before this one at any point: nothing that it left is trusted
    _waking = _sleeper = _rest_until = None
    _is_looked_at = False
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
            if _changed:
                # An interrupt has done so since the schedule was taken up
                ms = 0
            try:
                # It yields in any case
                await asyncio.sleep_ms(ms)
            except asyncio.CancelledError:
                # A wake-up, or the end
                _rest_until = None
            except MemoryError:
                # The same: there was none for the exception. Both in one tuple would take some.
                _rest_until = None
            if _sleeper is me:
                _sleeper = None
            if _other and _lacks_task:
                # It does not tell when it adds a task
                _changed = True
    finally:
        if _sleeper is me:
            _sleeper = None
        if _loop is ended:
            _loop = None
        ended.set()
        _move_monotonic_base()


def _pass():
    # Starts what is due. Returns the ms to sleep, 0 to be called again when others had their turn.
    global _changed, _rest_until, _wall_first
    try:
        _keep_monotonic_base()
        rest_until = _rest_until
        if rest_until is not None:
            ms = _ms_to_rest(rest_until)
            if ms > 0:
                return ms
            _rest_until = None
        _take_up_if_changed()
        if _unwritten:
            _write_last()
        if _wall_first:
            queue, next_queue = _wall_queue, _monotonic_queue
        else:
            queue, next_queue = _monotonic_queue, _wall_queue
        item = _first(queue)
        ms = _ms_to_item(queue, item)
        if ms > 0:
            # Only now: a look at the RTC would make the runs of the other clock late
            queue = next_queue
            item = _first(queue)
            ms = min(ms, _ms_to_item(queue, item))
        # In the next pass it is the other one's turn, so that a busy one cannot shut it out
        _wall_first = ms <= 0 and queue is _monotonic_queue
        if ms > 0:
            return _ms_to_sleep(ms)
        # It is late by what it was to be waited for
        _start_due(queue, item, -ms)
        return 0
    except Exception as error:
        # An entry that was taken apart, a bug, memory that runs out: it does not die. All is taken
        # up anew when it is tried again, and not before: it must not be tried without a pause.
        _rest_until = None
        _retry_later()
        # Until then the queues are left as they are
        _changed = False
        _say("schedule_loop", "error", error)
        return _RETRY_MS


def _retry_later():
    global _retry_tick
    if _retry_tick is None:
        _retry_tick = time.ticks_add(time.ticks_ms(), _RETRY_MS)


def _take_up_if_changed():
    global _changed, _retry_tick
    if _retry_tick is not None and time.ticks_diff(_retry_tick, time.ticks_ms()) <= 0:
        _retry_tick = None
        _changed = True
    if _changed or len(_AIOCTL_SCHEDULE_GROUP) != _entries_seen:
        _take_up()


def _ms_to_rest(rest_until):
    # While the RTC is looked at each second: the ms to the next look, 0 if there is work to do
    if _changed or len(_AIOCTL_SCHEDULE_GROUP) != _entries_seen:
        return 0
    if not _soonest(_wall_queue) or not _wall.clocks_agree():
        return 0
    return min(1000, time.ticks_diff(rest_until, time.ticks_ms()))


def _first(queue):
    # What is due first in a queue, or None
    if queue and queue is _wall_queue:
        _wall.look()
    return _soonest(queue)


def _ms_to_item(queue, item):
    # The ms until that is to be done or looked at again, 0 or less if it is due
    if not item:
        return _LONGEST_SLEEP_MS
    ms = min(_ms_until(item), _LONGEST_SLEEP_MS)
    # The clocks drift apart: the RTC is looked at again shortly before
    return ms - 1000 if queue is _wall_queue and ms > 2000 else ms


def _start_due(queue, item, late):
    # What is due together starts together, as long as other tasks need not wait for it. `late`:
    # ms since its due time
    begun = time.ticks_ms()
    due = item[_DUE]
    while late >= 0:
        _fall_due(queue, item, late)
        if time.ticks_diff(time.ticks_ms(), begun) >= _BUSY_MS:
            return
        # What is due later need not be looked up
        item = _soonest(queue) if queue and queue[0][_DUE] <= due else None
        late = -_ms_until(item) if item else -1


def _ms_until(item):
    return item[_DUE] - _monotonic() if item[_CLOCK] < _WALL else _wall.ms_until(item)


def _move_monotonic_base():
    # If the loop was stopped for longer than half a period of ticks_ms, that time does not count.
    # Nothing else moves the base, but for sleep_loop, by the time for which the ticks stood still.
    global _monotonic_base
    tick = time.ticks_ms()
    now, before = _monotonic_base
    _monotonic_base = now + max(0, time.ticks_diff(tick, before)), tick


def _keep_monotonic_base():
    # Also a loop that always has something to start moves it in time
    if not 0 <= time.ticks_diff(time.ticks_ms(), _monotonic_base[1]) < _LONGEST_SLEEP_MS:
        _move_monotonic_base()


def _ms_to_sleep(ms):
    global _rest_until
    _move_monotonic_base()
    if _retry_tick is not None:
        ms = min(ms, max(1, time.ticks_diff(_retry_tick, time.ticks_ms())))
    if _other and _lacks_task:
        # Then it is looked whether the task is there
        ms = min(ms, 1000)
    begun = time.ticks_ms()
    _prepare()
    # That has taken some of the time, and so had the look at the RTC
    ms = max(1, ms - time.ticks_diff(time.ticks_ms(), begun))
    if _monotonic_queue:
        ms = min(ms, max(1, _monotonic_queue[0][_DUE] - _monotonic()))
    if ms > 1000 and _wall_queue and not _is_looked_at:
        # The clocks drift apart meanwhile
        _rest_until = time.ticks_add(time.ticks_ms(), min(ms, _LONGEST_REST_MS))
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
    global _entries_seen, _prepared, _monotonic_queue, _wall_queue, _lacks_task
    _entries_seen = len(_AIOCTL_SCHEDULE_GROUP)
    _prepared = (None, None, None)
    _lacks_task = False
    _settle()
    monotonic = []
    wall = []
    tasks = _tasks()
    for name in list(_AIOCTL_SCHEDULE_GROUP):
        entry = _AIOCTL_SCHEDULE_GROUP.get(name)
        if not _is_ours(name, entry) and not _load("aioschedule_adopt").adopt(name, entry):
            continue
        state = entry["state"]
        if "stopped" in entry and name in tasks:
            # It was loaded before its task was there
            _load("aioschedule_adopt").keep_stopped(name, entry, tasks[name])
        elif state[_CLOCK] < _WALL:
            monotonic.append(state)
        elif state[_CLOCK] < _FINISHED:
            wall.append(state)
    heapq.heapify(monotonic)
    heapq.heapify(wall)
    _monotonic_queue = monotonic
    _wall_queue = wall
    for name in list(_skipping):
        if name not in _AIOCTL_SCHEDULE_GROUP:
            _skipping.pop(name, None)
    if _other:
        _other.forget_names(tasks)


################################################################################
# What is due


def _fall_due(queue, item, late):
    # Whatever fails keeps no other entry waiting: its item leaves the queue, and is back when the
    # queues are built anew
    global _planned_anew
    name = item[_NAME]
    _planned_anew = None
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
        if _planned_anew:
            # An interrupt has seen a step of the RTC meanwhile, and `state` may be from before
            _wall.plan_anew(name, *_planned_anew)
    except Exception as error:
        _retry_later()
        _settle()
        # An interrupt may have moved it meanwhile
        if queue and queue[0] is item:
            heapq.heappop(queue)
        _say(name, "error", error)


def _state_when_due(entry, item, late):
    # Does what is to be done now, and returns the state after it: None if the entry is broken,
    # `item` itself if that waits outside the queues until they are built anew
    global _lacks_task
    name = item[_NAME]
    if item[_CLOCK] == _ASK:
        # From here on the rule says when
        return _load_wall().state_by_rule(entry, item)
    if item[_UNTIL] >= 0 and _wall and _wall.is_past(entry, item, late):
        return _wall.state_past(item)
    record = _tasks().get(name)
    if record is None:
        if not entry["repeat"]:
            # One run waits until its task is added, and is out of the queue meanwhile
            _lacks_task = True
            if name not in _skipping:
                _skipping[name] = True
                _say(name, "missed", KeyError("no such task"))
            return item
        return _missed_again(entry, item, KeyError("no such task"))
    if record.task.done() or record.cancelled or _other and _other.is_held(name):
        return _start(entry, item, record, late)
    # The run before is left alone
    return _missed_again(entry, item, RuntimeError("still running"))


def _start(entry, item, record, late):
    # Starts a run, once and only once. All that takes memory comes before the start, and what is
    # intended is noted: whatever comes in between, the record tells whether the start happened.
    global _intent
    if _unwritten:
        _write_last()
    name = item[_NAME]
    _under_way[name] = True
    state = _state_after_run(entry, item, late)
    limit = None
    if "timeout" in entry:
        try:
            limit = _load("aioschedule_runs").limit_of(name, entry)
        except (TypeError, ValueError) as error:
            return _broken(entry, name, "timeout", error)
    if _AIOCTL_SCHEDULE_GROUP.get(name) is not entry:
        # An interrupt has changed it meanwhile
        return item
    _intent = entry, name, record.task, state, limit
    error = RuntimeError("not started")
    has_started = False
    try:
        has_started = aioctl.start(name)
    except MemoryError:
        raise
    except Exception as exception:
        error = exception
    if has_started:
        _note_start()
        return state
    _intent = None
    if _AIOCTL_SCHEDULE_GROUP.get(name) is not entry:
        # An interrupt has stopped it just now
        return item
    return _missed(entry, item, error)


def _state_after_run(entry, item, late):
    # What was prepared, if it is for this very item
    prepared, repeat, state = _prepared
    if prepared is item and entry["repeat"] is repeat and late < _TOO_LATE_MS:
        return state
    return _state_after(entry, _ran(item))


def _note_start():
    # The start that was intended has happened
    global _intent, _unwritten
    entry, name, _, state, limit = _intent
    entry["state"] = state
    entry["start_in"] = -1
    if limit:
        limit.begin(_tasks().get(name))
    _intent = None
    # Its `last` is written when the task has had its turn
    _unwritten = entry
    _skipping.pop(name, None)
    if _other:
        _other.note_start(name)


def is_starting(name: str) -> bool:
    """Whether the schedule itself starts that task at this moment, for aioctl.start()."""
    return _intent is not None and _intent[1] == name


def started(name: str) -> None:
    """Tells of a run that was started, for aioctl.start(). One that is not the schedule's counts
    as one of the task's runs all the same."""
    if is_starting(name):
        return
    if _irq:
        # The event loop may be polling, if this is an interrupt
        _irq.flag.set()
    if name in _AIOCTL_SCHEDULE_GROUP:
        _load("aioschedule_runs").started(name)


def _settle():
    # After Ctrl-C or an exception: if the start happened, it is noted, else forgotten
    global _intent
    if _intent:
        record = _tasks().get(_intent[1])
        if record and record.task is not _intent[2]:
            _note_start()
        _intent = None


def _write_last():
    global _unwritten
    now = int(time.time())
    try:
        date = _localtime(now)
    except MemoryError:
        raise
    except Exception:
        # Boards from 2038 on, or a zone that fails
        date = time.localtime()
    # After its first run an entry from load() is like any other
    _unwritten.pop("loaded", None)
    _unwritten["last"] = now
    _unwritten["last_dt"] = date
    _unwritten = None


if not hasattr(aioctl, "_WAKES"):
    _other = _load("aioschedule_other")
