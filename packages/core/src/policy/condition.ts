import type { JsonValue, RiskLevel } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import { nearestName } from "../action/nearest-name.js";
import { keySpot } from "./closed-map.js";
import type { DocumentNode, MapNode } from "./document.js";
import { equalTo } from "./operators/equality.js";
import { OPERATORS } from "./operators/operators.js";
import type { Spot } from "./report.js";
import { jsonOf } from "./scalars.js";
import type { Truth } from "./truth.js";
import type { Judge, Reading, ValueTest } from "./value-test.js";

/** One condition of a match, compiled. A rule matches where all of its conditions hold. */
export interface Condition {
  /** What it looks at: `params.amount`, `context.env`, `params` for all of them. */
  readonly path: string;
  readonly operator: string;
  /** In a normal form: equal meaning, equal operand. */
  readonly operand: JsonValue;
  /** Given the level that the risk rules came to; null where they did not come to one. */
  readonly evaluate: (action: CanonicalAction, risk: RiskLevel | null) => Truth;
  /** What it sees in an action; undefined where the field is missing. */
  readonly see: (action: CanonicalAction) => JsonValue | undefined;
  /** Judges one value of the field; null for conditions that are not about one field. */
  readonly judge: Judge | null;
  /** What it comes to where its field is missing; null for conditions that are not about one field. */
  readonly ifMissing: Truth | null;
  /** The fields that it looks at, where `path` does not say it: of a condition in CEL. */
  readonly fields?: readonly string[];
  /** Where it stands in the document. */
  readonly spot: Spot;
}

/** Reads a condition on a value: a plain value (equality), or a map of operators that must all hold. */
export function readCondition(node: DocumentNode, reading: Reading): ValueTest[] | null {
  if (node.kind !== "map") return [equalTo(jsonOf(node))];
  if (node.entries.size === 0) {
    reading.report.error(node, "empty", "a condition must not be empty", "write eq: {} for an empty object");
    return null;
  }
  const tests = [...node.entries.values()].map((entry) => {
    const read = OPERATORS.get(entry.key);
    if (read !== undefined) return read(entry.key, entry.value, reading);
    reportUnknownOperator(node, entry.key, reading);
    return null;
  });
  return tests.every((test) => test !== null) ? tests : null;
}

function reportUnknownOperator(node: MapNode, key: string, { report }: Reading): void {
  const entry = node.entries.get(key);
  const cure = (): string => {
    const nearest = nearestName(key, OPERATORS.keys());
    return nearest === undefined ? `operators: ${[...OPERATORS.keys()].join(", ")}` : `did you mean ${nearest}?`;
  };
  const message = `${JSON.stringify(key)} is not an operator; equality with an object is written eq: {…}`;
  report.error(entry === undefined ? node : keySpot(entry), "unknown_operator", message, cure);
}
