# Crontab rules: a school bell, a heating and a meter that follow the calendar. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The five fields are minute, hour, day, month and weekday, in local time.

import asyncio
import time

import aioctl

import aioschedule

RULES = {
    # Twice an hour from 8 to 12, on weekdays, but not in July and August
    "bell": "15,45 8-12 * jan-jun,sep-dec mon-fri",
    # Every 20 minutes of the night, in winter: a range does not go past December
    "frost": "*/20 0-5 * jan-mar,nov-dec *",
    # On the first of each month, and on every Monday: both day fields are given, either will do
    "meter": "0 7 1 * mon",
    # Only on a 29 February
    "leap": "0 0 29 feb *",
    "backup": "@weekly",
}


@aioctl.aiotask
async def work(name):
    print("%s %s" % (aioctl.get_datetime(time.localtime(time.time())), name))


async def main():
    for name, rule in RULES.items():
        # Scheduled first: add() would start it at once
        aioschedule.schedule(name, repeat=rule)
        aioctl.add(work, name, name=name)
    # Rules go with the other options: from tomorrow on, three times, up to a minute late
    tomorrow = time.localtime(int(time.time()) + 86400)
    aioschedule.schedule("inspect", start_in=tomorrow, repeat="@hourly", times=3, jitter=60)
    aioctl.add(work, "inspect", name="inspect")

    # What is wrong with a rule is said at once
    for rule in ("0 25 * * *", "0 0 30 feb *"):
        try:
            aioschedule.schedule("bell", repeat=rule)
        except ValueError as err:
            print("ValueError:", err)

    aioctl.add(aioschedule.schedule_loop)
    await asyncio.sleep(0)
    aioschedule.status_sc()
    await asyncio.gather(*aioctl.tasks())


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
