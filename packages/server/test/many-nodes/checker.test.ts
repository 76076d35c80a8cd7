import type { EntryDraft } from "@faramesh/core";
import { describe, expect, it } from "vitest";
import { check } from "./checker.js";
import { broken, forge, gateWith, shown, withEntries } from "./forging.js";
import type { Operation } from "./history.js";
import { ReferenceGate, TERM_MS } from "./reference-gate.js";

describe("what was acknowledged", () => {
  it("is lost when it is not there at the end; what was never answered may be", () => {
    const { gate, id } = gateWith();
    const before = gate.finalState();
    const approval = gate.step("ann", "approve", "a", id);
    approval.take();
    expect(broken(gate, before)).toEqual([]);
    expect(broken(gate)).toEqual([]);
    approval.answer();
    expect(broken(gate, before)).toEqual(["acknowledged_kept", "linearizable"]);
  });

  it("is lost with a whole action, though the ledger that is left verifies", () => {
    const { gate, id } = gateWith();
    gate.now(gate.submit("agent", "second", "allow-2"));
    const final = gate.finalState();
    const actions = final.views[0]?.actions.filter((action) => action.id !== id) ?? [];
    const lost = withEntries(final, (drafts) => drafts.filter(({ body }) => body["action_id"] !== id));
    expect(broken(gate, { ...lost, views: [{ node: "one", actions }] })).toContain("acknowledged_kept");
    expect(broken(gate)).toEqual([]);
  });

  it("is kept with the values that were answered: a result that was reported stays that result", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.now(gate.report("runner", "r", id));
    const { views, ...final } = gate.finalState();
    const others = views.map((view) => ({ ...view, actions: view.actions.map((each) => ({ ...each, result: "?" })) }));
    expect(broken(gate)).toEqual([]);
    expect(broken(gate, { ...final, views: others })).toEqual(["acknowledged_kept"]);
  });

  it("is kept with the permit of a claim", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    const final = { ...gate.finalState(), streams: [] };
    const another = withEntries(final, (drafts) =>
      drafts.map((draft) =>
        draft.kind === "action.executing" ? { ...draft, body: { ...draft.body, permit_jti: "another" } } : draft,
      ),
    );
    expect(broken(gate, final)).toEqual([]);
    expect(broken(gate, another)).toEqual(["acknowledged_kept"]);
  });

  it("is kept where it is no action's: the stop of an agent, and a policy", () => {
    const gate = new ReferenceGate();
    gate.now(gate.disable("admin", "agent", "stop"));
    gate.now(gate.changePolicy("admin"));
    const final = gate.finalState();
    expect(broken(gate, final)).toEqual([]);
    for (const lost of ["agent.disabled", "policy.activated"]) {
      const without = withEntries(final, (drafts) => drafts.filter(({ kind }) => kind !== lost));
      expect([lost, broken(gate, without)]).toEqual([lost, ["acknowledged_kept"]]);
    }
  });

  it("counts an agent's enabling as often as it was answered, and at most as often as it was asked for", () => {
    const { gate } = gateWith();
    gate.now(gate.disable("admin", "agent", "stop"));
    const lost = gate.enable("admin", "agent");
    lost.take();
    gate.now(gate.enable("admin", "agent"));
    const isEnabling = ({ kind }: EntryDraft): boolean => kind === "agent.enabled";
    const twice = gate.finalState();
    const never = withEntries(twice, (drafts) => drafts.filter((draft) => !isEnabling(draft)));
    const thrice = withEntries(twice, (drafts) => [...drafts, ...drafts.filter(isEnabling).slice(0, 1)]);
    expect(broken(gate, twice)).toEqual([]);
    expect(broken(gate, never)).toEqual(["acknowledged_kept"]);
    expect(broken(gate, thrice)).toEqual(["acknowledged_kept"]);
  });

  it("must not have been refused with the word that nothing was kept", () => {
    const refused = new ReferenceGate();
    forge(
      refused,
      "agent",
      "submit",
      { key: "k", mark: "allow-1", agentId: "agent" },
      {
        kind: "refused",
        code: "store_unavailable",
        actionStatus: null,
      },
    );
    const lost = new ReferenceGate();
    lost.history.begin("agent", "submit", { key: "k", mark: "allow-1", agentId: "agent" });
    for (const gate of [refused, lost]) {
      // The attempt took effect after all, so the next is a replay.
      const kept = new ReferenceGate();
      kept.now(kept.submit("agent", "k", "allow-1"));
      const value = { ...shown(kept, "action-000000"), replayed: true };
      forge(gate, "agent", "submit", { key: "k", mark: "allow-1", agentId: "agent" }, { kind: "ok", value });
      expect(broken(gate, kept.finalState())).toEqual(gate === lost ? [] : ["linearizable"]);
    }
  });
});

