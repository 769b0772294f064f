# A MicroPython process that answers questions about crontab rules, for tests/test_cron*.py.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "tests" / "target" / "cron_driver.py"


class CronProcess:
    """Asks lib/crontab.py.

    A zone is None, or a list of (UTC seconds, seconds east of UTC from then on).
    """

    def __init__(self, micropython):
        path = [".frozen", ROOT / "tests" / "target", ROOT, ROOT / "lib"]
        self.process = subprocess.Popen(
            [micropython, str(DRIVER)],
            env={**os.environ, "TZ": "UTC", "MICROPYPATH": ":".join(map(str, path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def _ask(self, zone, asked, questions):
        answers = []
        for start in range(0, len(questions), 100):
            line = json.dumps([zone, asked, questions[start : start + 100]])
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line.startswith("["):
                pytest.fail(line + self.process.stdout.read())
            answers += json.loads(line)
        assert len(answers) == len(questions)
        return answers

    def first(self, pairs, zone=None):
        """For each (rule, seconds) the first match after them, or {"error": ..., "text": ...}."""
        answers = self._ask(zone, "next", [(rule, seconds, 1) for rule, seconds in pairs])
        return [answer if is_error(answer) else answer[0] for answer in answers]

    def several(self, rule, seconds, n, zone=None):
        """The first n matches after `seconds`, each asked for at the one before it."""
        found = self._ask(zone, "next", [(rule, seconds, n)])[0]
        assert not is_error(found), found
        return found

    def to_rtc(self, local, zone):
        """For each of the local seconds those of the RTC."""
        return self._ask(zone, "to_rtc", local)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def is_error(answer):
    return isinstance(answer, dict)
