import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One cluster for a run of vitest. Tests are given a socket and not the cluster's URL: the first who connects has the cluster
 * started, and a run in which nobody does costs nothing. Started here, it has one owner, whatever becomes of the workers.
 *
 * @param {import("vitest/node").TestProject} project
 * @returns {Promise<() => Promise<void>>} Ends it.
 */
export async function setup(project) {
  const folder = mkdtempSync(join(tmpdir(), "faramesh-vitest-"));
  const path = join(folder, "postgres");
  /** @type {ReturnType<typeof start> | null} */
  let starting = null;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    starting ??= start();
    starting.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      ({ message }) => socket.end(JSON.stringify({ problem: message })),
    );
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(path, resolve));
  project.provide("postgresSocket", path);
  return async () => {
    server.close();
    rmSync(folder, { recursive: true });
    const cluster = await starting?.catch(() => null);
    await cluster?.stop();
  };
}

/** Loaded only now: most runs have no use for it. */
async function start() {
  const { startPostgres } = await import("./postgres-cluster.mjs");
  const { ensurePostgres } = await import("./postgres-programs.mjs");
  const { bin } = await ensurePostgres((line) => console.log(`setup: ${line}`));
  return startPostgres({ bin });
}
