# Tests of aiolog. MIT license; Copyright (c) 2026 the aioschedule authors

import vclock

vclock.install()

UNIX_ONLY = {"test_after_many_bytes": "too much memory and time"}

import asyncio
import gc
import random
import sys

import aiolog
from aiolog import AioStream
from harness import Skip, eq, raises

_out = []


def _print(*args):
    _out.append(" ".join(str(a) for a in args))


aiolog.print = _print


def _cat(stream, grep=""):
    del _out[:]
    stream.cat(grep)
    return list(_out)


def test_write_and_cat():
    s = AioStream(100)
    eq(_cat(s), [])
    eq(s.write("one\n"), 4)
    eq(s.write("two"), 3)
    eq(_cat(s), ["one", "two"])
    s.write(" and a half\n\nthree\n")
    eq(_cat(s), ["one", "two and a half", "", "three"])


def test_write_takes_bytes():
    s = AioStream(100)
    eq(s.write(b"bytes\n"), 6)
    eq(s.write(bytearray(b"array\n")), 6)
    eq(s.write(memoryview(b"view\n")), 5)
    eq(s.write(""), 0)
    eq(s.write("\u00e9\n"), 2)
    eq(_cat(s), ["bytes", "array", "view", "\u00e9"])


def test_bad_size():
    assert "size=0" in str(raises(ValueError, AioStream, 0))
    assert "size=-5" in str(raises(ValueError, AioStream, -5))


def test_oldest_lines_go_whole():
    s = AioStream(12)
    s.write("aaa\nbbb\nccc\n")
    eq(_cat(s), ["aaa", "bbb", "ccc"])
    s.write("d")
    eq(_cat(s), ["bbb", "ccc", "d"])
    s.write("dd\n")
    eq(_cat(s), ["bbb", "ccc", "ddd"])
    s.write("eeeee\n")
    eq(_cat(s), ["ddd", "eeeee"])
    s.write("f\ng\nh\ni\nj\nk\nl\nm\n")
    eq(_cat(s), ["h", "i", "j", "k", "l", "m"])


def test_line_longer_than_the_buffer():
    s = AioStream(10)
    s.write("old\n")
    s.write("0123456789abcdef")
    eq(_cat(s), ["6789abcdef"])
    s.write("gh\n")
    eq(_cat(s), ["9abcdefgh"])
    s.write("next\n")
    eq(_cat(s), ["next"])
    # in pieces
    s.write("\nAAAA")
    s.write("BBBB")
    s.write("CCCC")
    eq(_cat(s), ["AABBBBCCCC"])
    s.write("\nD\n")
    eq(_cat(s), ["D"])
    # in the middle of a write
    s.write("x\n0123456789abcdefghij\ny\n")
    eq(_cat(s), ["y"])
    s.write("z\n0123456789abcdefghij\n")
    eq(_cat(s), ["bcdefghij"])


def test_cut_between_characters():
    for cut in range(4):
        # 4 bytes each: all ways in which they can lie over the edge
        s = AioStream(16)
        s.write("\U0001f600" * 8 + "x" * cut + "\n")
        eq(_cat(s), ["\U0001f600" * 3 + "x" * cut])
        # and in pieces
        s = AioStream(16)
        for _ in range(8):
            s.write("\U0001f600")
        for _ in range(cut):
            s.write("x")
        eq(_cat(s), ["\U0001f600" * (3 if cut else 4) + "x" * cut])
    # Nothing of what was before a cut line is left in front of it
    s = AioStream(10)
    s.write("abcde")
    s.write("\u20ac" * 5)
    eq(_cat(s), ["\u20ac" * 3])


def test_multibyte_at_the_wrap():
    for n in range(8):
        s = AioStream(24)
        s.write("x" * n + "\n")
        for i in range(10):
            line = "\u20ac%d\u00e9\U0001f600" % i
            s.write(line + "\n")
        eq(_cat(s), [line.replace("9", "8"), line])


def test_not_utf8():
    s = AioStream(50)
    s.write(b"ok\n\xff\xfe\nok too\n")
    eq(_cat(s), ["ok", "b'\\xff\\xfe'", "ok too"])
    s = AioStream(5)
    s.write(b"\x80" * 20)
    s.write("a\n")
    eq(_cat(s), ["b'\\x80a'"])
    # Where no character begins, all of it goes
    s = AioStream(8)
    s.write(b"\x80" * 8)
    s.write(b"b")
    eq(_cat(s), ["b"])


def test_grep():
    s = AioStream(200)
    s.write("[one] INFO start\n[two] INFO start\n[one] ERROR 5%\n")
    eq(_cat(s, "start"), ["[one] INFO start", "[two] INFO start"])
    eq(_cat(s, "[two]"), ["[two] INFO start"])
    eq(_cat(s, "nothing"), [])
    # a pattern matches the whole line
    eq(_cat(s, "*ERROR*"), ["[one] ERROR 5%"])
    eq(_cat(s, "[one]*start"), ["[one] INFO start"])
    eq(_cat(s, "ERROR*"), [])
    eq(_cat(s, "*INFO"), [])
    eq(_cat(s, "[*] * s*t"), ["[one] INFO start", "[two] INFO start"])
    eq(len(_cat(s, "*")), 3)
    # any of a list
    eq(_cat(s, ["[two]", "*%"]), ["[two] INFO start", "[one] ERROR 5%"])
    eq(_cat(s, ("nothing", "[two]")), ["[two] INFO start"])
    eq(_cat(s, []), [])


