import { readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import type { Action, Agent, ApiKey, CreatedApiKey, Problem, Role } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerConfig } from "../../src/config.js";
import { startServer } from "../../src/main.js";
import { STORES } from "../places.js";
import { ADMIN, LS, REFUND, RunningGate } from "../running-gate.js";

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
  });
  afterAll(() => gate.stop());

  describe("a key", () => {
    it("is shown once and listed without its secret", async () => {
      const created = await gate.send<CreatedApiKey>("POST", "/v1/api-keys", {
        body: { name: "ci", role: "agent", agents: ["ci-*"] },
      });
      expect(created.status).toBe(201);
      expect(created.body.key).toMatch(/^fm_[0-9a-f]{16}_[\w-]{43}$/);
      const { body: list } = await gate.send<ApiKey[]>("GET", "/v1/api-keys");
      expect(list.find(({ id }) => id === created.body.id)).toMatchObject({
        name: "ci",
        role: "agent",
        agents: ["ci-*"],
      });
      expect(JSON.stringify(list)).not.toContain(created.body.key);
    });

    it("that is missing, malformed, unknown or revoked is unauthorized, in the same words for all but the missing", async () => {
      const created = await gate.send<CreatedApiKey>("POST", "/v1/api-keys", { body: { name: "x", role: "agent" } });
      expect((await gate.submit(LS, created.body.key)).status).toBe(201);
      await gate.send("DELETE", `/v1/api-keys/${created.body.id}`);
      const wrong = ["x", `fm_${"0".repeat(16)}_${"a".repeat(43)}`, created.body.key, `${ADMIN}x`];
      const answers = await Promise.all(wrong.map((key) => gate.submit(LS, key)));
      expect(new Set(answers.map(({ status, body }) => `${status} ${body.code} ${body.detail}`)).size).toBe(1);
      expect(answers[0]?.body.code).toBe("unauthorized");
      expect((await gate.send<Problem>("POST", "/v1/actions", { key: null, body: LS })).body.code).toBe("unauthorized");
    });

    it("stops working at once when it is rotated, and the new one works", async () => {
      const created = await gate.send<CreatedApiKey>("POST", "/v1/api-keys", { body: { name: "r", role: "agent" } });
      await gate.submit(LS, created.body.key);
      const rotated = await gate.send<CreatedApiKey>("POST", `/v1/api-keys/${created.body.id}/rotate`);
      expect((await gate.submit(LS, created.body.key)).status).toBe(401);
      expect((await gate.submit(LS, rotated.body.key)).status).toBe(201);
    });

    it("bound to agent ids submits as these and as no other", async () => {
      const key = await gate.key("agent", ["team-*"]);
      expect((await gate.submit({ ...LS, agent_id: "team-a" }, key)).status).toBe(201);
      const answer = await gate.submit({ ...LS, agent_id: "other" }, key);
      expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
    });

    it("of an agent reads its own actions; another's do not exist for it", async () => {
      const [mine, other] = [await gate.key("agent"), await gate.key("agent")];
      const { body: action } = await gate.submit(LS, mine);
      expect((await gate.get(action.id, mine)).id).toBe(action.id);
      expect((await gate.send("GET", `/v1/actions/${action.id}`, { key: other })).status).toBe(404);
      expect((await gate.step(action.id, "start", {}, other)).status).toBe(404);
      expect((await gate.step(action.id, "cancel", {}, other)).status).toBe(404);
      expect((await gate.send<Action[]>("GET", "/v1/actions", { key: other })).body).toEqual([]);
    });

    it("of each role may do what the table says, and nothing else", async () => {
      const table: Record<Role, string> = {
        agent: "decide submit list",
        approver: "list approve agents",
        developer: "decide submit list approve agents policy",
        auditor: "list agents policy",
        admin: "decide submit list approve agents policy keys disable",
      };
      for (const [role, expected] of Object.entries(table) as [Role, string][]) {
        const key = await gate.key(role);
        const { body: pending } = await gate.submit(REFUND);
        const tries: [string, () => Promise<{ status: number }>][] = [
          ["decide", () => gate.send("POST", "/v1/gate/decide", { key, body: LS })],
          ["submit", () => gate.submit(LS, key)],
          ["list", () => gate.send("GET", "/v1/actions", { key })],
          ["approve", () => gate.step(pending.id, "approval", { approve: true }, key)],
          ["agents", () => gate.send("GET", "/v1/agents", { key })],
          ["policy", () => gate.send("GET", "/v1/policies/active", { key })],
          ["keys", () => gate.send("GET", "/v1/api-keys", { key })],
          ["disable", () => gate.send("POST", "/v1/agents/nobody/disable", { key, body: {} })],
        ];
        const may: string[] = [];
        for (const [name, attempt] of tries) if ((await attempt()).status < 300) may.push(name);
        expect(`${role}: ${may.join(" ")}`).toBe(`${role}: ${expected}`);
      }
    });

    it("is refused when its description is not understood", async () => {
      for (const body of [
        { name: "", role: "agent" },
        { name: "x", role: "root" },
        { name: "x", role: "agent", scope: "*" },
      ]) {
        const answer = await gate.send<Problem>("POST", "/v1/api-keys", { body });
        expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
      }
    });
  });

  describe("the kill switch", () => {
    it("halts an agent's new actions, cancels what has not begun, and leaves what is executing to report", async () => {
      const of = (action: object): object => ({ ...action, agent_id: "runaway" });
      const { body: allowed } = await gate.submit(of(LS));
      const { body: pending } = await gate.submit(of(REFUND));
      const { body: executing } = await gate.submit(of(LS));
      await gate.step(executing.id, "start");

      const { body: agent } = await gate.send<Agent>("POST", "/v1/agents/runaway/disable", {
        body: { reason: "loops" },
      });
      expect(agent).toMatchObject({ agent_id: "runaway", enabled: false, reason: "loops", actions: 3 });
      expect((await gate.submit(of(LS))).body).toMatchObject({ outcome: "HALT", reason_code: "AGENT_DISABLED" });
      for (const { id } of [allowed, pending]) {
        expect(await gate.get(id)).toMatchObject({ status: "cancelled", reason_code: "AGENT_DISABLED" });
        expect((await gate.step(id, "start")).body.code).toBe("not_claimable");
      }
      expect((await gate.step(executing.id, "result", { success: true })).body.status).toBe("succeeded");

      await gate.send("POST", "/v1/agents/runaway/enable");
      expect((await gate.submit(of(LS))).body.outcome).toBe("EXECUTE");
    });

    it("holds across a restart", async () => {
      const own = await RunningGate.start({ store });
      await own.send("POST", "/v1/agents/agent/disable", { body: {} });
      await own.server.close();
      const again = await RunningGate.start({ place: own.place });
      expect((await again.submit(LS)).body.reason_code).toBe("AGENT_DISABLED");
      await again.stop();
    });
  });

  describe("a server without any key", () => {
    it("makes an admin key at its first start, and shows it once", async () => {
      const own = await RunningGate.start({ store });
      const options = await withoutKeys(own);
      own.server = await startServer(options);
      const key = own.server.adminKey ?? "";
      expect(key).toMatch(/^fm_/);
      expect((await own.send("GET", "/v1/whoami", { key })).body).toMatchObject({ role: "admin" });
      expect(await own.place.content()).not.toContain(key);
      await own.server.close();
      own.server = await startServer(options);
      expect(own.server.adminKey).toBeUndefined();
      expect((await own.send("GET", "/v1/whoami", { key })).status).toBe(200);
      await own.stop();
    });
  });
});

