# Proves promise 10, "state on flash is never half", line by line: which of two files counts, what
# a line may hold, and what each kind of entry does after a reset.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys
import vclock

vclock.install()

import builtins
import gc
import json
import os

import afresh
import flash

from afresh import add, modules, run, secs
from harness import Skip, eq, raises
from programs import printed

TIMEOUT = 300

NOON = (2024, 5, 1, 12, 0, 0)
UNSET = (2000, 1, 1, 0, 0, 0)
PATH = "saved_test.json"
BESIDE = PATH + "-"

UNIX_ONLY = {
    "test_wrong_values": "takes minutes on a board",
    "test_names_and_numbers": "takes minutes on a board",
}


def fresh(epoch=NOON, **options):
    global aioctl, aioschedule, time, log
    aioctl, aioschedule, time = modules(epoch, **options)
    log = afresh.Log()
    aioschedule.set_log(log)


def later(seconds, base=NOON):
    return afresh.later(seconds, base)


def first_life(seconds, *steps, **schedules):
    """Runs these for so many seconds from NOON on, and saves."""
    fresh()
    for name in schedules:
        add(name, **schedules[name])
    run(seconds + 0.5, *steps, (seconds, lambda: aioschedule.save(PATH)))


def read(path=PATH):
    with open(path, "rb") as f:
        return f.read()


def write(data, path=PATH):
    with open(path, "wb") as f:
        f.write(data)


def remove(*paths):
    for path in paths:
        try:
            os.remove(path)
        except OSError:
            pass


# The one place that knows the format of a file: checksums, and JSON behind them


def lines_of(data):
    return [line[9:] for line in data.split(b"\n")[:-1]]


def file_of(lines):
    data = b""
    checksum = 0
    for line in lines:
        checksum = (int.from_bytes(line, "big") + checksum) % 1073741789
        data += b"%08x " % checksum + line + b"\n"
    return data


def test_helper_knows_the_format():
    """What the tests below write is what save() writes."""
    first_life(10, a={"repeat": 4}, b={"repeat": "0 7 * * *"})
    data = read()
    eq(file_of(lines_of(data)), data)
    eq(len(lines_of(data)), 4)
    remove(PATH)


# Which file counts


def two_files():
    """The file of an entry "old" and that of an entry "new"."""
    files = []
    for name in "old", "new":
        fresh()
        aioschedule.schedule(name, repeat=60)
        aioschedule.save(PATH)
        files.append(read())
    remove(PATH, BESIDE)
    fresh()
    return files


def test_which_file_counts():
    """The file itself; where it is not there, a whole one beside it. The error names the file."""
    old, new = two_files()
    damaged = new[:20] + b"x" + new[21:]
    for file, beside, want in (
        (old, new, "old"),
        (old, damaged, "old"),
        (old, new[:50], "old"),
        (None, new, "new"),
        (None, new[:50], OSError),
        (None, new[: new.index(b"\n") + 1], OSError),
        (None, b"", OSError),
        (None, None, OSError),
        (None, damaged, BESIDE + ":"),
        (old[:50], new, PATH + ":"),
        (damaged, new, PATH + ":"),
        (b"", None, PATH + ":"),
    ):
        remove(PATH, BESIDE)
        if file is not None:
            write(file)
        if beside is not None:
            write(beside, BESIDE)
        fresh()
        if want is OSError:
            error = raises(OSError, aioschedule.load, PATH)
            eq((error.errno, PATH in str(error)), (2, True))
        elif ":" in want:
            error = raises(ValueError, aioschedule.load, PATH)
            assert want in str(error), (want, error)
        else:
            eq(aioschedule.load(PATH), [want])
        # And save() finds its way from each of them
        aioschedule.schedule("next", repeat=5)
        aioschedule.save(PATH)
        fresh()
        assert "next" in aioschedule.load(PATH)
        raises(OSError, read, BESIDE)
    remove(PATH)


