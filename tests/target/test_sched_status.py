# Proves what status prints of a schedule: the lines under aioctl.status(), and the table of all.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import builtins

from harness import eq
from programs import fresh, is_ours, job, local, play, printed, rows

OURS_ONLY = {}

# From 2024 on: before, the clock would not be set
MARCH = (2024, 3, 29, 12, 6, 47)
RULER = "<" + "-" * 80 + ">"
GREEN, YELLOW, RED, CYAN, PLAIN = [
    "\x1b[%dm●\x1b[0m" % n if n else "●" for n in (92, 93, 91, 96, 0)
]


def printing():
    # What is printed from now on, by whatever module, as a list of lines; runner.py undoes it
    lines = []

    def write(*args, **kwargs):
        lines.extend((" ".join(str(a) for a in args) + kwargs.get("end", "")).split("\n"))

    builtins.print = write
    return lines


def test_transcript():
    """The program of the documentation, its status a second after it started."""
    ctl, sched = fresh(epoch=MARCH)

    @sched.schedule_task(start_in=10, repeat=120)
    @ctl.aiotask
    async def test(a, b=1):
        return 42

    async def repl():
        await asyncio.sleep(1000)

    lines = []

    async def main():
        ctl.add(test, "world", b=10)
        ctl.add(test, "from", b=20, name="test_from", _id="test_from")
        sched.schedule("test_from", start_in=local(20), repeat=30)
        ctl.add(repl)
        ctl.add(sched.watcher_loop)
        ctl.add(sched.schedule_loop)
        asyncio.create_task(look())
        await asyncio.gather(*ctl.tasks())

    async def look():
        await asyncio.sleep(1)
        lines.append(printing())
        ctl.status()

    vclock.run(main(), 5000)
    running = GREEN + " %s: status: running since 2024-03-29 12:06:47; 1 s ago"
    eq(
        lines[0],
        [
            running % "repl",
            RULER,
            running % "schedule_loop",
            RULER,
            CYAN + " test: status: scheduled @ 2024-03-29 12:06:47 --> result:",
            "    ┗━► schedule: starts in 9 s @ 2024-03-29 12:06:57",
            RULER,
            CYAN + " test_from: status: scheduled @ 2024-03-29 12:06:47 --> result:",
            "    ┗━► schedule: starts in 19 s @ 2024-03-29 12:07:07",
            RULER,
            running % "watcher_loop",
            RULER,
        ],
    )


def status_at(*times, **options):
    # What aioctl.status("test") prints at these ms of a task of 5 s that is scheduled so
    ctl, sched = fresh(epoch=MARCH)
    texts = []

    async def body():
        await asyncio.sleep(5)
        return 42

    def look():
        lines = printing()
        ctl.status("test")
        texts.append([line for line in lines if line != RULER])

    ctl.add(ctl.aiotask(body), name="test", _id="test")
    sched.schedule("test", **options)
    play(max(times) + 1, *[(ms, look) for ms in times])
    return texts


def test_scheduled():
    """Before its first run: `starts in`, and the time of the RTC at which it does."""
    for options in ({"start_in": 70}, {"start_in": (2024, 3, 29, 12, 7, 57), "repeat": 90}):
        texts = status_at(0, 9000, 69_001, **options)
        eq(
            [t[1] for t in texts],
            [
                "    ┗━► schedule: starts in 00:01:10 @ 2024-03-29 12:07:57",
                "    ┗━► schedule: starts in 00:01:01 @ 2024-03-29 12:07:57",
                "    ┗━► schedule: starts in 1 s @ 2024-03-29 12:07:57",
            ],
        )
        assert all(t[0].startswith(CYAN + " test: status: scheduled @ ") for t in texts), texts


def test_running_and_done():
    """`running` while it runs; then the result, the last run and the next."""
    texts = status_at(72_000, 123_000, start_in=70, repeat=90)
    eq(
        texts,
        [
            [
                GREEN + " test: status: running since 2024-03-29 12:07:57; 2 s ago",
                "    ┗━► schedule: last @ 2024-03-29 12:07:57 --> next in 00:01:28 @ "
                "2024-03-29 12:09:27",
            ],
            [
                CYAN + " test: status: scheduled - done @ 2024-03-29 12:08:02; 48 s ago"
                " --> result: 42",
                "    ┗━► schedule: last @ 2024-03-29 12:07:57 --> next in 37 s @ "
                "2024-03-29 12:09:27",
            ],
        ],
    )


def test_done_for_good():
    """With no run left it says so."""
    text = status_at(123_000, start_in=70)[0][1]
    eq(text, "    ┗━► schedule: last @ 2024-03-29 12:07:57 --> done")


def test_days():
    """Long times are in days."""
    text = status_at(0, start_in=90_000)[0][1]
    eq(text, "    ┗━► schedule: starts in 1 days, 01:00:00 @ 2024-03-30 13:06:47")


