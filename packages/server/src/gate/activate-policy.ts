import { type Finding, loadPolicy, type Policy } from "@faramesh/core";
import type { PolicyRow } from "../store/store.js";
import type { Gate } from "./gate.js";
import { SYSTEM } from "./principal.js";

/** A policy text that does not load. Each finding names its line and why. */
export class PolicyLoadError extends Error {
  override readonly name = "PolicyLoadError";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(describeFinding).join("\n"));
    this.findings = findings;
  }
}

/** A finding in one line: `line 4, column 7: unknown_key: …`. */
function describeFinding(finding: Finding): string {
  const cure = finding.cure === undefined ? "" : ` (${finding.cure})`;
  return `line ${finding.line}, column ${finding.column}: ${finding.code}: ${finding.message}${cure}`;
}

/**
 * Makes a policy text the one that decides, recorded first. The same content keeps its version; other content gets
 * the next one.
 *
 * @throws PolicyLoadError when the text does not load; then what decided before goes on deciding.
 */
export async function activatePolicy(gate: Gate, source: string): Promise<void> {
  const loaded = loadOrThrow(source, 0);
  const newest = await gate.store.latestPolicy(null);
  if (newest?.id === loaded.policy.id && newest.hash === loaded.policy.hash) {
    setActive(gate, newest);
    return;
  }
  const before = await gate.store.latestPolicy(loaded.policy.id);
  const row: Omit<PolicyRow, "ledger_index"> = {
    id: loaded.policy.id,
    version: (before?.version ?? 0) + 1,
    hash: loaded.policy.hash,
    source,
    loaded_at_ms: gate.nowMs(),
  };
  const body = { policy_id: row.id, policy_version: row.version, policy_hash: row.hash };
  await gate.store.putPolicy({ row, entry: { kind: "policy.loaded", atMs: row.loaded_at_ms, actor: SYSTEM, body } });
  setActive(gate, row);
}

/** Takes up the policy that decided last, after a start without a policy file. */
export async function resumePolicy(gate: Gate): Promise<void> {
  const newest = await gate.store.latestPolicy(null);
  if (newest !== null) setActive(gate, newest);
}

function setActive(gate: Gate, row: Omit<PolicyRow, "ledger_index">): void {
  const { policy, warnings } = loadOrThrow(row.source, row.version);
  gate.active = {
    policy,
    source: row.source,
    loadedAtMs: row.loaded_at_ms,
    warnings: warnings.map(describeFinding),
    fault: null,
  };
}

function loadOrThrow(source: string, version: number): { policy: Policy; warnings: Finding[] } {
  const { policy, findings } = loadPolicy(source, { version });
  if (policy === null) throw new PolicyLoadError(findings.filter((finding) => finding.severity === "error"));
  return { policy, warnings: findings };
}