def cut_again(kind, blocks, torn):
    # As a reset within FAT's rename() leaves it: the file is gone, the new one is beside. Then the
    # power goes at each write of the next save()
    _, new = two_files()
    blank = flash.blank(kind, blocks)
    flash.mount(kind, blank)
    write(new, "/ram/x-")
    flash.umount()
    aioschedule.schedule("next", repeat=60)
    cut = 0
    found = set()
    whole = False
    while not whole:
        ram = flash.Flash(blank.data, cut, torn)
        flash.mount(kind, ram)
        try:
            aioschedule.save("/ram/x")
            whole = True
        except OSError as exc:
            assert "/ram/x" in str(exc), exc
        flash.umount()
        gc.collect()
        ram.left = None
        flash.mount(kind, ram)
        aioschedule.reset()
        [name] = aioschedule.load("/ram/x")
        flash.umount()
        found.add(name)
        aioschedule.reset()
        aioschedule.schedule("next", repeat=60)
        cut += 1
    eq(found, {"new", "next"})
    assert cut > 5, cut


def test_power_cut_after_a_reset_within_rename():
    """Where the new file is all that there is, the next save() does not write over it."""
    cut_again("VfsFat", 50, False)
    cut_again("VfsFat", 50, True)


def test_power_cut_after_a_reset_within_rename_on_littlefs():
    """The same on littlefs."""
    cut_again("VfsLfs2", 24, False)


class Windows:
    # The module os of a system whose rename() does not replace
    def __getattr__(self, name):
        return getattr(os, name)

    def rename(self, old, new):
        if new in os.listdir():
            raise OSError(17)
        os.rename(old, new)


class Platform:
    platform = "win32"


def test_rename_that_does_not_replace():
    """On Windows the old file is removed first."""
    fresh()
    aioschedule.schedule("a", repeat=5)
    aioschedule.save(PATH)
    module = sys.modules["aioschedule_state"]
    module.os = Windows()
    error = raises(OSError, aioschedule.save, PATH)
    eq((error.errno, PATH in str(error)), (17, True))
    module.sys = Platform
    aioschedule.schedule("b", repeat=5)
    aioschedule.save(PATH)
    remove(BESIDE)
    fresh()
    eq(aioschedule.load(PATH), ["a", "b"])
    remove(PATH)


class Open:
    # open(), for files that lose or change what is written to them
    def __init__(self, spoil):
        self.spoil = spoil
        self.open = builtins.open

    def __enter__(self):
        builtins.open = self

    def __exit__(self, *exc):
        builtins.open = self.open

    def __call__(self, path, mode="r"):
        file = self.open(path, mode)
        return Spoilt(file, self.spoil) if "w" in mode else file


class Spoilt:
    def __init__(self, file, spoil):
        self.file = file
        self.spoil = spoil

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.file.close()

    def write(self, data):
        self.file.write(self.spoil(data))


def test_what_was_written_is_read_again():
    """A flash that has worn out: OSError, and the old file stays."""
    fresh()
    aioschedule.schedule("old", repeat=5)
    aioschedule.save(PATH)
    aioschedule.schedule("more", repeat=5)
    for spoil in (
        lambda data: data.replace(b"more", b"lore"),
        lambda data: b"" if b"more" in data else data,
        lambda data: data[:-1],
        lambda data: data + data,
    ):
        with Open(spoil):
            error = raises(OSError, aioschedule.save, PATH)
        assert PATH in str(error), error
        raises(OSError, read, BESIDE)
    aioschedule.reset()
    eq(aioschedule.load(PATH), ["old"])
    remove(PATH)


def full(data):
    if b"more" in data:
        raise OSError(28)
    return data


def no_memory(data):
    if b"more" in data:
        raise MemoryError
    return data


