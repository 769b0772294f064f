# A few short tests in real time, on the unix port: phases, pauses, and an RTC stepped by faketime.
# MIT license; Copyright (c) 2026 the aioschedule authors

import re
from pathlib import Path

import pytest

# Prints what it runs: the ms since right before the loop was added, and the date. It looks at the
# clock every 10 ms, and prints what keeps it from that for longer: a pause, from and to.
PROGRAM = """
import aioctl, aioschedule, asyncio, time

t0 = seen = time.ticks_ms()
ran = {}

async def note(name):
    ms = time.ticks_diff(time.ticks_ms(), t0)
    print(name, ms, "%%04d-%%02d-%%02d" %% time.localtime()[:3])
    ran[name] = ran.get(name, 0) + 1

def job(name, **options):
    aioctl.add(note, name, name=name)
    aioschedule.schedule(name, **options)

async def until(name, count):
    global seen
    while ran.get(name, 0) < count:
        await asyncio.sleep_ms(10)
        now = time.ticks_ms()
        if time.ticks_diff(now, seen) > 15:
            print("pause", time.ticks_diff(seen, t0), time.ticks_diff(now, t0))
        seen = now

async def main():
    global seen, t0
    %s
    t0 = seen = time.ticks_ms()
    aioctl.add(aioschedule.schedule_loop)
    %s

asyncio.run(main())
"""

# Debian's package libfaketime, which faketime depends on
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def output(done):
    """What a program printed that ended well, and of which the scheduler had nothing to tell."""
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^\[", done.stdout, re.MULTILINE), done.stdout
    return done.stdout


def runs(text):
    """[(name, ms, year), ...] of a program's output."""
    found = re.findall(r"^(\w+) (\d+) (\d+)-\d+-\d+$", text, re.MULTILINE)
    return [(name, int(ms), int(year)) for name, ms, year in found]


def pauses(text, since, until):
    """The ms of the pauses that have a part in this time."""
    found = re.findall(r"^pause (\d+) (\d+)$", text, re.MULTILINE)
    return sum(int(b) - int(a) for a, b in found if int(b) >= since and int(a) <= until)


def skipped(text, name, first, period):
    """How many phases have no run, for which there must have been a pause. The others have one run
    each, never early, and without a pause no more than 50 ms late."""
    count = 0
    before = first - period
    for other, ms, _ in runs(text):
        if other == name:
            # The last one that has come: one that is early would be taken for the one before
            phase = ms - (ms - first) % period
            gone = phase - before - period
            assert gone >= 0 and gone % period == 0, text
            paused = pauses(text, before, ms)
            assert 0 <= ms - phase <= 50 + paused, text
            # What comes right after a short pause adds to it
            assert gone <= 3 * paused, text
            count += gone // period
            before = phase
    assert before >= first, text
    return count


def test_eight_runs(run_mpy):
    """start_in=1, repeat=2: never early, never more than 50 ms late, and no drift."""
    code = PROGRAM % ('job("a", start_in=1, repeat=2)', 'await until("a", 8)')
    skipped(output(run_mpy(code)), "a", 1000, 2000)


def test_sub_second_runs(run_mpy):
    """A period of 50 ms for three seconds."""
    code = PROGRAM % ('job("a", repeat=0.05)', 'await until("a", 60)')
    skipped(output(run_mpy(code)), "a", 50, 50)


def test_missed_runs_coalesce(run_mpy):
    """All that a pause makes a task miss is one run."""
    script = """
    await until("a", 10)
    time.sleep_ms(330)
    await until("a", 20)
    """
    code = PROGRAM % ('job("a", repeat=0.05)', script.strip())
    assert skipped(output(run_mpy(code)), "a", 50, 50) >= 5


def test_last_dt_is_the_time_of_last(run_mpy):
    """Also of runs at a full second, when localtime() may still show the one before."""
    job = 'job("a", start_in=time.localtime(time.time() + 1), repeat=1)'
    look = """
    for n in range(3):
        await until("a", n + 1)
        e = aioschedule.group()["a"]
        print(e["last_dt"] == time.localtime(e["last"]), e["last_dt"])
    """
    text = output(run_mpy(PROGRAM % (job, look.strip())))
    assert text.count("True (") == 3, text


@pytest.mark.skipif(not FAKETIME, reason="Debian's package faketime is not installed")
def test_stepped_rtc(run_mpy, tmp_path):
    """The clock of the process goes forward by 26 years and back again: seconds do not notice,
    what waits for the wall clock does within a second."""
    jobs = """
    job("seconds", start_in=1, repeat=1)
    job("wall", start_in=time.localtime(time.time() + 9000 * 86400))
    job("later", start_in=time.localtime(time.time() + 10000 * 86400))
    """
    script = """
    await until("seconds", 2)
    with open("rtc", "w") as f:
        f.write("+9496d")
    await note("forward")
    await until("seconds", 5)
    with open("rtc", "w") as f:
        f.write("+0d")
    await note("back")
    await until("seconds", 7)
    """
    rtc = tmp_path / "rtc"
    rtc.write_text("+0d")
    done = run_mpy(
        PROGRAM % (jobs.strip(), script.strip()),
        env={
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(rtc),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
        cwd=tmp_path,
    )
    text = output(done)
    skipped(text, "seconds", 1000, 1000)
    found = runs(text)
    names = [name for name, *_ in found]
    forward, back = names.index("forward"), names.index("back")
    year = found[0][2]
    for i, (_, _, y) in enumerate(found):
        assert y - year in ((25, 26) if forward <= i < back else (0,)), text
    assert names.count("wall") == 1 and forward < names.index("wall") < back, text
    begin, end = found[forward][1], found[names.index("wall")][1]
    assert end - begin <= 1050 + pauses(text, begin - 1000, end), text
    assert "later" not in names
