import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** One line on what the figures were measured on. */
export function machine() {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${model}), ${memory}`;
}

/** The machine's load over the last minute, as `uptime` shows it: the bench itself counts in it. */
export function load() {
  return loadavg()[0];
}
