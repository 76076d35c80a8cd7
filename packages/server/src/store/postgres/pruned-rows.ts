import type pg from "pg";
import type { Removed, SqlQuery } from "../sql/database.js";
import { PRUNING, REMOVABLE, type RunningPruning, removableValues } from "../sql/prune-statements.js";
import { postgresQuery } from "./placeholders.js";
import { PrunedPartitions } from "./pruned-partitions.js";

/** Rows removed by one statement, which holds up nobody but whoever wants one of them. */
const PART_ROWS = 5_000;

/** Whatever somebody else holds is passed over: it is being removed there, or something happens to it and it stays. */
const REMOVE_ACTIONS = `WITH gone AS (
    DELETE FROM actions WHERE id = ANY (ARRAY(
      SELECT id FROM actions WHERE ${REMOVABLE} ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED))
    RETURNING id
  ), forgotten AS (DELETE FROM action_terms WHERE id IN (SELECT id FROM gone))
  SELECT id FROM gone`;

const IS_ONE_LEFT = `SELECT 1 FROM actions WHERE ${REMOVABLE} LIMIT 1`;

/** Removes what was pruned, beside the writes of all nodes, which need not wait for it. */
export class PrunedRows {
  readonly #pool: pg.Pool;
  readonly #partitions = new PrunedPartitions();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Removes the next part: a partition where one can go as a whole, and otherwise some rows. */
  async removePart(pruning: RunningPruning): Promise<Removed> {
    const client = await this.#pool.connect();
    try {
      const dropped = await this.#partitions.dropNext(client, pruning);
      const removed = dropped === "nothing" ? await removeRows(client, pruning) : dropped;
      client.release();
      return removed;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}

async function removeRows(client: pg.ClientBase, { before_ms }: RunningPruning): Promise<Removed> {
  const count = async (query: SqlQuery): Promise<number> => (await client.query(postgresQuery(query))).rowCount ?? 0;
  const removable = removableValues(before_ms);
  if ((await count({ sql: REMOVE_ACTIONS, values: [...removable, PART_ROWS] })) > 0) return "something";
  if ((await count({ sql: IS_ONE_LEFT, values: removable })) > 0) return "busy";
  const entries = await count({ sql: PRUNING.removeEntries, values: [PART_ROWS] });
  const frontiers = await count({ sql: PRUNING.removeFrontiers, values: [] });
  return entries + frontiers > 0 ? "something" : "nothing";
}
