import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ActionDenied } from "@faramesh/sdk";
import { AGENT_ID } from "./world.mjs";

/** @typedef {import("./world.mjs").World} World */

/** What the policy answers by itself: allowed and denied, each with a tool that really runs or really does not. */
export const DAILY_WORK = [
  { title: "The agent lists its workspace", run: listWorkspace },
  { title: "The agent tries to delete its workspace", run: deleteWorkspace },
  { title: "The agent looks up the charge", run: readCharge },
  { title: "The agent writes a report", run: writeReport },
];

/** @param {World} world */
async function listWorkspace({ agent, tools }) {
  const done = await agent.executeIfAllowed({
    agent_id: AGENT_ID,
    tool: "shell",
    operation: "exec",
    params: { cmd: "ls workspace" },
    executor: (params) => tools.shell(params),
  });
  assert.equal(done.outcome, "EXECUTE");
  assert.equal(done.result, "complaint.txt\n");
  return [`${done.outcome}: the command ran and printed ${done.result.trim()}`, `recorded as ${done.action.status}`];
}

/** @param {World} world */
async function deleteWorkspace({ agent, tools, folder }) {
  let ran = false;
  const attempt = agent.executeIfAllowed({
    agent_id: AGENT_ID,
    tool: "shell",
    operation: "exec",
    params: { cmd: "rm -rf workspace" },
    executor: (params) => {
      ran = true;
      return tools.shell(params);
    },
  });
  const denied = await attempt.then(
    () => assert.fail("the deletion was let through"),
    (error) => error,
  );
  assert.ok(denied instanceof ActionDenied, denied);
  assert.equal(ran, false, "the executor of a denied action was called");
  await access(join(folder, "workspace", "complaint.txt"));
  return [`HALT: ${denied.message}`, "the workspace is still there"];
}

/** @param {World} world */
async function readCharge({ agent, tools, payments }) {
  const read = (/** @type {{ url: string }} */ params) => tools.httpGet(params);
  const get = agent.govern(read, { agentId: AGENT_ID, tool: "http", operation: "get" });
  const charge = await get({ url: `${payments.url}/charges/ch_1017` });
  assert.deepEqual(charge, { charge: "ch_1017", amount: 250 });
  return [`EXECUTE: the payment API answered ${JSON.stringify(charge)}`];
}

/** @param {World} world */
async function writeReport({ agent, tools, folder }) {
  const params = { path: "workspace/report.txt", text: "Order 1017: refund 250.\n" };
  const done = await agent.executeIfAllowed({
    agent_id: AGENT_ID,
    tool: "files",
    operation: "write",
    params,
    executor: (given) => tools.writeFile(given),
  });
  assert.equal(await readFile(join(folder, params.path), "utf8"), params.text);
  return [`${done.outcome}: ${params.path} holds ${done.result.bytes} bytes`];
}
