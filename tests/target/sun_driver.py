# Answers questions about sunrise and sunset on stdin, for tests/test_sun.py.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Each line in is a JSON list: "sunrise" or "sunset", the arguments of that function, UTC seconds
# since 1970, and a number. Each line out has that many times which the rule finds after them, one
# after the other.

import gc
import json
import sys
import time

import suntimes

# The port may count from another day, and with numbers of 31 bits
EPOCH = 946684800 if time.localtime(1000000)[0] == 2000 else 0


def answer(name, arguments, seconds, count):
    rule = getattr(suntimes, name)(*arguments)
    found = []
    seconds -= EPOCH
    for _ in range(count):
        seconds = rule(seconds)
        if seconds is None:
            return found + [None]
        found.append(seconds + EPOCH)
    return found


while True:
    line = sys.stdin.readline()
    if not line:
        break
    gc.collect()
    print(json.dumps(answer(*json.loads(line))))
