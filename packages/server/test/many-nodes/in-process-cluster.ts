import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../src/main.js";
import type { Cluster } from "./cluster.js";
import { policyText } from "./roles.js";
import { readSqliteLedger } from "./sqlite-cluster.js";

const ADMIN_KEY = "in-process-admin-key-0123456789";

/** One server on SQLite in this process, so that a test can put a fault into its parts. */
export async function startInProcess(): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-in-process-"));
  const policyFile = join(directory, "policy.yaml");
  const dataDir = join(directory, "data");
  writeFileSync(policyFile, policyText(0));
  const server = await startServer({
    dataDir,
    policyFile,
    host: "127.0.0.1",
    port: 0,
    adminKey: ADMIN_KEY,
    logLevel: "silent",
  });
  return {
    nodes: [],
    adminKey: ADMIN_KEY,
    isUnavailableCertain: true,
    addresses: () => [{ node: "in-process", url: server.url }],
    readLedger: async () => readSqliteLedger(dataDir),
    changePolicy: null,
    restartDatabase: null,
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