def test_error_and_stopped():
    """A scheduled task that failed is red; a stopped one, no more scheduled, yellow."""
    ctl, sched = fresh(epoch=MARCH)
    lines = []

    async def body():
        return 1 // 0

    async def sleeper():
        await asyncio.sleep(1000)

    def look():
        lines.append(printing())
        ctl.status("*")

    ctl.add(ctl.aiotask(body), name="bad", _id="bad")
    sched.schedule("bad", start_in=2, repeat=10)
    ctl.add(ctl.aiotask(sleeper), name="halt", _id="halt")
    sched.schedule("halt", start_in=2, repeat=10)
    play(9000, (5000, lambda: ctl.stop("halt")), (8000, look))
    eq(
        lines[0][:4],
        [
            RED + " bad: status: ERROR @ 2024-03-29 12:06:49; 6 s ago --> result: "
            "ZeroDivisionError: divide by zero",
            "    ┗━► schedule: last @ 2024-03-29 12:06:49 --> next in 4 s @ 2024-03-29 12:06:59",
            RULER,
            YELLOW + " halt: status: stopped @ 2024-03-29 12:06:52; 3 s ago --> result:",
        ],
    )


def test_debug():
    """In debug mode there is a line with all that the entry holds."""
    ctl, sched = fresh(epoch=MARCH)
    job("a", [], start_in=70, repeat=90)
    lines = printing()
    sched.status_sc("a", debug=True)
    eq(len(lines), 2)
    assert lines[1].startswith("    ┗━► schedule opts: "), lines
    for word in ("start_in", "70", "repeat", "90"):
        assert word in lines[1], lines


def test_status_follows_the_rtc():
    """The time of the next run is that of the RTC, right after it was set."""
    ctl, sched = fresh(epoch=(2000, 1, 1, 0, 0, 0))
    lines = printing()
    job("a", [], start_in=70)
    job("w", [], start_in=(2024, 3, 29, 12, 7, 57))

    def look():
        sched.status_sc("a")
        sched.status_sc("w")

    play(3000, (1000, lambda: vclock.set_rtc(MARCH)), (2500, look))
    eq(
        lines,
        [
            # 67.5 s to go at 12:06:48.5
            "    ┗━► schedule: starts in 00:01:08 @ 2024-03-29 12:07:56",
            "    ┗━► schedule: starts in 00:01:09 @ 2024-03-29 12:07:57",
        ],
    )


def table(sched):
    # Its header and its rows; what stands below them is test_notices()'s
    lines = printed(sched.status_sc)
    for line in lines:
        assert len(line) <= 80, (len(line), line)
    return lines[:1] + rows()


def test_table():
    """status_sc() and status_sc_all(): a header, and all that is scheduled, soonest first."""
    ctl, sched = fresh(epoch=MARCH)
    job("over", [], start_in=1)
    job("last_of_all", [], start_in=400 * 86400)
    job("wall", [], repeat="30 12 * * *")
    job("soon", [], repeat=4)
    job("slow", [], 50_000, repeat=7)
    seen = []
    play(17_500, (17_000, lambda: seen.append(table(sched))))
    lines = seen[0]
    eq([line.split()[-1] for line in lines[1:]], ["soon", "slow", "wall", "last_of_all", "over"])
    for word in ("NEXT", "LEFT", "LAST", "AGO", "RUNS", "MISSED", "TASK"):
        assert word in lines[0], lines
    soon = lines[1].split()
    eq(soon[:4], ["03-29", "12:07", "3", "s"])
    slow = lines[2].split()
    eq(slow[:4], ["03-29", "12:07", "4", "s"])
    eq(slow[-4:-2], ["1", "1"])  # runs, missed
    assert lines[5].startswith("-"), lines
    # columns are under their heads
    at = lines[0].index("TASK")
    assert all(line[at - 1] == " " and line[at] != " " for line in lines[1:]), lines
    # With the notice that no schedule_loop runs any more
    eq(len(printed(sched.status_sc_all)), 7)


def test_table_within_a_second():
    """Soonest first, also where the same second is shown, and on both clocks."""
    ctl, sched = fresh(epoch=MARCH)
    for name, s in zip("gfedcba", (0.9, 1.1, 5.1, 5.3, 9.4, 9.5, 10.3)):
        job(name, [], start_in=s)
    job("w", [], start_in=local(8))
    seen = []
    play(600, (500, lambda: seen.append(table(sched))))
    eq("".join(line.split()[-1] for line in seen[0][1:]), "gfedwcba")


def test_overdue():
    """What is overdue is due now."""
    ctl, sched = fresh(epoch=MARCH)
    job("a", [], start_in=local(2))
    vclock.step(3600)
    lines = printing()
    sched.status_sc("a")
    eq(lines, ["    ┗━► schedule: starts in 0 s @ 2024-03-29 13:06:47"])


def test_no_task():
    """That no task has that name is said, and no more once one has."""
    ctl, sched = fresh(epoch=MARCH)
    sched.schedule("a", start_in=70)
    line = "    ┗━► schedule: starts in 00:01:10 @ 2024-03-29 12:07:57"
    eq(printed(sched.status_sc, "a"), [line + " (no task)"])
    job("a", [])
    eq(printed(sched.status_sc, "a"), [line])


