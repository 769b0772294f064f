# Proves what the table says of every kind of entry, that snapshot() is the same as data, that
# upcoming() foretells what then happens, and that a hundred entries need little memory at once.
# ruff: noqa: B023 - closures over loop variables: all are called in the same turn
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import builtins
import gc
import json
import sys

from harness import eq, raises

TIMEOUT = 300
UNIX_ONLY = {
    "test_any_damage": "takes minutes on a board",
    "test_upcoming_is_what_happens": "takes minutes on a board",
}

EPOCH = (2026, 3, 2, 12, 0, 0)  # a Monday
LINE = "    ┗━► schedule: "


def fresh(epoch=EPOCH):
    # Virtual time, and (aioctl, aioschedule) as newly imported
    vclock.install(epoch=epoch)
    for name in list(sys.modules):
        if name == "aioctl" or name.startswith("aioschedule"):
            del sys.modules[name]
    gc.collect()
    import aioctl
    import aioschedule

    aioschedule.set_log(Silent())
    return aioctl, aioschedule


class Silent:
    def error(self, text):
        pass


def printed(func, *args):
    # The lines that a call prints
    lines = []

    def keep(*texts, sep=" ", end="\n", file=None):
        lines.extend((sep.join([str(text) for text in texts])).split("\n"))

    real = builtins.print
    builtins.print = keep
    try:
        func(*args)
    finally:
        builtins.print = real
    return lines


def returned(func, *args):
    # What a call returns, without what it prints
    values = []
    printed(lambda: values.append(func(*args)))
    return values[0]


async def wait_until(ms):
    while vclock.now() < ms:
        await asyncio.sleep_ms(min(ms - vclock.now(), 1 << 28))


def play(seconds, *script):
    # Runs schedule_loop for so long; `script` has pairs (second, function)
    import aioctl
    import aioschedule

    async def main():
        aioctl.add(aioschedule.schedule_loop)
        for second, func in script:
            await wait_until(int(second * 1000))
            func()
        await asyncio.Event().wait()

    vclock.run(main(), int(seconds * 1000))


def job(name, ms=0, fails=(), result=None, **options):
    # Adds a task, and schedules it; the list of the RTC seconds at which it ran. Runs with these
    # numbers, from 1 on, fail.
    import aioctl
    import aioschedule
    import time

    runs = []

    async def body():
        runs.append(int(time.time()))
        await asyncio.sleep_ms(ms)
        if len(runs) in fails:
            raise OSError(5)
        return result

    aioctl.add(body, name=name, log=Silent())
    aioschedule.schedule(name, **options)
    return runs


def looked(seconds, *at):
    # The table at each of these seconds: a list of {name: row}, a row being the text before it
    import aioschedule

    tables = []

    def look():
        rows = {}
        for line in printed(aioschedule.status_sc_all)[1:]:
            rows[line.split()[-1]] = line
        tables.append(rows)

    play(seconds, *[(second, look) for second in at])
    return tables


################################################################################
# The table and its lines


def kinds():
    # One entry of each kind
    ctl, sched = fresh()
    job("soon", repeat=7)
    sched.schedule("lonely", start_in=50, repeat=60)
    job("spent", start_in=1)
    job("late_rule", start_in=90_000, repeat="0 6 * * *")
    job("ended", repeat="* * * * *", until=(2026, 3, 2, 12, 1, 30))
    job("broken", repeat=5)
    sched.group()["broken"]["repeat"] = "nonsense"
    return ctl, sched


def test_words_of_the_table():
    """What does not simply wait for its next run says so; a broken one spoils no other."""
    kinds()
    [rows] = looked(130, 123)
    eq(sorted(rows), ["broken", "ended", "late_rule", "lonely", "soon", "spent"])
    eq(rows["soon"].split()[:4], ["03-02", "12:02", "3", "s"])
    eq(rows["lonely"][:16], "no task     47 s")
    eq(rows["spent"].split()[:3], ["-", "done", "03-02"])
    eq(rows["late_rule"].split()[:3], ["earliest", "1d", "0h"])
    eq(rows["ended"].split()[:3], ["-", "over", "03-02"])
    eq(rows["broken"].split()[:2], ["-", "broken"])


