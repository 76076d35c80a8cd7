import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Action } from "@faramesh/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { ADMIN, LS, POLICY } from "./running-gate.js";

const PROGRAM = `
  import { startServer } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
  const [dataDir, policySource, adminKey] = process.argv.slice(1);
  const server = await startServer({ dataDir, host: "127.0.0.1", port: 0, policySource, adminKey, logLevel: "silent" });
  console.log(server.url);
`;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A server as a process of its own, so that it can be killed. */
async function serve(dataDir: string): Promise<{ url: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, dataDir, POLICY, ADMIN], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function post(url: string, body: object): Promise<Action> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return (await response.json()) as Action;
}

/** What was acknowledged is there, and what was claimed cannot be claimed again. */
async function expectKept(url: string, action: Action): Promise<void> {
  const response = await fetch(`${url}/v1/actions/${action.id}`, { headers: { authorization: `Bearer ${ADMIN}` } });
  const kept = (await response.json()) as Action;
  expect(kept.request_hash).toBe(action.request_hash);
  if (action.status !== "executing") return;
  expect(kept.status).toBe("executing");
  await expect(post(`${url}/v1/actions/${action.id}/start`, {})).rejects.toThrow("409");
}

describe("a server that is killed with SIGKILL under load", () => {
  it("has everything it acknowledged, no second run, and a ledger that verifies, round after round", {
    timeout: 120_000,
  }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "faramesh-crash-"));
    const acknowledged = new Map<string, Action>();
    const claims = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const server = await serve(dataDir);
      const target = acknowledged.size + 150;
      let isOver = false;
      const worker = async (): Promise<void> => {
        while (!isOver) {
          const action = await post(`${server.url}/v1/actions`, LS);
          acknowledged.set(action.id, action);
          const claimed = await post(`${server.url}/v1/actions/${action.id}/start`, {});
          acknowledged.set(action.id, claimed);
          claims.set(action.id, (claims.get(action.id) ?? 0) + 1);
        }
      };
      const load = Promise.allSettled(Array.from({ length: 32 }, worker));
      await expect.poll(() => acknowledged.size, { timeout: 60_000, interval: 5 }).toBeGreaterThan(target);
      await server.kill();
      isOver = true;
      await load;
    }

    const server = await serve(dataDir);
    const left = [...acknowledged.values()];
    const checker = async (): Promise<void> => {
      for (let action = left.pop(); action !== undefined; action = left.pop()) await expectKept(server.url, action);
    };
    await Promise.all(Array.from({ length: 32 }, checker));
    expect(Math.max(...claims.values())).toBe(1);
    await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });
});