def test_clock_not_set():
    """In 2023 lines with a time to come say that the clock is not set, and the table below."""
    for year, note in ((2023, " (clock not set)"), (2024, "")):
        ctl, sched = fresh(epoch=(year,) + MARCH[1:])
        job("a", [], start_in=70)
        date = "%d-03-29 12:07:57" % year
        eq(
            printed(sched.status_sc, "a"),
            ["    ┗━► schedule: starts in 00:01:10 @ " + date + note],
        )
        eq(
            any(line.startswith("clock not set: ") for line in printed(sched.status_sc)),
            year < 2024,
        )


def test_notices():
    """Below the table stands what keeps the tasks from running in time, and nothing else."""
    unset = "clock not set: it shows 2023-03-29 12:06:%d"
    ctl, sched = fresh(epoch=(2023,) + MARCH[1:])
    eq(printed(sched.status_sc)[1:], [unset % 47])
    job("a", [], start_in=70)
    no_loop = "no schedule_loop runs: aioctl.add(aioschedule.schedule_loop)"
    eq(printed(sched.status_sc)[2:], [no_loop, unset % 47])
    seen = []
    play(3000, (2000, lambda: seen.append(printed(sched.status_sc))))
    eq(seen[0][2:], [unset % 49])
    vclock.set_rtc(MARCH)
    eq(printed(sched.status_sc)[2:], [no_loop])


def test_parts_of_a_second():
    """One run and the next are a period apart, wherever in a second they are."""
    minute = "2024-03-29 12:06:"
    for part in (0.1, 0.5, 0.9):
        ctl, sched = fresh(epoch=MARCH)
        vclock.step(part)
        lines = printing()

        async def body(sched=sched):
            sched.status_sc("a")

        sched.schedule("a", repeat=2)
        ctl.add(body, name="a")
        play(5000)
        eq(
            lines,
            [
                "    ┗━► schedule: last @ %s49 --> next in 2 s @ %s51" % (minute, minute),
                "    ┗━► schedule: last @ %s51 --> next in 2 s @ %s53" % (minute, minute),
            ],
        )


def test_table_of_nothing():
    """With nothing scheduled there is just the header."""
    ctl, sched = fresh()
    eq(len(table(sched)), 1)


def test_table_fits():
    """80 columns, whatever the numbers."""
    ctl, sched = fresh()
    for n, s in enumerate((0, 59, 3599, 86399, 86400, 99 * 86400, 1000 * 86400, 9999 * 86400)):
        job("task_%d" % n, [], start_in=s)
    sched.unschedule("task_0")
    job("ran", [], start_in=1)
    # 4 digits of runs, 5 of those that were missed
    job("task_0", [], 11, repeat=0.001, times=1000)
    play(13_000)
    for days in (1, 99, 9999):
        sched.group()["ran"]["last"] -= days * 86400
        lines = table(sched)
        eq(len(lines), 10)
        at = lines[0].index("TASK")
        assert all(line[at - 1] == " " and line[at] != " " for line in lines), lines


def test_dates_beyond_2038():
    """Where gmtime() of many boards ends: time tuples and waits of decades are shown."""
    ctl, sched = fresh()
    job("tuple", [], start_in=(2096, 2, 29, 12, 30, 15))
    job("rule", [], start_in=(2097, 1, 1, 0, 0, 0), repeat="0 0 29 2 *")
    job("seconds", [], start_in=30 * 365 * 86400)
    lines = printing()
    for name, date in (
        ("tuple", "2096-02-29 12:30:15"),
        ("rule", "2104-02-29 00:00:00"),
        ("seconds", "2053-12-24 00:00:00"),
    ):
        sched.status_sc(name)
        assert lines[-1].endswith(" @ " + date), lines
    eq([line.split()[-1] for line in table(sched)[1:]], ["seconds", "tuple", "rule"])


def test_garbage_in_the_group():
    """Status at the prompt goes on where a hand-made entry is none: the others are printed."""
    for value in (None, 5, {}, "x", {"start_in": 5, "repeat": False}):
        ctl, sched = fresh()
        job("good", [], start_in=70)
        sched.group()["bad"] = value
        lines = printing()
        ctl.status("good")
        assert "    ┗━► schedule: starts in 00:01:10 @ 2024-01-01 00:01:10" in lines, lines
        sched.status_sc_all()
        assert any(line.endswith(" good") for line in lines), (value, lines)


def test_how_long_a_run_took():
    """snapshot() tells where aioctl does, and gives None where it does not."""
    ctl, sched = fresh()
    job("pump", [], ms=250, start_in=1, repeat=60)
    play(10_000)
    [row] = sched.snapshot()
    is_known = hasattr(ctl.group().tasks["pump"], "ms")
    eq((row["runs"], row["last_ms"]), (1, 250 if is_known else None))
    eq(is_known, is_ours(ctl))
