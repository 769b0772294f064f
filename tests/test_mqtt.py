# Proves that boards with examples/mqtt.py are steered through a broker, and keep time without it.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The broker is mosquitto, on the loopback address. The boards are three processes of MicroPython's
# unix port, with aiomqttc from PyPI.

import getpass
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import paho.mqtt.client
import pytest
from steering import PATIENCE, ROOT, Program, free_port, make_certificate, skip_unless, wait_for

EXAMPLE = ROOT / "examples" / "mqtt.py"
# Debian has it where only root looks
MOSQUITTO = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
NAMES = "roof", "cellar", "greenhouse"

BOARD = """
import asyncio
import sys
import time
import aioctl
import aioschedule
import mqtt

name, port, options = sys.argv[1], int(sys.argv[2]), eval(sys.argv[3])
mqtt.RETRY = 1
if "trusted" in options:
    import ssl
    options["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    options["ssl"].verify_mode = ssl.CERT_REQUIRED
    options["ssl"].load_verify_locations(cadata=open(options.pop("trusted"), "rb").read())

async def tick():
    # When it runs, in ms since the start
    print("tick", time.ticks_diff(time.ticks_ms(), start))

async def pump():
    print("pump")
    return 7

aioctl.add(tick)
aioctl.add(pump)
aioctl.add(aioschedule.schedule_loop)
aioctl.add(mqtt.steer, "127.0.0.1", port, board=name, every=1, **options)
aioschedule.schedule("tick", start_in=0, repeat=1)
aioschedule.schedule("pump", repeat=3600)
start = time.ticks_ms()
aioctl.run()
"""


