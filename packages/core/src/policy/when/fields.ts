import type { Node } from "./parse-expression.js";

/** A field that an expression names: `params.customer.id`. */
export interface SeenField {
  readonly text: string;
  readonly source: "params" | "context";
  readonly keys: readonly string[];
}

/** The fields that an expression names, each once, in its order. */
export function fieldsOf(node: Node): SeenField[] {
  const found = new Map<string, SeenField>();
  collect(node, found);
  return [...found.values()];
}

function collect(node: Node | undefined, found: Map<string, SeenField>): void {
  if (node === undefined) return;
  const field = fieldAt(node, []);
  if (field !== null) found.set(field.text, field);
  else for (const part of partsOf(node)) collect(part, found);
}

function fieldAt(node: Node, keys: readonly string[]): SeenField | null {
  const { exprKind } = node;
  if (exprKind.case === "selectExpr" && exprKind.value.operand !== undefined) {
    return fieldAt(exprKind.value.operand, [exprKind.value.field, ...keys]);
  }
  if (exprKind.case !== "identExpr" || keys.length === 0) return null;
  const { name } = exprKind.value;
  return name === "params" || name === "context" ? { text: [name, ...keys].join("."), source: name, keys } : null;
}

function partsOf({ exprKind }: Node): (Node | undefined)[] {
  switch (exprKind.case) {
    case "selectExpr":
      return [exprKind.value.operand];
    case "callExpr":
      return [exprKind.value.target, ...exprKind.value.args];
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.map(({ value }) => value);
    case "comprehensionExpr":
      return [exprKind.value.iterRange, exprKind.value.loopStep, exprKind.value.result];
    default:
      return [];
  }
}