def test_words_of_a_line():
    """The same of the line that status prints under a task."""
    ctl, sched = kinds()
    lines = {}

    def look():
        for name in sched.group():
            [lines[name]] = printed(sched.status_sc, name)

    play(130, (123, look))
    eq(lines["soon"], LINE + "last @ 2026-03-02 12:01:59 --> next in 3 s @ 2026-03-02 12:02:06")
    eq(lines["lonely"], LINE + "starts in 47 s @ 2026-03-02 12:02:50 (no task)")
    eq(lines["spent"], LINE + "last @ 2026-03-02 12:00:01 --> done")
    eq(lines["late_rule"], LINE + "earliest in 1 days, 00:57:57 @ 2026-03-03 13:00:00")
    eq(lines["ended"], LINE + "last @ 2026-03-02 12:01:00 --> until has passed: done")
    assert lines["broken"].startswith(LINE) and " broken: ValueError(" in lines["broken"], lines
    assert "nonsense" in lines["broken"], lines


def test_soonest_first():
    """On both clocks, to the ms; then what has no next run."""
    ctl, sched = kinds()
    names = []
    play(130, (123, lambda: names.extend(row["name"] for row in sched.snapshot())))
    eq(names, ["soon", "lonely", "late_rule", "broken", "ended", "spent"])


def test_any_damage():
    """Whatever somebody does to one entry at the prompt, the others have their rows."""
    keys = ("start_in", "repeat", "state", "last", "last_dt", "times", "until", "jitter", "gone")
    for key in keys:
        for value in (None, "x", -1, 1 << 70, 0.5, float("nan"), [], {}, (1, 2), True, len):
            ctl, sched = fresh()
            good = job("good", start_in=5, repeat=10)
            job("bad", start_in=1, repeat=2)
            seen = []

            def damage():
                sched.group()["bad"][key] = value

            def look():
                seen.append(printed(sched.status_sc_all))
                seen.append(printed(sched.status_sc, "bad"))
                seen.append(json.loads(json.dumps(sched.snapshot())))
                printed(sched.upcoming, "bad")

            play(16, (2, damage), (2, look), (8, look))
            for table in seen[::3]:
                assert any(line.endswith(" good") for line in table), (key, value, table)
            for rows in seen[2::3]:
                assert "good" in [row["name"] for row in rows], (key, value, rows)
            eq(len(good), 2)


def test_long_waits():
    """Days and hours, where they were cut off."""
    job_at = 86400 + 13 * 3600 + 50 * 60 + 44
    ctl, sched = fresh()
    job("wait", start_in=job_at)
    job("month", start_in=30 * 86400)
    [rows] = looked(2, 1)
    eq(rows["wait"].split()[2:4], ["1d", "13h"])
    eq(rows["month"].split()[2:4], ["29d", "23h"])
    ctl, sched = fresh()
    job("old", start_in=1, repeat=30 * 86400)
    # Virtual time on a board ends after five days
    [rows] = looked(3 * 86400, 2 * 86400 + 3601)
    eq(rows["old"].split()[2:4], ["27d", "23h"])
    eq(rows["old"].split()[6:8], ["2d", "1h"])


def test_a_failed_run():
    """LAST says so, until a run goes well."""
    fresh()
    job("pump", fails=(1,), start_in=1, repeat=10)
    failed, well = looked(20, 5, 15)
    eq(failed["pump"].split()[4:7], ["ERROR", "4", "s"])
    eq(well["pump"].split()[4:6], ["03-02", "12:00"])


def test_no_loop():
    """That no schedule_loop runs is said below the table, while something is scheduled."""
    ctl, sched = fresh()
    assert len(printed(sched.status_sc)) == 1
    sched.schedule("a", repeat=5)
    lines = printed(sched.status_sc)
    eq(len(lines), 3)
    assert lines[2] == "no schedule_loop runs: aioctl.add(aioschedule.schedule_loop)", lines
    ctl, sched = fresh()
    job("a", repeat=5)
    tables = []
    play(3, (2, lambda: tables.append(printed(sched.status_sc))))
    eq(len(tables[0]), 2)