def test_glob_does_not_overlap():
    for grep, line, want in (
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("a*b*b", "ab", False),
        ("a*b*b", "abb", True),
        ("**", "", True),
        ("a*a", "a", False),
    ):
        s = AioStream(10)
        s.write(line + "\n")
        eq((grep, line, _cat(s, grep)), (grep, line, [line] if want else []))


class _Model:
    # What AioStream does, with a list of lines
    def __init__(self, size):
        self.size = size
        self.lines = [b""]

    def write(self, b):
        for i, part in enumerate(b.split(b"\n")):
            if i:
                self.lines[-1] += b"\n"
                self._trim()
                self.lines.append(b"")
            self.lines[-1] += part
            self._trim()

    def _trim(self):
        while sum(len(x) for x in self.lines) > self.size and len(self.lines) > 1:
            self.lines.pop(0)
        line = self.lines[-1][-self.size :]
        if len(line) < len(self.lines[-1]):
            while line and line[0] & 0xC0 == 0x80:
                line = line[1:]
        self.lines[-1] = line

    def cat(self):
        return [str(x, "utf8").rstrip("\n") for x in self.lines if x]


def test_random_writes_against_a_model():
    alphabet = "ab\u00e9\u20ac\U0001f600\n\n"
    for seed in range(60):
        random.seed(seed)
        size = random.randrange(4, 40)
        s = AioStream(size)
        model = _Model(size)
        for _ in range(40):
            text = "".join(random.choice(alphabet) for _ in range(random.randrange(30)))
            s.write(text)
            model.write(text.encode())
            if _cat(s) != model.cat():
                raise AssertionError((seed, size, text, _out, model.cat()))


