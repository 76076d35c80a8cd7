import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";

/** Copies the write-ahead log into the database beside the commits, so that no request waits for it. */
export class Checkpointer {
  readonly #worker: Worker;
  readonly #ended: Promise<unknown>;

  /** @param path - The database file. */
  constructor(path: string) {
    this.#worker = new Worker(createRequire(import.meta.url).resolve("#checkpoint-worker"), { workerData: path });
    // Should it fail, the commits checkpoint by themselves once the log is long: slower, and no less safe.
    this.#worker.on("error", () => {});
    this.#ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.unref();
  }

  async close(): Promise<void> {
    this.#worker.postMessage("close");
    this.#worker.ref();
    await this.#ended;
  }
}
