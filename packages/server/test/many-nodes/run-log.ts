import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Run } from "./final-state.js";

/** What executors did in the world: an append-only file, written before anything is reported. */
export class RunLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  append(run: Run): void {
    appendFileSync(this.#path, `${JSON.stringify(run)}\n`);
  }

  read(): Run[] {
    if (!existsSync(this.#path)) return [];
    const lines = readFileSync(this.#path, "utf8").split("\n");
    return lines.flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Run]));
  }
}
