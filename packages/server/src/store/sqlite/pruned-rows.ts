import { PRUNING, REMOVABLE, type RunningPruning, removableValues } from "../sql/prune-statements.js";
import type { ActionTerms } from "./action-terms.js";
import type { Sqlite, Statement } from "./database.js";

/** Rows removed at a time: while they are, nothing else of this process runs. */
const PART_ROWS = 500;

/** Removes what was pruned. */
export class PrunedRows {
  readonly #nextActions: Statement;
  readonly #removeAction: Statement;
  readonly #removeEntries: Statement;
  readonly #removeFrontiers: Statement;
  readonly #terms: ActionTerms;

  constructor(sqlite: Sqlite, terms: ActionTerms) {
    this.#terms = terms;
    this.#nextActions = sqlite.prepare(`SELECT id FROM actions WHERE ${REMOVABLE} ORDER BY id LIMIT ?`);
    this.#removeAction = sqlite.prepare("DELETE FROM actions WHERE id = ?");
    this.#removeEntries = sqlite.prepare(PRUNING.removeEntries);
    this.#removeFrontiers = sqlite.prepare(PRUNING.removeFrontiers);
  }

  /** Removes the next part, inside a transaction of the caller; false when there is none. */
  removePart({ before_ms }: RunningPruning): boolean {
    if (this.#removeActions(before_ms)) return true;
    const entries = this.#removeEntries.run(PART_ROWS);
    const frontiers = this.#removeFrontiers.run();
    return Number(entries.changes) + Number(frontiers.changes) > 0;
  }

  /** Actions go before their entries: what is kept beside an action may be found by them. */
  #removeActions(beforeMs: number): boolean {
    const actions = this.#nextActions.all(...removableValues(beforeMs), PART_ROWS) as { id: string }[];
    for (const { id } of actions) this.#removeAction.run(id);
    this.#terms.remove(actions.map(({ id }) => id));
    return actions.length > 0;
  }
}
