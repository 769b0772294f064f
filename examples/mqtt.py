# Steers a board, or many of them, through an MQTT broker. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Needs aiomqttc: docs/steer.md tells about that, and how to have this in your own program. A board
# called "greenhouse" has these topics:
#   boards/greenhouse/status    "online" or "offline", retained
#   boards/greenhouse/schedule  snapshot() as JSON, retained: every 10 s, and after a command
#   boards/greenhouse/do        commands, such as {"do": "stop", "name": "pump", "id": 7}; there is
#                               start, stop, run, and schedule with {"options": {...}}
#   boards/greenhouse/done      the answer to each, such as {"id": 7, "error": null}

import asyncio
import json

import aioctl
import aiomqttc

import aioschedule

# It prints each packet, with the time of a clock that not all ports have
aiomqttc.log = lambda text="": None
# MicroPython has no such builtin
aiomqttc.TimeoutError = asyncio.TimeoutError

# Seconds until it tries to connect again
RETRY = 5
# Seconds after which the broker takes a silent board for dead, and a half more
KEEPALIVE = 20


def act(do, name, options):
    """Carries out a command. What the library says against it is raised as it words it."""
    if name not in aioctl.group().tasks:
        raise ValueError("Task %s not found in %s" % (name, sorted(aioctl.group().tasks)))
    if do == "run" and aioctl.group().tasks[name].schedule is not None:
        # It is stopped: this gives it its schedule back
        aioctl.start(name)
    if do == "schedule":
        aioschedule.schedule(name, **options)
    elif do not in ("start", "run", "stop"):
        raise ValueError("do=%r: accepted: start, stop, run, schedule" % do)
    elif not (aioctl.stop(name) if do == "stop" else aioctl.start(name)):
        raise ValueError("%s: there is nothing to %s" % (name, do))


def answer(text):
    """Carries out a command in JSON, and returns the answer in JSON."""
    command = {}
    error = None
    try:
        command = json.loads(text)
        act(command.get("do"), command.get("name"), command.get("options", {}))
    except Exception as raised:
        error = str(raised)
    number = command.get("id") if isinstance(command, dict) else None
    return json.dumps({"id": number, "error": error})


async def talk(client, topic, every):
    """Publishes and listens until the connection is lost."""
    answers = []
    news = asyncio.Event()

    async def receive(client, received, payload, is_retained):
        # A command that the broker keeps would be carried out at each connection
        if not is_retained:
            answers.append(answer(payload))
            news.set()

    async def publish(name, text, retain=True):
        # With the client's own publish() a lost connection comes back without its subscription
        return client.connected and await client.publish(topic + name, text, 1, retain)

    client.on_message = receive
    if not await client.connect():
        return
    await client.subscribe(topic + "do", 1)
    is_up = await publish("status", "online")
    while is_up:
        news.clear()
        while is_up and answers:
            is_up = await publish("done", answers.pop(0), False)
        is_up = is_up and await publish("schedule", json.dumps(aioschedule.snapshot()))
        try:
            await asyncio.wait_for(news.wait(), every)
        except asyncio.TimeoutError:
            pass


async def steer(server, port=1883, board="board", user=None, password=None, ssl=False, every=10):
    """Task: steers this board through a broker, and connects again whenever that is lost.

    every: seconds between two looks at the schedule. ssl: True, or an ssl.SSLContext"""
    topic = "boards/%s/" % board
    account = {"user": user, "password": password, "ssl": ssl, "keepalive": KEEPALIVE}
    will = {"will_topic": topic + "status", "will_message": "offline", "will_retain": True}
    while True:
        # A new one each time: what is left of the old one ends by itself
        client = aiomqttc.MQTTClient(board, server, port, **account, **will)
        try:
            await talk(client, topic, every)
        except Exception as error:
            print("[mqtt]", repr(error))
        finally:
            await client.handle_disconnect()
        await asyncio.sleep(RETRY)


async def pump():
    await asyncio.sleep(3)


if __name__ == "__main__":
    for task in pump, aioschedule.schedule_loop:
        aioctl.add(task)
    aioctl.add(steer, "127.0.0.1")
    aioschedule.schedule("pump", start_in=5, repeat=60)
    aioctl.run()
