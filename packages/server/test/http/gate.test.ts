import type { Action, DecideAnswer, PermitClaims, Problem } from "@faramesh/protocol";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORES } from "../places.js";
import { LS, REFUND, RM, RunningGate } from "../running-gate.js";

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
  });
  afterAll(() => gate.stop());

  describe("deciding only", () => {
    it("answers what a submission would be answered, and stores nothing", async () => {
      const before = (await gate.send<Action[]>("GET", "/v1/actions")).body.length;
      for (const action of [LS, RM, REFUND]) {
        const { status, body } = await gate.send<DecideAnswer>("POST", "/v1/gate/decide", { body: action });
        expect(status).toBe(200);
        const submitted = (await gate.submit(action)).body;
        for (const field of [
          "outcome",
          "reason_code",
          "reason",
          "rule_id",
          "request_hash",
          "policy_hash",
          "provenance_id",
        ] as const) {
          expect(body[field]).toBe(submitted[field]);
        }
        expect(body.effect).toBe(submitted.decision);
        expect(body).not.toHaveProperty("trace");
      }
      expect((await gate.send<Action[]>("GET", "/v1/actions")).body.length).toBe(before + 3);
    });

    it("explains itself when asked: which rule matched and which did not, and why", async () => {
      const { body } = await gate.send<DecideAnswer>("POST", "/v1/gate/decide?explain=true", { body: LS });
      expect(body.trace?.find(({ rule_id }) => rule_id === "no-rm")).toMatchObject({ result: "no_match" });
      expect(body.trace?.find(({ rule_id }) => rule_id === "shell")).toMatchObject({ result: "matched" });
    });

    it("refuses what submitting would refuse", async () => {
      const answer = await gate.send<Problem>("POST", "/v1/gate/decide", { body: { ...LS, extra: 1 } });
      expect([answer.status, answer.body.code, answer.body.errors?.[0]?.path]).toEqual([
        422,
        "invalid_action",
        "$.extra",
      ]);
    });

    it("does not say a word about an agent that the key is not bound to", async () => {
      const key = await gate.key("agent", ["mine"]);
      expect((await gate.send("POST", "/v1/gate/decide", { key, body: LS })).status).toBe(403);
    });
  });

  describe("a permit", () => {
    const claimed = async (): Promise<Action> => {
      const { body } = await gate.submit(LS);
      return (await gate.step(body.id, "start")).body;
    };

    it("verifies with the published keys, and states exactly the action that may run", async () => {
      const action = await claimed();
      const keys = createRemoteJWKSet(new URL(`${gate.server.url}/.well-known/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify<PermitClaims>(action.permit ?? "", keys, {
        issuer: "faramesh",
        audience: "faramesh-executor",
      });
      expect(protectedHeader).toMatchObject({ alg: "EdDSA", typ: "faramesh-permit+jwt" });
      expect(payload.sub).toBe(LS.agent_id);
      expect(payload.exp - payload.iat).toBe(300);
      expect(payload.act).toMatchObject({
        id: action.id,
        tool: "shell",
        operation: "exec",
        request_hash: action.request_hash,
      });
      expect(payload.policy).toEqual({ id: "test", version: action.policy_version, hash: action.policy_hash });
    });

    it("is used up once, however many try at once", async () => {
      const { permit, id } = await claimed();
      const consume = (): Promise<{ status: number; body: { code?: string; action_id?: string } }> =>
        gate.send("POST", "/v1/permits/consume", { body: { permit } });
      const answers = await Promise.all(Array.from({ length: 20 }, consume));
      expect(answers.filter(({ status }) => status === 200).map(({ body }) => body.action_id)).toEqual([id]);
      expect(answers.filter(({ body }) => body.code === "permit_consumed")).toHaveLength(19);
      expect((await gate.step(id, "result", { success: true })).body.status).toBe("succeeded");
    });

    it("that was changed, is not one, or has another type is invalid_permit", async () => {
      const { permit = "" } = await claimed();
      const [header, payload, signature] = permit.split(".");
      const other = Buffer.from(JSON.stringify({ ...decodeProtectedHeader(permit), alg: "none" })).toString(
        "base64url",
      );
      for (const bad of [
        "x",
        `${header}.${payload}.AAAA`,
        `${other}.${payload}.`,
        `${header}.${payload}x.${signature}`,
      ]) {
        const answer = await gate.send<Problem>("POST", "/v1/permits/consume", { body: { permit: bad } });
        expect([answer.status, answer.body.code]).toEqual([422, "invalid_permit"]);
      }
    });

    it("keys are published without their private part", async () => {
      const { body } = await gate.send<{ keys: object[] }>("GET", "/.well-known/jwks.json", { key: null });
      expect(body.keys).toHaveLength(1);
      expect(Object.keys(body.keys[0] ?? {}).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    });
  });
});
