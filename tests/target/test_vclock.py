# Proves the virtual clock that other target tests stand on.
# MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

import asyncio
import time

from harness import eq, raises

NEEDS = {"test_float_time": "floats of 64 bits"}

HOUR = 3_600_000
MONDAY = (2024, 1, 1, 0, 0, 0)  # what install() sets the RTC to


def fresh(**options):
    vclock.install(**options)
    return []


def test_time_stands_still_by_itself():
    fresh(ticks=77)
    t0 = time.time_ns()
    for _ in range(1000):
        pass
    eq((vclock.now(), time.ticks_ms(), time.ticks_us()), (0, 77, 77000))
    eq(time.time_ns(), t0)
    eq(time.localtime()[:6], MONDAY)


def test_modules_get_virtual_time():
    import utime

    assert utime is time
    from time import ticks_ms

    fresh()
    vclock.block(9)
    eq(ticks_ms(), 9)
    for name in ("ticks_cpu", "gmtime", "mktime", "sleep", "sleep_ms", "sleep_us", "time_ns"):
        assert hasattr(time, name), name


def test_order_of_sleepers():
    log = fresh()

    async def sleeper(name, ms):
        await asyncio.sleep_ms(ms)
        log.append((name, vclock.now()))

    async def main():
        await asyncio.gather(sleeper("c", 300), sleeper("a", 100), sleeper("b", 200))
        await asyncio.sleep(2)

    vclock.run(main())
    eq(log, [("a", 100), ("b", 200), ("c", 300)])
    eq(vclock.now(), 2300)
    eq(vclock.wakes, 4)


def test_same_moment_runs_in_order_of_queueing():
    # As on a real clock: what create_task, an Event and a sleep queue at one moment is one queue.
    log = fresh()
    event = asyncio.Event()

    async def say(name):
        log.append(name)

    async def wait(name):
        await event.wait()
        log.append(name)

    async def at(ms, name):
        await asyncio.sleep_ms(ms)
        log.append(name)
        event.set()

    async def main():
        asyncio.create_task(wait("event"))
        asyncio.create_task(at(10, "first"))
        asyncio.create_task(at(10, "second"))
        asyncio.create_task(say("task"))
        await asyncio.sleep_ms(0)
        log.append("main")
        await asyncio.sleep_ms(20)

    vclock.run(main())
    eq(log, ["task", "main", "first", "second", "event"])


def test_ping_pong_does_not_starve_a_due_task():
    log = fresh()
    events = [asyncio.Event(), asyncio.Event()]

    async def player(mine, other):
        while len(log) == 0:
            events[other].set()
            await events[mine].wait()
            events[mine].clear()

    async def main():
        for i in (0, 1):
            asyncio.create_task(player(i, 1 - i))
        await asyncio.sleep_ms(0)
        await asyncio.sleep_ms(0)
        log.append("main")

    vclock.run(main())
    eq(vclock.now(), 0)


def test_year():
    fresh()

    async def main():
        n = 0
        while n < 366 * 24:
            await asyncio.sleep(3600)
            n += 1

    vclock.run(main())
    eq(time.localtime()[:6], (2025, 1, 1, 0, 0, 0))
    eq(vclock.wakes, 366 * 24)


