# Quickstart: tasks of every kind for 20 seconds, and a live table of them. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors

import asyncio
import sys
import time

import aioctl

import aioschedule

try:
    import aiorepl
except ImportError:
    aiorepl = None

SECONDS = 20
NEWS = 6

news = []


def say(text):
    line = "%02d:%02d:%02d " % time.localtime(time.time())[3:6] + text
    if screen:
        news.append(line)
        del news[:-NEWS]
    else:
        print(line)


################################################################################
# The tasks


# At once, then every 2 seconds
@aioschedule.schedule_task(start_in=0, repeat=2)
@aioctl.aiotask
async def blink():
    say("[blink] on")
    await asyncio.sleep_ms(500)
    say("[blink] off")


# After 5 seconds, then every 5 seconds, three times in all
@aioschedule.schedule_task(start_in=5, repeat=5, times=3)
@aioctl.aiotask
async def report(unit):
    say("[report] it is %d %s since the start" % (round(time.time() - started), unit))
    return int(time.time() - started)


# Once, at a time of day: main() says when
@aioctl.aiotask
async def alarm():
    say("[alarm] it is time")
    return "rung"


# Whenever the crontab rule says so: not within these 20 seconds, but the table knows when
@aioschedule.schedule_task(repeat="30 6 * * mon-fri")
@aioctl.aiotask
async def coffee():
    say("[coffee] ready")


# Not scheduled: it runs all the time, but fails now and then, and the watcher restarts it
@aioctl.aiotask
async def sensor():
    for i in range(3):
        await asyncio.sleep(1)
        say("[sensor] reading %d" % i)
    raise OSError("sensor does not answer")


# The prompt beside the tasks. Ctrl-D there drops the event loop: nothing would wake it again
async def repl():
    await aiorepl.task(prompt=">>> ")
    raise KeyboardInterrupt


class Log:
    # Where the scheduler, the watcher and aioctl report what goes wrong
    def error(self, text):
        say(text)


async def main():
    log = Log()
    aioctl.add(blink)
    aioctl.add(report, "s")
    aioctl.add(alarm)
    aioctl.add(coffee)
    aioctl.add(sensor, log=log)
    aioschedule.schedule("alarm", start_in=time.localtime(int(time.time()) + 8))
    aioctl.add(aioschedule.watcher_loop, log, sleep=2)
    aioctl.add(aioschedule.schedule_loop, log)

    if typing and aiorepl:
        aioctl.add(repl)
    # The scheduler begins
    await asyncio.sleep_ms(0)
    for i in range(SECONDS * 2):
        if screen:
            paint()
        elif i % 10 == 1:
            aioschedule.status_sc()
        await asyncio.sleep_ms(500)


################################################################################
# The screen: the table on top stays where it is, the rest scrolls below


def paint():
    room = HEIGHT - 2 - len(aioschedule.group())
    if room < 1:
        return
    # The cursor is saved and goes to the top, rows are blanked, to the top again
    write("\x1b7\x1b[H" + "\x1b[2K\n" * HEIGHT + "\x1b[H")
    aioschedule.status_sc()
    print("\n".join(news[-room:]))
    write("\x1b[%d;1H%s\x1b8" % (HEIGHT, "-" * 80))


HEIGHT = NEWS + 6
write = sys.stdout.write
started = time.time()
# A board's console is a terminal; on the unix port it may be a file
screen = typing = True
raw = None
try:
    import termios
except ImportError:
    pass
else:
    try:
        raw = termios.tcgetattr(0)
    except OSError:
        typing = False
    try:
        termios.tcgetattr(1)
    except OSError:
        screen = False

try:
    if screen:
        # Cleared, and what scrolls begins below the table
        write("\x1b[2J\x1b[%d;r\x1b[%d;1H" % (HEIGHT + 1, HEIGHT + 1))
    if typing and aiorepl:
        print("This ends in %d s; meanwhile try aioctl.status(), Ctrl-D to leave." % SECONDS)
        if raw:
            # Keys as they come, output as it was
            termios.setraw(0)
            mode = termios.tcgetattr(0)
            mode[1] = raw[1]
            termios.tcsetattr(0, 0, mode)
    elif typing:
        print(
            "For a prompt beside the tasks:",
            sys.executable + " -m" if raw else "mpremote",
            "mip install aiorepl",
        )
    asyncio.run(main())
except KeyboardInterrupt:
    pass
finally:
    if screen:
        paint()
        write("\x1b7\x1b[r\x1b8\n")
    if raw:
        termios.tcsetattr(0, 0, raw)

aioctl.status(log=False)
