import { setTimeout as pause } from "node:timers/promises";
import { Rules } from "../../src/gate/policies/rules.js";
import { UNTOUCHED } from "../../src/store/sql/columns.js";
import { LedgerDraft } from "../../src/store/sql/ledger-draft.js";
import { SqlStore } from "../../src/store/sql/sql-store.js";
import type { ActionRow, Recorded } from "../../src/store/store.js";
import type { Rule } from "./violation.js";

/** A fault in a part of a running gate, and what must be seen of it. */
export interface SeededBug {
  readonly name: string;
  readonly rule: Rule;
  readonly put: () => void;
}

export const SEEDED_BUGS: readonly SeededBug[] = [
  { name: "lets a second claim through", rule: "claimed_once", put: letSecondClaimThrough },
  { name: "answers before it commits, and loses the commit", rule: "acknowledged_kept", put: answerBeforeCommit },
  { name: "drops ledger entries", rule: "ledger_life", put: dropEntries },
  { name: "forgets idempotency keys", rule: "one_action_per_key", put: forgetKeys },
  { name: "reads behind what it answered", rule: "linearizable", put: readBehind },
  { name: "leaves actions out of lists", rule: "list_complete", put: cutLists },
  { name: "passes over events of a stream", rule: "stream_whole", put: passOverEvents },
  { name: "does not heed that an agent was stopped", rule: "agent_stopped", put: heedNoStops },
];

const undo: (() => void)[] = [];

/** Makes every part whole again. */
export function mend(): void {
  for (const mendOne of undo.splice(0)) mendOne();
}

/** Puts something in the place of a method; it is given the real one. */
function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  instead: (real: Owner[Name], self: Owner) => Owner[Name],
): void {
  const original = owner[name];
  Object.defineProperty(owner, name, { configurable: true, get: insteadOf });
  undo.push(() => Object.defineProperty(owner, name, { configurable: true, writable: true, value: original }));

  function insteadOf(this: Owner): Owner[Name] {
    return instead(bound(original, this), this);
  }
}

/** A method with its `this`. */
function bound<Method>(method: Method, self: object): Method {
  if (typeof method !== "function") throw new Error("only a method can be replaced");
  return ((...args: unknown[]): unknown => Reflect.apply(method, self, args)) as Method;
}

/** True at each so many-th call. */
function every(count: number): () => boolean {
  let calls = 0;
  return () => ++calls % count === 0;
}

/** A claim that comes too late is stored over the first one; the store is slow enough for claims to meet. */
function letSecondClaimThrough(): void {
  const store = SqlStore.prototype;
  replace(store, "known", (real) => async (claim) => {
    await pause(30);
    return real(claim);
  });
  replace(store, "step", (real, self) => async (late) => {
    const recorded = await real(late);
    if (recorded.kind !== "stale" || late.to !== "executing") return recorded;
    const row = await self.action(late.id);
    return row?.status === "executing" ? real({ ...late, ifVersion: row.version }) : recorded;
  });
}

/** Some submissions are answered before their commit, which then never comes. */
function answerBeforeCommit(): void {
  const isLost = every(10);
  replace(SqlStore.prototype, "submit", (real, self) => async (draft): Promise<Recorded> => {
    if (!isLost()) return real(draft);
    return { kind: "recorded", action: { ...draft.row, ...UNTOUCHED, ledger_index: await self.ledgerSize() } };
  });
}

/** A step is stored and its entry is not. */
function dropEntries(): void {
  const isDropped = every(10);
  replace(LedgerDraft.prototype, "append", (real) => (entry, actionId) => {
    if (actionId === null || entry.kind === "action.allowed" || !isDropped()) real(entry, actionId);
  });
}

/** Idempotency keys are not kept. */
function forgetKeys(): void {
  replace(SqlStore.prototype, "submit", (real) => (draft) => real({ ...draft, idempotency: null }));
}

/** Every third time an action is read as it was the time before, as from a replica. */
function readBehind(): void {
  const isBehind = every(3);
  const seen = new Map<string, ActionRow>();
  replace(SqlStore.prototype, "action", (real) => async (id) => {
    const before = seen.get(id);
    const row = await real(id);
    if (row !== null) seen.set(id, { ...row });
    return before !== undefined && isBehind() ? before : row;
  });
}

/** Lists leave out a row. */
function cutLists(): void {
  replace(SqlStore.prototype, "actions", (real) => async (filter) => {
    const page = await real(filter);
    return { ...page, rows: page.rows.filter((_, place) => place % 10 !== 4) };
  });
}

/** Streams pass over entries. */
function passOverEvents(): void {
  replace(SqlStore.prototype, "actionEntries", (real) => async (...args) => {
    return (await real(...args)).filter(({ idx }) => idx % 25 !== 7);
  });
}

/** Stops of agents are recorded and not heeded. */
function heedNoStops(): void {
  replace(Rules.prototype, "isDisabled", () => () => false);
}