def test_error_while_it_is_written():
    """No room, no memory: the error comes through, the old file stays, the new one is removed."""
    fresh()
    aioschedule.schedule("old", repeat=5)
    aioschedule.save(PATH)
    aioschedule.schedule("more", repeat=5)
    with Open(full):
        error = raises(OSError, aioschedule.save, PATH)
        eq((error.errno, PATH in str(error)), (28, True))
    with Open(no_memory):
        raises(MemoryError, aioschedule.save, PATH)
    raises(OSError, read, BESIDE)
    aioschedule.reset()
    eq(aioschedule.load(PATH), ["old"])
    remove(PATH)


# What a line may hold


def kinds():
    # One entry of each kind, some of which have run
    fresh()
    add("good", start_in=0.5, repeat=1)
    add("seconds", repeat=30, times=9, until=900, jitter=2.5, timeout=3)
    add("once", start_in=500)
    add("done", start_in=1)
    add("rule", repeat="*/5 * * * *", until=(2025, 1, 1, 0, 0, 0), jitter=1)
    add("asked", repeat="*/5 * * * *", start_in=400)
    add("date", start_in=later(200))
    add("phase", start_in=later(50), repeat=200)
    add("over", start_in=later(50), repeat=200, until=later(60))
    add("ended", start_in=50, repeat=200, until=60)
    add("stopped", repeat=40)
    run(100.5, (90, lambda: aioctl.stop("stopped")), (100, lambda: aioschedule.save(PATH)))
    return lines_of(read())


VALUES = (b"null", b"true", b"-1", b"0", b"2", b"5.5", b"1e999", b"[]", b"{}", b'"ab"', b"9" * 60)


def spans(text):
    # Where the numbers, words and strings of a line are
    start = None
    for i, c in enumerate(text + b" "):
        if c in b'0123456789.-+aeflnrstu"':
            start = i if start is None else start
        elif start is not None:
            yield start, i
            start = None


def wrong_lines(line):
    for start, end in spans(line):
        for value in VALUES:
            yield line[:start] + value + line[end:]
    value = json.loads(line)
    if isinstance(value, dict):
        for key in list(value):
            less = dict(value)
            del less[key]
            yield json.dumps(less).encode()
        state = value["state"]
        for clock in range(-1, 6):
            state[3] = clock
            yield json.dumps(value).encode()
        state = value["state"] = json.loads(line)["state"]
        for i in range(len(state)):
            value["state"] = state[:i] + state[i + 1 :]
            yield json.dumps(value).encode()


def check_wrong(data, what):
    fresh(later(130))
    write(data)
    add("own", start_in=0.25, repeat=1)
    try:
        aioschedule.load(PATH)
    except ValueError as exc:
        assert PATH in str(exc), (what, exc)
        eq((what, list(aioschedule.group())), (what, ["own"]))
        return True
    return False


def test_wrong_values():
    """load() refuses them and changes nothing, or what it takes runs and disturbs no other."""
    lines = kinds()
    refused = taken = 0
    for i, line in enumerate(lines):
        for wrong in wrong_lines(line):
            if check_wrong(file_of(lines[:i] + [wrong] + lines[i + 1 :]), wrong):
                refused += 1
                continue
            taken += 1
            for name in list(aioschedule.group()):
                if name != "own":
                    add(name)
            own = aioctl.group().tasks["own"]
            run(3.4)
            assert own.since - time.time() in (0, -1), (wrong, own.since)
            # null is a callable, which the program lacks
            lines_left = [line for line in log.lines if "not loaded" not in line]
            eq((wrong, lines_left), (wrong, []))
            # What was taken can be saved, and all of it is taken again
            names = sorted(aioschedule.group())
            log.lines.clear()
            aioschedule.save(PATH)
            eq((wrong, log.lines), (wrong, []))
            fresh(later(134))
            aioschedule.load(PATH)
            eq((wrong, set(names) - set(aioschedule.group())), (wrong, set()))
    print("refused", refused, "taken", taken)
    assert refused > 500, refused
    remove(PATH)


