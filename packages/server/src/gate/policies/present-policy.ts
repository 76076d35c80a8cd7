import type { RuleSummary } from "@faramesh/core";
import { type Actor, timeText } from "@faramesh/protocol";
import type { ActivationRow, PolicyRow } from "../../store/store.js";
import type { Gate } from "../gate.js";
import { isActive, type Version } from "./activation.js";

/** A version of a policy as it is answered. */
export interface PolicyVersionAnswer {
  readonly id: string;
  readonly version: number;
  readonly hash: string;
  /** Names and globs; empty for every agent. */
  readonly applies_to: readonly string[];
  readonly active: boolean;
  readonly note: string | null;
  readonly created_at: string;
  readonly created_by: Actor;
}

/** The same with its texts and rules. */
export interface WholePolicyAnswer extends PolicyVersionAnswer {
  readonly source: string;
  readonly tests: string | null;
  readonly packs: readonly string[];
  readonly rules: readonly RuleSummary[];
}

export interface ActivationAnswer {
  readonly policy_id: string | null;
  readonly policy_version: number | null;
  readonly note: string | null;
  readonly at: string;
  readonly by: Actor;
  readonly ledger_index: number;
}

export function presentVersion(gate: Gate, version: Version): PolicyVersionAnswer {
  return {
    id: version.id,
    version: version.version,
    hash: version.hash,
    applies_to: JSON.parse(version.applies_to) as string[],
    active: isActive(gate, version),
    note: version.note,
    created_at: timeText(version.created_at_ms),
    created_by: JSON.parse(version.created_by) as Actor,
  };
}

/** A version that this release cannot read has no rules to show. */
export async function presentWhole(gate: Gate, row: PolicyRow): Promise<WholePolicyAnswer> {
  const { policy } = await gate.compiled.ofVersion(row);
  return {
    ...presentVersion(gate, row),
    source: row.source,
    tests: row.tests,
    packs: policy?.packs ?? [],
    rules: policy?.rules ?? [],
  };
}

export function presentActivation(row: ActivationRow): ActivationAnswer {
  return {
    policy_id: row.policy_id,
    policy_version: row.policy_version,
    note: row.note,
    at: timeText(row.at_ms),
    by: JSON.parse(row.by_whom) as Actor,
    ledger_index: row.ledger_index,
  };
}