def _written(size, count):
    # A stream to which that much has been written, in long lines
    s = AioStream(size)
    line = "x" * (size - 1) + "\n"
    for _ in range(count // size):
        s.write(line)
    return s


def test_after_many_bytes():
    """Nothing changes where what was written is more than offsets count."""
    size = 1 << 14
    s = _written(size, (1 << 28) - size)
    s.seek(0, 2)
    for i in range(size // 9):
        # 9 bytes each: over 2**28 and round the buffer
        s.write("%08d\n" % i)
    for i in range(size // 9):
        eq(s.readline(), "%08d\n" % i)
    eq(s.readline(), "")
    eq(_cat(s, "*777")[0], "00000777")


async def _following(stream, grep=""):
    del _out[:]
    task = asyncio.create_task(stream.follow(grep, 0.002))
    await asyncio.sleep_ms(5)
    return task


async def test_follow():
    s = AioStream(60)
    s.write("before\nbegun")
    task = await _following(s)
    eq(_out, [])
    s.write(" and done\nnew\npart")
    await asyncio.sleep_ms(10)
    eq(_out, ["begun and done", "new"])
    s.write("ly\n")
    await asyncio.sleep_ms(10)
    eq(_out[2:], ["partly"])
    # round the buffer, many times
    want = []
    del _out[:]
    for i in range(40):
        s.write("line %d\n" % i)
        want.append("line %d" % i)
        if i % 3 == 0:
            await asyncio.sleep_ms(6)
    await asyncio.sleep_ms(10)
    eq(_out, want)
    task.cancel()
    await asyncio.sleep_ms(5)
    s.write("after\n")
    await asyncio.sleep_ms(10)
    eq(_out, want)


async def test_follow_when_lines_are_dropped():
    s = AioStream(16)
    task = await _following(s)
    for i in range(10):
        s.write("line %d\n" % i)
    await asyncio.sleep_ms(10)
    eq(_out, ["line 8", "line 9"])
    s.write("0123456789abcdefghij\n")
    await asyncio.sleep_ms(10)
    eq(_out[2:], ["56789abcdefghij"])
    task.cancel()


async def test_follow_grep():
    s = AioStream(100)
    task = await _following(s, ["[a]", "*!"])
    s.write("[a] 1\n[b] 2\n[b] 3!\n")
    await asyncio.sleep_ms(10)
    eq(_out, ["[a] 1", "[b] 3!"])
    task.cancel()


async def test_follow_allocates_nothing_when_idle():
    s = AioStream(100)
    s.write("unfinished")
    task = await _following(s)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    await asyncio.sleep_ms(100)
    after = gc.mem_alloc()
    gc.enable()
    task.cancel()
    # of the test's own
    assert after - before < 200, after - before


async def test_follow_looks_every_wait_seconds():
    """No more often than that, also where `wait` is no whole number."""
    for wait, looks in ((0.5, 12), (1.5, 4), (2, 3)):
        task = asyncio.create_task(AioStream(60).follow("", wait))
        await asyncio.sleep_ms(1)
        vclock.wakes = 0
        await asyncio.sleep_ms(6000)
        task.cancel()
        # one more: that of this test
        eq((wait, vclock.wakes), (wait, looks + 1))


def test_cat_survives_writes_meanwhile():
    # as when the console is copied into the log
    s = AioStream(20)
    s.write("aaaa\nbbbb\ncccc\n")

    def echo(line):
        _print(line)
        s.write("<%s>\n" % line)

    aiolog.print = echo
    del _out[:]
    s.cat()
    aiolog.print = _print
    eq(_out, ["aaaa", "bbbb", "cccc"])
    eq(_cat(s), ["<bbbb>", "<cccc>"])


def test_as_a_file():
    s = AioStream(200)
    print("x", 1, "\u20ac", file=s)
    print("no newline", end="", file=s)
    print(file=s)
    sys.print_exception(ValueError("bad"), s)
    eq(_cat(s), ["x 1 \u20ac", "no newline", "ValueError: bad"])
    s.flush()
    s.close()
    s.write("still open\n")
    eq(_cat(s, "open"), ["still open"])


def test_logging():
    try:
        import logging
    except ImportError:
        raise Skip("no logging of micropython-lib") from None
    s = aiolog.streamlog
    logging.basicConfig(level=logging.INFO, format="[%(name)s] %(message)s", stream=s)
    log = logging.getLogger("me")
    log.info("started %d", 1)
    log.debug("unseen")
    log.error("failed")
    eq(_cat(s), ["[me] started 1", "[me] failed"])


def test_streamlog_holds_2000_bytes():
    s = aiolog.streamlog
    assert isinstance(s, AioStream)
    for i in range(300):
        s.write("%09d\n" % i)
    eq(_cat(s), ["%09d" % i for i in range(100, 300)])


def _read_all(s):
    return list(s)


def test_read_as_a_file():
    """A program can read its log: line by line, all of it, again, and what was added since."""
    s = AioStream(100)
    eq((s.read(), s.readline(), _read_all(s), s.tell()), ("", "", [], 0))
    s.write("one\ntwo \u20ac\n\nthree")
    eq(_read_all(s), ["one\n", "two \u20ac\n", "\n", "three"])
    eq((s.read(), s.tell()), ("", 18))
    eq((s.seek(0), s.tell()), (0, 0))
    eq((s.readline(), s.tell(), s.read()), ("one\n", 4, "two \u20ac\n\nthree"))
    s.write(" and four\nfive\n")
    eq((s.readline(), s.readline(), s.readline()), (" and four\n", "five\n", ""))
    # It is all still there, for those who print it
    eq(len(_cat(s)), 5)
    eq((s.seek(4), s.readline()), (4, "two \u20ac\n"))
    eq((s.seek(0, 2), s.tell(), s.read()), (33, 33, ""))


def test_bad_seek():
    s = AioStream(10)
    s.write("abc\n")
    for args in ((-1,), (5,), (1, 2), (0, 1)):
        assert "seek" in str(raises(ValueError, s.seek, *args))
    eq((s.seek(4), s.read(), s.seek(0), s.read()), (4, "", 0, "abc\n"))


def test_read_so_many_bytes():
    s = AioStream(40)
    s.write("ab\u20accd\nef\n")
    eq((s.read(0), s.read(2), s.read(4), s.read(5)), ("", "ab", "\u20acc", "d\nef\n"))
    s.seek(0)
    # Never a part of a character
    eq(
        (s.readline(4), s.readline(4), s.readline(0), s.readline(100)),
        ("ab", "\u20acc", "", "d\n"),
    )


def test_read_goes_on_where_lines_were_dropped():
    s = AioStream(12)
    s.write("aaa\nbbb\nccc\n")
    eq(s.readline(), "aaa\n")
    s.write("ddd\neee\n")
    # bbb is gone
    eq((s.tell(), s.readline()), (0, "ccc\n"))
    s.write("fff\n")
    eq((s.tell(), _read_all(s)), (0, ["ddd\n", "eee\n", "fff\n"]))
    s.write("0123456789abcdef\n")
    eq(_read_all(s), ["56789abcdef\n"])


def test_read_against_a_model():
    """Whatever is written: what is read are the lines that cat() prints."""
    for seed in range(40):
        random.seed(seed)
        s = AioStream(random.randrange(4, 40))
        for _ in range(20):
            s.write(
                "".join(random.choice("ab\u00e9\u20ac\n") for _ in range(random.randrange(20)))
            )
            s.seek(0)
            lines = _read_all(s)
            eq([line[:-1] if line.endswith("\n") else line for line in lines], _cat(s))
            s.seek(0)
            parts = []
            while True:
                part = s.read(random.randrange(4, 9))
                if not part:
                    break
                parts.append(part)
            eq("".join(parts), "".join(lines))


def test_read_what_is_no_text():
    s = AioStream(30)
    s.write(b"ok\n\xff\xfe\nok\n")
    eq(_read_all(s), ["ok\n", "b'\\xff\\xfe\\n'", "ok\n"])
