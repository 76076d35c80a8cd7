import type { Action } from "@faramesh/protocol";
import { type Client, FarameshError } from "@faramesh/sdk";
import { CliError, type FaultAt, usageError } from "./errors.js";
import { printable } from "./output.js";

const WHOLE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BEGINNING = /^[0-9a-f-]{1,36}$/;
const BEGINNING_CHARS_MIN = 4;
const CANDIDATES_SHOWN_MAX = 10;
/** Actions asked for at a time: even when each is as large as a gate takes, the SDK accepts the answer. */
const PAGE_ACTIONS_MAX = 100;
const PAGES_MAX = 10;
const TIME_DIGITS = 12;
/** An id's time and the action's own differ a little where a clock steps back. */
const CLOCK_SLACK_MS = 60_000;
/** The last time that RFC 3339 can write. */
const LAST_DAY_MS = Date.parse("9999-12-31T23:59:59Z");
const CURE = "give the whole id";

/** What came of looking for a beginning. */
interface Search {
  found: Action[];
  /** Whether every action was looked at; else others may begin the same. */
  isComplete: boolean;
}

/** Whether the text is a whole action id, lower case. */
export function isWholeId(text: string): boolean {
  return WHOLE_ID.test(text);
}

/**
 * The whole id of the action that `given` begins. A whole id is taken as it is. Where not every action could be looked
 * at, nothing counts as unique: the one that was meant may be among the rest.
 *
 * @throws {@link CliError} `ambiguous_id` naming the candidates, `not_found` where there is none, `bad_response` where
 *   the list cannot be read, `usage` where the text cannot begin an id or is shorter than 4 characters.
 */
export async function resolveActionId(client: Pick<Client, "listActionsPage">, given: string): Promise<string> {
  const beginning = given.toLowerCase();
  if (isWholeId(beginning)) return beginning;
  if (beginning === "") throw usageError("the id is empty");
  if (!BEGINNING.test(beginning)) {
    throw usageError(`${printable(given)} does not begin an action id, which is made of 0-9, a-f and -`);
  }
  if (beginning.length < BEGINNING_CHARS_MIN) {
    throw usageError(`${beginning} is too short: give at least ${BEGINNING_CHARS_MIN} characters of the id`);
  }
  return onlyId(await search(client, beginning), beginning);
}

async function search(client: Pick<Client, "listActionsPage">, beginning: string): Promise<Search> {
  const found: Action[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const filters = { ...madeWithin(beginning), cursor, limit: PAGE_ACTIONS_MAX };
    const { actions, nextCursor } = await client.listActionsPage(filters).catch(explainUnreadable);
    found.push(...actions.filter((action) => action.id.startsWith(beginning)));
    // A full page may be one that was cut, whatever it says about a next one.
    if (nextCursor === null) return { found, isComplete: actions.length < PAGE_ACTIONS_MAX };
    cursor = nextCursor;
  }
  return { found, isComplete: false };
}

/**
 * When actions whose id begins so were made: an id begins with its time in milliseconds (UUIDv7, RFC 9562, 5.7). So all
 * of them are looked at, whatever became of them: one that was meant and is decided already must not make another, that
 * begins the same, look like the only one.
 */
function madeWithin(beginning: string): { since: Date; until: Date } {
  const digits = beginning.replaceAll("-", "").slice(0, TIME_DIGITS);
  const firstMs = Number.parseInt(digits.padEnd(TIME_DIGITS, "0"), 16) - CLOCK_SLACK_MS;
  const lastMs = Number.parseInt(digits.padEnd(TIME_DIGITS, "f"), 16) + CLOCK_SLACK_MS;
  const within = (ms: number): Date => new Date(Math.min(Math.max(0, ms), LAST_DAY_MS));
  return { since: within(firstMs), until: within(lastMs) };
}

function onlyId({ found, isComplete }: Search, beginning: string): string {
  const [only, second] = found;
  if (!isComplete && second === undefined) {
    const reason = `there are more actions than are looked through, and another may begin with ${beginning}`;
    throw new CliError("ambiguous_id", `${reason}: ${CURE}`, { faults: candidates(found) });
  }
  if (only === undefined) throw new CliError("not_found", `no action's id begins with ${beginning}`);
  if (second === undefined) return only.id;
  throw new CliError("ambiguous_id", `${found.length} ids begin with ${beginning}: ${CURE}`, {
    faults: candidates(found),
  });
}

function candidates(found: readonly Action[]): FaultAt[] {
  return found.slice(0, CANDIDATES_SHOWN_MAX).map((action) => ({
    path: action.id,
    message: printable(`${action.status}  ${action.agent_id}  ${action.tool}.${action.operation}`),
  }));
}

function explainUnreadable(error: unknown): never {
  if (!(error instanceof FarameshError) || error.code !== "bad_response") throw error;
  throw new CliError("bad_response", `the list of actions cannot be read (${error.message}): ${CURE}`);
}
