import { describe, expect, it } from "vitest";
import { broken, forge, gateWith, shown, withEntries } from "./forging.js";
import { ReferenceGate } from "./reference-gate.js";
import { draftOf, sealedLedger } from "./sealed-ledger.js";
import type { Rule } from "./violation.js";

describe("a stopped agent", () => {
  /** A gate that goes on deciding as if nobody had stopped the agent, asked so long after the stop. */
  function deafGate(afterMs: number, between: (gate: ReferenceGate) => void = () => {}): ReferenceGate {
    const gate = new ReferenceGate({ isDeaf: true });
    gate.now(gate.disable("admin", "agent", "stop"));
    gate.nowMs += afterMs;
    between(gate);
    gate.now(gate.submit("agent", "k", "allow-1"));
    return gate;
  }

  it("is granted nothing that is asked for a second after the stop was answered", () => {
    expect(broken(deafGate(1_200))).toEqual(["agent_stopped"]);
    expect(broken(deafGate(900))).toEqual([]);
  });

  it("is granted things again once it is enabled", () => {
    expect(broken(deafGate(1_200, (gate) => gate.now(gate.enable("admin", "agent"))))).toEqual([]);
    expect(broken(deafGate(1_200, (gate) => gate.now(gate.enable("admin", "another"))))).toEqual(["agent_stopped"]);
  });

  it("has its actions cancelled before the stop is answered, and no others for it", () => {
    const gate = new ReferenceGate();
    gate.now(gate.submit("agent", "k", "allow-1"));
    const [id = ""] = gate.ids;
    const old = shown(gate, id);
    const stop = gate.disable("admin", "agent", "stop");
    stop.take();
    gate.now(gate.read("bob", id));
    stop.answer();
    expect(broken(gate)).toEqual([]);
    const late = new ReferenceGate();
    late.now(late.submit("agent", "k", "allow-1"));
    late.now(late.disable("admin", "agent", "stop"));
    // Still allowed when the stop had been answered, and cancelled at the end by nobody.
    forge(late, "bob", "read", { actionId: id }, { kind: "ok", value: old });
    expect(broken(late)).toEqual(["linearizable"]);
  });

  it("is one agent, not all", () => {
    const gate = new ReferenceGate({ isDeaf: true });
    gate.now(gate.disable("admin", "agent", "stop"));
    gate.nowMs += 1_200;
    gate.now(gate.submit("agent", "k", "allow-1", "another"));
    expect(broken(gate)).toEqual([]);
  });

  it("is one whose stop was answered: an unanswered one promises nothing yet", () => {
    const gate = new ReferenceGate({ isDeaf: true });
    gate.disable("admin", "agent", "stop").take();
    gate.nowMs += 1_200;
    gate.now(gate.submit("agent", "k", "allow-1"));
    expect(broken(gate)).toEqual([]);
  });
});

describe("a policy", () => {
  it("decides whatever is submitted a second after it was answered to be active", () => {
    const decidedAfter = (ms: number): ReferenceGate => {
      const gate = new ReferenceGate({ isDeaf: true });
      gate.now(gate.changePolicy("admin"));
      gate.nowMs += ms;
      gate.now(gate.submit("agent", "k", "allow-1"));
      return gate;
    };
    expect(broken(decidedAfter(900))).toEqual([]);
    expect(broken(decidedAfter(1_200))).toEqual(["policy_in_force"]);
  });

  it("is recorded before it decides", () => {
    const { gate } = gateWith();
    const final = { ...gate.finalState(), streams: [] };
    const [loaded, ...others] = final.ledger.map(draftOf);
    const after = withEntries(final, () => [...others, ...(loaded ? [loaded] : [])]);
    expect(broken(gate, final)).toEqual([]);
    expect(broken(gate, after)).toContain("policy_in_force");
  });
});

describe("a list", () => {
  it("leaves out nothing that was acknowledged before it was asked for; what is being submitted it may", () => {
    const { gate } = gateWith();
    const late = gate.submit("agent", "late", "allow-2");
    const list = gate.list("bob", 10);
    list.take();
    late.take();
    late.answer();
    list.answer();
    expect(broken(gate)).toEqual([]);
    const rows = [shown(gate, gate.ids[0] ?? "")];
    forge(gate, "bob", "list", { limit: 10 }, { kind: "ok", value: { rows, isLast: true } });
    expect(broken(gate)).toEqual(["list_complete"]);
  });

  it("ends where its page is full", () => {
    const { gate } = gateWith();
    gate.now(gate.submit("agent", "second", "allow-2"));
    gate.now(gate.list("bob", 1));
    expect(broken(gate)).toEqual([]);
    const rows = [shown(gate, gate.ids[0] ?? "")];
    forge(gate, "bob", "list", { limit: 1 }, { kind: "ok", value: { rows, isLast: false } });
    expect(broken(gate)).toEqual(["list_complete"]);
  });
});

