import assert from "node:assert/strict";
import { ConflictError, ForbiddenError } from "@faramesh/sdk";
import { AGENT_ID } from "./world.mjs";

/** @typedef {import("./world.mjs").World} World */

const REFUND = {
  agent_id: AGENT_ID,
  tool: "payments",
  operation: "refund",
  params: { charge: "ch_1017", amount: 250 },
};

/** One refund, step by step: held, approved by a second principal, claimed once, run once, reported once. */
export function refundSteps() {
  let id = "";
  let permit = "";

  /** @param {World} world */
  async function submit({ agent }) {
    const action = await agent.submitAction(REFUND);
    assert.equal(action.status, "pending_approval");
    assert.equal(action.approval_token, undefined, "an agent was shown an approval token");
    id = action.id;
    return [`ABSTAIN: ${action.reason}`, `held for ${action.approval.approvers.join()} as ${id}`];
  }

  /** @param {World} world */
  async function approveItself({ agent }) {
    const refused = await failure(agent.approveAction(id));
    assert.ok(refused instanceof ForbiddenError, String(refused));
    assert.equal((await agent.getAction(id)).status, "pending_approval");
    return [`refused: ${refused.message}`];
  }

  /** @param {World} world */
  async function approve({ finance }) {
    const action = await finance.approveAction(id, { reason: "The photo shows the damage" });
    assert.equal(action.status, "approved");
    assert.equal(action.approval.decided_by[0]?.name, "finance");
    return [`approved by ${action.approval.decided_by[0]?.name}: ${action.approval.note}`];
  }

  /** @param {World} world */
  async function claim({ agent }) {
    const action = await agent.startAction(id);
    assert.equal(action.status, "executing");
    assert.ok(action.permit, "the claim came without a permit");
    permit = action.permit;
    return ["claimed; the answer carries a signed permit for exactly this refund"];
  }

  /** @param {World} world */
  async function pay({ tools, payments }) {
    const tooMuch = await tools.refund({ ...REFUND.params, amount: 2500 }, permit);
    assert.equal(tooMuch.status, 403, "the payment API took a permit for another amount");
    const paid = await tools.refund(REFUND.params, permit);
    assert.equal(paid.status, 201);
    assert.deepEqual(payments.refunds, [REFUND.params]);
    return ["with another amount the payment API refuses the permit", "with the approved one it refunds 250"];
  }

  /** @param {World} world */
  async function report({ agent }) {
    const action = await agent.reportResult(id, { success: true, result: { refunded: 250 } });
    assert.equal(action.status, "succeeded");
    return [`reported: ${action.status}`];
  }

  /** @param {World} world */
  async function claimAgain({ agent, tools, payments }) {
    const refused = await failure(agent.startAction(id));
    assert.ok(refused instanceof ConflictError, String(refused));
    assert.equal(refused.code, "not_claimable");
    const again = await tools.refund(REFUND.params, permit);
    assert.equal(again.status, 409, "the payment API took a permit twice");
    assert.equal(payments.refunds.length, 1, "the refund ran twice");
    return [`refused: ${refused.message}`, "the payment API saw exactly one refund"];
  }

  return [
    { title: "The agent asks for a refund", run: submit },
    { title: "The agent tries to approve it itself", run: approveItself },
    { title: "Somebody from finance approves", run: approve },
    { title: "The agent claims the refund", run: claim },
    { title: "The payment API checks the permit", run: pay },
    { title: "The agent reports", run: report },
    { title: "The agent tries to run it a second time", run: claimAgain },
  ];
}

/**
 * @param {Promise<unknown>} attempt
 * @returns {Promise<unknown>} What it failed with.
 */
async function failure(attempt) {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  return assert.fail("this should have been refused");
}
