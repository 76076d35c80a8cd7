import { spawn } from "node:child_process";
import { once } from "node:events";
import { alternate, median } from "../rounds.mjs";
import { ServedGate } from "./served-gate.mjs";

/**
 * From the start of `faramesh serve` on a large store until it is ready, against a Node.js that does nothing, in turn.
 *
 * @param {{ large: import("./served-gate.mjs").Place, small: import("./served-gate.mjs").Place }} stores
 * @param {string} policyFile
 * @param {import("../options.mjs").GrowthEffort} effort
 * @returns {Promise<import("../report.mjs").Measured>}
 */
export async function compareStarts({ large, small }, policyFile, { starts }) {
  const onSmall = [];
  const subject = async () => {
    onSmall.push(await startOnce(small, policyFile));
    return startOnce(large, policyFile);
  };
  const figures = await alternate({ subject, baseline: nodeAlone }, starts);
  return { ...figures, notes: [`on the small store ${median(onSmall).toFixed(0)} ms`] };
}

async function startOnce(place, policyFile) {
  const gate = await ServedGate.start(place, policyFile);
  await gate.stop();
  return gate.readyMs;
}

async function nodeAlone() {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`node -e 0 ended with ${code}`);
  return performance.now() - startedAt;
}
