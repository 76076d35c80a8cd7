import { join } from "node:path";
import type { Action, ActionEvent } from "@faramesh/protocol";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openOneNode } from "../../src/deployment/one-node.js";
import type { Pruned } from "../../src/gate/prune.js";
import { ADMIN, type Answer, type Answered, LS, REFUND, RunningGate } from "../running-gate.js";

const DAY_MS = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

const realNow = Date.now;
let behindMs = 0;
let gate: RunningGate;
beforeEach(async () => {
  // A gate takes its clock along when it is started.
  vi.spyOn(Date, "now").mockImplementation(() => realNow() - behindMs);
  gate = await asOf(31, () => RunningGate.start());
});
afterEach(async () => {
  await gate.stop();
  vi.restoreAllMocks();
});

/** Does something as it would have been done some days ago. */
async function asOf<T>(days: number, work: () => Promise<T>): Promise<T> {
  behindMs = days * DAY_MS;
  try {
    return await work();
  } finally {
    behindMs = 0;
  }
}

async function submitAsOf(days: number, count: number, action: object = LS): Promise<Action[]> {
  return asOf(days, async () => {
    const answers = await Promise.all(Array.from({ length: count }, () => gate.submit(action)));
    return answers.map(({ body }) => body);
  });
}

function prune(body: object, key: string | null = ADMIN): Promise<Answer<Pruned & Answered>> {
  return gate.send("POST", "/v1/prune", { key, body });
}

function storedEntries(): { idx: number; leaf: string }[] {
  const sqlite = new DatabaseSync(join(gate.dataDir, "faramesh.db"), { readOnly: true });
  try {
    return sqlite.prepare("SELECT idx, leaf FROM ledger_entries ORDER BY idx").all() as never;
  } finally {
    sqlite.close();
  }
}

async function restart(): Promise<void> {
  await gate.server.close();
  gate = await RunningGate.start({ dataDir: gate.dataDir });
}