class Broker:
    """A mosquitto that can be stopped and started again, and remembers nothing of before."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.settings = [f"listener {self.port} 127.0.0.1", "allow_anonymous true"]
        self.process = None

    def start(self):
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join([*self.settings, "persistence false", ""]))
        with (self.folder / "mosquitto.log").open("a") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-c", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(self.answers, "mosquitto does not start")

    def answers(self):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None


class Board(Program):
    """One that prints when its tasks run."""

    def __init__(self, micropython, folder, name, port, options):
        self.name = name
        super().__init__(micropython, folder, name, BOARD, name, port, repr(options))

    def ticks(self):
        return [int(ms) for ms in re.findall(r"^tick (\d+)$", self.printed(), re.MULTILINE)]


class Desk:
    """Where somebody sits who steers the boards: the last message of each topic, and commands."""

    def __init__(self, port, certificate=None, **account):
        self.messages = {}
        self.number = 0
        self.answers = {}
        self.client = paho.mqtt.client.Client(paho.mqtt.client.CallbackAPIVersion.VERSION2)
        if account:
            self.client.username_pw_set(**account)
        if certificate:
            self.client.tls_set(certificate)
        self.client.on_connect = self.connected
        self.client.on_message = self.received
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("localhost", port)
        self.client.loop_start()

    def connected(self, client, *_):
        client.subscribe("boards/#", 1)

    def received(self, client, _, message):
        text = message.payload.decode()
        self.messages[message.topic] = text, message.retain
        if message.topic.endswith("/done"):
            answer = json.loads(text)
            self.answers[answer["id"]] = answer["error"]

    def status(self, name):
        return self.messages.get(f"boards/{name}/status", ("", False))[0]

    def rows(self, name):
        text = self.messages.get(f"boards/{name}/schedule", ("[]", False))[0]
        return {row["name"]: row for row in json.loads(text)}

    def send(self, name, command, retain=False):
        if not isinstance(command, str):
            command = json.dumps(command)
        self.client.publish(f"boards/{name}/do", command, 1, retain).wait_for_publish(PATIENCE)

    def do(self, board, **command):
        """The error that a board answers to a command, or None."""
        self.number += 1
        self.send(board, {**command, "id": self.number})
        wait_for(lambda: self.number in self.answers, f"no answer to {command}")
        return self.answers[self.number]

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(micropython, tmp_path):
    is_new = "import sys; sys.exit(int(sys.implementation.version[:2] < (1, 22)))"
    skip_unless(micropython, is_new, "aiomqttc needs MicroPython 1.22")
    if not MOSQUITTO:
        pytest.skip("no mosquitto: on Debian, apt install mosquitto")
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def boards(broker, micropython, tmp_path):
    """Starts boards, by their names."""
    started = {}

    def start(*names, **options):
        for name in names:
            started[name] = Board(micropython, tmp_path, name, broker.port, options)
        return started

    yield start
    for board in started.values():
        board.end()


@pytest.fixture
def desk(broker):
    broker.start()
    desk = Desk(broker.port)
    yield desk
    desk.end()


def all_online(desk, names):
    """Waits until all of them are, and have published their schedule."""

    def online(name):
        return desk.status(name) == "online" and desk.rows(name)

    wait_for(lambda: all(online(name) for name in names), desk.messages)


def test_it_is_short():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 120


def test_what_it_publishes(desk, boards, broker):
    """The schedule as snapshot() gives it; who comes later finds it, too."""
    all_online(desk, boards("roof"))
    wait_for(lambda: desk.rows("roof").get("tick", {}).get("runs", 0) > 2, desk.messages)
    row = desk.rows("roof")["pump"]
    keys = "error last last_ms missed name next next_ms offset restarts result runs state"
    assert sorted(row) == keys.split()
    assert (row["state"], row["runs"]) == ("scheduled", 0)
    late = Desk(broker.port)
    wait_for(lambda: len(late.messages) == 2, late.messages)
    assert late.messages["boards/roof/status"] == ("online", True)
    assert late.messages["boards/roof/schedule"][1]
    late.end()


def test_commands(desk, boards):
    """Each does what it says, to the board that it names; errors are those of the library."""
    all_online(desk, boards("roof", "cellar"))
    assert desk.do("roof", do="run", name="pump") is None
    wait_for(lambda: desk.rows("roof")["pump"]["result"] == "7", desk.messages)
    assert desk.do("roof", do="stop", name="pump") is None
    wait_for(lambda: "pump" not in desk.rows("roof"), desk.messages)
    # It gets its schedule back, and then it runs as well
    assert desk.do("roof", do="start", name="pump") is None
    wait_for(lambda: desk.rows("roof").get("pump", {}).get("state") == "scheduled", desk.messages)
    assert desk.do("roof", do="stop", name="pump") is None
    assert desk.do("roof", do="run", name="pump") is None
    wait_for(lambda: desk.rows("roof").get("pump", {}).get("runs") == 2, desk.messages)
    options = {"repeat": "30 6 * * mon", "times": 2, "jitter": None}
    assert desk.do("roof", do="schedule", name="pump", options=options) is None
    wait_for(lambda: desk.rows("roof")["pump"]["runs"] == 0, desk.messages)
    error = desk.do("roof", do="schedule", name="pump", options={"repeat": "0 25 * * *"})
    assert error == "pump: repeat='0 25 * * *': hour: 25 is not in 0-23"
    error = desk.do("roof", do="schedule", name="pump", options={"strat_in": 5})
    assert error.startswith("pump: strat_in=5: no such option; there are ")
    assert desk.do("roof", do="stop", name="nobody") == (
        "Task nobody not found in ['pump', 'schedule_loop', 'steer', 'tick']"
    )
    assert desk.do("roof", do="dance", name="pump") == (
        "do='dance': accepted: start, stop, run, schedule"
    )
    assert desk.rows("cellar")["pump"]["next_ms"] > 3_400_000


def test_what_is_no_command(desk, boards):
    """It is answered, and the board goes on; one that the broker keeps is not carried out."""
    desk.send("roof", {"do": "stop", "name": "tick", "id": "kept"}, retain=True)
    wait_for(lambda: "boards/roof/do" in desk.messages, desk.messages)
    board = boards("roof")["roof"]
    all_online(desk, ["roof"])
    for text in "", "{", "[]", "5", "null", '{"do": ["stop"], "name": {}}', "\\xff" * 2000:
        desk.answers.clear()
        desk.send("roof", text)
        wait_for(lambda: None in desk.answers, text)
        assert desk.answers[None], text
    assert desk.do("roof", do="run", name="pump") is None
    assert "kept" not in desk.answers
    assert "tick" in desk.rows("roof")
    assert "Traceback" not in board.printed()


def test_last_will(desk, boards):
    """Who loses power is seen to be offline, by those who look later too; the others are not."""
    started = boards(*NAMES)
    all_online(desk, started)
    started["cellar"].end()
    wait_for(lambda: desk.status("cellar") == "offline", desk.messages)
    assert [desk.status(name) for name in NAMES] == ["online", "offline", "online"]
    boards("cellar")
    wait_for(lambda: desk.status("cellar") == "online", desk.messages)


CERTIFICATE = ("cert", "crt"), ("key", "key")
ACCOUNTS = """
user desk
topic readwrite boards/#
pattern readwrite boards/%u/#
"""


def test_accounts(broker, boards, tmp_path):
    """As docs/steer.md sets up a broker: only who has an account gets in, and a board reaches no
    other board's topics. Without a right password it keeps trying, and its tasks run on."""
    passwords = tmp_path / "passwords"
    passwords.touch(0o600)
    command = [Path(MOSQUITTO).parents[1] / "bin" / "mosquitto_passwd", "-b", passwords]
    for user in "desk", "roof", "cellar":
        subprocess.run([*command, user, f"{user}'s own"], check=True)
    (tmp_path / "accounts").write_text(ACCOUNTS)
    broker.settings[1:] = [
        "allow_anonymous false",
        f"password_file {passwords}",
        f"acl_file {tmp_path / 'accounts'}",
        # As whom it runs when root starts it
        f"user {getpass.getuser()}",
    ]
    broker.start()
    desk = Desk(broker.port, username="desk", password="desk's own")
    boards("roof", user="roof", password="roof's own")
    cellar = boards("cellar", user="cellar", password="roof's own")["cellar"]
    greenhouse = boards("greenhouse", user="roof", password="roof's own")["greenhouse"]
    all_online(desk, ["roof"])
    assert desk.do("roof", do="run", name="pump") is None
    for board in cellar, greenhouse:
        wait_for(lambda board=board: len(board.ticks()) > 4, board.printed)
        assert desk.status(board.name) == ""
    desk.end()