/** Closes a gate, and says how it starts again without an admin key that it is given. */
async function withoutKeys({ server, place }: RunningGate): Promise<ServerConfig> {
  await server.close();
  return { ...place.config, host: "127.0.0.1", port: 0, logLevel: "silent" };
}

describe("a data directory", () => {
  it("holds the first admin key, and the gate's own keys, in files that only its user may read", async () => {
    const own = await RunningGate.start();
    own.server = await startServer(await withoutKeys(own));
    expect(readFileSync(join(own.dataDir, "admin.key"), "utf8").trim()).toBe(own.server.adminKey);
    expect(statSync(join(own.dataDir, "admin.key")).mode & 0o777).toBe(0o600);
    expect(statSync(join(own.dataDir, "keys.json")).mode & 0o777).toBe(0o600);
    expect(statSync(own.dataDir).mode & 0o777).toBe(0o700);
    await own.stop();
  });
});

describe("a server with authentication off", () => {
  it("refuses to listen on anything but loopback", async () => {
    await expect(RunningGate.start({ insecureNoAuth: true, host: "0.0.0.0" })).rejects.toThrow(/loopback/);
  });

  it("trap: answers to no web page and to no domain that was pointed at this machine", async () => {
    const own = await RunningGate.start({ insecureNoAuth: true });
    const { port } = new URL(own.server.url);
    const post = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest(
          {
            host: "127.0.0.1",
            port,
            path: "/v1/actions",
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        outgoing.on("error", reject);
        outgoing.end(JSON.stringify(LS));
      });
    expect(await post({ host: `127.0.0.1:${port}` })).toBe(201);
    expect(await post({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(201);
    expect(await post({ host: `127.0.0.1:${port}`, origin: "https://evil.example" })).toBe(403);
    expect(await post({ host: `127.0.0.1:${port}`, origin: "null" })).toBe(403);
    expect(await post({ host: `127.0.0.1:${port}`, origin: "http://localhost:3000" })).toBe(403);
    expect(await post({ host: `evil.example:${port}` })).toBe(403);
    expect(
      (
        await fetch(`${own.server.url}/health`, { method: "OPTIONS", headers: { origin: "https://evil.example" } })
      ).headers.get("access-control-allow-origin"),
    ).toBeNull();
    await own.stop();
  });
});
