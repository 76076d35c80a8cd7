import type { JsonObject } from "@faramesh/protocol";
import { type Finding, loadPolicy, type Policy } from "../../src/index.js";
import { decided } from "../decision/deciding.js";

/** What an expression comes to on an action. */
export type Judged = "true" | "false" | "unknown";

/** A policy that allows what an expression is true for, and nothing else. */
export function policyWith(expression: string): { policy: Policy | null; findings: Finding[] } {
  return loadPolicy(JSON.stringify({ version: 1, rules: [{ id: "guard", when: expression, allow: true }] }));
}

/** What a condition that was loaded comes to. */
export function judged(policy: Policy, params: JsonObject, context: JsonObject = {}): Judged {
  const { outcome, reason_code } = decided(policy, params, { context });
  if (outcome === "EXECUTE") return "true";
  if (reason_code === "DEFAULT_DENY_NO_MATCH") return "false";
  if (reason_code === "CONDITION_UNKNOWN") return "unknown";
  throw new Error(`decided ${reason_code}`);
}