def test_encrypted(micropython, broker, boards, tmp_path):
    """With ssl=True nobody listens in on the way; with a context the broker has to be the right
    one, too."""
    make_certificate(micropython, tmp_path, "broker")
    make_certificate(micropython, tmp_path, "other")
    broker.settings += [f"{what}file {tmp_path}/broker.{end}" for what, end in CERTIFICATE]
    broker.settings.append(f"user {getpass.getuser()}")
    broker.start()
    boards("roof", ssl=True)
    boards("cellar", trusted="broker.crt.der")
    greenhouse = boards("greenhouse", trusted="other.crt.der")["greenhouse"]
    desk = Desk(broker.port, certificate=tmp_path / "broker.crt")
    all_online(desk, ["roof", "cellar"])
    wait_for_ticks({"greenhouse": greenhouse}, 4)
    assert desk.status("greenhouse") == ""
    desk.end()


def test_nothing_is_late_for_the_broker(desk, boards, broker):
    """Before there is one, while it is away and when it is back, what is scheduled runs when it is
    due. Once it is back, the boards are steered as before."""
    broker.stop()
    started = boards(*NAMES)
    wait_for_ticks(started, 4)
    broker.start()
    all_online(desk, started)
    for _ in range(2):
        desk.messages.clear()
        broker.stop()
        # That is longer than a board waits for an answer of the broker
        wait_for_ticks(started, 8)
        broker.start()
        all_online(desk, started)
        for name in NAMES:
            assert desk.do(name, do="run", name="pump") is None
    for board in started.values():
        check_ticks(board.ticks())
        assert board.printed().count("pump") == 2


def wait_for_ticks(boards, count):
    before = {name: len(board.ticks()) for name, board in boards.items()}

    def done():
        return all(len(b.ticks()) >= before[name] + count for name, b in boards.items())

    wait_for(done, lambda: {name: board.printed() for name, board in boards.items()})


def check_ticks(ticks):
    """One run a second, and at the time when it is due: within the first half of its second. How
    late a single one is, or that one is left out, may be the machine's doing."""
    seconds = ticks[-1] // 1000 + 1
    assert 0.8 * seconds <= len(ticks) <= seconds + 1, ticks
    late = sorted(ms % 1000 for ms in ticks)
    assert late[len(late) // 2] < 500, ticks