def test_lines_that_do_not_belong_together():
    """Another number of entries; a later version; lines in the wrong places."""
    lines = kinds()
    head, some, last = lines[0], lines[1:-1], lines[-1]
    count = len(some)
    for wrong in (
        [head] + some + [b"%d" % (count + 1)],
        [head] + some + [b"%d" % (count - 1)],
        [head] + some,
        some + [last],
        [head, last],
        [head.replace(b" 1", b" 2")] + some + [last],
        [head, head] + some + [b"%d" % (count + 1)],
        [b"[]"] + some + [last],
        [last],
        [b"-1"],
    ):
        assert check_wrong(file_of(wrong), wrong), wrong
    write(file_of([head, b"0"]))
    fresh()
    eq(aioschedule.load(PATH), [])
    remove(PATH)


def test_line_of_an_older_file():
    """A block of the flash that still holds lines of before, each of them whole."""
    files = []
    for seconds in 110.25, 111.25:
        first_life(seconds, a={"repeat": 4}, b={"repeat": 5}, c={"repeat": 6})
        files.append(read().split(b"\n"))
    old, new = files
    eq([len(line) for line in old], [len(line) for line in new])
    for i in range(len(old) - 1):
        assert old[i] != new[i]
        assert check_wrong(b"\n".join(new[:i] + [old[i]] + new[i + 1 :]), i), i
    remove(PATH)


def test_names_and_numbers():
    """Names in any letters and with any marks; numbers come back as they were."""
    names = ("ä ö \u20ac", 'quote " and \\', "two\nlines", "a b", "", "{}", "x" * 300)
    for name in names:
        for repeat in (0.001, 0.1, 1.5, 3, 86400, 1e6, 2**29):
            fresh()
            aioschedule.schedule(name, start_in=1, repeat=repeat, jitter=0.25)
            aioschedule.save(PATH)
            before = dict(aioschedule.group()[name])
            aioschedule.reset()
            eq(aioschedule.load(PATH), [name])
            eq(aioschedule.group()[name], before)
            eq(log.lines, [])
    remove(PATH)


def test_entry_too_long_for_a_line():
    """It is logged and left out: what is read has an end."""
    fresh()
    aioschedule.schedule("x" * 500, repeat=5)
    aioschedule.schedule("good", repeat=5)
    aioschedule.save(PATH)
    assert len(log.lines) == 1 and "xxx" in log.lines[0], log.lines
    fresh()
    eq(aioschedule.load(PATH), ["good"])
    remove(PATH)


def test_entry_taken_apart():
    """save() says so under its name and keeps the others."""
    for key, value in (
        ("repeat", "junk"),
        ("repeat", None),
        ("until", (2024, 13, 1, 0, 0, 0)),
        ("times", -3),
        ("jitter", "much"),
        ("last_dt", "today"),
        ("state", None),
        ("state", (1, 2, 3)),
    ):
        fresh()
        add("a", repeat=5, until=900)
        add("good", repeat=5)
        run(6)
        aioschedule.save(PATH)
        entry = aioschedule.group()["a"]
        entry[key] = value
        if key == "state":
            # Then it is read anew, and this cannot be read
            entry["jitter"] = "junk"
        aioschedule.save(PATH)
        assert any("[a]" in line for line in log.lines), (key, value, log.lines)
        assert not any("[good]" in line for line in log.lines), log.lines
        fresh()
        eq(aioschedule.load(PATH), ["good"])
    remove(PATH)


def test_size_of_a_file():
    """100 entries take at most 20 KB, also those with every option."""
    fresh()
    for i in range(50):
        add("task number %d" % i, repeat=30 + i, times=999, until=9e6, jitter=1.5, timeout=10)
        aioschedule.schedule("rule number %d" % i, repeat="*/5 8-17 * * mon-fri")
    run(100)
    aioschedule.save(PATH)
    with open(PATH, "rb") as f:
        eq(sum(1 for line in f), 102)
    size = os.stat(PATH)[6]
    assert size <= 20 * 1024, size
    remove(PATH)


