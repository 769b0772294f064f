# What target tests import: Skip, raises, eq. Runs on MicroPython.
# MIT license; Copyright (c) 2026 the aioschedule authors


class Skip(Exception):
    # Raised by a test that cannot run here; its argument is the reason.
    pass


def raises(exc, func, *args, **kwargs):
    # Calls func, which must raise exc, and returns what it raised.
    try:
        func(*args, **kwargs)
    except exc as er:
        return er
    raise AssertionError("%s not raised" % exc.__name__)


def eq(got, want):
    # An assert that shows both sides: MicroPython's own shows neither.
    if got != want:
        raise AssertionError("got %r, want %r" % (got, want))
