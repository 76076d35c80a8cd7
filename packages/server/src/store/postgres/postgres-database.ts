import pg from "pg";
import { LIST_BYTES_MAX, takePage } from "../sql/action-page.js";
import { ACTION_COLUMNS } from "../sql/columns.js";
import type { Ask, Asked, Changes, Database, Found, Removed, SqlQuery } from "../sql/database.js";
import type { RunningPruning } from "../sql/prune-statements.js";
import type { ActionPage, ActionRow, Committed } from "../store.js";
import { connectionConfig } from "./connection.js";
import { POSTGRES_DIALECT } from "./dialect.js";
import { asStoreError } from "./errors.js";
import { Follower } from "./follower.js";
import { postgresQuery } from "./placeholders.js";
import { PrunedRows } from "./pruned-rows.js";
import { Writer } from "./writer.js";

/** Connections that read. */
const READERS_MAX = 8;

/** A PostgreSQL database that any number of nodes share. */
export class PostgresDatabase implements Database {
  readonly dialect = POSTGRES_DIALECT;
  readonly #pool: pg.Pool;
  readonly #writer: Writer;
  readonly #follower: Follower;
  readonly #pruned: PrunedRows;

  /** @param size - The ledger's size now: what is appended from here on is told of. */
  constructor(url: string, pool: pg.Pool, size: number) {
    this.#pool = pool;
    this.#writer = new Writer(url);
    this.#pruned = new PrunedRows(pool);
    this.#follower = new Follower(url, this.ask, size - 1);
  }

  readonly ask: Ask = async <Row>(query: SqlQuery) => {
    try {
      return (await this.#pool.query(postgresQuery(query))).rows as Row[];
    } catch (error) {
      throw asStoreError(error);
    }
  };

  async page(query: SqlQuery, limit: number): Promise<ActionPage> {
    return takePage(await this.ask<ActionRow>(boundedPage(query)), limit);
  }

  async snapshot<T>(read: (ask: Ask) => Promise<T>): Promise<T> {
    return inSnapshot(this.#pool, read);
  }

  async transact(asked: Asked, settle: (found: Found) => Changes): Promise<void> {
    let appended: Changes["entries"] = [];
    try {
      await this.#writer.transact(asked, (found) => {
        const changes = settle(found);
        appended = changes.entries;
        return changes;
      });
    } catch (error) {
      throw asStoreError(error);
    }
    const [first] = appended;
    if (first !== undefined) this.#follower.passOver(first.idx, first.idx + appended.length);
  }

  async removePart(pruning: RunningPruning): Promise<Removed> {
    try {
      return await this.#pruned.removePart(pruning);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  follow(listener: (entries: readonly Committed[]) => void): void {
    this.#follower.follow(listener);
  }

  async close(): Promise<void> {
    await this.#follower.close();
    await this.#writer.close();
    await this.#pool.end();
  }
}

/** What is read is found in milliseconds: starting workers or compiling a plan takes longer than that. */
const SHORT_QUESTIONS = "-c max_parallel_workers_per_gather=0 -c jit=off";

/** Connections for reading, made as they are needed. */
export function readers(url: string): pg.Pool {
  // Added to what the environment says, in place of which the driver would take it.
  const options = [process.env["PGOPTIONS"] ?? "", SHORT_QUESTIONS].join(" ");
  const pool = new pg.Pool({ ...connectionConfig(url), options, max: READERS_MAX });
  // A connection that breaks while it is idle is replaced; who needs one next is told if there is none.
  pool.on("error", () => {});
  return pool;
}

/** Reads the whole from one moment, whatever is written meanwhile. */
export async function inSnapshot<T>(pool: pg.Pool, read: (ask: Ask) => Promise<T>): Promise<T> {
  try {
    const client = await pool.connect();
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const result = await read(
        async <Row>(query: SqlQuery) => (await client.query(postgresQuery(query))).rows as Row[],
      );
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  } catch (error) {
    throw asStoreError(error);
  }
}

const COLUMNS = ACTION_COLUMNS.join(", ");

/**
 * Reads no more of a listing than a page may hold, and one row behind it: rows are left out once those before the one
 * before them are as large as a page.
 */
function boundedPage({ sql, values }: SqlQuery): SqlQuery {
  const size = "octet_length(params) + coalesce(octet_length(context), 0) + coalesce(octet_length(result), 0)";
  return {
    sql: `SELECT ${COLUMNS} FROM (
            SELECT ${COLUMNS}, sum(${size}) OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS passed
              FROM (${sql}) AS listed) AS measured
           WHERE coalesce(passed, 0) < ${LIST_BYTES_MAX} ORDER BY id DESC`,
    values,
  };
}