# Clocks


def test_due_before_the_clock_begins():
    """What was due before the loop starts has an instant below 0: it runs once, and in phase."""
    first_life(100, a={"repeat": 7}, b={"start_in": 150}, c={"start_in": 1, "repeat": 1000})
    # a is due at 105 and so on, c at 1001
    for asleep in (50, 1000, 100_000_000):
        fresh(later(100 + asleep))
        eq(aioschedule.load(PATH), ["a", "b", "c"])
        a, b, c = add("a"), add("b"), add("c")
        eq(aioschedule.idle_ms(), 0)
        for name in "abc":
            assert printed(aioschedule.status_sc, name)
        assert printed(aioschedule.status_sc_all)
        run(20)
        first = (-(100 + asleep)) % 7 or 7
        eq(secs(a)[:3], [0, first, first + 7])
        eq(secs(b), [0])
        first = (1 - (100 + asleep)) % 1000 or 1000
        eq(secs(c), [0] * (asleep > 900) + [first] * (first <= 20))
    remove(PATH)


def test_saved_and_loaded_while_overdue():
    """However often that happens before its task comes: one run, and the old phase."""
    first_life(100, a={"repeat": 70})
    for seconds in (200, 300, 437):
        fresh(later(seconds))
        aioschedule.load(PATH)
        aioschedule.save(PATH)
    a = add("a")
    run(200)
    # 490 is the next multiple of 70
    eq(secs(a), [0, 53, 123, 193])
    remove(PATH)


def test_until_in_seconds_that_passed():
    """What was due by then runs, however late; what is due after it does not."""
    first_life(
        100,
        a={"repeat": 130, "until": 300},
        b={"repeat": 90, "until": 175},
        rule={"repeat": "4 12 * * *", "until": 300},
        late={"repeat": "6 12 * * *", "until": 300},
        date={"start_in": later(299), "repeat": 2, "until": 300},
    )
    for asleep in (1000, 7200):
        fresh(later(100 + asleep))
        aioschedule.load(PATH)
        runs = {name: add(name) for name in ("a", "b", "rule", "late", "date")}
        run(2000)
        got = {name: secs(ms) for name, ms in runs.items()}
        eq(got, {"a": [0], "b": [], "rule": [0], "late": [], "date": [0]})
    # Nor has it passed when the clock was lost
    fresh(UNSET)
    aioschedule.load(PATH)
    a = add("a")
    run(2000)
    eq(secs(a), [30, 160])
    remove(PATH)


def test_start_of_a_rule_that_came_asleep():
    """The first match from its start on runs, also if that was while the board was off."""
    first_life(100, a={"repeat": "10 12 * * *", "start_in": 300})
    for asleep, want in ((100, [400]), (300, [200]), (1000, [0]), (86400, [0, 500])):
        fresh(later(100 + asleep))
        aioschedule.load(PATH)
        a = add("a")
        run(600)
        eq((asleep, secs(a)), (asleep, want))
    remove(PATH)


def test_clock_unset_for_more_than_one_life():
    """What was missed runs once when the clock is set, however many lives later."""
    first_life(100, a={"repeat": "0 13 * * *"}, b={"start_in": later(3600)}, c={"repeat": 3600})
    # 100 s were up, 50 and 60 s are; asleep 500 s, during which this clock goes on
    for epoch in (UNSET, later(550, UNSET)):
        fresh(epoch)
        aioschedule.load(PATH)
        add("a")
        run(50.5, (50, lambda: aioschedule.save(PATH)))
    fresh(later(1200, UNSET))
    aioschedule.load(PATH)
    a, b, c = add("a"), add("b"), add("c")
    run(300, (60, lambda: vclock.set_rtc((2024, 5, 1, 18, 0, 0))))
    for runs in a, b:
        eq(len(runs), 1)
        assert 60_000 <= runs[0] <= 61_100, runs
    eq(c, [])
    remove(PATH)


