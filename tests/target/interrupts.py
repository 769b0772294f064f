# What comes in between: interrupts, Ctrl-C and failing allocations, at any branch of the code.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# MicroPython carries out what micropython.schedule() was given at the next branch of the bytecode.
# A function that does nothing but have itself scheduled again is therefore called at every branch,
# whatever runs, and can count them: the same ones each time.

import micropython

_left = 0
_what = None
_arg = None
# Whether _tick() is on its way: one at a time, as only a few can wait
_is_ticking = False


def at_branch(n, what, arg=0):
    """Has `what(arg)` called at the n-th branch from now on, or one later; fired() says if it was.

    An exception of `what` is printed, and nothing more."""
    global _left, _what, _arg, _is_ticking
    _what = what
    _arg = arg
    _left = n
    if not _is_ticking:
        _is_ticking = True
        micropython.schedule(_tick, 0)


def _tick(_):
    global _left, _is_ticking
    if _left > 1:
        _left -= 1
        micropython.schedule(_tick, 0)
        return
    _is_ticking = False
    if _left:
        _left = 0
        # Nothing comes after it here, where it would be caught
        micropython.schedule(_what, _arg)


def fired():
    """Whether that branch was reached. If not, it is not waited for any longer."""
    global _left
    was = _left == 0
    _left = 0
    return was


def ctrl_c():
    """(function, argument) for at_branch() that is Ctrl-C there, or None: it takes a unix build
    with the module ffi and without MICROPY_ASYNC_KBD_INTR, with which SIGINT leaves C code."""
    try:
        import ffi
    except ImportError:
        return None
    signal = ffi.open("libc.so.6").func("i", "raise", "i")
    try:
        at_branch(1, signal, 2)
        for _ in range(9):
            pass
    except KeyboardInterrupt:
        return signal, 2
    return None


# No memory

_armed = False
_locked = False
_short = False


def no_memory(n, count):
    """From the n-th branch on nothing can be allocated, for `count` branches; went_short() says
    whether it came to that."""
    global _armed, _short
    _armed = True
    _short = False
    at_branch(n, _lock, count)


def _lock(count):
    global _locked, _short
    if _armed:
        _locked = _short = True
        micropython.heap_lock()
        at_branch(count, _unlock)


def _unlock(_):
    global _locked
    if _locked:
        _locked = False
        micropython.heap_unlock()


def enough_memory():
    """At the end: whatever is still to come does not."""
    global _armed
    _armed = False
    # Before and after: fired() may need some
    _unlock_all()
    fired()
    _unlock_all()


def _unlock_all():
    global _locked
    _locked = False
    # Once more than it may be, as unlocking tells how often it still is
    micropython.heap_lock()
    while micropython.heap_unlock():
        pass


def went_short():
    """Whether the branch of no_memory() was reached."""
    return _short
