import type { Decision, TraceStep } from "@faramesh/protocol";
import { colors, printable } from "../output.js";
import { fields, shortened, table } from "./table.js";
import { effectWord, outcomeWord } from "./words.js";

const VALUE_CHARS_MAX = 60;

/** A decision as people read it: the outcome and its reason first. */
export function decisionText(decision: Decision): string {
  const policy = decision.policy_id === null ? "none" : `${decision.policy_id} v${decision.policy_version}`;
  const pairs: [string, string][] = [
    ["reason code", decision.reason_code],
    ["rule", printable(decision.rule_id ?? "none")],
    ["risk", decision.risk_level],
    ["policy", printable(policy)],
    ["request hash", decision.request_hash],
  ];
  for (const unknown of decision.details ?? []) {
    const seen = shortened(JSON.stringify(unknown.seen), VALUE_CHARS_MAX);
    const place = `${unknown.rule_id}: ${unknown.path}: ${unknown.operator} cannot be judged on ${seen}`;
    pairs.push(["unknown", printable(place)]);
  }
  return `${outcomeWord(decision.outcome)}  ${printable(decision.reason)}\n${fields(pairs)}`;
}

/** The trace, rule by rule: which one answered, and why each of the others did not. */
export function traceText(trace: readonly TraceStep[]): string {
  const rows = trace.map((step) => [
    step.result === "matched" ? colors.bold("→") : " ",
    printable(step.rule_id),
    effectWord(step.effect),
    step.result.replace("_", " "),
    printable(whyNot(step)),
  ]);
  return table(["", "rule", "effect", "result", "why"], rows);
}

function whyNot(step: TraceStep): string {
  switch (step.result) {
    case "matched":
      return "every condition holds";
    case "skipped":
      return "another tool or operation";
    case "not_reached":
      return "an earlier rule answered";
    case "no_match":
    case "unknown":
      return conditionText(step);
  }
}

function conditionText(step: TraceStep): string {
  const { condition } = step;
  if (condition === undefined) return "";
  if (condition.missing === true) return `${condition.path} is missing`;
  const seen = `seen ${value(condition.seen)}`;
  const asked = `${condition.path} ${condition.operator} ${value(condition.expected)}`;
  return condition.why === "" ? `${asked}: ${seen}` : `${asked}: ${seen} (${condition.why})`;
}

function value(seen: unknown): string {
  return shortened(JSON.stringify(seen) ?? "nothing", VALUE_CHARS_MAX);
}