def test_clock_not_set():
    """In a year before 2024, in the table and in lines that show a time to come."""
    for year, wrong in ((2000, True), (2021, True), (2023, True), (2024, False), (2036, False)):
        ctl, sched = fresh((year, 1, 1, 0, 0, 0))
        job("a", start_in=10)
        seen = []

        def look():
            seen.append(printed(sched.status_sc))
            seen.append(printed(sched.status_sc, "a"))

        play(3, (2, look))
        table, [line] = seen
        eq((year, any("clock not set" in text for text in table)), (year, wrong))
        eq((year, line.endswith(" (clock not set)")), (year, wrong))
        assert LINE + "starts in 8 s @ %d-01-01 00:00:10" % year in line, line


def test_unknown_name():
    """It says what to do, and which names are known."""
    ctl, sched = fresh()
    sched.schedule("blink", repeat=5)
    text = " ".join(printed(sched.status_sc, "blnk"))
    for part in ("blnk", "aioschedule.schedule(", "['blink']"):
        assert part in text, text


def test_hand_written():
    """What was written into group() by hand is in the table, and then runs when that says."""
    ctl, sched = fresh()
    runs = job("far", start_in=80_000)
    hand = job("hand", start_in=70_000)
    rows = []

    def write():
        sched.group()["hand"] = {"start_in": 5, "repeat": 60}
        rows.extend(sched.snapshot())

    play(200, (10, write))
    eq([(row["name"], row["next_ms"]) for row in rows], [("hand", 5000), ("far", 79_990_000)])
    start = rows[0]["next"]
    eq((hand, runs), ([start, start + 60, start + 120, start + 180], []))


def test_local_time():
    """With a zone all times are local."""
    ctl, sched = fresh()
    sched.set_zone(lambda utc: 2 * 3600)
    job("a", start_in=1, repeat=60)
    [rows] = looked(4, 2)
    eq(rows["a"].split()[:2], ["03-02", "14:01"])
    eq(rows["a"].split()[4:6], ["03-02", "14:00"])
    [line] = printed(sched.status_sc, "a")
    assert "last @ 2026-03-02 14:00:01 --> next in" in line and "@ 2026-03-02 14:01:01" in line
    eq(sched.snapshot()[0]["offset"], 7200)


################################################################################
# snapshot()


def test_snapshot():
    """All of it, as JSON gives it back."""
    import time

    ctl, sched = fresh()
    start = int(time.time())
    job("valve", ms=2500, result=[1, "two"], start_in=2, repeat=90)
    job("bad", fails=(1, 2, 3), start_in=1, repeat=40)
    job("busy", ms=50_000, start_in=3, repeat=20)
    ctl.add(sched.watcher_loop, sleep=5, name="watch")
    rows = {}

    def look():
        for row in json.loads(json.dumps(sched.snapshot())):
            rows[row.pop("name")] = row

    play(31, (30.25, look))
    keys = "error last last_ms missed next next_ms offset restarts result runs state"
    for row in rows.values():
        eq(sorted(row), keys.split())
        eq(row["offset"], 0)
    valve, bad, busy = rows["valve"], rows["bad"], rows["busy"]
    eq((valve["state"], valve["runs"], valve["missed"], valve["restarts"]), ("scheduled", 1, 0, 0))
    eq((valve["last"], valve["next"], valve["next_ms"]), (start + 2, start + 92, 61_750))
    eq((valve["result"], valve["error"]), ("[1, 'two']", None))
    eq((bad["state"], bad["next"]), ("scheduled", start + 41))
    assert bad["restarts"] == 2 and bad["error"].startswith("OSError(5"), bad
    eq((busy["state"], busy["runs"], busy["missed"], busy["next_ms"]), ("running", 1, 1, 12_750))
    eq((busy["result"], busy["error"]), (None, None))


