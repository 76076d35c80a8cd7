import type { Action, ActionEvent, Problem } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORES } from "../places.js";
import { ADMIN, type Answer, LS, REFUND, RM, RunningGate } from "../running-gate.js";

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
  });
  afterAll(() => gate.stop());

  describe("submitting an action", () => {
    it("answers EXECUTE, ABSTAIN and HALT alike with 201 and the action as recorded", async () => {
      const allowed = await gate.submit(LS);
      const held = await gate.submit(REFUND);
      const denied = await gate.submit(RM);
      expect([allowed.status, held.status, denied.status]).toEqual([201, 201, 201]);
      expect(allowed.body).toMatchObject({
        ...LS,
        outcome: "EXECUTE",
        status: "allowed",
        decision: "allow",
        rule_id: "shell",
      });
      expect(held.body).toMatchObject({ outcome: "ABSTAIN", status: "pending_approval", decision: "require_approval" });
      expect(denied.body).toMatchObject({
        outcome: "HALT",
        status: "denied",
        reason: "Recursive deletion is never automatic",
      });
      expect(await gate.get(allowed.body.id)).toEqual(allowed.body);
    });

    it("trap: no rule matched means HALT", async () => {
      const { body } = await gate.submit({ ...LS, tool: "unheard-of" });
      expect(body).toMatchObject({
        outcome: "HALT",
        status: "denied",
        reason_code: "DEFAULT_DENY_NO_MATCH",
        rule_id: null,
      });
    });

    it("trap: strings are recorded untrimmed, so that the client's hash is the gate's", async () => {
      const { body } = await gate.submit({ ...LS, agent_id: " agent ", params: { cmd: " ls " } });
      expect(body).toMatchObject({ agent_id: " agent ", params: { cmd: " ls " } });
    });

    it("is refused naming the path when the body could be read in two ways, and nothing is stored", async () => {
      const count = async (): Promise<number> =>
        (await gate.send<Action[]>("GET", "/v1/actions?limit=1000")).body.length;
      const before = await count();
      const bodies: [string, string][] = [
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":{"a":1,"a":2}}', "$.params.a"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":{"n":9007199254740993}}', "$.params.n"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":{"__proto__":{}}}', "$.params.__proto__"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":{"s":"\\ud800"}}', "$.params.s"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":{},"tol":"x"}', "$.tol"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","op":"x","params":{}}', "$.op"],
        ['{"agent_id":"a\\n","tool":"shell","operation":"exec","params":{}}', "$.agent_id"],
        ['{"tool":"shell","operation":"exec","params":{}}', "$.agent_id"],
        ['{"agent_id":"a","tool":"shell","operation":"exec","params":[]}', "$.params"],
      ];
      for (const [body, path] of bodies) {
        const answer = await gate.send<Problem>("POST", "/v1/actions", { body });
        expect([answer.status, answer.body.code, answer.body.errors?.[0]?.path]).toEqual([422, "invalid_action", path]);
        expect(answer.headers.get("content-type")).toBe("application/problem+json");
      }
      expect(await count()).toBe(before);
    });

    it("says apart what is not JSON, not UTF-8, not application/json, and too large", async () => {
      const post = async (
        body: string | Uint8Array<ArrayBuffer>,
        type = "application/json",
      ): Promise<[number, string]> => {
        const headers = { authorization: `Bearer ${ADMIN}`, "content-type": type };
        const response = await fetch(`${gate.server.url}/v1/actions`, { method: "POST", headers, body });
        return [response.status, ((await response.json()) as Problem).code];
      };
      expect(await post("{'a':1}")).toEqual([400, "invalid_json"]);
      expect(await post(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toEqual([400, "invalid_json"]);
      expect(await post("a=1", "application/x-www-form-urlencoded")).toEqual([415, "unsupported_media_type"]);
      expect(await post(" ".repeat(300_000))).toEqual([413, "payload_too_large"]);
      const big = { ...LS, params: { text: "é".repeat(60_000) } };
      expect(await post(JSON.stringify(big))).toEqual([422, "invalid_action"]);
    });

    it("accepts op for operation", async () => {
      const { operation: op, ...rest } = LS;
      expect((await gate.submit({ ...rest, op })).body).toMatchObject({ operation: "exec", outcome: "EXECUTE" });
    });

    it("keeps context apart from params, and leaves it out when it was not given", async () => {
      expect((await gate.submit({ ...LS, context: { env: "prod" } })).body.context).toEqual({ env: "prod" });
      expect((await gate.submit(LS)).body).not.toHaveProperty("context");
    });

    it("in a batch gives each action its own answer or error, in order", async () => {
      const body = { actions: [LS, { tool: "x" }, RM, REFUND] };
      const { status, body: answer } = await gate.send<{ results: { action?: Action; error?: Problem }[] }>(
        "POST",
        "/v1/actions/batch",
        { body },
      );
      expect(status).toBe(200);
      expect(answer.results.map(({ action, error }) => action?.status ?? error?.code)).toEqual([
        "allowed",
        "invalid_action",
        "denied",
        "pending_approval",
      ]);
    });

    it("in a batch of 1,000 answers all of them", async () => {
      const actions = Array.from({ length: 1_000 }, (_, n) => ({
        ...LS,
        params: { cmd: `ls ${n}`, list: [1, 2, 3, 4, 5, 6] },
      }));
      const { status, body } = await gate.send<{ results: { action?: Action }[] }>("POST", "/v1/actions/batch", {
        body: { actions },
      });
      expect(status).toBe(200);
      expect(body.results.map(({ action }) => action?.params["cmd"])).toEqual(actions.map(({ params }) => params.cmd));
    });

    it("in an empty batch or one over 1,000 is refused", async () => {
      for (const actions of [[], Array.from({ length: 1_001 }, () => LS)]) {
        const answer = await gate.send<Problem>("POST", "/v1/actions/batch", { body: { actions } });
        expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
      }
    });
  });

  describe("an idempotency key", () => {
    it("trap: 50 concurrent submits with one key make one action, all answering it", async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => gate.submit(LS, ADMIN, { "idempotency-key": "fifty" })),
      );
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === null)).toHaveLength(1);
    });

    it("with another body is idempotency_conflict", async () => {
      await gate.submit(LS, ADMIN, { "idempotency-key": "other" });
      const answer = await gate.submit(RM, ADMIN, { "idempotency-key": "other" });
      expect([answer.status, answer.body.code]).toEqual([409, "idempotency_conflict"]);
    });

    it("that is not visible ASCII of at most 255 characters is refused", async () => {
      const answer = await gate.submit(LS, ADMIN, { "idempotency-key": "x".repeat(256) });
      expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
    });
  });

  describe("claiming and reporting", () => {
    it("trap: of 50 concurrent claims of one action exactly one wins; the others are told who holds it", async () => {
      const { body: action } = await gate.submit(REFUND);
      await gate.step(action.id, "approval", { approve: true });
      const claims = await Promise.all(Array.from({ length: 50 }, () => gate.step(action.id, "start")));
      expect(claims.filter(({ status }) => status === 200)).toHaveLength(1);
      const lost = claims.filter(({ status }) => status === 409);
      expect(lost).toHaveLength(49);
      expect(lost[0]?.body).toMatchObject({ code: "not_claimable", action_status: "executing" });
      expect(lost[0]?.body.detail).toContain("bootstrap");
    });

    it("goes allowed, executing, succeeded, and keeps the result and the timeline", async () => {
      const { body: action } = await gate.submit(LS);
      const started = await gate.step(action.id, "start");
      expect(started.body).toMatchObject({ status: "executing", params: LS.params, request_hash: action.request_hash });
      expect(started.body.permit).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      const reported = await gate.step(action.id, "result", { success: true, result: { files: 3 }, meta: { took: 1 } });
      expect(reported.body).toMatchObject({ status: "succeeded", result: { files: 3 }, meta: { took: 1 } });
      expect(reported.body).not.toHaveProperty("permit");
      const { body: events } = await gate.send<ActionEvent[]>("GET", `/v1/actions/${action.id}/events`);
      expect(events.map(({ type }) => type)).toEqual(["action.allowed", "action.executing", "action.succeeded"]);
      expect(reported.body.ledger_index).toBe(events[2]?.ledger_index);
    });

    it("trap: a result is refused for an action that was never claimed, denied, or already reported", async () => {
      const { body: allowed } = await gate.submit(LS);
      const { body: denied } = await gate.submit(RM);
      for (const { id } of [allowed, denied]) {
        expect((await gate.step(id, "result", { success: true })).body.code).toBe("conflict");
      }
      await gate.step(allowed.id, "start");
      await gate.step(allowed.id, "result", { success: true, result: 1 });
      expect((await gate.step(allowed.id, "result", { success: false })).body.code).toBe("conflict");
      expect((await gate.get(allowed.id)).status).toBe("succeeded");
    });

    it("takes the same report twice as one", async () => {
      const { body: action } = await gate.submit(LS);
      await gate.step(action.id, "start");
      const report = { success: false, error: "boom" };
      const first = await gate.step(action.id, "result", report);
      const second = await gate.step(action.id, "result", report);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.body).toEqual(first.body);
      expect(second.headers.get("idempotent-replayed")).toBe("true");
    });

    it("lets only the claimer report", async () => {
      const one = await gate.key("agent", ["agent"], "one");
      const two = await gate.key("agent", ["agent"], "two");
      const { body: action } = await gate.submit(LS, one);
      await gate.step(action.id, "start", {}, one);
      const answer = await gate.step(action.id, "result", { success: true }, two);
      expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
      expect((await gate.step(action.id, "result", { success: true }, one)).status).toBe(200);
    });

    it("refuses what is denied, pending or cancelled", async () => {
      const { body: denied } = await gate.submit(RM);
      const { body: pending } = await gate.submit(REFUND);
      const { body: cancelled } = await gate.submit(LS);
      await gate.step(cancelled.id, "cancel", { reason: "changed my mind" });
      for (const { id } of [denied, pending, cancelled]) {
        const answer = await gate.step(id, "start");
        expect([answer.status, answer.body.code]).toEqual([409, "not_claimable"]);
      }
    });

    it("answers a repeated claim with the same permit when it carries the same idempotency key", async () => {
      const { body: action } = await gate.submit(LS);
      const claim = (key: string): ReturnType<RunningGate["step"]> =>
        gate.send("POST", `/v1/actions/${action.id}/start`, { body: {}, headers: { "idempotency-key": key } });
      const [first, second] = await Promise.all([claim("c1"), claim("c1")]);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.body.permit).toBe(first.body.permit);
      expect((await claim("c2")).body.code).toBe("not_claimable");
    });

    it("ends a claim whose lease ran out as unknown, never as a second run", async () => {
      const { body: action } = await gate.submit(LS);
      await gate.step(action.id, "start", { lease_seconds: 1 });
      const { body: later } = await gate.send<Action>("GET", `/v1/actions/${action.id}?wait=10s`);
      expect(later).toMatchObject({ status: "unknown", error: "no report came before the claim's lease ended" });
      expect((await gate.step(action.id, "start")).body.code).toBe("not_claimable");
      expect((await gate.step(action.id, "result", { success: true })).body.code).toBe("conflict");
    });

    it("refuses a result over the bound, keeping the action executing", async () => {
      const { body: action } = await gate.submit(LS);
      await gate.step(action.id, "start");
      const answer = await gate.step(action.id, "result", { success: true, result: "x".repeat(70_000) });
      expect([answer.status, answer.body.code]).toEqual([413, "payload_too_large"]);
      expect((await gate.get(action.id)).status).toBe("executing");
    });
  });

  describe("listing and reading", () => {
    it("pages through everything by the Link header without a gap or a repeat", async () => {
      await Promise.all(Array.from({ length: 25 }, () => gate.submit({ ...LS, agent_id: "pager" })));
      const seen: string[] = [];
      let path: string | null = "/v1/actions?agent_id=pager&limit=10";
      while (path !== null) {
        const page: Answer<Action[]> = await gate.send("GET", path);
        seen.push(...page.body.map(({ id }) => id));
        path = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? null;
      }
      expect(seen).toHaveLength(25);
      expect(new Set(seen).size).toBe(25);
      expect([...seen].sort().reverse()).toEqual(seen);
    });

    it("refuses a query it does not know, rather than leaving the filter out", async () => {
      for (const query of ["statsu=denied", "status=nonsense", "limit=0", "limit=1001", "since=yesterday", "wait=1"]) {
        const answer = await gate.send<Problem>("GET", `/v1/actions?${query}`);
        expect([query, answer.status, answer.body.code]).toEqual([query, 400, "invalid_request"]);
      }
    });

    it("takes several values of a filter as alternatives", async () => {
      await gate.submit(RM);
      await gate.submit(LS);
      const { body } = await gate.send<Action[]>("GET", "/v1/actions?status=denied&status=allowed&limit=50");
      expect(new Set(body.map(({ status }) => status))).toEqual(new Set(["denied", "allowed"]));
    });

    it("answers not_found for an id that is not there", async () => {
      const answer = await gate.send<Problem>("GET", "/v1/actions/nothing");
      expect([answer.status, answer.body.code]).toEqual([404, "not_found"]);
    });
  });

  describe("a step", () => {
    it("may be sent without a body where it needs none", async () => {
      const { body: action } = await gate.submit(LS);
      const answer = await gate.send<Action>("POST", `/v1/actions/${action.id}/start`);
      expect([answer.status, answer.body.status]).toEqual([200, "executing"]);
    });
  });
});
