import type { ApprovalRequirement, Effect, RiskLevel } from "@faramesh/protocol";
import type { PolicyCase } from "./cases/policy-case.js";
import type { CompiledPolicy } from "./compiled.js";

/** A rule, as lists and explanations show it. */
export interface RuleSummary {
  readonly id: string;
  readonly effect: Effect;
  readonly enabled: boolean;
  readonly reason: string;
  /** The rule's own risk level, or null where it names none. */
  readonly risk: RiskLevel | null;
  /** Where the rule begins in the document, from 1. */
  readonly line: number;
  /** Names and globs; empty means any. */
  readonly tools: readonly string[];
  readonly operations: readonly string[];
  readonly agents: readonly string[];
  /** The conditions on params and context, each as it is read: `params.amount gt 1000`. */
  readonly conditions: readonly string[];
  /** What an approval needs, for a rule that requires one. */
  readonly approval: ApprovalRequirement | null;
  /** The pack that brought it; null for the policy's own. Then `line` is where the document names the pack. */
  readonly pack: string | null;
}

/** A policy that loaded: checked, compiled, ready to decide. Only `loadPolicy` makes one. */
export interface Policy {
  readonly id: string;
  readonly version: number;
  /** Lower-case hex SHA-256 of the canonical content: the same for the same meaning, whatever the formatting. */
  readonly hash: string;
  readonly rules: readonly RuleSummary[];
  /** The agents it is for: names and globs; empty means every agent. */
  readonly appliesTo: readonly string[];
  /** The packs it is built on, as the document names them. */
  readonly packs: readonly string[];
  /** The tests in the document, those in its rules included. */
  readonly cases: readonly PolicyCase[];
  /** For the decision alone. */
  readonly compiled: CompiledPolicy;
}
