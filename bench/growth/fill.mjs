import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { v7 as uuidv7 } from "uuid";
import { actionEntry, stepFrom } from "../../packages/server/dist/gate/record.js";
import { openPostgresStore } from "../../packages/server/dist/store/postgres/open-postgres-store.js";
import { openSqliteStore } from "../../packages/server/dist/store/sqlite/open-sqlite-store.js";
import { sampleAction } from "./sample-actions.mjs";

/** Actions that are recorded together, and then live their lives together. */
const GROUP_ACTIONS = 1_000;

/** All of the actions came in over so many days. */
const DAYS = 60;
const DAY_MS = 86_400_000;

const ACTOR = { id: "k_fill", name: "fill", via: "key" };
const APPROVAL_MS = 900_000;
const POLICY_HASH = sha256("policy");
const PROVENANCE_ID = sha256("provenance");

/** Decided by the newest rules, whichever they are. */
const NEWEST = Number.MAX_SAFE_INTEGER;

/**
 * Fills an empty store with actions that came in over two months and lived their lives: the same ones each time, the
 * newest of them just before `untilMs`.
 *
 * @param {import("../../packages/server/dist/store/store.js").Store} store
 * @param {number} count
 * @param {{ untilMs: number, onProgress?: (done: number) => void }} options
 */
export async function fillStore(store, count, { untilMs, onProgress = () => {} }) {
  const gapMs = (DAYS * DAY_MS) / count;
  for (let done = 0; done < count; done += GROUP_ACTIONS) {
    const places = Array.from({ length: Math.min(GROUP_ACTIONS, count - done) }, (_, ahead) => done + ahead);
    await Promise.all(places.map((place) => live(store, place, Math.floor(untilMs - (count - place) * gapMs))));
    onProgress(done + places.length);
  }
}

/** When the first of the actions came in. */
export function filledFrom(untilMs) {
  return untilMs - DAYS * DAY_MS;
}

/** Records an action, and takes it through its statuses. */
async function live(store, place, atMs) {
  const sample = sampleAction(place);
  const row = firstRow(sample, place, atMs);
  const submission = { row, entry: actionEntry(row, ACTOR, atMs, {}), idempotency: null, decidedAt: NEWEST };
  let action = actionOf(await store.submit(submission));
  for (const [passed, status] of sample.statuses.slice(1).entries()) {
    const step = { to: status, set: patchFor(status, atMs), actor: ACTOR, atMs: atMs + passed + 1, idempotency: null };
    action = actionOf(await store.step(stepFrom(action, step)));
  }
}

function actionOf(recorded) {
  if (recorded.kind !== "recorded") throw new Error(`an action was not recorded: ${recorded.kind}`);
  return recorded.action;
}

function firstRow(sample, place, atMs) {
  const [status] = sample.statuses;
  return {
    id: uuidv7({ msecs: atMs, seq: place }),
    agent_id: sample.agentId,
    tool: sample.tool,
    operation: sample.operation,
    params: sample.params,
    context: null,
    status,
    decision: sample.decision,
    outcome: sample.outcome,
    reason_code: sample.reasonCode,
    reason: sample.reason,
    rule_id: "r1",
    risk_level: sample.riskLevel,
    request_hash: sha256(sample.params),
    policy_id: "p",
    policy_version: 1,
    policy_hash: POLICY_HASH,
    runtime_version: "faramesh/fill",
    provenance_id: PROVENANCE_ID,
    submitted_by: `k_${sample.agentId}`,
    approvers: "[]",
    exclude_submitter: 0,
    approval_expires_at_ms: status === "pending_approval" ? atMs + APPROVAL_MS : null,
    approval_token_hash: null,
    claimable_until_ms: status === "allowed" ? atMs + DAY_MS : null,
    version: 1,
    created_at_ms: atMs,
    updated_at_ms: atMs,
  };
}

function patchFor(status, atMs) {
  if (status === "executing") return { claimed_by: JSON.stringify(ACTOR), lease_expires_at_ms: atMs + APPROVAL_MS };
  if (status === "succeeded") return { lease_expires_at_ms: null, result: '{"ok":true}' };
  return { lease_expires_at_ms: null };
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

const USAGE = "usage: node bench/growth/fill.mjs --actions N (--sqlite DIRECTORY | --postgres URL)";

async function main() {
  const { values } = parseArgs({
    options: { actions: { type: "string" }, sqlite: { type: "string" }, postgres: { type: "string" } },
  });
  const count = Number(values.actions);
  const untilMs = Date.now();
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(USAGE);
  const store = await openStore(values, untilMs);
  const onProgress = (done) => {
    if (done % 50_000 === 0) console.error(`${done} of ${count} actions`);
  };
  try {
    await fillStore(store, count, { untilMs, onProgress });
  } finally {
    await store.close();
  }
}

function openStore({ sqlite, postgres }, untilMs) {
  if (sqlite !== undefined) return openSqliteStore(sqlite);
  if (postgres !== undefined) return openPostgresStore(postgres, filledFrom(untilMs));
  throw new Error(USAGE);
}

if (import.meta.filename === process.argv[1]) await main();
