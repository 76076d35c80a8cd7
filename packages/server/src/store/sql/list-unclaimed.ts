import { LISTED_COLUMNS } from "./columns.js";
import type { Dialect, SqlQuery } from "./database.js";
import { fieldTerm } from "./terms.js";

/** Builds the question which actions of an agent have not begun to run. */
export function listUnclaimedQuery(agentId: string, limit: number, dialect: Dialect): SqlQuery {
  const { index, join, condition } = dialect.search([[fieldTerm("agent_id", agentId)]]);
  return {
    sql: `SELECT ${LISTED_COLUMNS} FROM ${index} ${join} WHERE ${condition.sql} AND actions.agent_id = ?
             AND actions.status IN ('pending_approval', 'allowed', 'approved') LIMIT ?`,
    values: [...condition.values, agentId, limit],
  };
}
