import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { nearestName } from "../../action/nearest-name.js";
import { type Field, fieldIn } from "../../tool-schema/field-in.js";
import { schemaFor } from "../../tool-schema/read-tool-schemas.js";
import type { ToolSchema } from "../../tool-schema/tool-schema.js";
import type { Condition } from "../condition.js";
import { parsePath } from "../path.js";
import type { Report, Spot } from "../report.js";
import type { Rule } from "../rule.js";
import { FALSE } from "../truth.js";

/**
 * Holds rules against what their tools take: a param that a tool does not have, one of another type than the operator
 * judges, a value that it never has.
 */
export function checkAgainstTools(rules: readonly Rule[], tools: readonly ToolSchema[], report: Report): void {
  if (tools.length === 0) return;
  for (const rule of rules.filter(({ enabled }) => enabled)) {
    const schemas = schemasOf(rule, tools);
    if (schemas.length === 0) continue;
    for (const condition of rule.conditions) checkCondition(condition, schemas, rule, report);
  }
}

/** Whether the tools of a rule ask for one of its fields always; null where that is not known. */
export function isRequired(rule: Rule, path: string, tools: readonly ToolSchema[]): boolean | null {
  const steps = path.startsWith("params.") ? parsePath(path.slice("params.".length))?.steps : undefined;
  const schemas = steps === undefined ? [] : schemasOf(rule, tools);
  if (schemas.length === 0 || steps === undefined) return null;
  return schemas.every((schema) => fieldIn(schema, steps).isRequired);
}

/** Of every tool that a rule names; none where it names one without a schema, or a glob. */
function schemasOf({ scope: { tools, operations } }: Rule, known: readonly ToolSchema[]): JsonObject[] {
  const pairs = (tools.exact ?? []).flatMap((tool) =>
    (operations.exact ?? operationsOf(tool, known)).map((operation) => schemaFor(known, tool, operation)),
  );
  return pairs.every((schema) => schema !== null) ? pairs : [];
}

/** Where a rule is for every operation: those that have a schema, or the one that is for all. */
function operationsOf(tool: string, known: readonly ToolSchema[]): (string | null)[] {
  return known.filter((each) => each.tool === tool).map(({ operation }) => operation);
}

function checkCondition(condition: Condition, schemas: readonly JsonObject[], rule: Rule, report: Report): void {
  const paths = condition.fields ?? [condition.path];
  for (const path of paths) {
    const steps = path.startsWith("params.") ? parsePath(path.slice("params.".length))?.steps : undefined;
    if (steps === undefined) continue;
    const fields = schemas.map((schema) => fieldIn(schema, steps));
    if (checkPresence(path, fields, condition.spot, rule, report)) checkValue(condition, fields, report);
  }
}

/** Whether some tool has it. */
function checkPresence(path: string, fields: readonly Field[], spot: Spot, rule: Rule, report: Report): boolean {
  if (fields.some(({ kind }) => kind === "declared")) return true;
  const known = [...new Set(fields.flatMap((field) => field.known))];
  // What nothing is said of may hold anything.
  if (fields.some((field) => field.kind === "open" && field.known.length === 0)) return false;
  const nearest = nearestName(path.split(".").at(-1) ?? "", known);
  const cure = nearest === undefined ? `params there: ${known.join(", ") || "none"}` : `did you mean ${nearest}?`;
  const message = `rule ${rule.id} is about ${path}, which its tools do not have`;
  if (fields.every(({ kind }) => kind === "absent")) report.error(spot, "unknown_param", message, cure);
  else report.warning(spot, "undeclared_param", message, cure);
  return false;
}

const JUDGES: Readonly<Record<string, readonly string[]>> = {
  gt: ["number", "integer", "string"],
  gte: ["number", "integer", "string"],
  lt: ["number", "integer", "string"],
  lte: ["number", "integer", "string"],
  contains: ["string", "array"],
  starts_with: ["string"],
  ends_with: ["string"],
  glob: ["string"],
  pattern: ["string"],
  cidr: ["string"],
  domain: ["string"],
  path_within: ["string"],
};

function checkValue(condition: Condition, fields: readonly Field[], report: Report): void {
  const { operator, path, spot, judge } = condition;
  const judged = JUDGES[operator];
  const types = typesOf(fields);
  if (judged !== undefined && types !== null && !judged.some((type) => types.has(type))) {
    const message = `${operator} cannot judge ${path}, which is ${[...types].join(" or ")}: it is always unknown`;
    report.warning(spot, "mistyped_param", message, `take an operator for ${[...types].join(" or ")}`);
  }
  const values = valuesOf(fields);
  if (judge === null || values === null || values.length === 0) return;
  if ([...values, undefined].some((value) => judge(value) !== FALSE)) return;
  report.error(
    spot,
    "never_true",
    `${path} can never be so: it is one of ${JSON.stringify(values)}`,
    "take one of these values",
  );
}

function typesOf(fields: readonly Field[]): ReadonlySet<string> | null {
  const known = fields.flatMap(({ types }) => (types === null ? [] : [types]));
  return known.length < fields.length ? null : new Set(known.flatMap((types) => [...types]));
}

function valuesOf(fields: readonly Field[]): JsonValue[] | null {
  const known = fields.flatMap(({ values }) => (values === null ? [] : [values]));
  return known.length < fields.length ? null : known.flat();
}
