import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startPostgres } from "../../../../scripts/postgres-cluster.mjs";
import { ensurePostgres } from "../../../../scripts/postgres-programs.mjs";
import type { LedgerRow } from "../../src/store/store.js";
import { addressesOf, type Cluster } from "./cluster.js";
import { type NodeSettings, type ServerNode, startNodes } from "./nodes.js";
import { reloadedPolicy } from "./reloaded-policy.js";
import { policyText } from "./roles.js";

const ADMIN_KEY = "many-nodes-admin-key-0123456789";
const NODES = 3;

/** Three servers over one PostgreSQL of their own. */
export async function startPostgresServers(): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-many-nodes-"));
  const policyFile = join(directory, "policy.yaml");
  writeFileSync(policyFile, policyText(0));
  const { bin } = await ensurePostgres(() => {});
  const postgres = await startPostgres({ bin });
  const store = await postgres.createDatabase();
  const nodes = await startTogether(store, policyFile);
  return {
    nodes,
    adminKey: ADMIN_KEY,
    isUnavailableCertain: false,
    addresses: () => addressesOf(nodes),
    readLedger: () => readPostgresLedger(store),
    async changePolicy(source) {
      writeFileSync(policyFile, source);
      const node = nodes.find(({ url, isStopped }) => url !== null && !isStopped);
      if (node === undefined) throw new Error("no node runs");
      return reloadedPolicy(node, ADMIN_KEY, source);
    },
    async restartDatabase() {
      await postgres.kill();
      await postgres.start();
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** All at once: who comes first makes the tables, and the others wait for it. */
async function startTogether(store: string, policyFile: string): Promise<ServerNode[]> {
  const args = ["--store", store, "--port", "0", "--policy", policyFile, "--log-level", "fatal"];
  const env = { FARAMESH_TOKEN: ADMIN_KEY, FARAMESH_SECRET: randomBytes(32).toString("base64url") };
  const settings = Array.from(
    { length: NODES },
    (_, place): NodeSettings => ({ name: `node-${place + 1}`, args, env }),
  );
  return startNodes(settings);
}

async function readPostgresLedger(store: string): Promise<LedgerRow[]> {
  const client = new Client({ connectionString: store });
  await client.connect();
  try {
    const { rows } = await client.query<Omit<LedgerRow, "idx"> & { idx: string }>(
      "SELECT * FROM ledger_entries ORDER BY idx",
    );
    return rows.map((row) => ({ ...row, idx: Number(row.idx) }));
  } finally {
    await client.end();
  }
}
