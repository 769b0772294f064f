# The plain model of aioschedule: what may run when, and what must, by the rules of the design.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# check(board, commands, events) goes through what happened on the target, in order, and raises a
# Broken at the first thing that should not have happened, or has not happened in time. Since it
# follows the events it need not guess what is random: jitter, and who of two is first in one ms.
#
#   Entry, Task   what is known of them
#   Model         clocks; how an entry is made; its due times; steps of the RTC; what is overdue
#     on_...      what happened
#     do_...      what a command changes
#
# The clocks are "mono" and "wall". A run is due in a window: not before `phase`, and by `by`. The
# two differ where the design leaves something open: the jitter, and when a step is noticed.
#
# Events, each with the ms since the boot:
#   command i idle  command i comes next; what idle_ms() says when all that was due has run, or
#                   "-": it follows the command before in the same pass of the event loop
#   did result      what the command returned; the repr of what it raised
#   go name         the scheduler starts a task
#   fault name kind that fails, with this exception, "before" or "after" the task was started
#   say name text   the scheduler logs something
#   run name wall   the first line of a task runs, at so many seconds of the RTC
#   end name how    its last one does
#   block until     nothing else can run
#   loop            the first line of schedule_loop runs
#   irq i result    an interrupt has carried out the command that command i holds
#   ctrl_c          the event loop has ended; the program begins anew
#   status counts   at the end: {name: [runs, missed]} as status_sc_all() shows them
#   boot            a new board after a reset, which has loaded what the old one saved
#   crash exc       the driver itself failed

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache

from croniter import croniter

NOTICE = 1000  # ms within which a step of the RTC is noticed
RETRY = 1000  # ms within which what has failed is tried again
BIG = 3 * 3600 * 1000  # ms: a step from here on means that the RTC was wrong before
DAY = 86_400_000  # ms
FOR_EVER = 1 << 60  # ms
CLEAN_UP = 10  # ms that a start may wait for a run that was stopped


class Broken(AssertionError):
    pass


class Refused(Exception):
    """A command raises ValueError, and changes nothing."""


def new_year(year):
    return int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp())


@cache
def match(rule, second):
    """The first match of a crontab rule after a second, in ms."""
    after = datetime.fromtimestamp(second, timezone.utc).replace(tzinfo=None)
    when = croniter(rule, after, implement_cron_bug=True).get_next(datetime)
    return int(when.replace(tzinfo=timezone.utc).timestamp()) * 1000


def is_fixed(rule):
    """ "A rule has a fixed time if neither its minute nor its hour field begins with `*`"."""
    if rule.startswith("@"):
        return rule != "@hourly"
    minute, hour = rule.split()[:2]
    return not minute.startswith("*") and not hour.startswith("*")


