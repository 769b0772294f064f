# A flash in RAM for tests: its power can go at any write, or it can be full or read-only.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys

from harness import Skip

try:
    import vfs
except ImportError:
    # MicroPython up to 1.22
    import os as vfs

# MicroPython up to 1.23 takes no notice of what writeblocks() returns
RETURNED_ERRORS_ARE_LOST = sys.implementation[1][:2] < (1, 24)


class Flash:
    """A block device; from the write number `left` on there is an error, EIO. `torn`: half of
    that one is written."""

    SIZE = 512

    def __init__(self, data, left=None, torn=False):
        self.data = bytearray(data)
        self.left = left
        self.torn = torn
        self.writes = 0

    def _change(self, start, data):
        self.writes += 1
        if self.left is not None and self.writes > self.left:
            if self.torn and self.writes == self.left + 1:
                half = len(data) // 2
                self.data[start : start + half] = data[:half]
            if RETURNED_ERRORS_ARE_LOST:
                raise OSError(5)
            return -5
        self.data[start : start + len(data)] = data
        return 0

    def readblocks(self, n, buf, offset=0):
        start = n * self.SIZE + offset
        buf[:] = self.data[start : start + len(buf)]

    def writeblocks(self, n, buf, offset=0):
        return self._change(n * self.SIZE + offset, buf)

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // self.SIZE
        if op == 5:
            return self.SIZE
        if op == 6:
            return self._change(arg * self.SIZE, b"\xff" * self.SIZE)
        return 0


def blank(kind, blocks):
    """A formatted flash; kind: "VfsLfs2" or "VfsFat"."""
    if not hasattr(vfs, kind):
        raise Skip("no " + kind)
    flash = Flash(bytes(blocks * Flash.SIZE))
    getattr(vfs, kind).mkfs(flash)
    return flash


def mount(kind, flash):
    """Mounts it as /ram."""
    vfs.mount(getattr(vfs, kind)(flash), "/ram")


def umount():
    """What is not written yet may have no power any more."""
    try:
        vfs.umount("/ram")
    except OSError:
        pass
