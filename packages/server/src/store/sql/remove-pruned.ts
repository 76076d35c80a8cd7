import { setImmediate as breathe } from "node:timers/promises";
import type { Database, SqlQuery } from "./database.js";
import { PRUNING, type RunningPruning } from "./prune-statements.js";

/**
 * Removes what prunings left, part by part, others in between. What it does not come to stays for the next time, also
 * where the process ends in the middle: a pruning has ended when nothing of it is left.
 *
 * @param mayGoOn - Asked before each part.
 * @param execute - Writes in order with all that is recorded.
 * @returns Whether nothing is left.
 */
export async function removePruned(
  database: Pick<Database, "ask" | "removePart">,
  mayGoOn: () => boolean,
  execute: (statement: SqlQuery) => Promise<void>,
): Promise<boolean> {
  for (; mayGoOn(); await breathe()) {
    const [pruning] = await database.ask<RunningPruning>({ sql: PRUNING.oldestRunning, values: [] });
    if (pruning === undefined) return true;
    const removed = await database.removePart(pruning);
    if (removed === "busy") return false;
    if (removed === "nothing") await execute({ sql: PRUNING.end, values: [pruning.ledger_index] });
  }
  return false;
}
