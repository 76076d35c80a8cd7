import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ERROR_CODES, type Problem } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PolicyLoadError } from "../../src/gate/policies/refused-policy.js";
import type { Readiness } from "../../src/gate/readiness.js";
import { STORES } from "../places.js";
import { LS, POLICY, RunningGate } from "../running-gate.js";

const BROKEN = POLICY.replace("deny: true", "dney: true");

let gate: RunningGate;
beforeAll(async () => {
  gate = await RunningGate.start();
});
afterAll(() => gate.stop());

describe("the server about itself", () => {
  it("says that it lives and that it is ready", async () => {
    expect((await gate.send("GET", "/health", { key: null })).body).toEqual({ status: "ok" });
    const { status, body } = await gate.send<Readiness>("GET", "/ready", { key: null });
    expect([status, body.ready, body.checks.policy]).toEqual([200, true, { ok: true }]);
  });

  it("counts decisions in Prometheus text", async () => {
    await gate.submit(LS);
    const text = await (await fetch(`${gate.server.url}/metrics`)).text();
    expect(text).toMatch(/faramesh_decisions_total\{outcome="EXECUTE",reason_code="POLICY_ALLOW"\} [1-9]/);
    expect(text).toContain('route="/v1/actions"');
  });

  it("describes every route it serves in OpenAPI 3.1", async () => {
    const { body } = await gate.send<{ openapi: string; paths: Record<string, object> }>("GET", "/openapi.json", {
      key: null,
    });
    expect(body.openapi).toBe("3.1.0");
    expect(Object.keys(body.paths).sort()).toEqual([
      "/.well-known/jwks.json",
      "/health",
      "/metrics",
      "/ready",
      "/v1/actions",
      "/v1/actions/batch",
      "/v1/actions/{id}",
      "/v1/actions/{id}/approval",
      "/v1/actions/{id}/cancel",
      "/v1/actions/{id}/events",
      "/v1/actions/{id}/result",
      "/v1/actions/{id}/start",
      "/v1/agents",
      "/v1/agents/{agent_id}/disable",
      "/v1/agents/{agent_id}/enable",
      "/v1/api-keys",
      "/v1/api-keys/{id}",
      "/v1/api-keys/{id}/rotate",
      "/v1/events",
      "/v1/gate/decide",
      "/v1/permits/consume",
      "/v1/policies",
      "/v1/policies/active",
      "/v1/policies/diff",
      "/v1/policies/test",
      "/v1/policies/validate",
      "/v1/policies/{id}/activate",
      "/v1/policies/{id}/deactivate",
      "/v1/policies/{id}/rollback",
      "/v1/policies/{id}/versions",
      "/v1/policies/{id}/versions/{version}",
      "/v1/policy-activations",
      "/v1/prune",
      "/v1/tools",
      "/v1/tools/{tool}",
      "/v1/whoami",
    ]);
  });

  it("shows the description as a page that runs no script and cannot be framed", async () => {
    const response = await fetch(`${gate.server.url}/docs`);
    const page = await response.text();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page).toContain("/v1/actions/{id}/approval");
    expect(page).not.toContain("<script");
  });

  it("answers every error as a problem document with a stable code and the request's id", async () => {
    const answer = await gate.send<Problem>("GET", "/no/such/place", { key: null });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      type: "urn:faramesh:error:not_found",
      title: ERROR_CODES.not_found.title,
      status: 404,
      code: "not_found",
      detail: "there is nothing here",
      request_id: answer.headers.get("x-request-id"),
    });
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe.each(STORES)("on %s", (store) => {
  describe("trap: a store that is gone", () => {
    it("is 503 store_unavailable with nothing granted, and the gate recovers by itself when it is back", async () => {
      const own = await RunningGate.start({ store });
      const { body: action } = await own.submit(LS);
      const bringBack = await own.place.takeAway();
      for (const answer of [
        await own.submit(LS),
        await own.step(action.id, "start"),
        await own.send<Problem>("GET", "/v1/actions"),
      ]) {
        expect([answer.status, answer.body.code, answer.headers.get("retry-after")]).toEqual([
          503,
          "store_unavailable",
          "1",
        ]);
        for (const secret of Object.values(own.place.config)) {
          expect(JSON.stringify(answer.body)).not.toContain(secret);
        }
      }
      const readiness = async (): Promise<number> => (await own.send<Readiness>("GET", "/ready")).status;
      expect(await readiness()).toBe(503);
      await bringBack();
      await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
      expect((await own.step(action.id, "start")).body.status).toBe("executing");
      await own.stop();
    });
  });

  describe("a policy that does not load", () => {
    it("trap: at the start stops the start, saying the line and the nearest known key", async () => {
      const error: unknown = await RunningGate.start({ store, policySource: BROKEN }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(PolicyLoadError);
      expect((error as Error).message).toMatch(/line 6, .*dney.*deny/s);
    });

    it("later keeps the last good one deciding, and says so loudly", async () => {
      const folder = mkdtempSync(join(tmpdir(), "faramesh-policy-"));
      const policyFile = join(folder, "policy.yaml");
      writeFileSync(policyFile, POLICY);
      const own = await RunningGate.start({ store, policyFile, policySource: null });
      writeFileSync(policyFile, BROKEN);
      await expect(own.server.reloadPolicy()).rejects.toThrow(PolicyLoadError);
      expect((await own.submit(LS)).body.outcome).toBe("EXECUTE");
      const { body } = await own.send<Readiness>("GET", "/ready");
      expect(body.checks.policy).toMatchObject({ ok: true, detail: expect.stringContaining("line 6") as string });
      expect(await (await fetch(`${own.server.url}/metrics`)).text()).toContain("faramesh_policy_fault 1");
      writeFileSync(policyFile, POLICY.replace("allow: true", "deny: true"));
      await own.server.reloadPolicy();
      expect((await own.submit(LS)).body).toMatchObject({ outcome: "HALT", policy_version: 2 });
      await own.stop();
      rmSync(folder, { recursive: true });
    });

    it("that is missing altogether means HALT for everything, and not ready", async () => {
      const own = await RunningGate.start({ store, policySource: null });
      expect((await own.submit(LS)).body).toMatchObject({ outcome: "HALT", reason_code: "POLICY_UNAVAILABLE" });
      expect((await own.send<Readiness>("GET", "/ready")).status).toBe(503);
      await own.stop();
    });

    it("keeps its version over restarts while its meaning is the same, and the last one decides without a file", async () => {
      const own = await RunningGate.start({ store });
      await own.server.close();
      const same = await RunningGate.start({ place: own.place, policySource: `# a comment\n${POLICY}` });
      expect((await same.submit(LS)).body.policy_version).toBe(1);
      await same.server.close();
      const without = await RunningGate.start({ place: own.place, policySource: null });
      expect((await without.submit(LS)).body).toMatchObject({ outcome: "EXECUTE", policy_version: 1 });
      await without.stop();
    });

    it("does not undo at a restart what somebody with a key made decide, or ended; read again, it decides", async () => {
      const own = await RunningGate.start({ store });
      const deciding = async (gate: RunningGate): Promise<number | null> => (await gate.submit(LS)).body.policy_version;
      const pushed = POLICY.replace("operation: exec", "operation: exec, agent_id: agent");
      await own.send("POST", "/v1/policies", { body: { source: pushed, activate: true } });
      await own.server.close();
      const again = await RunningGate.start({ place: own.place });
      expect(await deciding(again)).toBe(2);
      await again.send("POST", "/v1/policies/test/rollback", { body: {} });
      await again.server.close();
      const other = await RunningGate.start({
        place: own.place,
        policySource: POLICY.replace("name: test", "name: b"),
      });
      expect(await deciding(other)).toBe(1);
      await other.send("POST", "/v1/policies/test/deactivate", { body: {} });
      await other.server.close();
      const ended = await RunningGate.start({ place: own.place });
      expect((await ended.submit(LS)).body).toMatchObject({ outcome: "HALT", reason_code: "POLICY_UNAVAILABLE" });
      await ended.server.reloadPolicy();
      expect(await deciding(ended)).toBe(3);
      await ended.stop();
    });
  });
});

describe("a data directory", () => {
  it("that others could read is closed to them at the start", async () => {
    const own = await RunningGate.start();
    await own.server.close();
    chmodSync(own.dataDir, 0o755);
    const again = await RunningGate.start({ place: own.place });
    expect(statSync(own.dataDir).mode & 0o777).toBe(0o700);
    await again.stop();
  });
});