describe("pruning", () => {
  it("removes what is old and answers what it was; the rest stays, and so does the ledger's proof", async () => {
    const old = await submitAsOf(30, 20);
    const recent = await submitAsOf(10, 3);
    const { body: today } = await gate.submit(LS);
    const before = daysAgo(20);
    const { status, body } = await prune({ before });
    expect(status).toBe(200);
    expect(body).toEqual({
      before,
      actions: 20,
      entries: 21,
      first_index: 21,
      root: expect.stringMatching(/^[0-9a-f]{64}$/),
      dry_run: false,
      removed: true,
    });
    for (const { id } of old.slice(0, 2)) {
      expect((await gate.send("GET", `/v1/actions/${id}`)).status).toBe(404);
      expect((await gate.send("GET", `/v1/actions/${id}/events`)).status).toBe(404);
      expect((await gate.step(id, "start")).status).toBe(404);
    }
    const listed = await gate.send<Action[]>("GET", "/v1/actions?limit=100");
    expect(listed.body.map(({ id }) => id).sort()).toEqual([...recent, today].map(({ id }) => id).sort());
    const entries = storedEntries();
    expect(entries[0]?.idx).toBe(21);
    expect(JSON.parse(entries[0]?.leaf ?? "")).toMatchObject({ previous_root: body.root });
    expect(JSON.parse(entries.at(-1)?.leaf ?? "")).toMatchObject({
      kind: "ledger.pruned",
      actor: { id: "bootstrap", name: "bootstrap", via: "key" },
      body: { before, actions: 20, entries: 21, first_index: 21, root: body.root },
    });
    await restart();
    expect((await gate.send<{ ready: boolean }>("GET", "/ready")).body.ready).toBe(true);
    expect((await gate.submit(LS)).body.ledger_index).toBe(26);
  });

  it("only says what would go with dry_run, and answers that there is nothing when it is done again", async () => {
    await submitAsOf(30, 5);
    const before = daysAgo(20);
    const asked = await prune({ before, dry_run: true });
    expect(asked.body).toMatchObject({ actions: 5, entries: 6, first_index: 6, dry_run: true, removed: false });
    expect(storedEntries()).toHaveLength(6);
    expect((await prune({ before })).body).toEqual({ ...asked.body, dry_run: false, removed: true });
    const size = storedEntries().length;
    expect((await prune({ before })).body).toMatchObject({ actions: 0, entries: 0, first_index: 6, removed: true });
    expect(storedEntries()).toHaveLength(size);
  });

  it("is for admins, and needs a key", async () => {
    for (const role of ["agent", "approver", "developer", "auditor"] as const) {
      const answer = await prune({ before: daysAgo(20) }, await gate.key(role));
      expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    }
    expect((await prune({ before: daysAgo(20) }, null)).status).toBe(401);
  });

  it("is refused for what is younger than 8 days, which may still be waited for", async () => {
    const answer = await prune({ before: daysAgo(7.99) });
    expect([answer.status, answer.body.code]).toEqual([422, "too_recent"]);
    expect(answer.body.errors).toMatchObject([{ path: "$.before", code: "too_recent" }]);
    expect((await prune({ before: daysAgo(8.01) })).status).toBe(200);
  });

  it("is refused where it is not understood", async () => {
    for (const body of [
      {},
      { before: 7 },
      { before: "2025-01-01" },
      { before: "2025-02-30T00:00:00Z" },
      { before: "90d" },
      { before: "2025-01-01T00:00:00Z", dry_run: "yes" },
      { before: "2025-01-01T00:00:00Z", dryrun: true },
    ]) {
      const answer = await prune(body);
      expect([body, answer.status, answer.body.code]).toEqual([body, 400, "invalid_request"]);
    }
  });

  it("leaves what waited for a person while the gate was down: it expires first, and goes another time", async () => {
    const [held] = await submitAsOf(30, 1, REFUND);
    const status = async (): Promise<string> => (await gate.get(held?.id ?? "")).status;
    await expect.poll(status, { timeout: 10_000 }).toBe("expired");
    expect((await prune({ before: daysAgo(20) })).body).toMatchObject({ actions: 0, first_index: 1 });
    expect((await gate.send<ActionEvent[]>("GET", `/v1/actions/${held?.id}/events`)).body).toHaveLength(2);
  });

  it("trap: prunes nothing of a ledger that was touched, and names the entry", async () => {
    await submitAsOf(30, 5);
    await gate.submit(LS);
    const sqlite = new DatabaseSync(join(gate.dataDir, "faramesh.db"));
    sqlite.exec(`DROP TRIGGER ledger_entries_are_never_changed;
      UPDATE ledger_entries SET leaf = replace(leaf, 'allowed', 'denied') WHERE idx = 3`);
    sqlite.close();
    const answer = await prune({ before: daysAgo(20) });
    expect([answer.status, answer.body.code]).toEqual([409, "conflict"]);
    expect(answer.body.detail).toContain("ledger entry 3");
    expect(storedEntries()).toHaveLength(7);
  });

  it("is gone on with by the next start, where the last one ended in the middle of it", async () => {
    await submitAsOf(30, 5);
    await gate.server.close();
    const names = { issuer: "faramesh", audience: "faramesh-executor" };
    const crashed = await openOneNode(gate.dataDir, names);
    const actor = { id: "k1", name: "tester", via: "key" } as const;
    await crashed.store.prune({ beforeMs: Date.now() - 20 * DAY_MS, actor, atMs: Date.now() });
    await crashed.store.close();
    expect(storedEntries()).toHaveLength(7);
    const node = await openOneNode(gate.dataDir, names);
    await node.tidy();
    await node.store.close();
    expect(storedEntries().map(({ idx }) => idx)).toEqual([6]);
    gate = await RunningGate.start({ dataDir: gate.dataDir });
  });
});

describe("an event stream that is resumed where the ledger was pruned", () => {
  async function read(lastEventId: string, until: RegExp): Promise<string> {
    const headers = { authorization: `Bearer ${ADMIN}`, "last-event-id": lastEventId };
    const stopping = new AbortController();
    const response = await fetch(`${gate.server.url}/v1/events`, { headers, signal: stopping.signal });
    let text = "";
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (until.test(text)) break;
    }
    stopping.abort();
    return text;
  }

  it("says so, tells where it begins, and carries all there is from there on", async () => {
    await submitAsOf(30, 10);
    const recent = await submitAsOf(10, 2);
    expect((await prune({ before: daysAgo(20) })).body.first_index).toBe(11);
    const text = await read("3", /id: 12\n.*\n.*\n\n/);
    expect(text).toMatch(/^: faramesh\n: pruned up to 10\nid: 10\n\n/);
    for (const { id } of recent) expect(text).toContain(id);
    expect(await read("-1", /id: 12\n/)).toMatch(/^: faramesh\n: pruned up to 10\nid: 10\n\n/);
  });

  it("says nothing of it to a reader that has everything before", async () => {
    await submitAsOf(30, 10);
    await submitAsOf(10, 2);
    await prune({ before: daysAgo(20) });
    expect(await read("10", /id: 12\n/)).toMatch(/^: faramesh\nid: 10\n\nid: 11\n/);
  });
});
