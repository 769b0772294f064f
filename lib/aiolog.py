# aiolog: a log in RAM that never grows, to be written as a stream, printed, and read
# MIT license; Copyright (c) 2026 the aioschedule authors

__version__ = "0.1.0"

import asyncio
import io

from micropython import const

_NEWLINE = const(10)
# Offsets count what was ever written, modulo a multiple of the size near this: small ints for ever
_OFFSETS = const(0x10000000)


def _matches(grep, line):
    # A plain string is looked for anywhere in the line, a pattern must match all of it
    if not isinstance(grep, str):
        return any(_matches(one, line) for one in grep)
    head, *parts = grep.split("*")
    if not parts:
        return head in line
    if not line.startswith(head):
        return False
    start = len(head)
    tail = parts.pop()
    for part in parts:
        start = line.find(part, start)
        if start < 0:
            return False
        start += len(part)
    return len(line) - start >= len(tail) and line.endswith(tail)


def _begins_inside_character(byte):
    # Of UTF-8
    return byte & 0xC0 == 0x80


def _text(line):
    # What is no text is shown as the bytes that it is
    try:
        return str(line, "utf8")
    except UnicodeError:
        return repr(bytes(line))


# print(file=) and sys.print_exception() insist on a real stream
class AioStream(io.IOBase):
    """A text stream that keeps the last `size` bytes (int > 0) of what is written to it, in one
    buffer allocated here and never again. To make room it drops the oldest lines whole. Of a line
    longer than all of the buffer it keeps the end, cut between two characters.

    What is held can be read as a file: `for line in stream`, read(), readline(). Reading begins
    with the oldest line, leaves everything in place, and goes on from where it was with what is
    written later; seek(0) begins anew. Lines that were dropped before they were read are left out.

    Raises ValueError when size is not > 0.

    Everywhere `grep` is a str that is part of a line, a str with `*` that matches a whole line,
    or a list or tuple of those of which one must match. It is no regular expression."""

    def __init__(self, size: int):
        if size < 1:
            raise ValueError("size=%r" % (size,))
        self._buffer = bytearray(size)
        self._size = size
        # The place in the buffer is offset % size
        self._modulus = size * (_OFFSETS // size)
        self._end = 0  # offset of the next byte
        self._line_end = 0  # offset after the last newline
        self._held = 0  # bytes held, the last of them just before _end
        self._reader = 0  # offset of what is read next

    def _line_length(self, offset, most):
        # Bytes from there to the end of the line, newline included; `most` when it ends later
        place = offset % self._size
        first = min(most, self._size - place)
        found = self._buffer.find(b"\n", place, place + first)
        if found >= 0:
            return found - place + 1
        found = self._buffer.find(b"\n", 0, most - first)
        return most if found < 0 else first + found + 1

    def _copy(self, offset, length):
        place = offset % self._size
        copied = self._buffer[place : place + length]
        if place + length > self._size:
            copied += self._buffer[: place + length - self._size]
        return copied

    def write(self, text: str | bytes) -> int:
        """Appends a str or bytes; returns its length. A line may come in pieces."""
        data = text.encode() if isinstance(text, str) else bytes(text)
        start = 0
        while start < len(data):
            # Each round takes one line, or what there is of it
            end = data.find(b"\n", start) + 1 or len(data)
            if end - start > self._size:
                self._held = 0
                start = end - self._size
                while start < end - 1 and _begins_inside_character(data[start]):
                    start += 1
            self._make_room(end - start)
            self._append(data, start, end)
            start = end
        return len(text)

    def _make_room(self, length):
        # Drops the oldest lines; where there is but the beginning of this very line, some of that
        drop = self._held + length - self._size
        if drop <= 0:
            return
        oldest = self._end - self._held
        lines = drop + self._line_length(oldest + drop - 1, self._held - drop + 1) - 1
        if lines == self._held and self._line_end != self._end:
            while drop < self._held and _begins_inside_character(
                self._buffer[(oldest + drop) % self._size]
            ):
                drop += 1
            lines = drop
        self._held -= lines

    def _append(self, data, start, end):
        place = self._end % self._size
        length = end - start
        first = min(length, self._size - place)
        self._buffer[place : place + first] = data[start : start + first]
        if first < length:
            self._buffer[: length - first] = data[start + first : end]
        self._held += length
        self._end = (self._end + length) % self._modulus
        if data[end - 1] == _NEWLINE:
            self._line_end = self._end

    def flush(self) -> None:
        """Does nothing, for those who call it."""

    close = flush

    def _unread(self):
        # Bytes that are held from the reader's offset on; what it has missed is skipped
        left = (self._end - self._reader) % self._modulus
        if left > self._held:
            left = self._held
            self._reader = (self._end - left) % self._modulus
        return left

    def readline(self, size: int = -1) -> str:
        """The next line with its newline, or what there is of it; "" at the end. At most `size`
        bytes where that is >= 0, a character never cut."""
        left = self._unread()
        length = self._line_length(self._reader, left) if left else 0
        if 0 <= size < length:
            length = size
            while length and _begins_inside_character(
                self._buffer[(self._reader + length) % self._size]
            ):
                length -= 1
        line = self._copy(self._reader, length)
        self._reader = (self._reader + length) % self._modulus
        return _text(line)

    def read(self, size: int = -1) -> str:
        """All that is left to read, or at most `size` bytes of it where that is >= 0, a character
        never cut; "" at the end."""
        parts = []
        while size:
            line = self.readline(size)
            if not line:
                break
            parts.append(line)
            if size > 0:
                size = max(0, size - len(line.encode()))
        return "".join(parts)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def tell(self) -> int:
        """How many of the bytes that are held have been read."""
        return self._held - self._unread()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Sets where reading goes on: so many bytes after the oldest one held, or, with whence=2,
        at the end (offset 0). Returns what tell() does then; ValueError for anything else."""
        if whence == 2 and offset == 0:
            offset = self._held
        elif whence != 0 or not 0 <= offset <= self._held:
            raise ValueError("seek(%r, %r)" % (offset, whence))
        self._reader = (self._end - self._held + offset) % self._modulus
        return offset

    def _print(self, offset, length, grep):
        # So many bytes from there on, those that are still there: print() may write into the log
        while True:
            lost = (self._end - offset) % self._modulus - self._held
            if lost > 0:
                offset += lost
                length -= lost
            if length <= 0:
                return
            taken = self._line_length(offset, length)
            line = self._copy(offset, taken)
            offset += taken
            length -= taken
            if line[-1] == _NEWLINE:
                line = line[:-1]
            line = _text(line)
            if _matches(grep, line):
                print(line)

    def cat(self, grep: str | list | tuple = "") -> None:
        """Prints the lines held that match `grep`, oldest first, the unfinished one too."""
        self._print(self._end - self._held, self._held, grep)

    async def follow(self, grep: str | list | tuple = "", wait: float | None = None) -> None:
        """Prints lines that match `grep` as they are finished, until cancelled. Looks for new ones
        every `wait` seconds (int or float; 0.05 without it); those dropped meanwhile are left
        out."""
        ms = 50 if wait is None else int(wait * 1000)
        offset = self._line_end
        while True:
            if offset != self._line_end:
                end = self._line_end
                self._print(offset, (end - offset) % self._modulus, grep)
                offset = end
            await asyncio.sleep_ms(ms)


streamlog = AioStream(2000)
