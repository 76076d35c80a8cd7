import { setImmediate as endOfTurn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { Departures } from "../../src/http/departures.js";

/** Answers that write down that they were sent; one of them cannot be. */
function answers(sent: string[], names: readonly string[]): { send(): void; giveUp(error: unknown): void }[] {
  return names.map((name) => ({
    send: () => {
      if (name === "broken") throw new Error("cannot be sent");
      sent.push(name);
    },
    giveUp: (error) => sent.push(`given up: ${(error as Error).message}`),
  }));
}

describe("answers that leave together", () => {
  it("trap: all leave, though one of them cannot be sent", async () => {
    const sent: string[] = [];
    const departures = new Departures(setImmediate);
    for (const answer of answers(sent, ["first", "broken", "last"])) departures.add(answer);
    expect(sent).toEqual([]);
    await endOfTurn();
    expect(sent).toEqual(["first", "given up: cannot be sent", "last"]);
  });

  it("are told to leave once, and those that come later once more", () => {
    const schedule = vi.fn<(send: () => void) => void>();
    const sent: string[] = [];
    const departures = new Departures(schedule);
    for (const answer of answers(sent, ["first", "second"])) departures.add(answer);
    schedule.mock.lastCall?.[0]();
    for (const answer of answers(sent, ["third"])) departures.add(answer);
    schedule.mock.lastCall?.[0]();
    expect([sent, schedule.mock.calls.length]).toEqual([["first", "second", "third"], 2]);
  });
});
