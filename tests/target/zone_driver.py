# Answers questions about time zones on stdin, for tests/test_zones.py.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Each line in is a JSON list: a POSIX TZ string, UTC seconds since 1970, and local times as
# [year, month, day, hour, minute, second]. Each line out has, for each of the seconds, the local
# time and the offset; and for each local time its UTC seconds. Or it is [exception, its text].

import gc
import json
import sys
import time

import posixtz

# The port may count from another day, and with numbers of 31 bits
EPOCH = 946684800 if time.localtime(1000000)[0] == 2000 else 0


def answer(text, seconds, local_times):
    try:
        zone = posixtz.Zone(text)
    except Exception as exc:
        return [type(exc).__name__, str(exc)]
    return [
        [(zone.localtime(second - EPOCH), zone(second - EPOCH)) for second in seconds],
        [zone.mktime(local) + EPOCH for local in local_times],
    ]


while True:
    line = sys.stdin.readline()
    if not line:
        break
    gc.collect()
    print(json.dumps(answer(*json.loads(line))))
