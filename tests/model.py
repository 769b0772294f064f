# The plain model of aioschedule: what may run when, and what must, by the rules of the design.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# check(board, commands, events) goes through what happened on the target, in order, and raises a
# Broken at the first thing that should not have happened, or has not happened in time. Since it
# follows the events it need not guess what is random: jitter, and who of two is first in one ms.
#
# Events, each with the ms since the boot:
#   command i idle  all that was due has run; command i comes next; what idle_ms() says
#   did result      what the command returned; the repr of what it raised
#   go name         the scheduler starts a task
#   say name text   the scheduler logs why it does not
#   run name wall   the first line of a task runs, at so many seconds of the RTC
#   end name how    its last one does
#   block until     nothing else can run
#   loop            the first line of schedule_loop runs
#   status counts   at the end: {name: [runs, missed]} as status_sc_all() shows them
#   boot            a new board after a reset, which has loaded what the old one saved
#   crash exc       the driver itself failed

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from croniter import croniter

NOTICE = 1000  # ms within which a step of the RTC is noticed
BACK = 60_000  # ms by which the RTC is set back when what comes again is due again
LATE = 100  # ms after `until` that a run, due before, may still be late on a busy board


class Broken(AssertionError):
    pass


def new_year(year):
    return int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp())


def naive(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).replace(tzinfo=None)


