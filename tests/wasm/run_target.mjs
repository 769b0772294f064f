// Runs tests of tests/target on MicroPython's WebAssembly port.
// MIT license; Copyright (c) 2026 the aioschedule authors
//
//   node run_target.mjs micropython.mjs module '["test_name", ...]' file.py ...

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [interpreter, module, names, ...files] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(interpreter));

const mp = await loadMicroPython({
    heapsize: 16 * 1024 * 1024,
    linebuffer: true,
    stdout: (line) => fs.writeSync(1, line + "\n"),
    stderr: (line) => fs.writeSync(1, line + "\n"),
});
mp.FS.mkdir("/tests");
for (const file of files) {
    mp.FS.writeFile("/tests/" + path.basename(file), fs.readFileSync(file));
}
mp.FS.mkdir("/work");
mp.FS.chdir("/work");
mp.runPython(`
import sys
sys.path.append("/tests")
import loop
loop.run_tests(${JSON.stringify(module)}, ${names})
`);
process.exit(0);
