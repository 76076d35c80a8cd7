import { FIRST_COLUMNS, PATCH_COLUMNS, UNTOUCHED } from "../sql/columns.js";
import type { ActionRow, ActionStep, NewAction, Recorded } from "../store.js";
import type { Sqlite, Statement } from "./database.js";
import type { LedgerTable } from "./ledger-table.js";

/** The table of actions: each write appends its ledger entry in the same transaction. */
export class ActionsTable {
  readonly #sqlite: Sqlite;
  readonly #ledger: LedgerTable;
  readonly #insert: Statement;
  readonly #get: Statement;
  readonly #count: Statement;
  readonly #updates = new Map<string, Statement>();
  /** Submissions since the last commit, per agent: counted once a group, not once an action. */
  #submissions = new Map<string, { count: number; lastMs: number }>();

  constructor(sqlite: Sqlite, ledger: LedgerTable) {
    this.#sqlite = sqlite;
    this.#ledger = ledger;
    this.#insert = sqlite.prepare(
      `INSERT INTO actions (${FIRST_COLUMNS.join(", ")}) VALUES (${FIRST_COLUMNS.map(() => "?").join(", ")})`,
    );
    this.#get = sqlite.prepare("SELECT * FROM actions WHERE id = ?");
    this.#count = sqlite.prepare(
      `INSERT INTO agents (agent_id, actions, last_seen_at_ms) VALUES (?1, ?2, ?3)
       ON CONFLICT (agent_id) DO UPDATE SET actions = actions + ?2, last_seen_at_ms = ?3`,
    );
  }

  get(id: string): ActionRow | null {
    return (this.#get.get(id) as unknown as ActionRow | undefined) ?? null;
  }

  insert({ row, entry }: NewAction): Recorded {
    // In place: spreading two objects this wide takes V8 40 µs.
    const action: ActionRow = Object.assign(row, UNTOUCHED, { ledger_index: this.#ledger.nextIndex });
    this.#insert.run(...FIRST_COLUMNS.map((column) => action[column]));
    this.#ledger.append(entry, action.id);
    const seen = this.#submissions.get(action.agent_id);
    this.#submissions.set(action.agent_id, { count: (seen?.count ?? 0) + 1, lastMs: action.created_at_ms });
    return { kind: "recorded", action };
  }

  /** One conditional update on (id, version): of concurrent steps exactly one finds the version it was told. */
  advance(step: ActionStep): Recorded {
    const columns = PATCH_COLUMNS.filter((column) => step.set[column] !== undefined);
    const action = this.#update(columns).get(
      ...columns.map((column) => step.set[column] ?? null),
      step.to,
      step.atMs,
      this.#ledger.nextIndex,
      step.id,
      step.ifVersion,
    ) as unknown as ActionRow | undefined;
    if (action === undefined) return { kind: "stale" };
    this.#ledger.append(step.entry, step.id);
    return { kind: "recorded", action };
  }

  countSubmissions(): void {
    for (const [agentId, { count, lastMs }] of this.#submissions) this.#count.run(agentId, count, lastMs);
  }

  committed(): void {
    if (this.#submissions.size > 0) this.#submissions = new Map();
  }

  undone(): void {
    this.#submissions = new Map();
  }

  #update(columns: readonly string[]): Statement {
    const key = columns.join();
    const known = this.#updates.get(key);
    if (known !== undefined) return known;
    const set = columns.map((column) => `${column} = ?, `).join("");
    const prepared = this.#sqlite.prepare(
      `UPDATE actions SET ${set}status = ?, updated_at_ms = ?, ledger_index = ?, version = version + 1
        WHERE id = ? AND version = ? RETURNING *`,
    );
    this.#updates.set(key, prepared);
    return prepared;
  }
}