@dataclass(eq=False)
class Entry:
    clock: str  # "mono" or "wall": on which clock `phase` is
    phase: int = 0  # ms: the next run is not due before
    by: int = 0  # ms: the same, or a later phase that it may be instead
    period: int = 0  # ms; 0: none
    rule: str = ""
    start: int = None  # ms of the RTC, where a time tuple was given
    until: tuple = None  # (clock, ms)
    jitter: int = 0
    times: int = None  # runs left
    late: int = 0  # ms since the boot before which nobody may complain
    planned_anew: bool = False  # after a step of the RTC
    unsure: bool = False  # nobody knows when the loop has heard of it, and what it missed before
    retries: bool = False  # what has failed is tried again
    excused: int = -1  # ms since the boot up to which its runs may be left out
    optional: bool = False  # this run may be left out
    done: bool = False  # there is no next run
    has_run: bool = False
    begun: bool = False  # its first due time has come
    loaded: bool = False  # by a board whose RTC was not kept: it knew better
    stepped: bool = False  # the RTC was set while it was kept by aioctl.stop()
    parked: bool = False  # it was due, and waits for its task to be added
    may_miss: bool = False  # the task was still running at some time when it may have been due
    was_over: bool = False  # by an `until` on the other clock
    runs: int = 0
    doubtful: int = 0  # runs that may be counted or not
    missed: int = 0
    fuzzy: bool = False  # `missed` is not known exactly

    @property
    def repeats(self):
        return bool(self.period or self.rule)

    @property
    def asks(self):
        """It waits for its start in seconds; then the rule says when."""
        return bool(self.rule) and self.clock == "mono"

    @property
    def fixed(self):
        return is_fixed(self.rule) if self.rule else self.period % DAY == 0

    def after(self, ms):
        """The first phase after ms."""
        if self.rule:
            return match(self.rule, ms // 1000)
        anchor = self.phase if self.start is None else self.start
        return anchor + ((ms - anchor) // self.period + 1) * self.period

    def last(self):
        """The last ms at which the run can be due by its own clock."""
        if self.asks:
            return self.by
        last = self.by + self.jitter
        if self.repeats and self.jitter:
            last = min(last, self.after(self.by) - 1)
        if self.until and self.until[0] == self.clock:
            last = max(self.by, min(last, self.until[1]))
        return last


@dataclass(eq=False)
class Task:
    body: object
    state: str = "idle"  # "fresh" from add(), "starting", "running"
    by: int = 0  # ms since the boot at which the first, or last, line is due
    stopped: int = 0  # runs that were cancelled and have not ended yet
    begins: int = None  # ms since the boot at which an interrupt may have come too late
    scheduled: bool = False  # the schedule has started the run, or one before it

    @property
    def busy(self):
        return self.state != "idle"


class Model:
    def __init__(self, board):
        self.entries = {}
        self.kept = {}  # entries that aioctl.stop() has taken
        self.tasks = {}
        self.free = set()  # names that the next add() replaces
        self.deleted = {}  # name -> runs that were cancelled by delete()
        self.wild = set()  # names whose entries were edited by hand: anything may happen to them
        self.told = set()  # names of which the log has told that they wait for their task
        self.quiet = {}  # name -> its misses were logged; False: they may be logged again
        self.replaced = {}  # name -> (entry, ms) that an interrupt has replaced
        self.unheard = {}  # name -> ms of an interrupt
        self.faults = []  # (name, exception) that the log is to tell
        self.boot(new_year(board["year"]) * 1000)

    def boot(self, epoch):
        self.t = 0  # ms since the boot
        self.epoch = epoch  # ms of the RTC at the boot, if the RTC had always been right
        self.seen = epoch  # the same at the last look
        self.stepped = None  # ms since the boot of the first step that was not seen
        self.noticed = 0  # ms since the boot at which the last step has been seen
        self.loop_start = None  # ms since the boot
        self.loop_wanted = self.looping = False

    # The two clocks

    def now(self, clock):
        return self.clock_at(clock, self.t)

    def clock_at(self, clock, t):
        if clock == "wall":
            return self.epoch + t
        # "Seconds count from the start of schedule_loop for what is scheduled before it runs"
        return 0 if self.loop_start is None else t - self.loop_start

    def since_boot(self, clock, ms):
        return ms - self.now(clock) + self.t

    # How an entry is made

    def entry(self, options):
        o = dict(options)
        start, repeat = o.pop("start_in", None), o.pop("repeat", False)
        first = self.when(repeat if start is None and not isinstance(repeat, str) else start)
        e = Entry("mono")
        if isinstance(repeat, str):
            e.rule = repeat
        else:
            e.period = int((start if repeat is True else repeat) * 1000)
        until = o.pop("until", None)
        e.until = self.when(until)
        e.jitter = int(o.pop("jitter", 0) * 1000)
        e.times = o.pop("times", None)
        assert not o
        self.plan_first(e, first)
        # "`until` before the first run where both are on the same clock"
        if e.until and e.until[0] == e.clock and e.phase > e.until[1]:
            raise Refused
        return e

    def when(self, v):
        if v is None:
            return None
        if isinstance(v, (tuple, list)):  # ("now", seconds)
            return "wall", (self.now("wall") // 1000 + v[1]) * 1000
        return "mono", self.now("mono") + int(v * 1000)

    def plan_first(self, e, first):
        """The first run, of a rule from `first` on: "a match in the running second counts"."""
        if first and first[0] == "mono" and not (e.rule and first[1] == self.now("mono")):
            e.phase = e.by = first[1]
            return
        e.clock = "wall"
        second = self.now("wall") // 1000 * 1000
        if first and first[0] == "wall":
            e.start = first[1]
        if not e.repeats:
            e.phase = e.start
        elif not first:
            e.phase = e.after(second)
        else:
            e.phase = self.first_after(e, second - 1)
        e.by = e.phase

    def first_after(self, e, ms):
        """The first phase after ms, and not before its start."""
        if e.start is not None and not e.begun:
            ms = max(ms, e.start - 1)
        return e.after(ms)

    # When it is due

    def follow(self, e):
        """Its start in seconds has come: from now on the rule says when."""
        start = self.clock_at("wall", self.since_boot("mono", e.phase))
        self.look()
        e.clock = "wall"
        e.late = max(e.late, self.t)
        # A match in the second of its start is not before it
        e.phase = e.by = e.after(start // 1000 * 1000 - 1)

    def is_over(self, e, certainly, t=None):
        """Whether its run is due after its `until`, as one sees it now, or at t."""
        if not e.until:
            return False
        clock, until = e.until
        if clock == e.clock:
            return (e.phase if certainly else e.by) > until
        # What the one clock showed when it was due by the other one is known only as long as
        # nobody has set that
        due = [self.since_boot(e.clock, ms) for ms in (e.phase, e.last())]
        past = [self.clock_at(clock, at) > until for at in (*due, max(t or self.t, due[0]))]
        return all(past) if certainly else any(past)

    def deadline(self, e):
        return max(self.since_boot(e.clock, e.last()), e.late)

    def handled(self, e, t=None):
        """A run was started, skipped or left out: on to the next one."""
        now = self.clock_at(e.clock, self.t if t is None else t)
        e.planned_anew = e.optional = e.parked = e.may_miss = e.loaded = e.retries = False
        e.begun = True
        e.late = 0
        if not e.repeats or e.times == 0:
            e.done = True
            return
        # "Late by several periods means one run at once, then the old phase"
        e.phase = e.by = e.after(max(now, e.phase))
        if e.until and e.until[0] == e.clock == "mono" and e.phase > e.until[1]:
            e.done = True

    # Steps of the RTC

    def look(self):
        """The clocks are looked at just now."""
        if self.seen != self.epoch:
            self.see_step(self.seen, self.t if self.stepped is None else self.stepped, self.t)

    def see_step(self, seen, stepped, by):
        """The RTC was set at `stepped`; the loop sees it now, or until `by`."""
        step = self.epoch - seen
        for e in self.entries.values():
            if step < 0 and e.clock == "mono" and e.until and e.until[0] == "wall":
                self.wait_again(e, by)
            if e.clock == "wall" and not e.done:
                self.plan_anew(e, step, seen + stepped, by)
                e.late = max(e.late, by)
        self.seen = self.epoch
        self.stepped = None
        self.noticed = by

    def plan_anew(self, e, step, before, by):
        """The table of steps. `before`: the RTC before the step."""
        if step > 0:
            knew_better, e.loaded = e.loaded, False
            if step < BIG or knew_better:
                return
        elif step > -BIG and (e.fixed or not e.repeats):
            return
        if not e.repeats:
            return
        now = self.now("wall")
        due_before = self.clock_at("wall", by) - step if step > 0 else now
        if e.last() <= min(before, now):
            # "What was overdue before the step still runs"
            return
        first = self.first_after(e, now)
        last = self.first_after(e, self.clock_at("wall", by) // 1000 * 1000 + 999)
        if e.phase <= due_before:
            # Nobody knows whether it was overdue
            first = min(first, e.phase)
            e.fuzzy = True
            last = max(last, e.by)
        e.phase, e.by = first, last
        e.planned_anew = True

    def wait_again(self, e, by):
        """ "After a step back below it the entry waits again"."""
        if e.was_over:
            e.excused = max(e.excused, by)
            e.late = max(e.late, by)

    def given_back(self, e):
        """ "The original due time holds", but the RTC may have been set meanwhile."""
        if e.clock == "wall" and e.repeats and not e.done and e.stepped:
            # Or it waits for what is next now
            after = self.first_after(e, self.now("wall") // 1000 * 1000 + 999)
            first = self.first_after(e, self.now("wall"))
            later = self.first_after(e, self.now("wall") + BIG)
            e.phase, e.by = min(e.phase, first), max(e.by, after) if later >= e.phase else after
            e.fuzzy = True
        e.stepped = False

    # What must have happened by now

    def overdue(self, t, settled=False):
        """Raises if something should have happened before t, or at t where all is settled."""
        self.t = t
        self.hear_interrupts(settled)
        late = t if settled else t - 1
        if settled and self.loop_wanted and not self.looping:
            raise Broken("schedule_loop was not started")
        if self.looping:
            for name, e in self.entries.items():
                if name not in self.wild:
                    self.must_be_handled(name, e, late)
        for name, task in self.tasks.items():
            if name in self.wild:
                continue
            if task.busy and task.by <= late:
                raise Broken(f"{name} is still {task.state}, not later than {task.by} ms")
            if settled and task.stopped:
                raise Broken(f"{name} was not cancelled")

    def hear_interrupts(self, settled):
        """ "At once, from the prompt, from any task", but an event loop that sleeps sleeps on."""
        for name, t in list(self.unheard.items()):
            if t < self.t or settled:
                del self.unheard[name]
                if name in self.entries:
                    self.entries[name].late = max(self.entries[name].late, self.t)
                    self.entries[name].unsure = t < self.t

    def must_be_handled(self, name, e, late):
        while not e.done and (deadline := self.deadline(e)) <= late:
            if e.asks:
                self.follow(e)
                continue
            task = self.tasks.get(name)
            phase = self.since_boot(e.clock, e.phase)
            if e.optional:
                if not e.repeats:
                    return
                self.handled(e, max(deadline, phase))
            elif phase <= e.excused or self.is_over(e, False, deadline):
                if e.clock == "wall" and e.until and e.until[0] == "wall":
                    return
                e.was_over = True
                if not e.repeats:
                    # If the RTC is set back it may run
                    e.excused = FOR_EVER
                    return
                self.handled(e, phase)
            elif not task and not e.repeats and name in self.told:
                return
            elif (not task or task.busy or e.may_miss) and name in self.quiet:
                # Logged once per stretch, not once per run
                e.missed += 1
                e.fuzzy |= e.by > e.phase
                self.handled(e, deadline)
            else:
                raise Broken(f"{name} was not started by {deadline} ms")

    def follow_if_due(self, e):
        while e.asks and not e.done and self.t >= self.since_boot("mono", e.phase):
            self.follow(e)

    # Events

    def due_entry(self, name):
        """The entry of a task with which something is done; Broken if it is not due."""
        e = self.entries.get(name)
        old, t = self.replaced.get(name, (None, None))
        if old and t == self.t and not self.is_due(e):
            # The interrupt came between the look at the clock and the start
            e = old
        if not e or e.done:
            raise Broken(f"{name} is not scheduled")
        self.follow_if_due(e)
        if not self.is_due(e):
            due = self.since_boot(e.clock, e.phase)
            raise Broken(f"{name} is not due before {due} ms")
        if self.is_over(e, True) and not e.optional:
            raise Broken(f"{name} is due after `until`")
        return e

    def is_due(self, e):
        return bool(e) and not e.done and self.now(e.clock) >= e.phase

    def must_be_startable(self, name):
        if not self.looping:
            raise Broken("schedule_loop is stopped")
        if name not in self.tasks:
            raise Broken(f"{name} is not there")
        if self.tasks[name].busy:
            raise Broken(f"{name} is still {self.tasks[name].state}")

    def on_go(self, name):
        e = self.due_entry(name)
        self.must_be_startable(name)
        self.quiet.pop(name, None)
        self.starts(name)
        self.tasks[name].scheduled = True
        e.runs += 1
        e.has_run = True
        e.unsure = False
        e.was_over = False
        if e.times:
            e.times -= 1
        self.handled(e)

    def on_fault(self, name, kind, when):
        if when == "after":
            said_so = name in self.quiet
            e = self.due_entry(name)
            phase, by = e.phase, e.by
            self.on_go(name)
            if said_so:
                self.quiet[name] = False
            if kind == "MemoryError":
                # Its next one may be late, too
                e.late = self.t + RETRY
                e.retries = True
            elif kind == "KeyboardInterrupt":
                # It was started, but nothing of it has run
                if e.times is not None or not e.repeats:
                    self.wild.add(name)
                e.phase, e.by, e.late = phase, by, self.t
                e.optional = True
                e.done = False
                e.doubtful += 1
                e.runs -= 1
        else:
            e = self.due_entry(name)
            self.must_be_startable(name)
            e.late = self.t + (0 if kind == "ValueError" else RETRY)
            e.retries = kind == "MemoryError"
        if kind != "KeyboardInterrupt":
            self.faults.append((name, kind))

    def on_ctrl_c(self):
        """The event loop is left, with all its tasks, and a new one begins."""
        for task in self.tasks.values():
            task.state = "idle"
            task.stopped = 0
        self.deleted.clear()
        self.looping = False
        # The program may add them anew
        self.free = set(self.tasks)

    def on_irq(self, i, result):
        name = self.commands[i][2][1]
        old = self.entries.get(name)
        task = self.tasks.get(name)
        if task and task.state == "fresh":
            # It may have taken its first step, and is at its first line now
            task.begins = self.t
        want = carry_out(self, self.commands[i][2])
        if not is_result(result, want):
            raise Broken(f"interrupt: {result!r}, not {want!r}")
        if not want:
            self.replaced[name] = old, self.t
            self.unheard[name] = self.t
            # Nobody knows which due times the loop comes to see
            self.entries[name].fuzzy = True

    def on_say(self, name, text):
        for name_of, kind in self.faults:
            if name_of == name and kind in text:
                self.faults.remove((name, kind))
                if kind == "ValueError":
                    # It could not be started: that is a miss
                    e = self.entries[name]
                    e.missed += 1
                    self.handled(e)
                return
        e = self.due_entry(name)
        task = self.tasks.get(name)
        if not task:
            if not e.repeats:
                # It waits for its task; idle_ms() may be who finds out
                if e.parked:
                    raise Broken(f"{name} said so before: {text}")
                e.parked = True
                self.told.add(name)
                return
            self.says_again(name, text)
        elif not task.busy and not e.may_miss:
            raise Broken(f"{name} could be started: {text}")
        else:
            self.says_again(name, text)
        e.missed += 1
        self.handled(e)

    def says_again(self, name, text):
        """Logged once per stretch, not once per run."""
        if self.quiet.get(name):
            raise Broken(f"{name} said so before: {text}")
        self.quiet[name] = True

    def on_run(self, name, wall):
        task = self.tasks.get(name)
        if not task or task.state not in ("fresh", "starting") and task.begins != self.t:
            raise Broken(f"{name} was not started")
        if wall != self.now("wall") // 1000:
            raise Broken(f"the RTC is wrong: {self.now('wall')} ms")
        task.state = "running"
        task.by = self.t
        if isinstance(task.body, (tuple, list)) and task.body[0] == "sleep":
            task.by += int(task.body[1] * 1000)

    def on_end(self, name, how):
        task = self.tasks.get(name)
        if how == "cancelled":
            if self.deleted.get(name):
                self.deleted[name] -= 1
            elif task and task.stopped:
                task.stopped -= 1
            else:
                raise Broken(f"{name} was cancelled")
            return
        if not task or task.state != "running":
            raise Broken(f"{name} is not running")
        if self.t < task.by:
            raise Broken(f"{name} should run until {task.by} ms")
        self.ends(name)

    def ends(self, name):
        self.tasks[name].state = "idle"
        e = self.entries.get(name)
        if name in self.quiet:
            # The next time that it still runs is another stretch
            self.quiet[name] = False
        if self.is_due(e):
            e.may_miss = True

    def on_block(self, until):
        # What is due meanwhile is due at its end
        for e in self.entries.values():
            if not e.done and self.t <= self.deadline(e) < until:
                # Or just before it
                e.fuzzy |= self.deadline(e) == self.t
                e.late = until
            if e.retries:
                # What has failed may be tried again after it
                e.late = until + RETRY
            if e.jitter and self.since_boot(e.clock, e.phase) < until:
                e.fuzzy = True
        for task in self.tasks.values():
            if task.busy and self.t <= task.by < until:
                task.by = until
        if self.noticed >= self.t:
            self.see_later(until)
        self.t = until

    def see_later(self, until):
        """A step that was to be noticed by now may be noticed no sooner than that."""
        self.noticed = max(self.noticed, until)
        for e in self.entries.values():
            e.late = max(e.late, until)
            if e.planned_anew:
                e.by = max(e.by, e.after(self.clock_at("wall", until) // 1000 * 1000 + 999))

    def on_loop(self):
        if not self.loop_wanted:
            raise Broken("schedule_loop is stopped")
        if self.loop_start is None:
            self.loop_start = self.t
        self.look()
        for e in self.entries.values():
            e.late = max(e.late, self.t)
            if e.was_over:
                e.excused = max(e.excused, self.t)
        self.looping = True

    def on_idle(self, idle):
        if any(e.unsure for e in self.entries.values()):
            return
        if self.wild or self.t < self.noticed or self.seen != self.epoch:
            return
        running = [task for task in self.tasks.values() if task.busy and task.scheduled]
        if any(task.by > self.t for task in running):
            # "0 while a run that the schedule started is under way"
            if idle != 0:
                raise Broken(f"idle_ms() is {idle} while a task runs")
            return
        if idle == 0 and any(task.busy for task in self.tasks.values()):
            # It may be so for any other
            return
        soonest = latest = None
        for name, e in self.entries.items():
            due = max(self.t, self.since_boot(e.clock, e.phase))
            if e.done or self.is_over(e, True) and e.clock == e.until[0]:
                continue
            last = max(self.t, self.since_boot(e.clock, e.last()))
            waits = name not in self.tasks
            if waits and last == self.t and not e.repeats:
                # "An entry that waits for its task to be added does not count"
                continue
            soonest = due if soonest is None else min(due, soonest)
            silent = due == self.t and (waits or e.may_miss or name in self.quiet)
            # It may still wait for its task after the RTC was set back to before its due time
            silent |= waits and e.parked
            if e.optional or e.asks or self.is_over(e, False) or silent:
                continue
            due = last
            latest = due if latest is None else min(due, latest)
        if idle is None:
            wrong = latest is not None
        elif soonest is None:
            wrong = True
        else:
            wrong = idle < soonest - self.t or latest is not None and idle > latest - self.t
        if wrong:
            raise Broken(f"idle_ms() is {idle}, next due: {soonest} to {latest} ms")

    def on_status(self, counts):
        for name in {*counts, *self.entries} - self.wild:
            e = self.entries.get(name)
            if not e or name not in counts:
                raise Broken(f"status shows {sorted(counts)}, not {sorted(self.entries)}")
            runs, missed = counts[name]
            # The last one may have come in its jitter, without a word
            silent = self.is_due(e) and name in self.quiet
            wrong = not e.runs <= runs <= e.runs + e.doubtful
            if wrong or not e.fuzzy and not e.missed <= missed <= e.missed + silent:
                raise Broken(f"{name}: runs, missed: {runs, missed}, not {e.runs, e.missed}")

    def starts(self, name, state="starting"):
        self.free.discard(name)
        task = self.tasks[name]
        task.state = state
        task.by = self.t + (CLEAN_UP if task.stopped else 0)
        task.scheduled = False

    def cancels(self, task):
        if task.state == "running":
            task.stopped += 1
        task.state = "idle"

    # Commands

    def do_wait(self, seconds):
        return None

    do_block = do_wait  # see on_block
    do_irq = do_fault = lambda self, *args: None  # see on_irq, on_fault

    def do_together(self):
        return None

    def do_schedule(self, name, options):
        e = self.entry(options)
        if e.clock == "wall":
            # "A look is taken when an entry is put on the wall clock"
            self.look()
        e.late = self.t
        task = self.tasks.get(name)
        if task and task.state == "fresh":
            # Not one line early: what has been added and has not begun is held back
            task.state = "idle"
        self.kept.pop(name, None)
        if name in self.quiet:
            self.quiet[name] = False
        self.entries[name] = e

    def do_unschedule(self, name):
        if name in self.quiet:
            self.quiet[name] = False
        was_there = name in self.entries or name in self.kept
        self.entries.pop(name, None)
        self.kept.pop(name, None)
        return was_there

    def do_decorate(self, name, options, body):
        self.do_schedule(name, options)
        self.do_add(name, body)

    def do_add(self, name, body):
        base = name
        i = 0
        while name in self.tasks and name not in self.free:
            i += 1
            name = f"{base}@{i}"
        self.free.discard(name)
        self.kept.pop(name, None)
        self.tasks[name] = Task(body)
        self.told.discard(name)
        # Also where no run is left: "runs nothing of its body before it is due"
        if name not in self.entries:
            self.starts(name, "fresh")
        else:
            e = self.entries[name]
            e.late = max(e.late, self.t)

    def do_start(self, name):
        task = self.tasks.get(name)
        if not task or task.busy:
            if task and task.state == "fresh":
                task.state = "starting"
            return
        e = self.kept.pop(name, None)
        if e:
            e.late = self.t
            self.given_back(e)
            if e.clock == "wall":
                self.look()
            self.entries[name] = e
        else:
            self.starts(name)
            if name in self.entries:
                # "A start by hand shows under runs, uses up no `times`"
                self.entries[name].runs += 1

    def do_stop(self, name):
        if name not in self.tasks:
            return
        e = self.entries.pop(name, None)
        # All that an aioctl can see: "`start_in` (-1 once it has run) and `repeat`"
        if e and (e.repeats or not e.has_run):
            e.stepped = self.seen != self.epoch
            self.kept[name] = e
        if name in self.quiet:
            self.quiet[name] = False
        self.cancels(self.tasks[name])

    def do_delete(self, name):
        if name in self.tasks:
            self.do_stop(name)
            self.kept.pop(name, None)
            task = self.tasks.pop(name)
            self.free.discard(name)
            self.deleted[name] = self.deleted.get(name, 0) + task.stopped

    def do_edit(self, name, key, value):
        """By hand: the entry is deleted, or one key of it set to nonsense."""
        if name in self.entries:
            if key is None and value == "gone":
                del self.entries[name]
            else:
                self.wild.add(name)

    def do_step(self, seconds):
        self.epoch += seconds * 1000
        for e in self.kept.values():
            e.stepped = True
        waits = any(e.clock == "wall" and not e.done or e.was_over for e in self.entries.values())
        if self.looping and waits:
            self.see_step(self.seen, self.t, self.t + NOTICE)
        elif self.stepped is None:
            self.stepped = self.t

    def do_rtc(self, year, second):
        seconds = new_year(year) + second - self.now("wall") // 1000
        if abs(seconds) >= 5:
            self.do_step(seconds)

    def do_loop(self):
        self.loop_wanted = not self.loop_wanted
        self.looping = False

    def do_reset(self, rtc, first):
        # Seconds are saved as what is left of them
        saved = self.now("wall")
        mono = self.now("mono")
        if isinstance(rtc, (tuple, list)):
            epoch = saved + rtc[1] * 1000
        else:
            epoch = new_year(rtc) * 1000
        self.boot(epoch)
        self.t = self.saved_t
        off = self.now("wall") - saved
        passed = max(0, off) + mono
        for e in [*self.entries.values(), *self.kept.values()]:
            e.optional |= e.was_over
            e.excused = FOR_EVER if e.excused == FOR_EVER else -1
            e.parked = False
            if e.clock == "mono":
                e.phase -= passed
                e.by -= passed
            else:
                e.loaded |= off < 0
            if e.until and e.until[0] == "mono":
                e.until = "mono", e.until[1] - passed
            e.late = 0
        for e in self.kept.values():
            e.stepped = True
        self.deleted.clear()
        self.free.clear()
        self.quiet.clear()
        self.told.clear()
        self.replaced.clear()
        self.unheard.clear()
        for name, task in self.tasks.items():
            self.tasks[name] = Task(task.body)
            # Held back by add(), or by load() before its first line
            if name not in self.entries and name not in self.kept:
                self.starts(name)
        self.do_loop()


def check(board, commands, events):
    """Raises Broken, with the number of the event, if the events are not what they must be."""
    model = Model(board)
    model.commands = commands
    i = want = None
    for n, (event, t, *args) in enumerate(events):
        try:
            if event == "crash":
                raise Broken(args[0])
            if event == "boot":
                model.saved_t = t
                model.do_reset(*commands[i][1:])
                continue
            model.overdue(t, settled=event == "command" and args[1] != "-")
            if event == "command":
                i, idle = args
                if idle != "-":
                    model.on_idle(idle)
                command = commands[i] if i < len(commands) else ["wait", 0]
                if command[0] != "reset":
                    want = carry_out(model, command)
            elif event == "did":
                if not is_result(args[0], want) and command[1] not in model.wild:
                    raise Broken(f"{args[0]!r}, not {want!r}")
            elif event not in ("go", "fault", "say", "run", "end") or args[0] not in model.wild:
                getattr(model, "on_" + event)(*args)
            elif event == "go":
                # Whatever else: it was started, so its name is in use
                model.free.discard(args[0])
        except Broken as exc:
            exc.event = n
            raise


def is_result(result, want):
    return result == want or want is not None and str(result).startswith(f"{want}(")


def carry_out(model, command):
    """What the command must return, or the name of what it must raise."""
    try:
        return getattr(model, "do_" + command[0])(*command[1:])
    except Refused:
        return "ValueError"