def match(rule, ms, way=1):
    """The first match of a crontab rule after ms, or the last one before."""
    # croniter counts in whole seconds
    it = croniter(rule, naive(ms // 1000 * 1000), implement_cron_bug=True)
    when = it.get_next(datetime) if way > 0 else it.get_prev(datetime)
    return int(when.replace(tzinfo=timezone.utc).timestamp()) * 1000


@dataclass(eq=False)
class Entry:
    clock: str  # "mono" or "wall": on which clock `phase` is
    phase: int  # ms at which the next run is due, without jitter
    period: int = 0  # ms; 0: none
    rule: str = ""
    waits: bool = False  # for `start_in`
    until: tuple = None  # (clock, ms)
    jitter: int = 0
    times: int = None  # runs left
    by: int = None  # the same, or a later phase until which phases may be left out
    late: int = 0  # ms since the boot before which nobody may complain
    seen: int = None  # ms since the boot at which the loop has seen the last step of the RTC
    done: bool = False  # there is no next run
    runs: int = 0
    missed: int = 0


@dataclass
class Task:
    body: object
    state: str = "idle"  # "starting", "running"
    by: int = 0  # ms since the boot at which the first, or last, line is due
    cancelled: bool = False


class Model:
    def __init__(self, board):
        self.entries = {}
        self.kept = {}
        self.tasks = {}
        self.dying = {}  # deleted while they ran
        self.boot(new_year(board["year"]) * 1000)

    def boot(self, epoch):
        self.t = 0  # ms since the boot
        self.epoch = epoch  # ms of the RTC at the boot, if the RTC had always been right
        self.loop_start = None  # ms since the boot
        self.loop_wanted = self.looping = False
        self.stepped = -NOTICE  # ms since the boot of the last step
        # What the loop may know of the RTC: ms at which the monotonic clock stood at 0
        self.known = {epoch}
        self.step_unseen = False  # the RTC was stepped while the loop was stopped

    # The two clocks

    def now(self, clock):
        return self.clock_at(clock, self.t)

    def clock_at(self, clock, t):
        if clock == "wall":
            return self.epoch + t
        # "Seconds count from the start of schedule_loop for what is scheduled before it runs"
        return 0 if self.loop_start is None else t - self.loop_start

    def zero(self):
        return self.now("wall") - self.now("mono")

    def watch(self):
        """With a wall-clock entry the loop looks at the RTC; it may do so without."""
        if not self.looping or self.t < self.stepped + NOTICE:
            return
        if any(e.clock == "wall" and not e.done for e in self.entries.values()):
            self.known.clear()
        self.known.add(self.zero())

    def since_boot(self, clock, ms):
        return ms - self.now(clock) + self.t

    # The life of an entry

    def entry(self, o):
        o = dict(o)
        start, repeat = o.pop("start_in", None), o.pop("repeat", False)
        first = None if start is None else self.when(start)
        if isinstance(repeat, str):
            if first and first[0] == "mono":
                # It waits for its start, and for the rule then: see follow()
                e = Entry(*first, rule=repeat, waits=True)
            else:
                e = Entry("wall", 0, rule=repeat, waits=bool(first))
                e.phase = self.phase_after(e, max(self.now("wall"), first[1] - 1 if first else 0))
        else:
            period = int((start if repeat is True else repeat) * 1000)
            e = Entry(*(first or self.when(repeat)), period, waits=bool(first))
        if "until" in o:
            e.until = self.when(o.pop("until"))
        e.jitter = int(o.pop("jitter", 0) * 1000)
        e.times = o.pop("times", None)
        assert not o
        self.end_if_over(e)
        return e

    def when(self, v):
        if isinstance(v, (tuple, list)):  # ("now", seconds)
            return "wall", (self.now("wall") // 1000 + v[1]) * 1000
        return "mono", self.now("mono") + int(v * 1000)

    def phase_after(self, e, ms):
        """The first phase of a repeating entry after ms."""
        if e.rule:
            return match(e.rule, ms)
        return e.phase + ((ms - e.phase) // e.period + 1) * e.period

    def follow(self, e):
        """Its start in seconds has come: from now on the rule says when."""
        start = self.clock_at("wall", self.since_boot("mono", e.phase))
        e.clock = "wall"
        e.waits = False
        # At its start is not before it
        e.phase = self.phase_after(e, -(-start // 1000) * 1000 - 1)
        self.end_if_over(e)

    def end_if_over(self, e):
        # "no run after it". Where it is on the other clock nobody can know before.
        if e.until and e.until[0] == e.clock and e.phase > e.until[1]:
            e.done = True

    def is_over(self, e, t):
        return bool(e.until) and self.clock_at(e.until[0], t) > e.until[1]

    def deadline(self, e):
        phase = self.since_boot(e.clock, e.phase if e.by is None else e.by)
        if e.seen is not None:
            phase = max(phase, e.seen)
        return max(phase + e.jitter, e.late)

    def handled(self, e, ran):
        """A run was started, skipped or failed to start: on to the next one."""
        now = self.now(e.clock)
        e.by = None
        e.seen = None
        e.waits = False
        if ran and e.times:
            e.times -= 1
        if not (e.period or e.rule) or e.times == 0:
            e.done = True
            return
        # "Late by several periods means one run at once, then the old phase"
        e.phase = self.phase_after(e, now)
        self.end_if_over(e)

    def step_seen(self, e, new=False):
        """Set back by more than a minute, what comes again is due again."""
        if e.clock == "mono" or e.done or e.waits:
            return
        steps = [self.zero() - zero for zero in self.known]
        # The loop counts in whole seconds
        # A new one, if set forward, may be taken for one of before
        if all(1000 - BACK < step and (step < BACK - 1000 or not new) for step in steps):
            return
        late = e.phase if e.by is None else e.by
        now = self.now("wall")
        # What is due in the second that has begun may be taken for a time that comes again
        e.phase = min(e.phase, self.phase_after(e, now - 1000))
        e.by = late
        if all(step < -1000 - BACK for step in steps):
            e.by = min(late, self.phase_after(e, now))
        self.end_if_over(e)

    def given_back(self, e):
        """The original due time holds, except where the RTC was set back meanwhile."""
        if e.clock == "mono" or e.done or e.waits:
            return
        late = e.phase if e.by is None else e.by
        now = self.now("wall")
        after = self.phase_after(e, now + BACK)
        if after < late:
            first = self.phase_after(e, now)
            # It may have been planned anew before it was taken, and wait for an earlier one
            e.by = first if after < e.phase else after
            e.phase = min(e.phase, first)

    # What must have happened by now

    def overdue(self, t, settled=False):
        """Raises if something should have happened before t, or at t where all is settled."""
        self.t = t
        self.watch()
        late = t if settled else t - 1
        if settled and self.loop_wanted and not self.looping:
            raise Broken("schedule_loop was not started")
        if self.looping:
            for e in self.entries.values():
                self.follow_if_due(e, self.deadline(e) <= late)
            for name, e in self.entries.items():
                if not e.done and self.deadline(e) <= late:
                    if self.is_over(e, self.deadline(e)):
                        e.done = True
                    else:
                        raise Broken(f"{name} was not started by {self.deadline(e)} ms")
        for name, task in [*self.tasks.items(), *self.dying.items()]:
            if task.state != "idle" and task.by <= late:
                raise Broken(f"{name} is still {task.state}, not later than {task.by} ms")
            if settled and task.cancelled:
                raise Broken(f"{name} was not cancelled")

    def follow_if_due(self, e, due=True):
        if e.rule and e.clock == "mono" and due and self.t >= self.since_boot("mono", e.phase):
            if self.is_over(e, self.since_boot("mono", e.phase) - LATE):
                e.done = True
            else:
                self.follow(e)

    # Events

    def on_go(self, name):
        e = self.entries.get(name)
        if e:
            self.follow_if_due(e)
        if not e or e.done:
            raise Broken(f"{name} is not scheduled")
        due = self.since_boot(e.clock, e.phase)
        if self.t < due:
            raise Broken(f"{name} is not due before {due} ms")
        if not self.looping:
            raise Broken("schedule_loop is stopped")
        if self.is_over(e, self.t - LATE):
            raise Broken(f"{name} is started after `until`")
        if name not in self.tasks:
            raise Broken(f"{name} is not there")
        if self.tasks[name].state != "idle":
            raise Broken(f"{name} is still {self.tasks[name].state}")
        self.kept.pop(name, None)
        self.starts(name)
        e.runs += 1
        self.handled(e, True)

    def on_say(self, name, text):
        e = self.entries.get(name)
        if e:
            self.follow_if_due(e)
        if (
            not e
            or e.done
            or self.t < self.since_boot(e.clock, e.phase)
            or self.is_over(e, self.t - LATE)
        ):
            raise Broken(f"{name} is not due: {text}")
        if name in self.tasks and self.tasks[name].state == "idle":
            raise Broken(f"{name} could be started: {text}")
        e.missed += 1
        self.handled(e, False)

    def on_run(self, name, wall):
        task = self.tasks.get(name)
        if not task or task.state != "starting":
            raise Broken(f"{name} was not started")
        if wall != self.now("wall") // 1000:
            raise Broken(f"the RTC is wrong: {self.now('wall')} ms")
        task.state = "running"
        task.by = self.t
        if isinstance(task.body, (tuple, list)) and task.body[0] == "sleep":
            task.by += int(task.body[1] * 1000)

    def on_end(self, name, how):
        task = self.dying.pop(name, None) or self.tasks.get(name)
        if not task or not task.cancelled and task.state != "running":
            raise Broken(f"{name} is not running")
        if task.cancelled != (how == "cancelled"):
            raise Broken(f"{name} was {'not ' * task.cancelled}cancelled")
        if not task.cancelled and self.t < task.by:
            raise Broken(f"{name} should run until {task.by} ms")
        task.state = "idle"
        task.cancelled = False

    def on_block(self, until):
        # What is due meanwhile is due at its end
        for e in self.entries.values():
            if self.t <= self.deadline(e) < until:
                e.late = until
            if e.by is not None and e.seen is not None and self.t <= e.seen:
                # So is seeing the step
                e.seen = max(e.seen, until)
                e.by = max(e.by, self.phase_after(e, self.clock_at("wall", until)))
        for task in [*self.tasks.values(), *self.dying.values()]:
            if task.state != "idle" and self.t <= task.by < until:
                task.by = until
        self.t = until

    def on_loop(self):
        if not self.loop_wanted:
            raise Broken("schedule_loop is stopped")
        if self.loop_start is None:
            self.loop_start = self.t
        for e in self.entries.values():
            self.step_seen(e)
            e.late = self.t
        self.looping = True
        self.step_unseen = False

    def on_idle(self, idle):
        if self.t < self.stepped + NOTICE or self.step_unseen:
            return
        soonest = latest = None
        for e in self.entries.values():
            if e.done:
                continue
            due = self.since_boot(e.clock, e.phase)
            soonest = due if soonest is None else min(due, soonest)
            if e.rule and e.clock == "mono" and due < self.t:
                # Its start, up to jitter later, may have come: then it waits for the rule
                e = replace(e)
                self.follow(e)
                if e.done:
                    continue
            due = self.since_boot(e.clock, e.phase if e.by is None else e.by) + e.jitter
            # What `until` on the other clock will prevent, as things are now, need not count
            if not self.is_over(e, max(due, self.t)):
                latest = due if latest is None else min(due, latest)
        if idle is None and latest is not None or idle is not None and soonest is None:
            raise Broken(f"idle_ms() is {idle}, next due: {soonest} ms")
        if idle is None:
            return
        if (
            idle < max(0, soonest - self.t)
            or latest is not None
            and idle > max(0, latest - self.t)
        ):
            raise Broken(f"idle_ms() is {idle}, next due: {soonest} to {latest} ms")

    def on_status(self, counts):
        want = {name: [e.runs, e.missed] for name, e in self.entries.items()}
        if counts != want:
            raise Broken(f"status shows [runs, missed] {counts}, not {want}")

    def starts(self, name):
        self.tasks[name].state = "starting"
        self.tasks[name].by = self.t

    def cancels(self, name):
        task = self.tasks[name]
        if task.state == "running":
            task.cancelled = True
        task.state = task.state.replace("starting", "idle")

    # Commands

    def do_wait(self, seconds):
        return None

    do_block = do_wait  # see on_block

    def do_schedule(self, name, options):
        e = self.entry(options)
        e.late = self.t
        # Not one line early: what has been added and has not begun is held back. "Also to a
        # program that starts anew": without a loop nothing but add() can have started it.
        if name in self.tasks and (name not in self.entries or self.loop_start is None):
            task = self.tasks[name]
            task.state = task.state.replace("starting", "idle")
        # The loop may be about to notice a step
        self.step_seen(e, new=True)
        self.entries[name] = e

    def do_unschedule(self, name):
        return self.entries.pop(name, None) is not None

    def do_decorate(self, name, options, body):
        self.do_schedule(name, options)
        self.do_add(name, body)

    def do_add(self, name, body):
        base = name
        i = 0
        while name in self.tasks:
            i += 1
            name = f"{base}@{i}"
        self.tasks[name] = Task(body)
        # Also where no run is left: "runs nothing of its body before it is due"
        if name not in self.entries:
            self.starts(name)

    def do_start(self, name):
        if name not in self.tasks or self.tasks[name].state != "idle":
            return
        e = self.kept.pop(name, None)
        if e and name not in self.entries:
            e.late = self.t
            self.entries[name] = e
            self.given_back(e)
            # The loop may be about to notice a step, or have done so without this entry
            due = e.phase if e.by is None else e.by
            self.step_seen(e)
            e.by = due
        else:
            self.starts(name)

    def do_stop(self, name):
        if name in self.tasks:
            e = self.entries.pop(name, None)
            # All that an aioctl can see: "`start_in` (-1 once it has run) and `repeat`"
            if e and (not e.done or e.period or e.rule or not e.runs):
                self.kept[name] = e
            self.cancels(name)

    def do_delete(self, name):
        if name in self.tasks:
            self.do_stop(name)
            self.kept.pop(name, None)
            task = self.tasks.pop(name)
            if task.state != "idle":
                self.dying[name] = task

    def do_step(self, seconds):
        self.epoch += seconds * 1000
        self.stepped = self.t
        if not self.looping:
            self.step_unseen = True
            return
        for e in self.entries.values():
            self.step_seen(e)
            if e.clock == "wall":
                e.seen = self.t + NOTICE

    def do_rtc(self, year):
        seconds = new_year(year) - self.now("wall") // 1000
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
        passed = max(0, self.now("wall") - saved) + mono
        for e in self.entries.values():
            e.seen = None
            if e.clock == "mono":
                e.phase -= passed
            if e.until and e.until[0] == "mono":
                e.until = "mono", e.until[1] - passed
            self.given_back(e)
        self.kept.clear()
        self.dying.clear()
        for name, task in self.tasks.items():
            self.tasks[name] = Task(task.body)
            # Held back by add(), or by load() before its first line
            if name not in self.entries:
                self.starts(name)
        self.do_loop()


def check(board, commands, events):
    """Raises Broken, with the number of the event, if the events are not what they must be."""
    model = Model(board)
    i = None
    for n, (event, t, *args) in enumerate(events):
        try:
            if event == "crash":
                raise Broken(args[0])
            if event == "boot":
                model.saved_t = t
                model.do_reset(*commands[i][1:])
                continue
            model.overdue(t, settled=event == "command")
            if event == "command":
                i, idle = args
                model.on_idle(idle)
                command = commands[i] if i < len(commands) else ["wait", 0]
                if command[0] != "reset":
                    want = getattr(model, "do_" + command[0])(*command[1:])
            elif event == "did":
                if args[0] != want:
                    raise Broken(f"{args[0]!r}, not {want!r}")
            else:
                getattr(model, "on_" + event)(*args)
        except Broken as exc:
            exc.event = n
            raise