def test_ticks_wrap_like_a_board():
    top = 1 << 30
    fresh(ticks=top - 1000)
    start = time.ticks_ms()
    eq(start, top - 1000)

    async def main():
        await asyncio.sleep(3)

    vclock.run(main())
    eq(time.ticks_ms(), 2000)
    eq(time.ticks_diff(time.ticks_ms(), start), 3000)
    eq(time.ticks_diff(start, time.ticks_ms()), -3000)
    eq(time.ticks_add(start, 1000), 0)
    eq(time.ticks_add(0, -1), top - 1)
    eq(time.ticks_diff(0, top // 2), -top // 2)
    eq(time.ticks_diff(0, top // 2 + 1), top // 2 - 1)


def test_too_long_a_tick_interval_is_an_error():
    fresh()
    half = 1 << 29
    for delta in (half, -half):
        raises(OverflowError, time.ticks_add, 0, delta)
    eq(time.ticks_add(0, half - 1), half - 1)
    raises(OverflowError, asyncio.sleep_ms, half)
    raises(TypeError, asyncio.sleep_ms, 1.5)


def test_sleeps_past_many_wraps():
    fresh()

    async def main():
        for _ in range(100):
            await asyncio.sleep_ms((1 << 29) - 1)

    vclock.run(main())
    eq(vclock.now(), 100 * ((1 << 29) - 1))
    eq(time.ticks_ms(), vclock.now() & ((1 << 30) - 1))


def test_order_after_many_wraps():
    # A board's ticks are taken back again and again meanwhile
    log = fresh()

    async def sleeper(name, ms):
        for _ in range(50):
            await asyncio.sleep_ms(24 * HOUR)
        await asyncio.sleep_ms(ms)
        log.append(name)

    async def tick():
        while True:
            await asyncio.sleep_ms(HOUR)

    async def main():
        asyncio.create_task(tick())
        await asyncio.gather(sleeper("c", 2), sleeper("a", 0), sleeper("b", 0))

    vclock.run(main())
    eq(log, ["a", "b", "c"])
    eq(vclock.now(), 50 * 24 * HOUR + 2)


def test_overdue_for_weeks():
    log = fresh()

    async def sleeper(name, ms):
        await asyncio.sleep_ms(ms)
        log.append(name)

    async def main():
        for name in ("d", "b", "a", "c"):
            asyncio.create_task(sleeper(name, ord(name)))
        await asyncio.sleep_ms(0)
        vclock.block(ord("b"))
        vclock.block(30 * 24 * HOUR)
        await asyncio.sleep_ms(1)

    vclock.run(main())
    eq(log, ["a", "b", "c", "d"])


def test_short_period():
    fresh(wrap=1 << 16, ticks=65_000)
    vclock.block(1000)
    eq(time.ticks_ms(), 464)
    eq(time.ticks_diff(464, 65_000), 1000)


def test_step_moves_the_rtc_only():
    fresh(ticks=5)
    t0 = time.time()
    vclock.step(26 * 365 * 86400)
    eq(time.time() - t0, 26 * 365 * 86400)
    eq((vclock.now(), time.ticks_ms()), (0, 5))
    vclock.step(-26 * 365 * 86400)
    vclock.step(-0.5)
    eq(time.time() - t0, -1)
    vclock.block(500)
    eq(time.time() - t0, 0)


def test_step_does_not_move_sleepers():
    fresh()

    async def main():
        asyncio.get_event_loop().create_task(stepper())
        await asyncio.sleep(10)
        return vclock.now()

    async def stepper():
        await asyncio.sleep(5)
        vclock.step(3600)

    eq(vclock.run(main()), 10_000)
    eq(time.localtime()[:6], (2024, 1, 1, 1, 0, 10))


def test_past_2038():
    # Where the port's own seconds end
    for date in ((2038, 2, 28, 23, 59, 58), (2060, 2, 28, 23, 59, 58)):
        fresh(epoch=date)
        eq(time.localtime()[:6], date)
        vclock.block(2000)
        eq(time.gmtime()[1:6], (2, 29, 0, 0, 0) if date[0] == 2060 else (3, 1, 0, 0, 0))
        vclock.set_rtc((2024, 2, 28, 23, 59, 58))
        vclock.step(36 * 365 * 86400 + 9 * 86400)
        eq(time.localtime()[:7], (2060, 2, 28, 23, 59, 58, 5))


def test_set_rtc():
    fresh(epoch=(2000, 1, 1, 0, 0, 0))
    eq(time.localtime()[:6], (2000, 1, 1, 0, 0, 0))
    vclock.block(1234)
    vclock.set_rtc((2024, 2, 28, 23, 59, 59))
    t0 = time.time()
    eq(t0, time.mktime((2024, 2, 28, 23, 59, 59, 0, 0)))
    vclock.block(999)
    eq(time.time(), t0)
    vclock.block(1)
    eq(time.gmtime()[:6], (2024, 2, 29, 0, 0, 0))
    vclock.set_rtc(t0)
    eq(time.time(), t0)
    eq(time.localtime(t0), time.localtime())


def test_float_time():
    fresh(float_time=True)
    vclock.block(250)
    eq(time.time() % 1, 0.25)
    eq(time.time_ns() % 1_000_000_000, 250_000_000)
    fresh()
    assert isinstance(time.time(), int)


def test_sleep_functions():
    fresh()
    time.sleep(1)
    time.sleep(0.5)
    time.sleep_ms(20)
    time.sleep_us(1700)
    eq((vclock.now(), time.ticks_us()), (1521, 1_521_700))
    time.sleep_us(300)
    eq(vclock.now(), 1522)
    time.sleep_ms(-5)
    eq(vclock.now(), 1522)
    eq(vclock.wakes, 0)


def test_block_makes_others_late():
    log = fresh()

    async def other():
        for _ in range(2):
            await asyncio.sleep_ms(100)
            log.append(vclock.now())

    async def main():
        asyncio.create_task(other())
        await asyncio.sleep_ms(50)
        vclock.block(1000)
        await asyncio.sleep_ms(500)

    vclock.run(main())
    eq(log, [1050, 1150])


def test_created_before_a_block_runs_before_what_got_due_in_it():
    log = fresh()

    async def say(name, ms):
        if ms:
            await asyncio.sleep_ms(ms)
        log.append(name)

    async def main():
        asyncio.create_task(say("due", 50))
        await asyncio.sleep_ms(10)
        asyncio.create_task(say("created", 0))
        vclock.block(1000)
        await asyncio.sleep_ms(10)

    vclock.run(main())
    eq(log, ["created", "due"])


def test_event_wakes_at_once():
    log = fresh()
    event = asyncio.Event()

    async def waiter():
        await event.wait()
        log.append(vclock.now())

    async def main():
        asyncio.create_task(waiter())
        await asyncio.sleep(3600)
        event.set()
        await asyncio.sleep_ms(1)
        event.clear()
        asyncio.create_task(waiter())
        await asyncio.sleep(3600)
        event.set()
        await asyncio.sleep(3600)

    vclock.run(main())
    eq(log, [HOUR, 2 * HOUR + 1])


def test_lock():
    log = fresh()
    lock = asyncio.Lock()

    async def worker(name):
        async with lock:
            await asyncio.sleep_ms(100)
            log.append((name, vclock.now()))

    async def main():
        await asyncio.gather(worker("a"), worker("b"))

    vclock.run(main())
    eq(log, [("a", 100), ("b", 200)])


def test_wait_for():
    log = fresh()

    async def forever():
        await asyncio.Event().wait()

    async def quick():
        await asyncio.sleep_ms(30)
        return 42

    async def main():
        try:
            await asyncio.wait_for(forever(), 86400)
        except asyncio.TimeoutError:
            log.append(vclock.now())
        eq(await asyncio.wait_for(quick(), 86400), 42)
        eq(await asyncio.wait_for_ms(quick(), 86400), 42)
        log.append(vclock.now())

    vclock.run(main())
    eq(log, [24 * HOUR, 24 * HOUR + 60])


def test_cancel():
    log = fresh()
    event = asyncio.Event()

    async def victim(name, coro):
        try:
            await coro
        except asyncio.CancelledError:
            log.append((name, vclock.now()))
            raise

    async def sleep():
        await asyncio.sleep(3600)

    async def main():
        tasks = [
            asyncio.create_task(victim("asleep", sleep())),
            asyncio.create_task(victim("waiting", event.wait())),
        ]
        await asyncio.sleep(5)
        for task in tasks:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
        # One that is due at this very moment, and one that was never started
        due = asyncio.create_task(victim("due", sleep()))
        await asyncio.sleep_ms(0)
        vclock.block(HOUR)
        due.cancel()
        unborn = asyncio.create_task(victim("unborn", sleep()))
        unborn.cancel()
        await asyncio.sleep_ms(0)
        assert due.done() and unborn.done()

    vclock.run(main())
    eq(log, [("asleep", 5000), ("waiting", 5000), ("due", 5000 + HOUR)])


def test_exception_in_a_task():
    fresh()

    async def bad():
        await asyncio.sleep_ms(10)
        raise ValueError("bad")

    async def main():
        task = asyncio.create_task(bad())
        try:
            await task
        except ValueError as exc:
            return str(exc), vclock.now()

    eq(vclock.run(main()), ("bad", 10))
    raises(ValueError, vclock.run, bad())


def test_run_until():
    log = fresh()

    async def tick():
        while True:
            log.append(vclock.now())
            await asyncio.sleep(1)

    async def wait():
        await asyncio.Event().wait()

    eq(vclock.run(tick(), until_ms=3000), None)
    eq(log, [0, 1000, 2000, 3000])
    eq(vclock.now(), 3000)
    # Dropped for good; and with nothing left to do the clock still gets there.
    vclock.run(wait(), until_ms=7500)
    eq((vclock.now(), len(log)), (7500, 4))


def test_deadlock():
    fresh()

    async def main():
        await asyncio.sleep(1)
        await asyncio.Event().wait()

    raises(vclock.Deadlock, vclock.run, main())
    eq(vclock.now(), 1000)


def test_spinning():
    fresh()

    async def main():
        while True:
            await asyncio.sleep_ms(0)

    vclock.spin_limit = 1000
    raises(vclock.Deadlock, vclock.run, main())
    vclock.spin_limit = 100_000


def test_thread_safe_flag():
    # It is polled as a stream, by the real poll.
    log = fresh()
    flag = asyncio.ThreadSafeFlag()

    async def waiter():
        await flag.wait()
        log.append(vclock.now())

    async def main():
        task = asyncio.create_task(waiter())
        await asyncio.sleep(60)
        flag.set()
        await task
        await asyncio.sleep(1)

    vclock.run(main())
    eq(log, [60_000])
    eq(vclock.now(), 61_000)


def test_sleeping_allocates_nothing():
    # So that benchmarks can measure the heap on virtual time.
    import gc

    fresh()

    async def main():
        await asyncio.sleep(1)
        gc.collect()
        gc.disable()
        used = gc.mem_alloc()
        for _ in range(100):
            await asyncio.sleep_ms(1000)
        used = gc.mem_alloc() - used
        gc.enable()
        return used

    eq(vclock.run(main()), 0)


def test_later_event_loops():
    fresh()

    async def main():
        await asyncio.sleep(1000)

    for _ in range(3):
        asyncio.run(main())
        asyncio.new_event_loop()
    eq(vclock.now(), 3_000_000)