describe("a claim", () => {
  it("is granted once: a second permit is refused, the same permit told again is not", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.now(gate.step("runner", "claim", "c", id));
    expect(broken(gate)).toEqual([]);
    const value = { ...shown(gate, id), claimedBy: "thief", replayed: false, jti: "another" };
    forge(gate, "thief", "claim", { key: "t", actionId: id }, { kind: "ok", value });
    expect(broken(gate)).toContain("claimed_once");
  });

  it("is granted after the approval, never before it", () => {
    const { gate, id } = gateWith();
    gate.now(gate.step("ann", "approve", "a", id));
    gate.now(gate.step("runner", "claim", "c", id));
    expect(broken(gate)).toEqual([]);
    const isApproval = ({ op }: Operation): boolean => op === "approve";
    const unasked = gate.history.operations.filter((operation) => !isApproval(operation));
    expect(check(unasked, gate.finalState()).map(({ rule }) => rule)).toEqual(["linearizable"]);
  });

  it("is not refused where nothing stands in its way", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.now(gate.step("other", "claim", "c", id));
    expect(broken(gate)).toEqual([]);
    const free = gateWith("allow-1");
    const ending = { kind: "refused", code: "not_claimable", actionStatus: "allowed" } as const;
    forge(free.gate, "runner", "claim", { key: "c", actionId: free.id }, ending);
    expect(broken(free.gate)).toEqual(["linearizable"]);
  });

  it("may be refused while its agent is being stopped", () => {
    const { gate, id } = gateWith("allow-1");
    const stop = gate.disable("admin", "agent", "stop");
    const ending = { kind: "refused", code: "not_claimable", actionStatus: "allowed" } as const;
    forge(gate, "runner", "claim", { key: "c", actionId: id }, ending);
    stop.take();
    stop.answer();
    expect(broken(gate)).toEqual([]);
  });
});

describe("an executor's log", () => {
  it("has each action once", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.run("runner", id);
    expect(broken(gate)).toEqual([]);
    gate.run("runner", id);
    expect(broken(gate)).toEqual(["ran_once"]);
  });

  it("has no action that was not granted to its executor", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.run("other", id);
    expect(broken(gate)).toEqual(["ran_once"]);
  });
});

describe("a permit", () => {
  it("is used up once", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    const jti = gate.jtiOf(id) ?? "";
    gate.now(gate.consume("runner", id, jti));
    gate.now(gate.consume("runner", id, jti));
    expect(broken(gate)).toEqual([]);
    forge(gate, "runner", "consume", { actionId: id, jti }, { kind: "ok", value: { jti } });
    expect(broken(gate)).toEqual(["linearizable"]);
  });
});

describe("an idempotency key", () => {
  it("stands for one action in all answers", () => {
    const { gate } = gateWith();
    gate.now(gate.submit("agent", "submit", "ask-1"));
    expect(broken(gate)).toEqual([]);
    gate.now(gate.submit("agent", "other", "ask-2"));
    const value = { ...shown(gate, gate.ids[1] ?? ""), replayed: false };
    forge(gate, "agent", "submit", { key: "submit", mark: "ask-1", agentId: "agent" }, { kind: "ok", value });
    expect(broken(gate)).toContain("one_action_per_key");
  });

  it("stands for one action also where no attempt was answered", () => {
    const gate = new ReferenceGate();
    gate.submit("agent", "k", "allow-1").take();
    gate.submit("agent", "k", "allow-1").take();
    expect(broken(gate)).toEqual([]);
    const twice = new ReferenceGate();
    twice.submit("agent", "k", "allow-1").take();
    // The same request again, and the gate did not know the key.
    twice.submit("agent", "forgotten", "allow-1").take();
    for (const operation of twice.history.operations) Object.assign(operation.args, { key: "k" });
    expect(broken(twice)).toContain("one_action_per_key");
  });

  it("is a conflict for another request only", () => {
    const { gate } = gateWith();
    gate.now(gate.submit("agent", "submit", "ask-other"));
    expect(broken(gate)).toEqual([]);
    const ending = { kind: "refused", code: "idempotency_conflict", actionStatus: null } as const;
    forge(gate, "agent", "submit", { key: "fresh", mark: "ask-3", agentId: "agent" }, ending);
    expect(broken(gate)).toEqual(["one_action_per_key"]);
  });
});

