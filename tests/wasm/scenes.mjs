// Scenes for tests/test_wasm.py: programs on MicroPython's WebAssembly port, in real time.
// MIT license; Copyright (c) 2026 the aioschedule authors
//
//   node scenes.mjs micropython.mjs scene file.py ...
//
// Prints as JSON what was noted: pairs of what and when, in ms.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [interpreter, scene, ...files] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(interpreter));
const mp = await loadMicroPython({ linebuffer: true, stdout: () => {}, stderr: () => {} });
for (const file of files) {
    mp.FS.writeFile("/" + path.basename(file), fs.readFileSync(file));
}

const notes = [];
let start = performance.now();
const note = (what) => notes.push([what, Math.round(performance.now() - start)]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
mp.registerJsModule("host", { note });
mp.runPython(`
import io
import time
import aioctl
import aioschedule
import host

async def valve():
    host.note("valve")

async def other():
    host.note("other")
`);

const scenes = {
    async tasks() {
        mp.runPython(`
import aioschedule_status, aioctl_status

@aioschedule.schedule_task(start_in=0.3, repeat=0.2)
@aioctl.aiotask
async def tick():
    host.note("tick")

async def fails():
    host.note("fails")
    raise OSError("no sensor")

aioctl.add(tick)
aioctl.add(fails)
aioctl.add(aioschedule.schedule_loop)
aioctl.add(aioschedule.watcher_loop, sleep=0.5)
`);
        start = performance.now();
        note("returned");
        await sleep(2000);
        mp.runPython(`
lines = []
aioctl_status.print = lambda *words, **_: lines.append(" ".join(str(word) for word in words))
aioctl.status("tick")
host.note("status " + " ".join(lines))
`);
    },

    async callback() {
        mp.runPython(`
aioctl.add(valve)
aioschedule.schedule("valve", start_in=3600)
aioctl.add(aioschedule.schedule_loop)

def fire():
    host.note("callback")
    aioschedule.schedule("valve", start_in=0)
`);
        start = performance.now();
        setTimeout(mp.globals.get("fire"), 400);
        await sleep(900);
    },

    async unschedule() {
        mp.runPython(`
aioctl.add(valve)
aioctl.add(other)
aioschedule.schedule("valve", start_in=0.5)
aioschedule.schedule("other", start_in=0.6)
aioctl.add(aioschedule.schedule_loop)

def forget():
    host.note("callback")
    aioschedule.unschedule("valve")
`);
        setTimeout(mp.globals.get("forget"), 200);
        await sleep(1000);
    },

    async clock() {
        const before = mp.globals.get("time").ticks_ms();
        const now = Date.now;
        Date.now = () => now() + 3600 * 1000;
        const after = mp.globals.get("time").ticks_ms();
        notes.push(["ticks moved by", after - before]);
    },
};

await scenes[scene]();
console.log(JSON.stringify(notes));
process.exit(0);