def test_over_by_a_wrong_clock():
    """A clock that was years ahead when it was saved does not end an entry for good."""
    fresh()
    add("a", repeat="*/5 * * * *", until=(2025, 1, 1, 0, 0, 0))

    def ahead():
        vclock.set_rtc((2036, 1, 1, 0, 0, 0))

    run(400, (50, ahead), (390, lambda: aioschedule.save(PATH)))
    fresh(UNSET)
    aioschedule.load(PATH)
    a = add("a")
    run(1000, (10, lambda: vclock.set_rtc(NOON)))
    eq([ms // 1000 for ms in a], [310, 610, 910])
    remove(PATH)


def test_zone_that_is_set_after_load():
    """What was loaded keeps its time until the clock is set."""
    first_life(100, a={"repeat": "0 13 * * *"})
    fresh(UNSET)
    aioschedule.load(PATH)
    aioschedule.set_zone(lambda seconds: 0)
    a = add("a")
    run(400, (60, lambda: vclock.set_rtc((2024, 5, 1, 18, 0, 0))))
    eq(len(a), 1)
    assert 60_000 <= a[0] <= 61_100, a
    remove(PATH)


def test_last_run_of_a_task_that_saves():
    """A task that saves in its own run finds that run in the file."""
    fresh()

    async def body():
        aioschedule.save(PATH)

    aioctl.add(body, name="a")
    aioschedule.schedule("a", start_in=5, repeat=60)
    aioctl.stop("a", stop_sch=False)
    run(6)
    fresh(later(10))
    aioschedule.load(PATH)
    entry = aioschedule.group()["a"]
    eq(entry["start_in"], -1)
    eq(tuple(entry["last_dt"])[:6], later(5))
    remove(PATH)


# Rules that are callables


def quarter(after):
    return after // 900 * 900 + 900


def test_callable():
    """The rest of its entry is kept; the rule is the one that the program has scheduled."""
    fresh()
    add("a", repeat=quarter, times=3)
    add("b", repeat=60)
    run(1000)
    aioschedule.save(PATH)
    eq(log.lines, [])
    fresh(later(1000))
    a = add("a", repeat=quarter)
    eq(aioschedule.load(PATH), ["b"])
    eq(log.lines, [])
    run(4000)
    # It had three runs, one of which was at 900
    eq(secs(a), [800, 1700])
    # And of a stopped task
    fresh(later(1000))
    a = add("a", repeat=quarter)
    aioctl.stop("a")
    aioschedule.load(PATH)
    run(4000)
    eq(secs(a), [800, 1700])
    remove(PATH)


def test_callable_that_the_program_lacks():
    """It is logged and left out, the others are loaded, and what is scheduled stays."""
    fresh()
    add("a", repeat=quarter)
    add("b", repeat=60)
    run(1000)
    aioschedule.save(PATH)
    for options in (None, {"repeat": 50}):
        fresh(later(1000))
        a = add("a", **(options or {}))
        a.clear()
        add("b")
        eq(aioschedule.load(PATH), [])
        eq("a" in aioschedule.group(), bool(options))
        [line] = log.lines
        assert "[a]" in line, line
        run(60)
        eq([ms for ms in secs(a) if ms], [50] if options else [])
    remove(PATH)


# Stopped tasks


def stopped_life():
    first_life(100, (30, lambda: aioctl.stop("a")), a={"repeat": 40}, b={"repeat": 40})


def test_stopped_before_its_task_is_there():
    """It does not run when it is added; aioctl.start() gives the schedule back."""
    stopped_life()
    for steps in ((), ((60, lambda: aioctl.start("a")),)):
        fresh(later(110))
        eq(aioschedule.load(PATH), ["a", "b"])
        eq(aioschedule.idle_ms(), 10_000)
        a, b = add("a"), add("b")
        run(200, *steps)
        eq(secs(b), [10, 50, 90, 130, 170])
        # Overdue when it is started: once, at once
        eq(secs(a), [60, 90, 130, 170] if steps else [])
        eq("a" in aioschedule.group(), bool(steps))
    remove(PATH)


def test_stopped_and_added_while_the_loop_runs():
    """The same for a task that comes later."""
    stopped_life()
    fresh(later(110))
    aioschedule.load(PATH)
    late = []
    run(
        200,
        (20, lambda: late.append(add("a"))),
        (21, lambda: eq(list(aioschedule.group()), ["b"])),
        (100, lambda: aioctl.start("a")),
    )
    eq([ms // 1000 for ms in late[0]], [100, 130, 170])
    eq([line for line in log.lines if "[a]" in line], [])
    remove(PATH)


def test_stopped_stays_so_through_any_number_of_lives():
    """Saved again before its task is there, and after."""
    stopped_life()
    for tasks in ("", "b", "ab"):
        fresh(later(110))
        aioschedule.load(PATH)
        runs = [add(name) for name in tasks]
        run(3)
        eq(sum(runs, []), [])
        vclock.set_rtc(later(110))
        aioschedule.save(PATH)
    fresh(later(110))
    aioschedule.load(PATH)
    a = add("a")
    run(100, (15, lambda: aioctl.start("a")))
    eq(secs(a)[0], 15)
    remove(PATH)


def test_stopped_with_the_clock_unset():
    """Started before the clock is set, it waits for the time that it had."""
    first_life(100, (30, lambda: aioctl.stop("a")), a={"repeat": "0 13 * * *"})
    fresh(UNSET)
    aioschedule.load(PATH)
    a = add("a")
    steps = (20, lambda: aioctl.start("a")), (60, lambda: vclock.set_rtc((2024, 5, 1, 12, 59, 0)))
    run(400, *steps)
    eq(secs(a), [120])
    remove(PATH)


def test_stopped_and_forgotten():
    """unschedule() and schedule() take the place of what was loaded as stopped."""
    stopped_life()
    fresh(later(110))
    aioschedule.load(PATH)
    assert aioschedule.unschedule("a")
    aioschedule.save(PATH)
    eq(aioschedule.group().get("a"), None)
    fresh(later(110))
    eq(aioschedule.load(PATH), ["b"])
    stopped_life()
    fresh(later(110))
    aioschedule.load(PATH)
    aioschedule.schedule("a", start_in=3)
    a = add("a")
    run(60)
    eq(secs(a), [3])
    remove(PATH)


def test_stopped_over_one_that_is_scheduled():
    """The file says stopped, the program has scheduled it: it is stopped."""
    stopped_life()
    fresh(later(110))
    a = add("a", repeat=3)
    aioschedule.load(PATH)
    run(20)
    eq((a, list(aioschedule.group())), ([], ["b"]))
    remove(PATH)


# Memory


def test_memory_for_a_hundred_entries():
    """Of the heap, save() and load() need 6 KB at most beyond what the entries take."""
    if sys.maxsize > 1 << 31:
        raise Skip("the budget is for 32 bit")
    fresh()
    for i in range(100):
        aioschedule.schedule("task%d" % i, start_in=5 + i, repeat=60)
    # The module itself, and what the file system keeps
    aioschedule.save(PATH)
    aioschedule.load(PATH)
    gc.collect()
    before = gc.mem_alloc()
    aioschedule.reset()
    gc.collect()
    taken = before - gc.mem_alloc()
    with_room(taken + 6 * 1024, lambda: eq(len(aioschedule.load(PATH)), 100))
    with_room(6 * 1024, lambda: aioschedule.save(PATH))
    remove(PATH)


def with_room(size, function):
    # Runs it with so much memory left
    gc.collect()
    room = bytearray(size)
    blocks = []
    block = 4096
    while block > 16:
        try:
            blocks.append(bytearray(block))
        except MemoryError:
            block //= 2
    del room
    gc.collect()
    try:
        function()
    finally:
        blocks.clear()
        gc.collect()
