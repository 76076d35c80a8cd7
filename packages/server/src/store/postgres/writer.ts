import pg from "pg";
import { ACTION_COLUMNS } from "../sql/columns.js";
import type { Asked, Changes, Found, HeadRow, KnownKey } from "../sql/database.js";
import { ROWS } from "../sql/row-write.js";
import { type ActionRow, StoreUnavailableError } from "../store.js";
import { addTermsQuery } from "./action-terms.js";
import { connectionConfig, DURABLE } from "./connection.js";
import { type PostgresQuery, postgresQuery } from "./placeholders.js";
import { rowQuery } from "./row-statements.js";

/** The channel on which a commit tells how long the ledger is. */
export const CHANNEL = "faramesh_ledger";

/** The head comes first and stays locked to the end: that is what puts the writes of all nodes in order. */
const LOCK_HEAD: PostgresQuery = {
  name: "lock.head",
  text: "SELECT size, subtrees, rules_index, frontier_size, first_index FROM ledger_head WHERE id = 1 FOR UPDATE",
  values: [],
};

const ASKED_KEYS = "json_to_recordset($1::json) AS asked(principal_id text, key text)";

const FIND_KEYS = {
  name: "find.keys",
  text: `SELECT stored.principal_id, stored.key, stored.fingerprint, stored.subject_id
           FROM ${ASKED_KEYS} JOIN idempotency_keys AS stored USING (principal_id, key)`,
};

const FIND_ACTIONS = {
  name: "find.actions",
  text: `SELECT ${ACTION_COLUMNS.join(", ")} FROM actions WHERE id = ANY($1::text[])`,
};

/**
 * One connection that writes, one transaction at a time, in two ways over the wire: begin and find; write and commit.
 * A connection that failed is given up, and the next transaction makes a new one.
 */
export class Writer {
  readonly #url: string;
  #client: pg.Client | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  async transact(asked: Asked, settle: (found: Found) => Changes): Promise<void> {
    const client = await this.#connected();
    try {
      const changes = settle(await find(client, asked));
      await commit(client, changes);
    } catch (error) {
      await this.#rollBack(client);
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client;
    const client = new pg.Client({ ...connectionConfig(this.#url), pipeline: true });
    const giveUp = (): void => {
      if (this.#client === client) this.#client = null;
    };
    client.on("error", giveUp);
    client.on("end", giveUp);
    await client.connect();
    await client.query(DURABLE);
    this.#client = client;
    return client;
  }

  /** Whatever state the connection is in: if it does not roll back at once it is given up, and with it the lock. */
  async #rollBack(client: pg.Client): Promise<void> {
    try {
      await client.query("ROLLBACK");
    } catch {
      if (this.#client === client) this.#client = null;
      // The server undoes what a lost session began.
      client.end().catch(() => {});
    }
  }
}

async function find(client: pg.Client, { claims, actionIds }: Asked): Promise<Found> {
  const keys = claims.map(({ principalId, key }) => ({ principal_id: principalId, key }));
  const [, heads, known, asked] = await all([
    client.query("BEGIN"),
    client.query<HeadRow>(LOCK_HEAD),
    keys.length === 0 ? NOTHING : client.query<KnownKey>({ ...FIND_KEYS, values: [JSON.stringify(keys)] }),
    actionIds.length === 0 ? NOTHING : client.query<ActionRow>({ ...FIND_ACTIONS, values: [actionIds] }),
  ]);
  const [head] = heads.rows;
  if (head === undefined) throw new StoreUnavailableError("the ledger has no head");
  const subjects = known.rows.map(({ subject_id }) => subject_id);
  const further = subjects.filter((id) => !actionIds.includes(id));
  const replayed = further.length === 0 ? NOTHING : client.query<ActionRow>({ ...FIND_ACTIONS, values: [further] });
  return { head, known: known.rows, actions: [...asked.rows, ...(await replayed).rows] };
}

const NOTHING = { rows: [] };

async function commit(client: pg.Client, changes: Changes): Promise<void> {
  const writes: [keyof typeof ROWS, readonly object[]][] = [
    ["newAction", changes.newActions],
    ["advancedAction", changes.advancedActions],
    ["entry", changes.entries],
    ["frontier", changes.frontiers],
    ["idempotencyKey", changes.idempotencyKeys],
    ["seenAgent", changes.seenAgents],
    ["agentStop", changes.agentStops],
    ["apiKey", changes.apiKeys],
    ["usedApiKey", changes.usedApiKeys],
    ["toolSchema", changes.toolSchemas],
    ["policy", changes.policies],
    ["activation", changes.activations],
    ["head", changes.entries.length === 0 ? [] : [{ id: 1, ...changes.head }]],
  ];
  const written = writes.flatMap(([name, rows]) => (rows.length === 0 ? [] : [write(client, name, rows)]));
  const found = changes.newTerms.length === 0 ? [] : [client.query(addTermsQuery(changes.newTerms))];
  const others = changes.others.map((query) => client.query(postgresQuery(query)));
  const told = changes.entries.length === 0 ? [] : [client.query(NOTIFY, [CHANNEL, String(changes.head.size)])];
  await all([...written, ...found, ...others, ...told]);
  const { command } = await client.query("COMMIT");
  if (command !== "COMMIT") throw new StoreUnavailableError("PostgreSQL undid the transaction");
}

const NOTIFY = "SELECT pg_notify($1, $2)";

async function write(client: pg.Client, name: keyof typeof ROWS, rows: readonly object[]): Promise<void> {
  const { rowCount } = await client.query(rowQuery(name, rows));
  if ("successor" in ROWS[name] && rowCount !== rows.length) {
    throw new Error(`a row of ${ROWS[name].table} is not the one that was read`);
  }
}

/** Waits for all of them, whatever becomes of each, so that nothing is under way any more when this ends. */
async function all<const Queries extends readonly unknown[]>(
  queries: Queries,
): Promise<{ -readonly [Place in keyof Queries]: Awaited<Queries[Place]> }> {
  await Promise.allSettled(queries);
  return Promise.all(queries);
}
