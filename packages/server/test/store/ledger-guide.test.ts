import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "@photostructure/sqlite";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite/open-sqlite-store.js";
import { newAction } from "./store-samples.js";

const CLONE = fileURLToPath(new URL("../../../../", import.meta.url));

/** The program of the guide, without its types. */
function verifier(): string {
  const guide = readFileSync(`${CLONE}docs/guides/ledger.md`, "utf8");
  const code = /^```ts\n(.+?)^```/ms.exec(guide)?.[1] ?? "";
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  return ts.transpileModule(code, { compilerOptions: options }).outputText;
}

let folder: string;

/** A ledger of five commits, three entries each. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faramesh-guide-"));
  symlinkSync(`${CLONE}node_modules`, join(folder, "node_modules"));
  mkdirSync(join(folder, ".faramesh"));
  const store = await openSqliteStore(join(folder, ".faramesh"));
  for (let commit = 0; commit < 5; commit++) {
    await Promise.all(Array.from({ length: 3 }, () => store.submit(newAction())));
  }
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the guide's program on a copy of the ledger that was changed past its triggers. */
function verified(change: string): { status: number | null; stdout: string; stderr: string } {
  const desk = mkdtempSync(join(folder, "desk-"));
  symlinkSync(`${CLONE}node_modules`, join(desk, "node_modules"));
  cpSync(join(folder, ".faramesh"), join(desk, ".faramesh"), { recursive: true });
  const sqlite = new DatabaseSync(join(desk, ".faramesh", "faramesh.db"));
  const triggers = sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as { name: string }[];
  for (const { name } of triggers) sqlite.exec(`DROP TRIGGER ${name}`);
  sqlite.exec(change);
  sqlite.close();
  return spawnSync("node", ["--input-type=module", "-e", verifier()], { cwd: desk, encoding: "utf8" });
}

const EDITED = "replace(leaf, 'action.allowed', 'action.approved')";
const other = (leaf: string): string => createHash("sha256").update(Buffer.of(0)).update(leaf).digest("hex");

/** An entry edited together with the hash beside it. */
function editedWithHash(): string {
  const sqlite = new DatabaseSync(join(folder, ".faramesh", "faramesh.db"));
  const { leaf } = sqlite.prepare(`SELECT ${EDITED} AS leaf FROM ledger_entries WHERE idx = 7`).get() as {
    leaf: string;
  };
  sqlite.close();
  return `UPDATE ledger_entries SET leaf = ${EDITED}, leaf_hash = x'${other(leaf)}' WHERE idx = 7`;
}

describe("the program of the ledger's guide", () => {
  it("verifies a ledger that nobody touched", () => {
    const { status, stdout } = verified("");
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^15 entries, root [0-9a-f]{64}\n$/)]);
  });

  it.each([
    ["an entry was edited", () => `UPDATE ledger_entries SET leaf = ${EDITED} WHERE idx = 7`],
    ["an entry was edited together with its hash", editedWithHash],
    ["an entry was removed", () => "DELETE FROM ledger_entries WHERE idx = 7"],
    ["a commit's end was cut off", () => "DELETE FROM ledger_entries WHERE idx >= 14"],
    ["an entry's hash was swapped", () => "UPDATE ledger_entries SET leaf_hash = zeroblob(32) WHERE idx = 7"],
    ["the root beside a commit's first entry was swapped", () => rootSwapped(6)],
    ["the root beside an entry within a commit was swapped", () => rootSwapped(7)],
    ["the root beside a commit's last entry was swapped", () => rootSwapped(8)],
    ["the root beside the ledger's first entry was swapped", () => rootSwapped(0)],
    ["the root beside the ledger's last entry was swapped", () => rootSwapped(14)],
    ["the roots of a whole commit were swapped", () => rootSwapped(6, 7, 8)],
  ])("trap: finds that %s", (_what, change) => {
    const { status, stderr } = verified(change());
    expect([status, stderr]).toEqual([1, expect.stringMatching(/Error: .*entry/)]);
  });
});

function rootSwapped(...indexes: number[]): string {
  return `UPDATE ledger_entries SET root = zeroblob(32) WHERE idx IN (${indexes.join()})`;
}
