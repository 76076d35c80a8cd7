import { writeFile } from "node:fs/promises";
import type { Action } from "@faramesh/protocol";
import { type ActionPage, createClient, type ListFilters } from "@faramesh/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveActionId } from "../src/action-id.js";
import { ALLOWED, HELD, POLICY } from "./policies.js";
import { ADMIN_KEY, faramesh, type Scratch, scratch, startGate, type TestGate } from "./running.js";

const LATER_COUNT = 999;

describe("an id by its beginning, on a gate", () => {
  let folder: Scratch;
  let gate: TestGate;

  beforeAll(async () => {
    folder = await scratch();
    await writeFile(folder.path("policy.yaml"), POLICY);
    gate = await startGate(folder.path("data"), folder.path("policy.yaml"));
  });

  afterAll(async () => {
    await gate.stop();
    await folder.remove();
  });

  it.each([
    { later: "are not pending", filler: ALLOWED },
    { later: "are pending too", filler: HELD },
  ])(
    "trap: a stale beginning never approves a newer action, where those that came later $later",
    async ({ filler }) => {
      const { good, evil, beginning } = await twins();
      await untilIdsBeginOtherwise(beginning);
      // The newer twin is the last of the newest thousand actions, and the older one just out of sight.
      await submitBatch(Array.from({ length: LATER_COUNT }, () => filler));
      for (const command of ["approve", "reject"]) {
        const { code, stdout, stderr } = await faramesh([command, beginning], { env: gate.env });
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(/^code: ambiguous_id$/m);
        expect(stderr).toContain("give the whole id");
      }
      for (const id of [good, evil]) expect(await client().getAction(id)).toMatchObject({ status: "pending_approval" });
      expect((await faramesh(["approve", good], { env: gate.env })).code).toBe(0);
      expect(await client().getAction(evil)).toMatchObject({ status: "pending_approval" });
    },
  );

  function client() {
    return createClient({ url: gate.url, apiKey: ADMIN_KEY });
  }

  async function submitBatch(inputs: readonly object[]): Promise<Action[]> {
    const results = await client().submitActions(inputs as (typeof HELD)[]);
    return results.flatMap((result) => ("action" in result ? [result.action] : []));
  }

  /** Two pending actions of the same moment, the evil one the newer, and what both their ids begin with. */
  async function twins(): Promise<{ good: string; evil: string; beginning: string }> {
    for (;;) {
      const [good, evil] = await submitBatch([HELD, { ...HELD, params: { amount: 1_000_000 } }]);
      if (good === undefined || evil === undefined) throw new Error("the batch was not answered whole");
      let shared = 0;
      while (good.id[shared] === evil.id[shared]) shared += 1;
      const beginning = good.id.slice(0, shared);
      if (beginning.length >= 12) return { good: good.id, evil: evil.id, beginning };
    }
  }
});

/** Ids are UUIDv7 (RFC 9562, section 5.7): they begin with the milliseconds since 1970, in 12 hexadecimal digits. */
async function untilIdsBeginOtherwise(beginning: string): Promise<void> {
  const now = () => Date.now().toString(16).padStart(12, "0");
  const past = beginning.replaceAll("-", "").slice(0, 12);
  await expect.poll(() => now().startsWith(past), { interval: 1 }).toBe(false);
}

/** A gate's list of `count` actions, which remembers what it was asked for. */
function listOf(ids: readonly string[], { tellsMore = true } = {}) {
  const asked: ListFilters[] = [];
  return {
    asked,
    listActionsPage: (filters: ListFilters = {}): Promise<ActionPage> => {
      asked.push(filters);
      const from = Number(filters.cursor ?? 0);
      const to = from + (filters.limit ?? 20);
      const actions = ids
        .slice(from, to)
        .map((id) => ({ ...ALLOWED, id, status: "allowed" }) as Partial<Action> as Action);
      return Promise.resolve({ actions, nextCursor: tellsMore && to < ids.length ? String(to) : null });
    },
  };
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${String(index).padStart(8, "0")}-0000-7000-8000-000000000000`);
}

describe("an id by its beginning", () => {
  it("is found on a later page", async () => {
    const list = listOf(numbered(250));
    expect(await resolveActionId(list, "00000249")).toBe("00000249-0000-7000-8000-000000000000");
    expect(list.asked.length).toBeGreaterThan(1);
  });

  it("asks for nothing where the id is whole, upper case or not", async () => {
    const list = listOf([]);
    const id = "0189abcd-0000-7000-8000-00000000000a";
    expect(await resolveActionId(list, id.toUpperCase())).toBe(id);
    expect(list.asked).toEqual([]);
  });

  it("is not unique where actions beyond the newest may share it, and not missing either", async () => {
    const list = listOf(numbered(5_000));
    await expect(resolveActionId(list, "00000003")).rejects.toMatchObject({ code: "ambiguous_id" });
    await expect(resolveActionId(list, "00004999")).rejects.toMatchObject({
      code: "ambiguous_id",
      message: expect.stringContaining("give the whole id"),
    });
  });

  it("is not unique on a full page that leads nowhere", async () => {
    const { asked, listActionsPage } = listOf(numbered(5_000), { tellsMore: false });
    await expect(resolveActionId({ listActionsPage }, "00000003")).rejects.toMatchObject({ code: "ambiguous_id" });
    expect(asked).toHaveLength(1);
  });

  it("is refused, with the cure, where the list is too large to be read", async () => {
    const tooLarge = createClient({
      url: "http://127.0.0.1:1",
      apiKey: null,
      retries: 0,
      responseBytesMax: 10,
      fetch: () => Promise.resolve(Response.json(numbered(1).map((id) => ({ id })))),
    });
    await expect(resolveActionId(tooLarge, "0000")).rejects.toMatchObject({
      code: "bad_response",
      message: expect.stringMatching(/larger than 10 bytes.*give the whole id/),
    });
  });
});
