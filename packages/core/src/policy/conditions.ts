import type { JsonValue } from "@faramesh/protocol";
import type { CanonicalAction } from "../action/canonicalize.js";
import { POLICY_LIMITS } from "../limits.js";
import { asMap, keySpot } from "./closed-map.js";
import { type Condition, readCondition } from "./condition.js";
import type { DocumentNode, MapEntry } from "./document.js";
import { collectValues, type Found, Obstacle, onlyKey, parsePath, type ValuePath, valueAt } from "./path.js";
import type { Spot } from "./report.js";
import { FALSE, type Truth, UNKNOWN } from "./truth.js";
import { type Judge, judgeAll, type Reading, type ValueTest } from "./value-test.js";

/** The parts of an action that conditions look into. */
export type Source = "params" | "context";

/** Reads a map from paths to conditions. Null after reporting. */
export function readFieldConditions(source: Source, node: DocumentNode, reading: Reading): Condition[] | null {
  const map = asMap(node, source, reading.report);
  if (map === null) return null;
  if (map.entries.size === 0) {
    reading.report.error(
      map,
      "empty",
      `${source} must not be empty: name a field and its condition`,
      "write amount: { gt: 1000 }, or leave it out",
    );
    return null;
  }
  const read = [...map.entries.values()].map((entry) => readEntry(source, entry, reading));
  return read.every((conditions) => conditions !== null) ? read.flat() : null;
}

function readEntry(source: Source, entry: MapEntry, reading: Reading): Condition[] | null {
  const path = entry.key.length > POLICY_LIMITS.pathCharsMax ? null : parsePath(entry.key);
  if (path === null) {
    const cure = 'write a.b, items[0].sku, items[*].price or a["odd name"]';
    reading.report.error(keySpot(entry), "invalid_path", `${JSON.stringify(entry.key)} is not a path`, cure);
    return null;
  }
  const tests = readCondition(entry.value, reading);
  return tests === null ? null : fieldConditions(source, path, tests, entry.value);
}

/** The conditions that one field must meet. */
export function fieldConditions(source: Source, path: ValuePath, tests: readonly ValueTest[], spot: Spot): Condition[] {
  // One item must meet all the tests together, so they become one condition.
  if (path.steps.includes("each")) return [eachCondition(source, path, tests, spot)];
  const find = source === "params" ? findInParams(path) : findInContext(path);
  return tests.map((test) => valueCondition(`${source}.${path.text}`, find, test, spot));
}

type Find = (action: CanonicalAction) => Found;

function findInParams({ steps }: ValuePath): Find {
  const key = onlyKey(steps);
  if (key === null) return (action) => valueAt(action.params, steps);
  return ({ params }) => (Object.hasOwn(params, key) ? params[key] : undefined);
}

function findInContext({ steps }: ValuePath): Find {
  return (action) => valueAt(action.context, steps);
}

/** A condition on the value that `find` finds. */
export function valueCondition(path: string, find: Find, test: ValueTest, spot: Spot): Condition {
  const { operator, operand, judge } = test;
  return {
    path,
    operator,
    operand,
    evaluate: (action) => judgeFound(judge, find(action)),
    see: (action) => seen(find(action)),
    judge,
    ifMissing: judge(undefined),
    spot,
  };
}

/** What lies behind an obstacle may be anything. */
function judgeFound(judge: Judge, found: Found): Truth {
  return found instanceof Obstacle ? UNKNOWN : judge(found);
}

function seen(found: Found): JsonValue | undefined {
  return found instanceof Obstacle ? found.value : found;
}

function eachCondition(source: Source, path: ValuePath, tests: readonly ValueTest[], spot: Spot): Condition {
  const judge = judgeAll(tests);
  const [only] = tests;
  const single = tests.length === 1 && only !== undefined;
  return {
    path: `${source}.${path.text}`,
    operator: single ? only.operator : "all",
    operand: single ? only.operand : eachOperand(tests),
    evaluate: (action) => greatest(collectValues(action[source], path.steps).map((item) => judgeFound(judge, item))),
    see: (action) => seenItems(collectValues(action[source], path.steps)),
    judge: null,
    ifMissing: judge(undefined),
    spot,
  };
}

/** As a list of conditions that must all hold: a map would be what `all` asks of the items of one value. */
function eachOperand(tests: readonly ValueTest[]): JsonValue {
  const inOrder = tests.toSorted((left, right) => (left.operator < right.operator ? -1 : 1));
  return inOrder.map(({ operator, operand }) => ({ [operator]: operand }));
}

/** Kleene's "or". */
function greatest(truths: readonly Truth[]): Truth {
  return truths.reduce((most, truth) => (truth > most ? truth : most), FALSE);
}

function seenItems(values: readonly Found[]): JsonValue | undefined {
  const present = values.map(seen).filter((value) => value !== undefined);
  return present.length === 0 ? undefined : present;
}
