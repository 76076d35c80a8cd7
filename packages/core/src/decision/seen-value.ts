import type { JsonValue, RiskLevel, UnknownCondition } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import type { Condition } from "../policy/condition.js";
import type { Match } from "../policy/match.js";
import { UNKNOWN } from "../policy/truth.js";

const SEEN_CHARS_MAX = 200;

/** A value as explanations show it: whole where it is short, otherwise the beginning of its text. */
export function shownValue(value: JsonValue): JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= SEEN_CHARS_MAX ? value : `${beginning(text)}…`;
}

/** Cut between characters, never within one. */
function beginning(text: string): string {
  const cut = text.slice(0, SEEN_CHARS_MAX);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** The first condition of a rule that cannot be judged on this action, as decisions name it. */
export function unknownCondition(
  ruleId: string,
  match: Match,
  action: CanonicalAction,
  risk: RiskLevel | null,
): UnknownCondition {
  const condition = match.conditions.find((each) => each.evaluate(action, risk) === UNKNOWN);
  const { path, operator } = condition ?? { path: "", operator: "" };
  return { rule_id: ruleId, path, operator, seen: shownValue(seenBy(condition, action)) };
}

function seenBy(condition: Condition | undefined, action: CanonicalAction): JsonValue {
  return condition?.see(action) ?? null;
}
