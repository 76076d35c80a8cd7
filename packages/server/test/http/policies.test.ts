import type { Decision, Problem, Role } from "@faramesh/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CheckAnswer, DiffAnswer, TestAnswer } from "../../src/gate/policies/try-policy.js";
import { STORES } from "../places.js";
import { type Answer, LS, POLICY, REFUND, RunningGate } from "../running-gate.js";

const OPEN = `version: 1
name: test
rules:
  - { id: shell, match: { tool: shell }, allow: true, reason: any shell }
`;
const CLOSED = `version: 1
name: test
rules:
  - { id: no-shell, match: { tool: shell }, deny: true }
`;
const FOR_BOTS = `version: 1
name: bots
applies_to: { agent_id: ["bot-*"] }
rules:
  - { id: no-shell, match: { tool: shell }, deny: true }
`;
const BROKEN = "version: 1\nname: test\nrules:\n  - { id: a, match: { tool: x, tols: y }, allow: true }\n";
const CASES = `- name: a shell runs
  action: { agent_id: a, tool: shell, operation: exec, params: { cmd: ls } }
  expect: { outcome: EXECUTE }
`;

interface Version {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  readonly active: boolean;
  readonly note: string | null;
  readonly created_by: { readonly name: string };
}

type Created = Version & Problem & { readonly created: boolean; readonly activated: boolean };

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeEach(async () => {
    gate = await RunningGate.start({ store });
  });
  afterEach(() => gate.stop());

  const post = <Body>(path: string, body: object = {}, key?: string): Promise<Answer<Body>> =>
    gate.send<Body>("POST", path, { body, ...(key !== undefined && { key }) });
  const create = (source: string, more: object = {}): Promise<Answer<Created>> =>
    post<Created>("/v1/policies", { source, ...more });
  const activate = (id: string, version: number): Promise<Answer<Created>> =>
    post<Created>(`/v1/policies/${id}/activate`, { version });
  const decided = async (action: object): Promise<string> => {
    const { body } = await post<Decision>("/v1/gate/decide", action);
    return `${body.outcome} ${body.policy_id} ${body.policy_version}`;
  };

  describe("a version of a policy", () => {
    it("is recorded without deciding, decides once it is activated, and is rolled back", async () => {
      const created = await create(CLOSED, { note: "no shells on Fridays" });
      expect([created.status, created.body.version, created.body.active]).toEqual([201, 2, false]);
      expect(await decided(LS)).toBe("EXECUTE test 1");
      const activated = await activate("test", 2);
      expect([activated.status, activated.body.active, activated.body.note]).toEqual([
        200,
        true,
        "no shells on Fridays",
      ]);
      expect(await decided(LS)).toBe("HALT test 2");
      const back = await post<Version>("/v1/policies/test/rollback", { note: "too strict" });
      expect([back.status, back.body.version, back.body.active]).toEqual([200, 1, true]);
      expect(await decided(LS)).toBe("EXECUTE test 1");
    });

    it("is kept with its text, its author and its note, and never changes", async () => {
      await create(OPEN, { tests: CASES, note: "open" });
      const { body } = await gate.send<Version & { source: string; tests: string; rules: { id: string }[] }>(
        "GET",
        "/v1/policies/test/versions/2",
      );
      expect(body).toMatchObject({ source: OPEN, tests: CASES, note: "open", active: false });
      expect(body.rules.map(({ id }) => id)).toEqual(["shell"]);
      expect(body.created_by.name).toBe("bootstrap");
      const { body: versions } = await gate.send<Version[]>("GET", "/v1/policies/test/versions");
      expect(versions.map(({ version, active }) => [version, active])).toEqual([
        [2, false],
        [1, true],
      ]);
    });

    it("is made anew only where the meaning or the tests are new", async () => {
      expect((await create(OPEN)).status).toBe(201);
      const same = await create(`# a comment\n${OPEN}`);
      expect([same.status, same.body.created, same.body.version]).toEqual([200, false, 2]);
      const withTests = await create(OPEN, { tests: CASES });
      expect([withTests.status, withTests.body.version]).toEqual([201, 3]);
    });

    it("that does not load is not recorded, and each finding says where and why", async () => {
      const { status, body } = await create(BROKEN);
      expect([status, body.code]).toEqual([422, "invalid_policy"]);
      expect(body.errors?.[0]).toMatchObject({ path: "$.rules[0].match.tols" });
      expect(body.detail).toContain("line 4, column 32: unknown_key");
      expect((await gate.send<Version[]>("GET", "/v1/policies/test/versions")).body).toHaveLength(1);
    });

    it("whose tests fail may be recorded, and cannot be activated", async () => {
      const failing = await create(CLOSED, { tests: CASES });
      expect(failing.status).toBe(201);
      for (const attempt of [await activate("test", 2), await create(CLOSED, { tests: CASES, activate: true })]) {
        expect([attempt.status, attempt.body.code]).toEqual([422, "invalid_policy"]);
        expect(attempt.body.detail).toContain("failing_test");
        expect(attempt.body.detail).toContain("outcome: expected EXECUTE, got HALT");
      }
      expect(await decided(LS)).toBe("EXECUTE test 1");
    });

    it("that is not there cannot be activated, and what never was active not rolled back", async () => {
      expect((await activate("test", 9)).status).toBe(404);
      expect((await activate("nobody", 1)).status).toBe(404);
      for (const verb of ["rollback", "deactivate"]) {
        expect((await post(`/v1/policies/nobody/${verb}`)).status).toBe(404);
      }
      await create(CLOSED);
      expect((await post<Problem>("/v1/policies/test/rollback")).body.code).toBe("conflict");
    });

    it("activated twice is activated once", async () => {
      await create(CLOSED, { activate: true });
      const { body: before } = await gate.send<unknown[]>("GET", "/v1/policy-activations");
      expect((await activate("test", 2)).status).toBe(200);
      expect((await create(CLOSED, { activate: true })).body).toMatchObject({ created: false, activated: false });
      expect((await gate.send<unknown[]>("GET", "/v1/policy-activations")).body).toEqual(before);
    });

    it("that is deactivated decides no more: nothing is allowed then", async () => {
      expect((await post<Version>("/v1/policies/test/deactivate", { note: "enough" })).body.active).toBe(false);
      const { body } = await post<Decision>("/v1/gate/decide", LS);
      expect([body.outcome, body.reason_code]).toEqual(["HALT", "POLICY_UNAVAILABLE"]);
      expect((await post("/v1/policies/test/deactivate")).status).toBe(409);
    });
  });

  describe("several policies", () => {
    it("each decide for their agents, the closest first, and never together", async () => {
      expect((await create(FOR_BOTS, { activate: true })).status).toBe(201);
      expect(await decided({ ...LS, agent_id: "bot-1" })).toBe("HALT bots 1");
      expect(await decided({ ...REFUND, agent_id: "bot-1" })).toBe("HALT bots 1");
      expect(await decided(LS)).toBe("EXECUTE test 1");
      const active = async (query: string): Promise<string> =>
        (await gate.send<Version>("GET", `/v1/policies/active${query}`)).body.id;
      expect([await active(""), await active("?agent_id=bot-1"), await active("?agent_id=x")]).toEqual([
        "test",
        "bots",
        "test",
      ]);
      const { body } = await gate.send<(Version & { active_version: number | null })[]>("GET", "/v1/policies");
      expect(body.map(({ id, active_version }) => [id, active_version])).toEqual([
        ["bots", 1],
        ["test", 1],
      ]);
    });

    it("of which nobody could say which decides are refused", async () => {
      await create(FOR_BOTS, { activate: true });
      const rival = FOR_BOTS.replace("name: bots", "name: rivals").replace("bot-*", "*-bot");
      const { status, body } = await create(rival, { activate: true });
      expect([status, body.code]).toEqual([409, "conflict"]);
      expect(body.detail).toContain("bot-* and *-bot");
    });

    it("for the same agents take each other's place", async () => {
      await create(OPEN.replace("name: test", "name: other"), { activate: true });
      expect(await decided(LS)).toBe("EXECUTE other 1");
      expect((await gate.send<Version[]>("GET", "/v1/policies")).body.map(({ id, active }) => [id, active])).toEqual([
        ["other", true],
        ["test", false],
      ]);
    });
  });

  describe("the history", () => {
    it("tells who made what decide when and why, newest first, and stands in the ledger", async () => {
      await create(CLOSED, { activate: true, note: "strict" });
      await post("/v1/policies/test/rollback", { note: "back" });
      await post("/v1/policies/test/deactivate", { note: "end" });
      const { body } = await gate.send<{ policy_version: number | null; note: string; by: { name: string } }[]>(
        "GET",
        "/v1/policy-activations?policy_id=test",
      );
      expect(body.map(({ policy_version, note, by }) => [policy_version, note, by.name])).toEqual([
        [null, "end", "bootstrap"],
        [1, "back", "bootstrap"],
        [2, "strict", "bootstrap"],
        [1, null, "faramesh"],
      ]);
      const one = await gate.send<unknown[]>("GET", "/v1/policy-activations?limit=1");
      expect(one.body).toHaveLength(1);
      expect((await gate.send("GET", "/v1/policy-activations?limit=0")).status).toBe(400);
    });

    it("outlives the process", async () => {
      await create(CLOSED, { activate: true });
      await gate.server.close();
      const again = await RunningGate.start({ store, place: gate.place, policySource: null });
      expect((await again.submit(LS)).body.outcome).toBe("HALT");
      gate.server = again.server;
    });
  });

  describe("a text that is tried", () => {
    it("comes back with every finding, and nothing is recorded", async () => {
      const { body: size } = await gate.send<{ checks: unknown }>("GET", "/ready");
      const bad = await post<CheckAnswer>("/v1/policies/validate", { source: BROKEN });
      expect([bad.status, bad.body.ok, bad.body.policy]).toEqual([200, false, null]);
      expect(bad.body.findings[0]).toMatchObject({ code: "unknown_key", line: 4, column: 32, severity: "error" });
      const failing = await post<CheckAnswer>("/v1/policies/validate", { source: CLOSED, tests: CASES });
      expect([failing.body.ok, failing.body.test_findings[0]?.code]).toEqual([false, "failing_test"]);
      const good = await post<CheckAnswer>("/v1/policies/validate", { source: OPEN, tests: CASES });
      expect([good.body.ok, good.body.policy?.rules]).toEqual([true, 1]);
      expect((await gate.send<{ checks: unknown }>("GET", "/ready")).body.checks).toEqual(size.checks);
    });

    it("comes back with what its tests came to, and which rules they reach", async () => {
      const { body } = await post<TestAnswer>("/v1/policies/test", { source: POLICY, tests: CASES });
      expect([body.passed, body.failed, body.results[0]?.ok]).toEqual([1, 0, true]);
      expect(body.results[0]?.decision).toMatchObject({ outcome: "EXECUTE", rule_id: "shell" });
      expect(body.coverage).toMatchObject({ covered: 1, percent: 16 });
    });

    it("is compared by what it means, and by how it decides what was recorded", async () => {
      const { body: action } = await gate.submit(LS);
      await gate.submit(REFUND);
      const { body } = await post<DiffAnswer>("/v1/policies/diff", { after: { source: CLOSED }, actions: 100 });
      expect(body.same).toBe(false);
      expect(body.rules.map(({ id, kind }) => `${kind} ${id}`)).toContain("added no-shell");
      expect(body.decisions?.compared).toBe(2);
      expect(body.decisions?.changed.map(({ tool, direction }) => [tool, direction])).toEqual([
        ["stripe", "stricter"],
        ["shell", "stricter"],
      ]);
      expect(body.decisions?.changed[1]).toMatchObject({ action_id: action.id, recorded: { outcome: "EXECUTE" } });
    });

    it("is compared by version and by id, too; what is not there is not found", async () => {
      await create(CLOSED);
      const diff = (before: object, after: object): Promise<Answer<DiffAnswer>> =>
        post<DiffAnswer>("/v1/policies/diff", { before, after });
      expect((await diff({ id: "test", version: 1 }, { id: "test", version: 1 })).body.same).toBe(true);
      expect((await diff({ id: "test" }, { id: "test", version: 2 })).body.same).toBe(false);
      expect((await diff({ id: "x" }, { id: "test" })).status).toBe(404);
      expect((await diff({}, { source: BROKEN })).status).toBe(422);
    });
  });

  it("lets those who may read policies read, admins alone change or try a text, and nobody else anything", async () => {
    await create(CLOSED);
    const reads = [
      "/v1/policies",
      "/v1/policies/test/versions",
      "/v1/policies/test/versions/1",
      "/v1/policy-activations",
    ];
    const changes: [string, object][] = [
      ["/v1/policies", { source: OPEN }],
      ["/v1/policies/test/activate", { version: 2 }],
      ["/v1/policies/test/rollback", {}],
      ["/v1/policies/test/deactivate", {}],
      ["/v1/policies/validate", { source: OPEN }],
      ["/v1/policies/test", { source: OPEN }],
      ["/v1/policies/diff", { after: { source: OPEN } }],
    ];
    const readers: Role[] = ["developer", "auditor"];
    for (const role of ["agent", "approver", "developer", "auditor"] as const) {
      const key = await gate.key(role);
      const read = readers.includes(role) ? 200 : 403;
      for (const path of reads) expect([path, (await gate.send("GET", path, { key })).status]).toEqual([path, read]);
      const stored = await post("/v1/policies/diff", { before: {}, after: { id: "test", version: 2 } }, key);
      expect(stored.status).toBe(read);
      for (const [path, body] of changes) expect([path, (await post(path, body, key)).status]).toEqual([path, 403]);
    }
    for (const [path, body] of changes) {
      expect((await gate.send("POST", path, { key: null, body })).status).toBe(401);
    }
    expect(await decided(LS)).toBe("EXECUTE test 1");
  });

  it("takes no key, field or size that it does not know", async () => {
    expect((await create(OPEN, { activated: true })).status).toBe(400);
    expect((await post("/v1/policies/test/activate", { version: 0 })).status).toBe(400);
    expect((await post("/v1/policies/test/activate", {})).status).toBe(400);
    expect((await create(`${OPEN}#${"x".repeat(1_048_576)}`)).status).toBe(400);
    expect((await gate.send("GET", "/v1/policies/test/versions/0")).status).toBe(400);
    expect((await gate.send("GET", "/v1/policies/active?agent=x")).status).toBe(400);
  });
});
