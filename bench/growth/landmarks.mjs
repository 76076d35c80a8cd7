import { ADMIN_KEY, post } from "../load/requests.mjs";
import { filledFrom } from "./fill.mjs";

/** As many as fill a page. */
const AWAITING = 25;

/** The largest page there is need of. */
const MIDDLE_IDS = 100;

/** What the rules let a person decide. */
const LARGE_REFUND = JSON.stringify({
  agent_id: "billing-agent",
  tool: "stripe",
  operation: "refund",
  params: { amount: 25_000, currency: "EUR" },
});

/**
 * Gives a gate some actions that wait for a person, and finds what the questions are about.
 *
 * @param {import("./served-gate.mjs").ServedGate} gate
 * @param {import("./asker.mjs").Asker} asker
 * @param {number} untilMs - When the newest of the filled actions came in.
 * @returns {Promise<import("./questions.mjs").Landmarks>}
 */
export async function landmarksOf(gate, asker, untilMs) {
  for (let count = 0; count < AWAITING; count++) await post(gate.port, "/v1/actions", ADMIN_KEY, LARGE_REFUND, 201);
  const middleMs = (filledFrom(untilMs) + untilMs) / 2;
  const [newest] = await read(asker, "/v1/actions?limit=1");
  const events = await read(asker, `/v1/actions/${newest.id}/events`);
  const middle = await read(asker, `/v1/actions?cursor=${firstIdAt(middleMs)}&limit=${MIDDLE_IDS}`);
  return { middleMs, middleIds: middle.map(({ id }) => id), newestIndex: events.at(-1).ledger_index };
}

async function read(asker, path) {
  const { status, body } = await asker.ask(path);
  if (status !== 200) throw new Error(`GET ${path} is answered ${status}: ${body.slice(0, 300)}`);
  return JSON.parse(body);
}

/** The least UUIDv7 of a time. */
function firstIdAt(ms) {
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