describe("a stream", () => {
  const events = (gate: ReferenceGate) => gate.finalState().streams[0]?.events ?? [];
  function streamed(gate: ReferenceGate, got: ReturnType<typeof events>, more = {}): Rule[] {
    return broken(gate, {
      ...gate.finalState(),
      streams: [{ name: "stream", after: -1, agentId: null, events: got, ...more }],
    });
  }

  it("has every event once and in the ledger's order", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    gate.now(gate.report("runner", "r", id));
    const [one, two, three] = events(gate);
    if (one === undefined || two === undefined || three === undefined) throw new Error("there are three");
    expect(streamed(gate, [one, two, three])).toEqual([]);
    expect(streamed(gate, [two, three], { after: one.index })).toEqual([]);
    for (const got of [
      [one, three],
      [one, two],
      [one, two, two, three],
      [one, three, two],
      [two, three],
    ]) {
      expect(streamed(gate, got)).toEqual(["stream_whole"]);
    }
    expect(streamed(gate, [one, { ...two, leafHash: "another" }, three])).toEqual(["stream_whole"]);
  });

  it("of one agent has that agent's events and no others", () => {
    const { gate } = gateWith();
    gate.now(gate.submit("agent", "other", "allow-2", "other"));
    const [one, two] = events(gate);
    if (one === undefined || two === undefined) throw new Error("there are two");
    expect(streamed(gate, [two], { agentId: "other" })).toEqual([]);
    expect(streamed(gate, [one, two], { agentId: "other" })).toEqual(["stream_whole"]);
  });
});

describe("the ledger", () => {
  it("is one sequence: a gap, a fork, an altered leaf and another root show; entries of one commit share their root", () => {
    const { gate, id } = gateWith("allow-1");
    gate.now(gate.step("runner", "claim", "c", id));
    const final = { ...gate.finalState(), streams: [] };
    const rows = final.ledger;
    const [first, second, third] = rows;
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are three");
    const groups = sealedLedger(rows.map(draftOf), 2);
    expect(broken(gate, { ...final, ledger: groups })).toEqual([]);
    const damages = {
      gap: [first, third],
      fork: [first, second, { ...second }, third],
      altered: [first, { ...second, leaf: second.leaf.replace("agent", "tnega") }, third],
      "another root": [first, { ...second, root: third.root }, third],
      "not JSON": [first, { ...second, leaf: "{" }, third],
    };
    for (const [damage, ledger] of Object.entries(damages)) {
      expect([damage, broken(gate, { ...final, ledger }).includes("ledger_whole")]).toEqual([damage, true]);
    }
  });

  it("has each action's entries in the order of its versions, all about the same action", () => {
    const { gate, id } = gateWith();
    gate.now(gate.step("ann", "approve", "a", id));
    const final = { ...gate.finalState(), streams: [] };
    const swapped = withEntries(final, ([loaded, ...drafts]) => [...(loaded ? [loaded] : []), ...drafts.reverse()]);
    const altered = withEntries(final, (drafts) =>
      drafts.map((draft) =>
        draft.kind === "action.approved" ? { ...draft, body: { ...draft.body, request_hash: "another" } } : draft,
      ),
    );
    expect(broken(gate, final)).toEqual([]);
    expect(broken(gate, swapped)).toContain("ledger_life");
    expect(broken(gate, altered)).toContain("ledger_life");
  });
});

describe("the nodes", () => {
  it("all show every action as its last entry states it", () => {
    const { gate, id } = gateWith();
    const old = shown(gate, id);
    gate.now(gate.step("ann", "approve", "a", id));
    const { views, ...final } = gate.finalState();
    const row = views[0]?.actions[0];
    if (row === undefined) throw new Error("there is one");
    expect(broken(gate)).toEqual([]);
    for (const actions of [[], [{ ...row, ...old }], [row, { ...row, id: "another" }]]) {
      expect(broken(gate, { ...final, views: [...views, { node: "three", actions }] })).toContain("views_agree");
    }
  });
});
