# Answers questions about crontab rules on stdin, for tests/cron_process.py.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Each line in is a JSON list: a zone, what is asked, and the questions. Each line out is the list
# of the answers. A zone is a list of [UTC seconds, seconds east from then on], or null for none.
# What is asked:
#   "next"     a question is [rule, seconds, n], its answer the first n matches after these
#              seconds, each found from the one before it, or {"error": its type, "text": its text}
#   "to_rtc"   a question is local seconds, its answer those of the RTC

import gc
import json
import sys

import crontab


def offset_of(zone):
    def offset(rtc):
        east = zone[0][1]
        for since, new in zone:
            if rtc >= since:
                east = new
        return east

    return zone and offset


def matches(text, seconds, n, offset):
    try:
        rule = crontab.Rule(text, offset)
        found = []
        for _ in range(n):
            seconds = rule(seconds)
            found.append(seconds)
        return found
    except Exception as exc:
        return {"error": type(exc).__name__, "text": str(exc)}


def answers(zone, asked, questions):
    offset = offset_of(zone)
    if asked == "to_rtc":
        return [crontab.to_rtc(local, offset) for local in questions]
    return [matches(*question, offset) for question in questions]


while True:
    line = sys.stdin.readline()
    if not line:
        break
    gc.collect()
    print(json.dumps(answers(*json.loads(line))))
