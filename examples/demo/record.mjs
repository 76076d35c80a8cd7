import assert from "node:assert/strict";

/** What must be on record after the story, oldest first. */
export const RECORDED = [
  ["shell exec", "succeeded"],
  ["shell exec", "denied"],
  ["http get", "succeeded"],
  ["files write", "succeeded"],
  ["payments refund", "succeeded"],
];

/** The last step: everything that happened, and nothing else, is on record. */
export const RECORD = { title: "Everything is on record", run: readRecord };

/** @param {import("./world.mjs").World} world */
async function readRecord({ admin }) {
  const actions = (await admin.listActions({ limit: 100 })).reverse();
  const recorded = actions.map(({ tool, operation, status }) => [`${tool} ${operation}`, status]);
  assert.deepEqual(recorded, RECORDED);
  return actions.map(
    ({ tool, operation, status, rule_id, ledger_index }) =>
      `${status.padEnd(10)} ${`${tool} ${operation}`.padEnd(16)} rule ${rule_id}, ledger entry ${ledger_index}`,
  );
}
