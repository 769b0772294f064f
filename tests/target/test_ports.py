# What a port must have: without it an import says so, and names what is missing.
# MIT license; Copyright (c) 2026 the aioschedule authors

import builtins
import sys

import vclock

vclock.install()

from harness import Skip, eq, raises
from programs import forget, fresh, printed

# As a port without a module says it
ABSENT = "no module named '%s'"


def hide(module, name):
    # From now on until vclock.install(): time, say, without time_ns()
    class Rest:
        pass

    for other in dir(module):
        if other != name and not other.startswith("_"):
            setattr(Rest, other, getattr(module, other))
    return Rest


def names(error, what):
    assert what in str(error), error


def test_without_a_function_of_time():
    for name in ("time", "localtime", "time_ns"):
        for over in ("aioctl", "fieldaioctl"):
            vclock.install()
            forget()
            sys.modules["time"] = hide(sys.modules["time"], name)
            if over == "fieldaioctl":
                # It takes aioctl's place, and looks for nothing
                __import__(over)
            # Also at the second try: no half a module stays behind
            for _ in range(2):
                names(raises(ImportError, __import__, "aioschedule"), "time." + name)


def test_aioctl_without_a_function_of_time():
    for name in ("time", "localtime"):
        vclock.install()
        forget()
        sys.modules["time"] = hide(sys.modules["time"], name)
        for _ in range(2):
            names(raises(ImportError, __import__, "aioctl"), "time." + name)


class Without:
    # Within it a module is not there
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.real = builtins.__import__
        try:
            builtins.__import__ = self.find
        except AttributeError:
            raise Skip("__import__() cannot be replaced") from None
        self.kept = sys.modules.pop(self.name, None)

    def find(self, name, *args):
        if name == self.name:
            raise ImportError(ABSENT % name)
        return self.real(name, *args)

    def __exit__(self, *args):
        builtins.__import__ = self.real
        if self.kept:
            sys.modules[self.name] = self.kept


def test_without_a_module():
    for name in ("heapq", "asyncio"):
        fresh()
        forget()
        with Without(name):
            for _ in range(2):
                names(raises(ImportError, __import__, "aioschedule"), ABSENT % name)


def test_aioctl_without_heapq():
    """It goes without aioschedule, and says why."""
    fresh()
    forget()
    with Without("heapq"):
        lines = printed(__import__, "aioctl")
    names(lines, ABSENT % "heapq")
    assert not sys.modules["aioctl"]._SCHEDULE


def test_without_json():
    """save() and load() name it, and all else works."""
    aioctl, aioschedule = fresh()
    forget_part()
    with Without("json"):
        names(raises(ImportError, aioschedule.save), ABSENT % "json")
        names(raises(ImportError, aioschedule.load), ABSENT % "json")
    aioschedule.schedule("pump", start_in=1)


def test_without_rename():
    import os

    aioctl, aioschedule = fresh()
    forget_part()
    sys.modules["os"] = hide(os, "rename")
    try:
        names(raises(ImportError, aioschedule.save), "os.rename")
    finally:
        sys.modules["os"] = os


def forget_part():
    sys.modules.pop("aioschedule_state", None)


def test_without_random():
    """Only jitter needs it."""
    aioctl, aioschedule = fresh()
    forget()
    with Without("random"):
        import aioschedule

        aioschedule.schedule("pump", start_in=1)
        error = raises(ImportError, aioschedule.schedule, "pump", start_in=1, jitter=1)
    names(error, ABSENT % "random")
    eq(aioschedule.group()["pump"].get("jitter"), None)
