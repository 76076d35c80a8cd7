import { RISK_LEVELS } from "@faramesh/protocol";
import { ExpressionFault } from "./expression-fault.js";
import type { Node } from "./parse-expression.js";
import { offsetOf, type Surroundings } from "./surroundings.js";

/** What may be done with `risk`. */
const USES = ["_==_", "_!=_", "@in"];

const CURE = 'write risk == "high" or risk in ["high", "critical"]';

/**
 * Levels are texts, and texts have another order than levels: `risk > "low"` would read well and mean nothing. A level
 * that there is not would never be met.
 *
 * @throws ExpressionFault where `risk` is compared by order, or with a text that is no level.
 */
export function assertSoundRisk(name: string, operands: readonly Node[], node: Node, around: Surroundings): void {
  if (!around.variables.has("risk") || !operands.some(isRisk)) return;
  if (!USES.includes(name)) {
    throw new ExpressionFault(
      "unsupported_expression",
      "risk levels have no order as texts",
      offsetOf(node, around),
      CURE,
    );
  }
  const unknown = operands.flatMap(textsOf).find((text) => !(RISK_LEVELS as readonly string[]).includes(text));
  if (unknown === undefined) return;
  const message = `${JSON.stringify(unknown)} is not a risk level: ${RISK_LEVELS.join(", ")}`;
  throw new ExpressionFault("wrong_type", message, offsetOf(node, around), CURE);
}

function isRisk({ exprKind }: Node): boolean {
  return exprKind.case === "identExpr" && exprKind.value.name === "risk";
}

function textsOf({ exprKind }: Node): string[] {
  if (exprKind.case === "listExpr") return exprKind.value.elements.flatMap(textsOf);
  const constant = exprKind.case === "constExpr" ? exprKind.value.constantKind : undefined;
  return constant?.case === "stringValue" ? [constant.value] : [];
}
