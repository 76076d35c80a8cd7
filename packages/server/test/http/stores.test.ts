import type { Action } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Readiness } from "../../src/gate/readiness.js";
import { STORES } from "../places.js";
import { ADMIN, LS, POLICY, REFUND, RunningGate } from "../running-gate.js";

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
  });
  afterAll(() => gate.stop());

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${gate.server.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
  }

  describe("what comes in and goes out", () => {
    it("holds no U+0000, which would end texts early", async () => {
      const { body: held } = await gate.submit(REFUND);
      expect((await gate.step(held.id, "approval", { approve: true, reason: "ok\u0000 but" })).status).toBe(400);
      expect((await gate.send("POST", "/v1/agents/%00x/disable", { body: {} })).status).toBe(400);
      const { body: action } = await gate.submit({ ...LS, params: { cmd: "a\u0000b" } });
      expect((await gate.get(action.id)).params).toEqual({ cmd: "a\u0000b" });
    });

    it("tells what is wrong with a policy's text only to who may read the policy", async () => {
      const own = await RunningGate.start({ store, policySource: null });
      const { body } = await own.send<Readiness>("GET", "/ready", { key: null });
      expect(body.checks.ledger).toEqual({ ok: true });
      expect((await own.send<Readiness>("GET", "/ready")).body.checks.ledger.detail).toMatch(/entries/);
      await own.stop();
    });

    it("counts a replayed submission once", async () => {
      const name = 'faramesh_decisions_total\\{outcome="EXECUTE",reason_code="POLICY_ALLOW"\\}';
      await gate.submit(LS, ADMIN, { "idempotency-key": "counted" });
      const before = await metric(name);
      await gate.submit(LS, ADMIN, { "idempotency-key": "counted" });
      expect(await metric(name)).toBe(before);
    });
  });

  describe("idempotency of an approval by token alone", () => {
    it("answers the same request again as it answered it first", async () => {
      const { body: held } = await gate.submit(REFUND);
      const approve = (): ReturnType<RunningGate["step"]> =>
        gate.send("POST", `/v1/actions/${held.id}/approval`, {
          key: null,
          body: { approve: true, token: held.approval_token },
          headers: { "idempotency-key": "by-token" },
        });
      expect((await approve()).body.status).toBe("approved");
      const again = await approve();
      expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([200, "true"]);
    });
  });

  describe("a revoked key", () => {
    it("loses its open streams at once", async () => {
      const created = await gate.send<{ id: string; key: string }>("POST", "/v1/api-keys", {
        body: { name: "streamer", role: "auditor" },
      });
      const response = await fetch(`${gate.server.url}/v1/events`, {
        headers: { authorization: `Bearer ${created.body.key}` },
      });
      await gate.send("DELETE", `/v1/api-keys/${created.body.id}`);
      const { body: after } = await gate.submit(LS);
      expect(await response.text()).not.toContain(after.id);
    });
  });

  describe("an agent id that a key is bound to", () => {
    it("is matched alike in lists and alone, whatever its characters", async () => {
      const key = await gate.key("agent", ["a?"]);
      const { body } = await gate.submit({ ...LS, agent_id: "a😀" });
      const listed = await gate.send<Action[]>("GET", "/v1/actions", { key });
      expect(listed.body.map(({ id }) => id)).toEqual([body.id]);
      expect((await gate.get(body.id, key)).id).toBe(body.id);
    });
  });

  describe("reloading a policy", () => {
    it("twice at once is done one after the other, and leaves no false fault", async () => {
      const own = await RunningGate.start({ store, policySource: POLICY });
      await Promise.all([own.server.reloadPolicy(), own.server.reloadPolicy()]);
      expect((await own.send<Readiness>("GET", "/ready")).body.checks.policy).toEqual({ ok: true });
      await own.stop();
    });

    it("trap: a clock that was set back does not bring an older policy back", async () => {
      const own = await RunningGate.start({ store });
      await own.server.close();
      const stricter = await RunningGate.start({
        place: own.place,
        policySource: "version: 1\nname: strict\nrules: []\n",
      });
      await stricter.server.close();
      await own.place.execute("UPDATE policy_activations SET at_ms = 0 WHERE policy_id = 'strict'");
      const resumed = await RunningGate.start({ place: own.place, policySource: null });
      expect((await resumed.submit(LS)).body).toMatchObject({ outcome: "HALT", policy_id: "strict" });
      await resumed.stop();
    });
  });
});
