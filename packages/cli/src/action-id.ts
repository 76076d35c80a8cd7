import { LIMITS } from "@faramesh/protocol";
import type { Client } from "@faramesh/sdk";
import { CliError, usageError } from "./errors.js";
import { printable } from "./output.js";

const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BEGINNING = /^[0-9a-f-]{4,36}$/;
const CANDIDATES_SHOWN_MAX = 10;

/**
 * The whole id of the action that `given` begins, looked for among the newest {@link LIMITS.listLimitMax} actions.
 * A whole id is taken as it is.
 *
 * @throws {@link CliError} `ambiguous_id` naming the candidates, `not_found` where there is none, `usage` where the
 *   text cannot begin an id or is shorter than 4 characters.
 */
export async function resolveActionId(client: Client, given: string): Promise<string> {
  const beginning = given.toLowerCase();
  if (WHOLE_ID.test(beginning)) return beginning;
  if (!BEGINNING.test(beginning)) {
    throw usageError(`"${given}" does not begin an action id: give at least 4 of its characters`);
  }
  const actions = await client.listActions({ limit: LIMITS.listLimitMax });
  const found = actions.filter((action) => action.id.startsWith(beginning));
  const [only, second] = found;
  if (only === undefined) throw new CliError("not_found", `no recent action's id begins with ${beginning}`);
  if (second === undefined) return only.id;
  const candidates = found.slice(0, CANDIDATES_SHOWN_MAX).map((action) => ({
    path: action.id,
    message: printable(`${action.status}  ${action.agent_id}  ${action.tool}.${action.operation}`),
  }));
  throw new CliError("ambiguous_id", `${found.length} ids begin with ${beginning}`, 1, candidates);
}