describe("a read", () => {
  it("is never older than an answer that came before it was asked for; while they overlap it may be", () => {
    const { gate, id } = gateWith();
    const approval = gate.step("ann", "approve", "a", id);
    const early = gate.read("bob", id);
    early.take();
    approval.take();
    approval.answer();
    early.answer();
    expect(broken(gate)).toEqual([]);
    const old = shown(gateWith().gate, id);
    forge(gate, "bob", "read", { actionId: id }, { kind: "ok", value: old });
    expect(broken(gate)).toEqual(["linearizable"]);
  });

  it("is never older than what another reader saw before", () => {
    const { gate, id } = gateWith();
    const old = shown(gate, id);
    const approval = gate.step("ann", "approve", "a", id);
    approval.take();
    gate.now(gate.read("bob", id));
    expect(broken(gate)).toEqual([]);
    forge(gate, "eve", "wait", { actionId: id, known: "approved", holdMs: 1 }, { kind: "ok", value: old });
    expect(broken(gate)).toEqual(["linearizable"]);
  });

  it("shows what an unanswered request did, at any time after it was sent and never before", () => {
    const { gate, id } = gateWith();
    const approval = gate.step("ann", "approve", "a", id);
    gate.now(gate.read("bob", id));
    approval.take();
    gate.now(gate.read("bob", id));
    expect(broken(gate)).toEqual([]);
    const [submit, approve, ...reads] = gate.history.operations;
    const order = [submit, reads[0], reads[1], approve].flatMap((operation) => operation ?? []);
    const late = order.map((operation, place) => {
      const isAnswered = Number.isFinite(operation.returned);
      return { ...operation, invoked: 2 * place, returned: isAnswered ? 2 * place + 1 : operation.returned };
    });
    expect(check(late as Operation[], gate.finalState()).map(({ rule }) => rule)).toEqual(["linearizable"]);
  });

  it("shows who holds the claim", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.now(gate.read("bob", id));
    expect(broken(gate)).toEqual([]);
    forge(gate, "bob", "read", { actionId: id }, { kind: "ok", value: { ...shown(gate, id), claimedBy: "other" } });
    expect(broken(gate)).toEqual(["linearizable"]);
  });

  it("finds an action that was acknowledged", () => {
    const { gate, id } = gateWith();
    const early = gateWith().gate;
    const ending = { kind: "refused", code: "not_found", actionStatus: null } as const;
    expect(broken(early)).toEqual([]);
    forge(gate, "bob", "read", { actionId: id }, ending);
    expect(broken(gate)).toEqual(["linearizable"]);
  });
});

describe("an approval", () => {
  it("is decided once: of yes and no one holds", () => {
    const { gate, id } = gateWith();
    gate.now(gate.step("ann", "approve", "a", id));
    gate.now(gate.step("bob", "reject", "b", id));
    expect(broken(gate)).toEqual([]);
    const value = { ...shown(gate, id), status: "denied", version: 3, replayed: false } as const;
    forge(gate, "eve", "reject", { key: "e", actionId: id }, { kind: "ok", value });
    expect(broken(gate)).toContain("linearizable");
  });

  it("comes in time: an answer behind its end is refused", () => {
    const { gate, id } = gateWith();
    gate.now(gate.step("ann", "approve", "a", id));
    const final = gate.finalState();
    const late = withEntries(final, (drafts) =>
      drafts.map((draft) => (draft.kind === "action.approved" ? { ...draft, atMs: draft.atMs + TERM_MS + 1 } : draft)),
    );
    expect(broken(gate, final)).toEqual([]);
    expect(broken(gate, { ...late, streams: [] })).toEqual(["ledger_life"]);
  });

  it("expires once, in its time, and is not approved afterwards", () => {
    const { gate, id } = gateWith();
    gate.nowMs += TERM_MS;
    gate.sweep();
    gate.now(gate.step("ann", "approve", "a", id));
    const final = { ...gate.finalState(), streams: [] };
    expect(broken(gate, final)).toEqual([]);
    const again = (kind: string, status: string) => (drafts: EntryDraft[]) => [
      ...drafts,
      ...drafts.slice(-1).map((draft) => ({ ...draft, kind, body: { ...draft.body, status, version: 3 } })),
    ];
    expect(broken(gate, withEntries(final, again("action.expired", "expired")))).toContain("ledger_life");
    expect(broken(gate, withEntries(final, again("action.approved", "approved")))).toContain("ledger_life");
    const early = withEntries(final, (drafts) =>
      drafts.map((draft) => (draft.kind === "action.expired" ? { ...draft, atMs: draft.atMs - TERM_MS } : draft)),
    );
    expect(broken(gate, early)).toEqual(["ledger_life"]);
  });

  it("that a client was granted after it saw the expiry is refused", () => {
    const { gate, id } = gateWith();
    gate.nowMs += TERM_MS;
    gate.sweep();
    gate.now(gate.read("bob", id));
    expect(broken(gate)).toEqual([]);
    const value = { ...shown(gate, id), status: "approved", version: 3, replayed: false } as const;
    forge(gate, "ann", "approve", { key: "a", actionId: id }, { kind: "ok", value });
    expect(broken(gate)).toContain("linearizable");
  });
});

describe("a lease", () => {
  it("ends in its time as unknown", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.nowMs += TERM_MS;
    gate.sweep();
    gate.now(gate.report("runner", "r", id));
    const final = { ...gate.finalState(), streams: [] };
    expect(broken(gate, final)).toEqual([]);
    const early = withEntries(final, (drafts) =>
      drafts.map((draft) => (draft.kind === "action.unknown" ? { ...draft, atMs: draft.atMs - TERM_MS } : draft)),
    );
    expect(broken(gate, early)).toEqual(["ledger_life"]);
  });
});
