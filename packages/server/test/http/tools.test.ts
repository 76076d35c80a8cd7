import type { Problem } from "@faramesh/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RegisteredTool } from "../../src/gate/tools.js";
import { STORES } from "../places.js";
import { type Answer, LS, REFUND, RunningGate } from "../running-gate.js";

const SCHEMA = {
  type: "object",
  properties: { amount: { type: "number", minimum: 0 }, note: { type: "string", pattern: "^[a-z ]*$" } },
  required: ["amount"],
  additionalProperties: false,
};
const STRIPE = { tool: "stripe", operation: "refund", schema: SCHEMA };

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeEach(async () => {
    gate = await RunningGate.start({ store });
  });
  afterEach(() => gate.stop());

  const register = (...tools: object[]): Promise<Answer<RegisteredTool[] & Problem>> =>
    gate.send("POST", "/v1/tools", { body: { tools } });
  const refund = (params: object): ReturnType<RunningGate["submit"]> => gate.submit({ ...REFUND, params });

  it("holds what is submitted against the schema of its tool, and says which param is wrong", async () => {
    expect((await register(STRIPE)).status).toBe(200);
    expect((await refund({ amount: 50 })).body.status).toBe("pending_approval");
    for (const [params, path, message] of [
      [{}, "$.params", /required property 'amount'/],
      [{ amount: "50" }, "$.params.amount", /must be number, says the schema of stripe/],
      [{ amount: 5, ammount: 5 }, "$.params", /additional properties \(ammount\)/],
      [{ amount: 5, note: "A" }, "$.params.note", /must match pattern/],
    ] as const) {
      const { status, body } = await refund(params);
      expect([status, body.code, body.errors?.[0]?.path]).toEqual([422, "invalid_action", path]);
      expect(body.errors?.[0]?.message).toMatch(message);
    }
    expect((await gate.submit(LS)).status).toBe(201);
    expect((await gate.submit({ ...REFUND, operation: "payout" })).status).toBe(201);
  });

  it("holds what is only asked against it, too", async () => {
    await register(STRIPE);
    const { status } = await gate.send("POST", "/v1/gate/decide", { body: { ...REFUND, params: {} } });
    expect(status).toBe(422);
  });

  it("takes the schema for an operation before the one for all, and forgets either", async () => {
    await register(STRIPE, { tool: "stripe", schema: { type: "object", maxProperties: 0 } });
    expect((await gate.submit({ ...REFUND, operation: "payout" })).status).toBe(422);
    expect((await refund({ amount: 5 })).status).toBe(201);
    expect((await gate.send("DELETE", "/v1/tools/stripe?operation=refund")).status).toBe(200);
    expect((await refund({ amount: 5 })).status).toBe(422);
    expect((await gate.send("DELETE", "/v1/tools/stripe")).status).toBe(200);
    expect((await refund({})).status).toBe(201);
    expect((await gate.send("DELETE", "/v1/tools/stripe")).status).toBe(404);
    expect((await gate.send<RegisteredTool[]>("GET", "/v1/tools")).body).toEqual([]);
  });

  it("holds the rules of policies that come in against it, and lets those that decide go on", async () => {
    await register(STRIPE);
    const source =
      "rules: [{ match: { tool: stripe, operation: refund, params: { ammount: { gt: 5 } } }, deny: true }]";
    const { status, body } = await gate.send<Problem>("POST", "/v1/policies", { body: { source } });
    expect([status, body.code]).toEqual([422, "invalid_policy"]);
    expect(body.detail).toContain("unknown_param");
    expect((await gate.submit(LS)).body.outcome).toBe("EXECUTE");
  });

  it("reads what an MCP server answers, and OpenAPI", async () => {
    const document = JSON.stringify({
      tools: [{ name: "read_file", inputSchema: { type: "object", required: ["path"] } }],
    });
    expect((await gate.send("POST", "/v1/tools", { body: { document } })).status).toBe(200);
    expect((await gate.submit({ agent_id: "a", tool: "read_file", operation: "x", params: {} })).status).toBe(422);
    expect((await gate.send("POST", "/v1/tools", { body: { document: "{}" } })).status).toBe(400);
  });

  it("outlives the process", async () => {
    await register(STRIPE);
    await gate.server.close();
    gate.server = (await RunningGate.start({ store, place: gate.place })).server;
    expect((await refund({})).status).toBe(422);
  });

  it.each([
    ["a reference to elsewhere", { $ref: "https://example.com/schema" }, /leads to nothing/],
    [
      "a schema about itself",
      { $ref: "#/$defs/a", $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }] } } },
      /back to itself/,
    ],
    ["a pattern that is not RE2", { properties: { a: { type: "string", pattern: "(?=a)" } } }, /RE2/],
    ["what is no schema", { type: "nothing" }, /type/],
    ["more than is bearable", { description: "x".repeat(200_001) }, /characters/],
  ])("refuses %s", async (_what, schema, message) => {
    const { status, body } = await register({ tool: "t", schema });
    expect([status, body.code]).toEqual([400, "invalid_request"]);
    expect(body.errors?.[0]?.message).toMatch(message);
  });

  it("answers hostile params at once, whatever the schema asks of them", async () => {
    const items = { type: "array", uniqueItems: true, items: { type: "string", pattern: "^(a+)+$" } };
    await register({ tool: "t", schema: { type: "object", properties: { items } } });
    const started = performance.now();
    const params = { items: Array.from({ length: 700 }, (_, place) => `${"a".repeat(60)}${place}!`) };
    expect((await gate.submit({ agent_id: "a", tool: "t", operation: "o", params })).status).toBe(422);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("lets those who may read policies read, and admins alone change", async () => {
    await register(STRIPE);
    for (const role of ["agent", "approver", "developer", "auditor"] as const) {
      const key = await gate.key(role);
      const read = role === "developer" || role === "auditor" ? 200 : 403;
      expect((await gate.send("GET", "/v1/tools", { key })).status).toBe(read);
      expect((await gate.send("POST", "/v1/tools", { key, body: { tools: [STRIPE] } })).status).toBe(403);
      expect((await gate.send("DELETE", "/v1/tools/stripe?operation=refund", { key })).status).toBe(403);
    }
  });
});
