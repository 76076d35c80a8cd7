import { GateError } from "../errors.js";

/** Reads large policies one after another: each takes a thread and its memory. */
export class ReadingQueue {
  readonly #waitingMax: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param waitingMax - Readings that are under way or wait; more are refused. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** @throws GateError `rate_limited` when too many wait already. */
  async run<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#waitingMax) {
      throw new GateError("rate_limited", "too many large policies wait to be read", { retryAfterSeconds: 5 });
    }
    this.#waiting++;
    const reading = this.#last.then(read).finally(() => {
      this.#waiting--;
    });
    this.#last = reading.catch(() => {});
    return reading;
  }
}
