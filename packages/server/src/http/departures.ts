/** An answer that is ready to be sent. */
export interface Leaving {
  send(): void;
  /** Called with what `send` threw: whoever waits for the answer must not wait for ever. */
  giveUp(error: unknown): void;
}

/**
 * Sends answers together: one after another they would wake the other side for each, and on most machines that costs
 * more than the answer.
 */
export class Departures {
  readonly #schedule: (sendAll: () => void) => void;
  #leaving: Leaving[] = [];

  /** @param schedule - Says when those leave that were added until then. */
  constructor(schedule: (sendAll: () => void) => void) {
    this.#schedule = schedule;
  }

  add(answer: Leaving): void {
    if (this.#leaving.push(answer) === 1) this.#schedule(this.#sendAll);
  }

  readonly #sendAll = (): void => {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const answer of leaving) {
      try {
        answer.send();
      } catch (error) {
        answer.giveUp(error);
      }
    }
  };
}
