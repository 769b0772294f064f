# Answers questions about crontab rules on stdin, for tests/test_cron.py.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Each line in is a JSON list of [rule, ms] pairs; each line out the list of answers: the first
# match at `ms` (since 1970, on a wall clock) or later, or [exception, its text].

import gc
import json
import sys

import aioschedule

# The module counts from another day
base = aioschedule._civil((1970, 1, 1, 0, 0, 0))


def answer(rule, ms):
    try:
        return aioschedule._cron(rule, ms + base - 1) - base
    except Exception as exc:
        return [type(exc).__name__, str(exc)]


while True:
    line = sys.stdin.readline()
    if not line:
        break
    gc.collect()
    print(json.dumps([answer(rule, ms) for rule, ms in json.loads(line)]))