def test_snapshot_of_a_failure():
    """The error as text, until a run goes well."""
    ctl, sched = fresh()
    job("pump", fails=(1,), result="ok", start_in=1, repeat=10)
    rows = []

    def look():
        rows.extend(sched.snapshot())

    play(20, (5, look), (15, look))
    assert rows[0]["error"].startswith("OSError(5"), rows
    eq((rows[1]["error"], rows[1]["result"]), (None, "ok"))


def test_how_long_the_last_run_took():
    """To the ms, also where it failed or was stopped; not known before, while it runs, and over
    six days, where the ticks of a board have wrapped."""
    ctl, sched = fresh()
    week = 7 * 86_400
    job("valve", ms=2501, start_in=2, repeat=week * 2)
    job("bad", ms=300, fails=(1,), start_in=1, repeat=week * 2)
    job("stopped", ms=9000, start_in=1, repeat=week * 2)
    job("busy", ms=50_000, start_in=3, repeat=week * 2)
    job("before", start_in=week * 2)

    async def long():
        await wait_until(1000 * week)

    ctl.add(long)
    sched.schedule("long", start_in=1)
    looks = []

    def look():
        looks.append({row["name"]: row["last_ms"] for row in sched.snapshot()})

    def stop():
        ctl.stop("stopped", stop_sch=False)

    play(week + 60, (0.5, look), (4.25, stop), (30, look), (week + 30, look))
    eq(looks[0], dict.fromkeys(looks[0]))
    known = {
        "valve": 2501,
        "bad": 300,
        "stopped": 3250,
        "busy": None,
        "before": None,
        "long": None,
    }
    eq(looks[1], known)
    eq((looks[2]["busy"], looks[2]["long"]), (50_000, None))


def test_snapshot_of_each_kind():
    """The word for each; a next run has a time and a distance, or neither."""
    ctl, sched = kinds()
    rows = {}

    def look():
        for row in sched.snapshot():
            rows[row["name"]] = row

    play(130, (123, look))
    states = {
        "soon": "scheduled",
        "lonely": "no task",
        "late_rule": "earliest",
        "spent": "done",
        "ended": "over",
        "broken": "broken",
    }
    eq({name: rows[name]["state"] for name in rows}, states)
    for name in ("spent", "ended", "broken"):
        eq((rows[name]["next"], rows[name]["next_ms"]), (None, None))
    for name in ("soon", "lonely", "late_rule"):
        assert rows[name]["next"] and rows[name]["next_ms"] > 0, rows[name]


def test_results_that_resist():
    """A repr that raises, and one of several lines."""

    class Mute:
        def __repr__(self):
            raise ValueError

    class Long:
        def __repr__(self):
            return "a\nb"

    ctl, sched = fresh()
    job("mute", result=Mute(), start_in=1, repeat=60)
    job("long", result=Long(), start_in=1, repeat=61)
    results = []
    play(3, (2, lambda: results.extend(row["result"] for row in sched.snapshot())))
    eq(results, ["<ValueError in repr>", "a b"])


def test_a_zone_that_fails():
    """Each row is there, with what can be known."""
    ctl, sched = fresh()
    works = True

    def zone(seconds):
        if works:
            return 3600
        raise OSError("no zone")

    sched.set_zone(zone)
    job("daily", repeat="@daily")
    job("soon", start_in=60)
    works = False
    eq(
        [(row["name"], row["offset"]) for row in sched.snapshot()],
        [("soon", None), ("daily", None)],
    )
    works = True
    eq(
        [(row["name"], row["offset"]) for row in sched.snapshot()],
        [("soon", 3600), ("daily", 3600)],
    )


def test_overdue():
    """What is overdue is due now, not in the past."""
    import time

    ctl, sched = fresh()
    job("a", start_in=(2026, 3, 2, 12, 0, 5))
    vclock.step(60)
    [row] = sched.snapshot()
    eq((row["next"], row["next_ms"]), (int(time.time()), 0))


