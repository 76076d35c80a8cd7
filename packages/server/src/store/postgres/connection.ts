import pg from "pg";
import { unescapeText } from "../sql/text.js";

/** Milliseconds to a connection, or the database counts as gone. */
const CONNECT_MS = 2_000;

/** Milliseconds that an answer may take. The server gives up first, so that the session is there for the next. */
const ANSWER_MS = 10_000;
const STATEMENT_MS = 8_000;

/** Milliseconds that a write waits for other nodes' writes. */
const LOCK_MS = 5_000;

/**
 * Milliseconds after which the server ends a session that began to write and fell silent: a node that was stopped in
 * the middle of a transaction must not hold up the others.
 */
const SILENT_MS = 3_000;

const INT8 = 20;
const TEXT = 25;

/** Numbers are told as numbers: what the store counts stays far below 2^53. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (format !== "binary" && oid === INT8) return Number;
    if (format !== "binary" && oid === TEXT) return unescapeText;
    return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
  },
};

/** How every connection is made. */
export function connectionConfig(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: "faramesh",
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: SILENT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    types: TYPES,
  };
}

/** A commit is answered when it is on disk, whatever the database was set to. */
export const DURABLE =
  "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
