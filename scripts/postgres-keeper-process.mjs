/**
 * Runs the programs of one cluster, one at a time, for the process that started it, and outlives that process by as long as it
 * takes to end them and remove the cluster's folder: a process that is killed cannot clean up after itself.
 */

import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { run } from "./run.mjs";

const { home, log, account } = JSON.parse(process.argv[2]);

/** @type {import("node:child_process").ChildProcess | null} */
let running = null;
let isEnding = false;

process.on("message", (order) => (order.run === undefined ? void kill() : start(order.run)));
process.on("disconnect", end);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);
process.on("uncaughtException", (error) => {
  console.error(error);
  end();
});

function start([program, ...args]) {
  const output = openSync(log, "a", 0o600);
  running = spawn(program, args, { cwd: home, stdio: ["ignore", output, output], env: environment(), ...account });
  closeSync(output);
  running.on("error", (error) => exited(error.message));
  running.on("exit", (code, signal) => exited(signal ?? `code ${code}`));
  if (running.pid !== undefined) tell({ started: running.pid });
}

/** Nobody's own PGPORT or PGDATA is meant for this cluster. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PG")));
}

function exited(how) {
  running = null;
  if (isEnding) leave();
  else tell({ exited: how });
}

function tell(message) {
  if (process.connected) process.send(message);
}

/** Stops the postmaster first: it then neither starts children that are not in the list, nor lets go of their numbers. */
async function kill() {
  const postmaster = running;
  if (postmaster === null) return;
  postmaster.kill("SIGSTOP");
  for (const pid of await childrenOf(postmaster.pid)) process.kill(pid, "SIGKILL");
  postmaster.kill("SIGKILL");
}

async function childrenOf(pid) {
  const listed = `/proc/${pid}/task/${pid}/children`;
  if (existsSync(listed)) return readFileSync(listed, "utf8").trim().split(" ").filter(Boolean).map(Number);
  const { output } = await run("ps", ["-A", "-o", "ppid=,pid="], { capture: true });
  const rows = output.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  return rows.filter(([parent]) => parent === pid).map(([, child]) => child);
}

function end() {
  if (isEnding) return;
  isEnding = true;
  if (running === null) return leave();
  // An immediate shutdown: what the cluster holds goes away with it. And it may have been stopped.
  running.kill("SIGQUIT");
  running.kill("SIGCONT");
}

function leave() {
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  process.exit(0);
}