################################################################################
# upcoming()


def test_upcoming_rules():
    """Crontab strings and rules: printed, and returned as the same texts."""
    ctl, sched = fresh()
    want = ["2026-03-02 12:15:00", "2026-03-02 12:30:00", "2026-03-02 12:45:00"]
    rule = "*/15 8-17 * * mon-fri"
    eq([text[:19] for text in returned(sched.upcoming, rule, 3)], want)
    eq(len(returned(sched.upcoming, rule)), 5)
    eq(printed(sched.upcoming, rule, 3), returned(sched.upcoming, rule, 3))
    eq(returned(sched.upcoming, rule, 0), [])
    eq([text[:19] for text in returned(sched.upcoming, lambda now: now + 900, 3)], want)


def test_upcoming_offset():
    """Where there is a zone the offset tells the two hours of a night apart."""
    ctl, sched = fresh((2026, 10, 24, 23, 50, 0))
    import time

    change = int(time.time()) + 70 * 60
    sched.set_zone(lambda utc: 7200 if utc < change else 3600)
    eq(
        returned(sched.upcoming, "30 * * * *", 3),
        [
            "2026-10-25 02:30:00 +02:00",
            "2026-10-25 02:30:00 +01:00",
            "2026-10-25 03:30:00 +01:00",
        ],
    )
    sched.set_zone(lambda utc: -(3 * 3600 + 1800))
    eq(returned(sched.upcoming, "0 0 * * *", 1), ["2026-10-25 00:00:00 -03:30"])


def test_upcoming_rules_that_fail():
    """What came before is returned, and the failure is told; a rule that ends just ends."""
    ctl, sched = fresh()

    def ends(now):
        return now + 60 if now < start + 120 else None

    def raises_later(now):
        return now + 60 if now < start + 120 else 1 // 0

    def stands_still(now):
        return start + 60

    import time

    start = int(time.time())
    eq(len(returned(sched.upcoming, ends)), 2)
    assert "ZeroDivisionError" in printed(sched.upcoming, raises_later)[2]
    eq(len(returned(sched.upcoming, raises_later)), 2)
    eq(len(returned(sched.upcoming, raises_later, 2)), 2)
    assert "error" not in " ".join(printed(sched.upcoming, raises_later, 2))
    eq(len(returned(sched.upcoming, stands_still)), 1)
    eq(printed(sched.upcoming, lambda now: None), ["no run to come"])


def test_upcoming_mistakes():
    """Neither a name nor a rule: the error says so."""
    ctl, sched = fresh()
    text = str(raises(ValueError, sched.upcoming, "blnk"))
    assert "blnk" in text and "scheduled" in text, text
    raises(ValueError, sched.upcoming, "61 * * * *")
    raises(TypeError, sched.upcoming, 5)
    raises(TypeError, sched.upcoming, None)


def test_upcoming_of_a_name():
    """A scheduled name wins over a crontab string; what is over has no run to come."""
    ctl, sched = fresh()
    sched.schedule("@hourly", start_in=70)
    eq([text[:19] for text in returned(sched.upcoming, "@hourly")], ["2026-03-02 12:01:10"])
    job("spent", start_in=1)
    lines = []
    play(4, (3, lambda: lines.extend(printed(sched.upcoming, "spent"))))
    eq(lines, ["no run to come"])


def foretold(second, seconds, **options):
    # What upcoming() says at that second of a task, and what then happens, as texts
    ctl, sched = fresh()
    runs = job("a", **options)
    texts = []
    play(seconds, (second, lambda: texts.extend(returned(sched.upcoming, "a", 6))))
    del runs[: len([run for run in runs if run < runs_from(second)])]
    happened = [ctl.get_datetime(sched.localtime(run)) for run in runs[:6]]
    return [text[:19] for text in texts], happened


def runs_from(second):
    import time

    return int(time.mktime(EPOCH + (0, 0))) + second


