import type { Action, Actor } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORES } from "../places.js";
import { ADMIN, LS, REFUND, RM, RunningGate } from "../running-gate.js";

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  let agent: string;
  let approver: string;
  let developer: string;
  let auditor: string;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
    agent = await gate.key("agent", [], "agent-1");
    approver = await gate.key("approver", [], "ann");
    developer = await gate.key("developer", [], "dev");
    auditor = await gate.key("auditor", [], "aud");
  });
  afterAll(() => gate.stop());

  const held = async (key: string, operation = "refund"): Promise<Action> =>
    (await gate.submit({ ...REFUND, operation }, key)).body;

  describe("an approval", () => {
    it("by an approver makes a pending action approved, and names the approver as authenticated", async () => {
      const { id } = await held(agent);
      const { status, body } = await gate.step(id, "approval", { approve: true, reason: "checked" }, approver);
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: "approved", outcome: "ABSTAIN", reason_code: "HUMAN_APPROVED" });
      expect(body.approval).toMatchObject({ note: "checked", decided_by: [{ name: "ann", via: "key" }] });
      expect((await gate.step(id, "start", {}, agent)).body.status).toBe("executing");
    });

    it("rejected is denied with HUMAN_REJECTED, and trap: declining a call never runs it", async () => {
      const { id } = await held(agent);
      const { body } = await gate.step(id, "approval", { approve: false, reason: "no" }, approver);
      expect(body).toMatchObject({ status: "denied", reason_code: "HUMAN_REJECTED" });
      expect((await gate.step(id, "start", {}, agent)).body.code).toBe("not_claimable");
    });

    it("trap: 20 concurrent answers come to one decision; the others get already_decided", async () => {
      const { id } = await held(agent);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => gate.step(id, "approval", { approve: n % 2 === 0 }, approver)),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === "already_decided")).toHaveLength(19);
      const { body: events } = await gate.send<{ type: string }[]>("GET", `/v1/actions/${id}/events`);
      expect(events).toHaveLength(2);
    });

    it("trap: the approver's name is never read from the body", async () => {
      const { id } = await held(agent);
      for (const extra of [{ approver: "ceo" }, { decided_by: "ceo" }, { actor: "ceo" }]) {
        const answer = await gate.step(id, "approval", { approve: true, ...extra }, approver);
        expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
      }
      expect((await gate.get(id)).status).toBe("pending_approval");
    });

    it("trap: a GET never decides: every approval path answers to POST only", async () => {
      const action = await held(developer);
      for (const path of [`/v1/actions/${action.id}/approval`, `/v1/actions/${action.id}/approve`]) {
        const answer = await gate.send("GET", `${path}?token=${action.approval_token}&approve=true`, {
          key: developer,
        });
        expect(answer.status).toBe(404);
      }
      expect((await gate.get(action.id)).status).toBe("pending_approval");
    });

    it("of something that was never pending is a conflict", async () => {
      for (const action of [LS, RM]) {
        const { body } = await gate.submit(action);
        const answer = await gate.step(body.id, "approval", { approve: true }, approver);
        expect([answer.status, answer.body.code]).toEqual([409, "conflict"]);
      }
    });

    it("trap: waiting ends in expired, never in approved, and a late yes is already_decided", async () => {
      const { id } = await held(agent, "brief");
      const { body } = await gate.send<Action>("GET", `/v1/actions/${id}?wait=10s`);
      expect(body).toMatchObject({ status: "expired", reason_code: "APPROVAL_EXPIRED" });
      expect((await gate.step(id, "approval", { approve: true }, approver)).body.code).toBe("already_decided");
      expect((await gate.step(id, "start", {}, agent)).body.code).toBe("not_claimable");
    });

    it("is refused when the active policy would HALT the action by now", async () => {
      const own = await RunningGate.start({ store });
      const { body } = await own.submit({ ...REFUND, agent_id: "agent" });
      await own.send("POST", "/v1/agents/other/disable", { body: {} });
      expect((await own.step(body.id, "approval", { approve: true })).status).toBe(200);
      const { body: second } = await own.submit(REFUND);
      await own.server.close();
      const stricter = await RunningGate.start({
        place: own.place,
        policySource: "version: 1\nname: test\nrules:\n  - { id: none, match: { any: true }, deny: true }\n",
      });
      const answer = await stricter.step(second.id, "approval", { approve: true });
      expect([answer.status, answer.body.code]).toEqual([409, "conflict"]);
      expect((await stricter.step(second.id, "approval", { approve: false })).body.status).toBe("denied");
      await stricter.stop();
    });
  });

  describe("who may decide", () => {
    it("trap: an agent never approves, not its own action and not with a token", async () => {
      const action = await held(agent);
      const { approval_token: token } = await gate.get(action.id, developer);
      expect(token).toMatch(/^fmt_/);
      for (const body of [{ approve: true }, { approve: true, token }]) {
        const answer = await gate.step(action.id, "approval", body, agent);
        expect([answer.status, answer.body.code]).toEqual([403, "forbidden"]);
      }
      expect((await gate.get(action.id)).status).toBe("pending_approval");
    });

    it("trap: a submitter with the agent role never sees an approval token, in no answer", async () => {
      const action = await held(agent);
      const answers = [
        action,
        await gate.get(action.id, agent),
        (await gate.send<Action[]>("GET", "/v1/actions?status=pending_approval", { key: agent })).body,
        (await gate.send("GET", `/v1/actions/${action.id}/events`, { key: agent })).body,
      ];
      expect(JSON.stringify(answers)).not.toContain("fmt_");
    });

    it("an auditor reads and does not decide, and sees no token", async () => {
      const action = await held(agent);
      expect(await gate.get(action.id, auditor)).not.toHaveProperty("approval_token");
      expect((await gate.step(action.id, "approval", { approve: true }, auditor)).status).toBe(403);
    });

    it("is whom the rule names, and nobody else but an admin", async () => {
      const finance = await gate.key("approver", [], "finance");
      const { id } = await held(agent, "payout");
      expect((await gate.get(id, approver)).approval_token).toBeUndefined();
      expect((await gate.step(id, "approval", { approve: true }, approver)).body.code).toBe("forbidden");
      expect((await gate.step(id, "approval", { approve: true }, finance)).status).toBe(200);
      const { id: second } = await held(agent, "payout");
      expect((await gate.step(second, "approval", { approve: true }, ADMIN)).status).toBe(200);
    });

    it("is not the submitter where the rule excludes it, token or not", async () => {
      const action = await held(developer, "transfer");
      expect(action.approval_token).toBeUndefined();
      expect((await gate.step(action.id, "approval", { approve: true }, developer)).body.code).toBe("forbidden");
      const { approval_token: token } = await gate.get(action.id, approver);
      expect((await gate.step(action.id, "approval", { approve: true, token }, null)).body.code).toBe("forbidden");
      expect((await gate.step(action.id, "approval", { approve: true, token }, developer)).body.code).toBe("forbidden");
      expect((await gate.step(action.id, "approval", { approve: true }, approver)).status).toBe(200);
    });
  });

  describe("an approval token", () => {
    it("is shown to a developer while the action is pending, and decides for whoever brings it", async () => {
      const action = await held(developer);
      expect((await gate.get(action.id, developer)).approval_token).toBe(action.approval_token);
      const { status, body } = await gate.step(
        action.id,
        "approval",
        { approve: true, token: action.approval_token },
        null,
      );
      expect(status).toBe(200);
      expect(body).not.toHaveProperty("approval_token");
      const [decidedBy] = body.approval.decided_by as [Actor];
      expect(decidedBy.via).toBe("approval_token");
    });

    it("works once", async () => {
      const action = await held(developer);
      const body = { approve: true, token: action.approval_token };
      await gate.step(action.id, "approval", body, null);
      expect((await gate.step(action.id, "approval", body, null)).body.code).toBe("already_decided");
    });

    it("of another action, or made up, is refused, for a key that may approve too", async () => {
      const [one, two] = [await held(developer), await held(developer)];
      for (const token of [two.approval_token, "fmt_made-up"]) {
        const bare = await gate.step(one.id, "approval", { approve: true, token }, null);
        expect([bare.status, bare.body.code]).toEqual([401, "unauthorized"]);
        const keyed = await gate.step(one.id, "approval", { approve: true, token }, developer);
        expect([keyed.status, keyed.body.code]).toEqual([403, "forbidden"]);
      }
      expect((await gate.get(one.id)).status).toBe("pending_approval");
    });

    it("without a key and without a token tells nothing, not even whether the action is there", async () => {
      const action = await held(developer);
      const there = await gate.step(action.id, "approval", { approve: true }, null);
      const notThere = await gate.step("nothing", "approval", { approve: true }, null);
      expect([there.status, there.body.detail]).toEqual([notThere.status, notThere.body.detail]);
      expect(there.status).toBe(401);
    });

    it("trap: is kept in the store as a hash only", async () => {
      const action = await held(developer);
      const stored = await gate.place.content();
      expect(stored).toContain(action.id);
      expect(action.approval_token).toBeDefined();
      expect(stored).not.toContain(action.approval_token);
      expect(stored).not.toContain(developer);
    });
  });

  describe("waiting", () => {
    it("holds a submission until a person answers", async () => {
      const submitted = gate.send<Action>("POST", "/v1/actions?wait=20s", {
        key: agent,
        body: { ...REFUND, agent_id: "waiter" },
      });
      const pending = async (): Promise<string | undefined> =>
        (await gate.send<Action[]>("GET", "/v1/actions?agent_id=waiter")).body[0]?.id;
      await expect.poll(pending).toBeDefined();
      await gate.step((await pending()) ?? "", "approval", { approve: true }, approver);
      expect((await submitted).body.status).toBe("approved");
    });

    it("answers the action as it is when the time is over", async () => {
      const { id } = await held(agent);
      const { body } = await gate.send<Action>("GET", `/v1/actions/${id}?wait=50ms`);
      expect(body.status).toBe("pending_approval");
    });

    it("answers at once when the status is another than the caller knows, or final", async () => {
      const { id } = await held(agent);
      await gate.step(id, "approval", { approve: true }, approver);
      const begun = performance.now();
      const known = await gate.send<Action>("GET", `/v1/actions/${id}?wait=30s&status=pending_approval`);
      expect(known.body.status).toBe("approved");
      await gate.step(id, "cancel");
      expect((await gate.send<Action>("GET", `/v1/actions/${id}?wait=30s`)).body.status).toBe("cancelled");
      expect(performance.now() - begun).toBeLessThan(5_000);
    });

    it("resumes the waiting agent within 100 ms of the decision", async () => {
      const delays: number[] = [];
      for (let round = 0; round < 20; round++) {
        const { id } = await held(agent);
        const waiting = gate
          .send<Action>("GET", `/v1/actions/${id}?wait=10s&status=pending_approval`, { key: agent })
          .then(() => performance.now());
        await gate.step(id, "approval", { approve: true }, approver);
        const decidedAt = performance.now();
        delays.push((await waiting) - decidedAt);
      }
      expect(Math.max(...delays)).toBeLessThan(100);
    });
  });
});
