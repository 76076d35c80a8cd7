import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { asMap, keySpot, reportUnknownKeys } from "./closed-map.js";
import type { Condition } from "./condition.js";
import { readFieldConditions } from "./conditions.js";
import type { DocumentNode, MapEntry, MapNode } from "./document.js";
import { ANY_NAME, type Names, readNames } from "./names.js";
import { readBoolean } from "./scalars.js";
import { readFieldAndValue, SHORTHANDS } from "./shorthands.js";
import type { Reading } from "./value-test.js";
import { readWholeParams } from "./whole-params.js";

/** Which agents, tools and operations a rule is for. */
export interface Scope {
  readonly tools: Names;
  readonly operations: Names;
  readonly agents: Names;
}

/** What an action must meet, compiled: its scope and all conditions. */
export interface Match {
  readonly scope: Scope;
  readonly conditions: readonly Condition[];
}

/** What every action meets. */
export const MATCHES_ALL: Match = {
  scope: { tools: ANY_NAME, operations: ANY_NAME, agents: ANY_NAME },
  conditions: [],
};

const KEYS = [
  "any",
  "tool",
  "operation",
  "op",
  "agent_id",
  "params",
  "context",
  "contains",
  "pattern",
  "field",
  "value",
  ...SHORTHANDS.keys(),
];

/** Reads a match. Null after reporting. */
export function readMatch(node: DocumentNode, what: string, reading: Reading): Match | null {
  const map = asMap(node, what, reading.report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, what, reading.report);
  if (map.entries.size === 0) {
    reading.report.error(map, "empty_match", `${what} must not be empty`, "write any: true to match everything");
    return null;
  }
  const any = map.entries.get("any");
  if (any !== undefined) return readAny(any, map, reading);
  const scope = readScope(map, reading);
  const conditions = readAllConditions(map, reading);
  return scope === null || conditions === null ? null : { scope, conditions };
}

function readAny(any: MapEntry, map: MapNode, { report }: Reading): Match | null {
  if (readBoolean(any.value, "any", report) !== true) {
    report.error(any.value, "wrong_value", "any must be true", "write any: true, or name what it is for");
    return null;
  }
  if (map.entries.size > 1) {
    report.error(keySpot(any), "contradiction", "any: true stands alone: it matches everything", "remove it");
    return null;
  }
  return MATCHES_ALL;
}

function readScope(map: MapNode, { report }: Reading): Scope | null {
  const operation = map.entries.get("operation");
  const op = map.entries.get("op");
  if (operation !== undefined && op !== undefined) {
    report.error(keySpot(op), "given_twice", "op stands for operation: give one of them", "remove op");
  }
  const tools = namesOf(map.entries.get("tool"), report);
  const operations = namesOf(operation ?? op, report);
  const agents = namesOf(map.entries.get("agent_id"), report);
  return tools === null || operations === null || agents === null ? null : { tools, operations, agents };
}

function namesOf(entry: MapEntry | undefined, report: Reading["report"]): Names | null {
  return entry === undefined ? ANY_NAME : readNames(entry.value, entry.key, report);
}

function readAllConditions(map: MapNode, reading: Reading): Condition[] | null {
  const read = [...map.entries.values()].map((entry) => readEntry(entry, reading));
  read.push(readFieldAndValue(map, reading));
  return read.every((conditions) => conditions !== null) ? read.flat() : null;
}

function readEntry(entry: MapEntry, reading: Reading): Condition[] | null {
  switch (entry.key) {
    case "params":
    case "context":
      return readFieldConditions(entry.key, entry.value, reading);
    case "contains":
    case "pattern":
      return readWholeParams(entry, reading);
    default:
      return SHORTHANDS.get(entry.key)?.(entry, reading) ?? (SHORTHANDS.has(entry.key) ? null : []);
  }
}

/** Whether the match may allow: a search through all params may be met by a param that has nothing to do with it. */
export function mayAllow(match: Match, report: Reading["report"]): boolean {
  const search = match.conditions.find((condition) => condition.path === "params");
  if (search === undefined) return true;
  const cure = `name the param: params: { cmd: { ${search.operator}: … } }`;
  const message = `${search.operator} over all params cannot allow: an unrelated param could meet it`;
  report.error(search.spot, "unsafe_allow", message, cure);
  return false;
}

/** A match in its normal form: equal meaning, equal content. The order of conditions has no meaning. */
export function matchContent({ scope, conditions }: Match): JsonObject {
  return {
    ...namesContent("tool", scope.tools),
    ...namesContent("operation", scope.operations),
    ...namesContent("agent_id", scope.agents),
    conditions: conditions.map(conditionContent).sort(byText),
  };
}

function namesContent(key: string, names: Names): JsonObject {
  return names === ANY_NAME ? {} : { [key]: [...names.listed] };
}

function conditionContent({ path, operator, operand }: Condition): JsonValue[] {
  return [path, operator, operand];
}

function byText(left: JsonValue, right: JsonValue): number {
  const [first, second] = [JSON.stringify(left), JSON.stringify(right)];
  return first < second ? -1 : first > second ? 1 : 0;
}
