import { StoreUnavailableError } from "../store.js";

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A) that are a fault of ours: data that cannot be, a broken constraint, what
 * a trigger of ours refuses, a statement that is wrong. All else is the state of the database or of the way to it.
 */
const OUR_FAULTS = new Set(["22", "23", "42", "P0"]);

/** A role that lacks a right is the operator's to mend, and no fault in a statement. */
const INSUFFICIENT_PRIVILEGE = "42501";

/** What a failed statement means to callers. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  const { code } = error as { code?: unknown };
  const isSqlState = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code);
  if (isSqlState && code !== INSUFFICIENT_PRIVILEGE && OUR_FAULTS.has(code.slice(0, 2))) return error;
  if (!isSqlState && !isDriverError(error)) return error;
  const why = isSqlState ? code : `not reachable (${typeof code === "string" ? code : "the connection ended"})`;
  return new StoreUnavailableError(`PostgreSQL: ${why}`, { cause: error });
}

/** Errors of the connection, and those that the driver makes itself: a timeout, a connection that ended. */
function isDriverError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "code" in error || /connection|timeout|client|terminated|pool|SASL|SCRAM|password/i.test(error.message);
}
