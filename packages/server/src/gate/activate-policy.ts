import { type Finding, loadPolicy, type Policy } from "@faramesh/core";
import type { Gate } from "./gate.js";
import { SYSTEM } from "./principal.js";
import { describeFinding, whileCurrent } from "./rules.js";

/** A policy text that does not load. Each finding names its line and why. */
export class PolicyLoadError extends Error {
  override readonly name = "PolicyLoadError";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(describeFinding).join("\n"));
    this.findings = findings;
  }
}

/**
 * Makes a policy text the one that decides, on every node, recorded first. The same content keeps its version; other
 * content gets the next one.
 *
 * @throws PolicyLoadError when the text does not load; then what decided before goes on deciding.
 */
export async function activatePolicy(gate: Gate, source: string): Promise<void> {
  const policy = loadOrThrow(source);
  await whileCurrent(gate.store, (decidedAt) => putIfNew(gate, policy, source, decidedAt));
  await gate.rules.refresh();
  gate.rules.noteFault(null);
}

async function putIfNew(
  gate: Gate,
  { id, hash }: Policy,
  source: string,
  decidedAt: number,
): Promise<"changed" | "outdated"> {
  const newest = await gate.store.latestPolicy(null);
  if (newest?.id === id && newest.hash === hash) return "changed";
  const before = await gate.store.latestPolicy(id);
  const row = { id, version: (before?.version ?? 0) + 1, hash, source, loaded_at_ms: gate.nowMs() };
  const body = { policy_id: id, policy_version: row.version, policy_hash: hash };
  const entry = { kind: "policy.loaded", atMs: row.loaded_at_ms, actor: SYSTEM, body };
  return gate.store.putPolicy({ row, entry, decidedAt });
}

function loadOrThrow(source: string): Policy {
  const { policy, findings } = loadPolicy(source, { version: 0 });
  if (policy === null) throw new PolicyLoadError(findings.filter((finding) => finding.severity === "error"));
  return policy;
}
