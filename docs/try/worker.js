// A machine of its own for each program: MicroPython in a worker, where an endless loop does no harm.
// MIT license; Copyright (c) 2026 the aioschedule authors
//
// Messages in: {run}, {command}, {rule}. Out: {ready}, {failed}, {output}, {look}, {ended}, {rule}.

const LOOK_EVERY = 100; // ms
const FLUSH_AFTER = 40; // ms
const HEAP = 4 * 1024 * 1024;
const PYTHON_STACK = 16 * 1024;

const decoder = new TextDecoder();
let bytes = [];
let muted = false;
let lastFlush = 0;
let driver;

function flush() {
  lastFlush = Date.now();
  if (bytes.length) {
    postMessage({ output: decoder.decode(new Uint8Array(bytes), { stream: true }) });
    bytes = [];
  }
}

function write(data) {
  if (muted) {
    return;
  }
  if (!bytes.length) {
    setTimeout(flush, FLUSH_AFTER);
  }
  bytes.push(...data);
  // No timer fires while a program keeps the event loop from running
  if (bytes.length > 4096 || Date.now() - lastFlush > 10 * FLUSH_AFTER) {
    flush();
  }
}

async function fetched(path) {
  const response = await fetch(path);
  if (!response.ok) {
    throw new Error(`${path}: ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function load() {
  const modules = JSON.parse(decoder.decode(await fetched("vendor/modules.json")));
  const { loadMicroPython } = await import("./vendor/micropython.mjs");
  const python = await loadMicroPython({
    stdout: write,
    stderr: write,
    linebuffer: false,
    heapsize: HEAP,
    pystack: PYTHON_STACK,
  });
  const paths = ["driver.py", ...modules.map((name) => `vendor/${name}`)];
  for (const [at, source] of (await Promise.all(paths.map(fetched))).entries()) {
    python.FS.writeFile("/" + paths[at].split("/").pop(), source);
  }
  driver = python.pyimport("driver");
}

function quietly(action) {
  muted = true;
  try {
    return action();
  } finally {
    muted = false;
  }
}

function look() {
  const now = Date.now();
  const { rows, alive } = JSON.parse(quietly(() => driver.look()));
  postMessage({ look: { now, rows, alive } });
}

const actions = {
  run(source) {
    const goesOn = driver.run(source);
    flush();
    if (goesOn) {
      look();
      setInterval(look, LOOK_EVERY);
    } else {
      postMessage({ ended: true });
    }
  },
  command(text) {
    driver.command(text);
  },
  rule({ text, zone, from, id }) {
    postMessage({ rule: JSON.parse(driver.rule(text, zone, from)), id });
  },
};

const loaded = load().then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ failed: String(error.message || error) }),
);

addEventListener("message", async ({ data }) => {
  await loaded;
  for (const [name, value] of Object.entries(data)) {
    actions[name](value);
  }
});
