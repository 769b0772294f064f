// MicroPython in a worker, as the page sees it.
// MIT license; Copyright (c) 2026 the aioschedule authors

export class Machine {
  /** hears: functions for what the worker says, by the names that worker.js lists; and died. */
  constructor(hears) {
    this.worker = new Worker("worker.js", { type: "module" });
    this.worker.onmessage = ({ data }) => {
      for (const [name, value] of Object.entries(data)) {
        hears[name]?.(value, data);
      }
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      hears.died?.(event.message || "The worker did not start");
    };
  }

  send(message) {
    this.worker.postMessage(message);
  }

  end() {
    this.worker.onmessage = this.worker.onerror = null;
    this.worker.terminate();
  }
}
