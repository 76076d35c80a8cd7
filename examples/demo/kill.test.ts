import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAILY_WORK } from "./daily-work.mjs";
import { RECORDED } from "./record.mjs";
import { refundSteps } from "./refund.mjs";
import { openWorld, type World } from "./world.mjs";

/** Answers that the gate gives in the whole story; the last test notices when the story grows past it. */
const ANSWERS = 17;

/** Where the answer is when the gate dies: with the client, or on its way to it. */
type Loss = "arrives" | "is lost";

/** The clients' way to the gate: on it the gate is killed behind one answer, and started again. */
class Wire {
  answers = 0;
  /** What the gate acknowledged: each action's newest version and status. */
  readonly acknowledged = new Map<string, { status: string; version: number }>();
  #killBehind = Number.POSITIVE_INFINITY;
  #loss: Loss = "arrives";
  #crash: () => Promise<void> = async () => {};

  killBehind(answer: number, loss: Loss, crash: () => Promise<void>): void {
    this.answers = 0;
    this.acknowledged.clear();
    this.#killBehind = answer;
    this.#loss = loss;
    this.#crash = crash;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    const text = await response.text();
    this.answers++;
    this.#note(response.ok ? text : "{}");
    if (this.answers === this.#killBehind) {
      await this.#crash();
      if (this.#loss === "is lost") throw new TypeError("the connection broke off");
    }
    return new Response(text, { status: response.status, headers: response.headers });
  };

  #note(text: string): void {
    const { id, status, version } = JSON.parse(text) as { id?: string; status?: string; version?: number };
    if (id === undefined || status === undefined || version === undefined) return;
    if (version >= (this.acknowledged.get(id)?.version ?? 0)) this.acknowledged.set(id, { status, version });
  }
}

const wire = new Wire();
let world: World;

beforeAll(async () => {
  world = await openWorld({ fetch: wire.fetch });
  // Once without a crash: from then on the payment API has the gate's public keys and does not ask again.
  await tellStory();
});

afterAll(async () => {
  await world.close();
});

/** The whole story from its beginning, in a world that goes on. */
async function tellStory(): Promise<void> {
  world.payments.refunds.length = 0;
  await rm(join(world.folder, "workspace", "report.txt"), { force: true });
  for (const step of [...DAILY_WORK, ...refundSteps()]) await step.run(world);
}

async function recordedNow(): Promise<Map<string, { status: string; version: number }>> {
  const actions = await world.admin.listActions({ limit: RECORDED.length });
  return new Map(actions.map(({ id, status, version }) => [id, { status, version }]));
}

const KILL_POINTS = Array.from({ length: ANSWERS }, (_, index) => index + 1);

describe("a gate that is killed with SIGKILL in the middle of the story", () => {
  for (const loss of ["arrives", "is lost"] as const) {
    it.each(KILL_POINTS)(`behind answer %i, which ${loss}, has lost nothing and runs nothing twice`, async (answer) => {
      let kept: unknown = null;
      wire.killBehind(answer, loss, async () => {
        await world.crashGate();
        kept = await keptOf(wire.acknowledged.keys());
        expect(kept).toEqual(Object.fromEntries(wire.acknowledged));
      });

      await tellStory();

      expect(kept).not.toBeNull();
      expect(world.payments.refunds).toEqual([{ charge: "ch_1017", amount: 250 }]);
      expect(await recordedNow()).toEqual(wire.acknowledged);
      expect([...wire.acknowledged.values()].map(({ status }) => status)).toEqual(RECORDED.map(([, status]) => status));
    });
  }

  it("was killed behind every answer of the story", async () => {
    wire.killBehind(Number.POSITIVE_INFINITY, "arrives", async () => {});
    await tellStory();
    expect(wire.answers).toBe(ANSWERS);
  });
});

/** What the restarted gate says of each action. */
async function keptOf(ids: Iterable<string>): Promise<Record<string, { status: string; version: number }>> {
  const kept: Record<string, { status: string; version: number }> = {};
  for (const id of ids) {
    const { status, version } = await world.admin.getAction(id);
    kept[id] = { status, version };
  }
  return kept;
}
