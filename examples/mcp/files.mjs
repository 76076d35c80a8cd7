/**
 * An MCP server for files behind the gate: reading runs, writing waits for a person, moving is denied. Run it with
 * `npm run build && node examples/mcp/files.mjs`.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@faramesh/sdk";
import { Client } from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { startGate } from "../demo/gate-process.mjs";
import { createKey } from "../demo/world.mjs";

const POLICY_FILE = fileURLToPath(new URL("policy.yaml", import.meta.url));
const FARAMESH = fileURLToPath(new URL("../../packages/cli/bin/faramesh.js", import.meta.url));
const FILE_SERVER = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/server-filesystem/package.json")),
  "dist/index.js",
);

const folder = await realpath(await mkdtemp(join(tmpdir(), "faramesh-mcp-")));
const files = join(folder, "files");
await mkdir(files);
await writeFile(join(files, "plan.txt"), "Call Ada.\n");

const adminKey = randomBytes(24).toString("base64url");
const gate = await startGate({ dataDir: join(folder, "gate"), policyFile: POLICY_FILE, adminKey });
const agentKey = await createKey(gate.url, adminKey, { name: "files", role: "agent", agents: ["files-agent"] });
const personKey = await createKey(gate.url, adminKey, { name: "ada", role: "approver" });
const client = new Client({ name: "example", version: "1.0.0" });
try {
  const wrapped = ["mcp", "wrap", "--agent-id", "files-agent", "--data", join(folder, "wrap"), "--wait-seconds", "0"];
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [FARAMESH, ...wrapped, "--", process.execPath, FILE_SERVER, files],
      env: { ...getDefaultEnvironment(), FARAMESH_URL: gate.url, FARAMESH_API_KEY: agentKey },
    }),
  );
  await readTheAllowed();
  await moveTheDenied();
  await writeTheHeld(createClient({ url: gate.url, apiKey: personKey }));
} finally {
  await client.close();
  await gate.stop("SIGTERM");
  await rm(folder, { recursive: true, force: true });
}

async function readTheAllowed() {
  const read = await client.callTool({ name: "read_text_file", arguments: { path: join(files, "plan.txt") } });
  assert.match(JSON.stringify(read.content), /Call Ada/);
  console.log("EXECUTE: the file was read");
}

async function moveTheDenied() {
  const paths = { source: join(files, "plan.txt"), destination: join(files, "gone.txt") };
  const moved = await client.callTool({ name: "move_file", arguments: paths });
  assert.equal(moved.isError, true);
  assert.equal(await readFile(paths.source, "utf8"), "Call Ada.\n");
  console.log("HALT: the file is where it was");
}

/** @param {import("@faramesh/sdk").Client} person - Whoever may approve. */
async function writeTheHeld(person) {
  const write = { name: "write_file", arguments: { path: join(files, "plan.txt"), content: "Call Bob.\n" } };
  const held = await client.callTool(write);
  assert.equal(held.isError, true);
  const [action] = await person.listActions({ status: ["pending_approval"] });
  assert.ok(action !== undefined && JSON.stringify(held.content).includes(action.id));
  console.log("ABSTAIN: nothing was written, and the model was told which action waits");

  await person.approveAction(action.id, { reason: "Bob it is" });
  const written = await client.callTool(write);
  assert.notEqual(written.isError, true);
  assert.equal(await readFile(write.arguments.path, "utf8"), "Call Bob.\n");
  assert.equal((await person.getAction(action.id)).status, "succeeded");
  console.log("approved: the same call went on with the same action, and the file was written once");
}
