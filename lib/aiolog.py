# aiolog: a log in RAM that never grows. MIT license; Copyright (c) 2026 the aioschedule authors

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
import io

from micropython import const

_NEWLINE = const(10)


def _match(grep, line):
    # A plain string is looked for anywhere in the line, a pattern must match all of it
    if not isinstance(grep, str):
        return any(_match(g, line) for g in grep)
    head, *parts = grep.split("*")
    if not parts:
        return head in line
    if not line.startswith(head):
        return False
    i = len(head)
    tail = parts.pop()
    for part in parts:
        i = line.find(part, i)
        if i < 0:
            return False
        i += len(part)
    return len(line) - i >= len(tail) and line.endswith(tail)


# print(file=) and sys.print_exception() insist on a real stream
class AioStream(io.IOBase):
    """A text stream that keeps the last `size` bytes (int > 0) of what is written to it, in one
    buffer allocated here and never again. To make room it drops the oldest lines whole. Of a line
    longer than all of the buffer it keeps the end, cut between two characters.

    Raises ValueError when size is not > 0.

    Everywhere `grep` is a str that is part of a line, a str with `*` that matches a whole line,
    or a list or tuple of those of which one must match."""

    def __init__(self, size):
        if size < 1:
            raise ValueError("size=%r" % (size,))
        self._buf = bytearray(size)
        self._size = size
        # Offsets count all bytes ever written, modulo a multiple of the size: the place in the
        # buffer is offset % size, and they stay small ints for ever
        self._mod = size * (0x10000000 // size)
        self._end = 0  # offset of the next byte
        self._nl = 0  # offset after the last newline
        self._used = 0  # bytes held, the last of them just before _end

    def _find(self, i, n):
        # Bytes from offset i to the end of its line, newline included; n when it ends later
        i %= self._size
        n1 = min(n, self._size - i)
        j = self._buf.find(b"\n", i, i + n1)
        if j >= 0:
            return j - i + 1
        j = self._buf.find(b"\n", 0, n - n1)
        return n if j < 0 else n1 + j + 1

    def write(self, s):
        """Appends a str or bytes; returns its length. A line may come in pieces."""
        b = s.encode() if isinstance(s, str) else bytes(s)
        buf = self._buf
        size = self._size
        i = 0
        while i < len(b):
            # Each round takes one line, or what there is of it
            j = b.find(b"\n", i) + 1 or len(b)
            end = j
            if j - i > size:
                self._used = 0
                i = j - size
                while i < j - 1 and b[i] & 0xC0 == 0x80:
                    i += 1
            n = j - i
            drop = self._used + n - size
            if drop > 0:
                old = self._end - self._used
                drop += self._find(old + drop - 1, self._used - drop + 1) - 1
                if drop == self._used and self._nl != self._end:
                    # There is nothing but the beginning of this very line: cut it
                    drop = self._used + n - size
                    while drop < self._used and buf[(old + drop) % size] & 0xC0 == 0x80:
                        drop += 1
                self._used -= drop
            w = self._end % size
            n1 = min(n, size - w)
            buf[w : w + n1] = b[i : i + n1]
            if n1 < n:
                buf[: n - n1] = b[i + n1 : j]
            self._used += n
            self._end = (self._end + n) % self._mod
            if b[j - 1] == _NEWLINE:
                self._nl = self._end
            i = end
        return len(s)

    def flush(self):
        """Does nothing, for those who call it."""

    close = flush

    def _cat(self, i, n, grep):
        # Prints the n bytes from offset i on, those that are still there
        size = self._size
        while True:
            lost = (self._end - i) % self._mod - self._used
            if lost > 0:
                i += lost
                n -= lost
            if n <= 0:
                return
            k = self._find(i, n)
            w = i % size
            b = self._buf[w : w + k]
            if w + k > size:
                b += self._buf[: w + k - size]
            i += k
            n -= k
            if b[-1] == _NEWLINE:
                b = b[:-1]
            try:
                s = str(b, "utf8")
            except UnicodeError:
                s = repr(bytes(b))
            if _match(grep, s):
                print(s)

    def cat(self, grep=""):
        """Prints the lines held that match `grep`, oldest first, the unfinished one too."""
        self._cat(self._end - self._used, self._used, grep)

    async def follow(self, grep="", wait=0.05):
        """Prints lines that match `grep` as they are finished, until cancelled. Looks for new ones
        every `wait` seconds (int or float); those dropped meanwhile are left out."""
        wait = int(wait * 1000)
        i = self._nl
        while True:
            if i != self._nl:
                j = self._nl
                self._cat(i, (j - i) % self._mod, grep)
                i = j
            await asyncio.sleep_ms(wait)


streamlog = AioStream(2000)