def test_upcoming_is_what_happens():
    """Of repeats, tuples, rules, limits on either clock: it foretells the runs."""
    day = 86400
    noon = EPOCH[:4]
    for options in (
        {"start_in": 70},
        {"start_in": 20, "repeat": 7},
        {"repeat": 7.3},
        {"start_in": 5, "repeat": 7, "times": 4},
        {"start_in": 5, "repeat": 7, "until": 33},
        {"start_in": 5, "repeat": 7, "until": noon + (0, 33)},
        {"start_in": noon + (0, 40), "repeat": 7.5},
        {"start_in": noon + (0, 40), "repeat": 2 * day},
        {"start_in": noon + (0, 40), "repeat": 10, "until": 61},
        {"start_in": noon + (0, 40), "repeat": 10, "until": noon + (1, 0)},
        {"repeat": "*/7 * * * *"},
        {"repeat": "*/7 * * * *", "times": 3},
        {"repeat": "*/7 * * * *", "until": noon + (21, 0)},
        {"repeat": "*/7 * * * *", "until": 1300},
        {"start_in": 600, "repeat": "*/7 * * * *"},
        {"start_in": noon + (30, 0), "repeat": "*/7 * * * *"},
        {"start_in": noon + (30, 0), "repeat": "30 6 * * *"},
    ):
        for second in (0, 18):
            seconds = 14 * day if options.get("repeat") in (2 * day, "30 6 * * *") else 6000
            texts, happened = foretold(second, seconds, **options)
            eq((options, second, texts), (options, second, happened))
            assert texts, options


def test_upcoming_jitter():
    """The next run has the jitter that was drawn, the others are told without one."""
    ctl, sched = fresh()
    runs = job("a", start_in=100, repeat=100, jitter=50)
    job("b", repeat="*/10 * * * *", jitter=300)
    texts = {}

    def look():
        for name in "ab":
            texts[name] = [text[11:19] for text in returned(sched.upcoming, name, 3)]

    play(500, (1, look))
    eq(texts["a"][1:], ["12:03:20", "12:05:00"])
    eq(texts["a"][0], ctl.get_datetime(sched.localtime(runs[0]))[11:])
    eq(texts["b"][1:], ["12:20:00", "12:30:00"])
    assert "12:10:00" <= texts["b"][0] < "12:15:01", texts


################################################################################
# Memory


def fill(left):
    # All memory but so many bytes side by side. Not as one object: a word on the stack that looks
    # like its address would keep it.
    spare = [bytearray(1024) for _ in range(left // 1024)]
    kept = None
    size = 1 << 20
    while size > 32:
        try:
            kept = (kept, bytearray(size))
        except MemoryError:
            size >>= 1
    gc.collect()
    while gc.mem_free():
        # One block
        kept = (kept,)
    del spare
    gc.collect()
    return kept


def test_heap_of_a_hundred():
    """The table of a hundred entries fits into 6 KB of heap (on a 64-bit port twice as much)."""
    import time

    ctl, sched = fresh()
    now = int(time.time())

    async def body():
        pass

    record = ctl.add(body, name="all")
    for number in range(100):
        name = "task_%02d" % number
        if number % 3 == 0:
            sched.schedule(name, start_in=30 * 86400 + number, repeat=60)
        elif number % 3 == 1:
            sched.schedule(name, start_in=(2027, 1, 1, 0, 0, number % 60))
        else:
            sched.schedule(name, repeat="%d 6 1 * *" % (number % 60))
        sched.group()[name]["last"] = now - 100_000 * number
        # A hundred tasks of their own leave a board too little memory for this test
        ctl.group().tasks[name] = record
    rows = []

    def count(*texts):
        rows.append(None)

    # Loads what is loaded at first use
    printed(sched.status_sc)
    real = builtins.print
    builtins.print = count
    kept = None
    rows.extend([None] * 200)
    del rows[:]
    small = sys.maxsize < 1 << 40
    gc.collect()
    try:
        kept = fill(6144 if small else 12288)
        sched.status_sc()
    finally:
        builtins.print = real
        del kept
        gc.collect()
    # The header, and that no loop runs
    eq(len(rows), 102)
