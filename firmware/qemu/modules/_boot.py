# Runs at each soft reset of our QEMU boards: mounts the disk in RAM.
# MIT license; Copyright (c) 2026 the aioschedule authors

import sys

import ramdisk
import vfs

_BLOCK = 512


class _Disk:
    # What MicroPython asks of a block device

    def __init__(self):
        self.memory = memoryview(ramdisk.memory())

    def readblocks(self, number, buf, offset=0):
        start = number * _BLOCK + offset
        buf[:] = self.memory[start : start + len(buf)]

    def writeblocks(self, number, buf, offset=0):
        start = number * _BLOCK + offset
        self.memory[start : start + len(buf)] = buf

    def ioctl(self, op, argument):
        if op == 4:
            return len(self.memory) // _BLOCK
        if op == 5:
            return _BLOCK
        # 3: sync; 6: erase a block, which RAM need not
        return 0


def _mount():
    disk = _Disk()
    try:
        vfs.mount(vfs.VfsLfs2(disk), "/")
    except OSError:
        vfs.VfsLfs2.mkfs(disk)
        vfs.mount(vfs.VfsLfs2(disk), "/")


_mount()
sys.path.append("/lib")
