import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import type { LedgerRow } from "../../src/store/store.js";
import { addressesOf, type Cluster } from "./cluster.js";
import { startNodes } from "./nodes.js";
import { reloadedPolicy } from "./reloaded-policy.js";
import { policyText } from "./roles.js";

const ADMIN_KEY = "many-nodes-admin-key-0123456789";

/** One server on SQLite: the least that all of this can be tried on. */
export async function startSqliteServer(): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-many-nodes-"));
  const policyFile = join(directory, "policy.yaml");
  const dataDir = join(directory, "data");
  writeFileSync(policyFile, policyText(0));
  const args = ["--data", dataDir, "--port", "0", "--policy", policyFile, "--log-level", "fatal"];
  const nodes = await startNodes([{ name: "node-1", args, env: { FARAMESH_TOKEN: ADMIN_KEY } }]);
  return {
    nodes,
    adminKey: ADMIN_KEY,
    isUnavailableCertain: true,
    addresses: () => addressesOf(nodes),
    readLedger: async () => readSqliteLedger(dataDir),
    async changePolicy(source) {
      writeFileSync(policyFile, source);
      const [node] = nodes;
      if (node === undefined) throw new Error("there is no node");
      return reloadedPolicy(node, ADMIN_KEY, source);
    },
    restartDatabase: null,
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Reads the ledger beside the server, as an auditor with the file would. */
export function readSqliteLedger(dataDir: string): LedgerRow[] {
  const sqlite = new DatabaseSync(join(dataDir, "faramesh.db"), { readOnly: true });
  try {
    return sqlite.prepare("SELECT * FROM ledger_entries ORDER BY idx").all() as unknown as LedgerRow[];
  } finally {
    sqlite.close();
  }
}
