import { createRequire } from "node:module";
import { CelScalar, celEnv, isCelError, mapType, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import type { JsonObject } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Judged, judged, policyWith } from "./expressions.js";

const VARIABLES = { params: mapType(CelScalar.STRING, CelScalar.DYN), tool: CelScalar.STRING };
const ENVIRONMENT = celEnv({ variables: VARIABLES, funcs: strings });

/** What the library's own evaluation comes to. */
function byLibrary(expression: string, params: JsonObject): Judged {
  const result = plan(ENVIRONMENT, parse(expression))({ params, tool: "t" } as never);
  if (isCelError(result) || typeof result !== "boolean") return "unknown";
  return result ? "true" : "false";
}

const field = fc.constantFrom(
  "params.a",
  "params.b",
  "params.c.a",
  "params.l[0]",
  "params['b']",
  "params.l",
  "params.c",
  "tool",
);
const literal = fc.constantFrom(
  "1",
  "-2",
  "0",
  "2.0",
  "1.5",
  "'x'",
  "'12'",
  "true",
  "false",
  "null",
  "[1, 'x']",
  "[2.0]",
  "[]",
  "{'a': 1}",
);

const { expression } = fc.letrec<{ value: string; test: string; expression: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    field,
    literal,
    fc
      .tuple(tie("value"), fc.constantFrom("+", "-", "*", "/", "%"), tie("value"))
      .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
    fc.tuple(fc.constantFrom("size", "int"), tie("value")).map(([name, value]) => `${name}(${value})`),
    fc.tuple(tie("test"), tie("value"), tie("value")).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
    fc.tuple(tie("value"), tie("value")).map(([list, at]) => `${list}[${at}]`),
    fc
      .tuple(tie("value"), fc.constantFrom("map(i, i)", "map(i, [i])", "filter(i, i == 1)", "lowerAscii()", "size()"))
      .map(([range, call]) => `(${range}).${call}`),
    tie("value").map((value) => `-(${value})`),
  ),
  test: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc
      .tuple(tie("value"), fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "in"), tie("value"))
      .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
    fc
      .tuple(tie("test"), fc.constantFrom("&&", "||"), tie("test"))
      .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
    tie("test").map((test) => `!(${test})`),
    fc
      .tuple(
        tie("value"),
        fc.constantFrom("all", "exists", "exists_one"),
        fc.constantFrom("i == 1", "i > 1.0", "i != 'x'", "size(i) > 0"),
      )
      .map(([range, name, test]) => `(${range}).${name}(i, ${test})`),
    fc
      .tuple(tie("value"), fc.constantFrom("contains", "startsWith", "endsWith"), tie("value"))
      .map(([text, name, part]) => `(${text}).${name}(${part})`),
    fc.constantFrom("has(params.a)", "has(params.x.y)", "params.a", "params.b"),
    fc.constantFrom("params.a.matches('x+')", "tool.matches('^t$')"),
  ),
  expression: tie("test"),
}));

const value = fc.constantFrom<JsonObject[string]>(
  1,
  2,
  1.5,
  0,
  -3,
  "x",
  "12",
  "1.5",
  "X",
  true,
  false,
  null,
  [],
  [1, "x"],
  [2, 1],
  { a: 1 },
  { a: "x", b: 2 },
);
const paramsOf = fc.dictionary(fc.constantFrom("a", "b", "c", "l"), value, { maxKeys: 4, noNullPrototype: true });

/** As many as take some seconds; more where `FARAMESH_SOAK_RUNS` says so. */
const RUNS = Number(process.env["FARAMESH_SOAK_RUNS"] ?? 1_500);

describe("conditions in CEL agree with the library's own evaluation", () => {
  it(
    "on random expressions and params, wherever they load",
    () => {
      let loaded = 0;
      fc.assert(
        fc.property(expression, fc.array(paramsOf, { minLength: 3, maxLength: 3 }), (text, cases) => {
          const { policy } = policyWith(text);
          if (policy === null) return;
          loaded++;
          // To the library a null is as good as no field; the specification has has() ask for the key.
          const fitting = cases.filter((params) => !text.includes("has(") || !Object.values(params).includes(null));
          for (const params of fitting)
            expect([text, params, judged(policy, params)]).toEqual([text, params, byLibrary(text, params)]);
        }),
        { numRuns: RUNS },
      );
      expect(loaded).toBeGreaterThan(RUNS / 5);
    },
    30_000 + RUNS * 20,
  );
});

interface ConformanceTest {
  readonly original: {
    readonly name: string;
    readonly expr: string;
    readonly value?: Readonly<Record<string, unknown>>;
    readonly evalError?: unknown;
    readonly bindings?: unknown;
    readonly typeEnv?: unknown;
    readonly container?: string;
    readonly checkOnly?: boolean;
  };
}

interface Suite {
  readonly suites?: readonly Suite[];
  readonly tests?: readonly ConformanceTest[];
}

function testsOf({ suites = [], tests = [] }: Suite): ConformanceTest["original"][] {
  return [...tests.map(({ original }) => original), ...suites.flatMap(testsOf)];
}

interface SpecificationTest {
  readonly name: string;
  readonly text: string;
  readonly wanted: Judged;
}

/** The tests of the CEL specification that stand for themselves, as conditions: `expression == value`. */
function conformanceTests(): SpecificationTest[] {
  const require = createRequire(createRequire(import.meta.url).resolve("@bufbuild/cel"));
  const { tests } = require("@bufbuild/cel-spec/testdata/conformance.js") as { tests: Suite };
  return testsOf(tests).flatMap((original): SpecificationTest[] => {
    const { name, expr, value: expected, evalError, bindings, typeEnv, container, checkOnly } = original;
    if (checkOnly === true || bindings !== undefined || typeEnv !== undefined || container !== undefined) return [];
    if (evalError !== undefined) return [{ name, text: `(${expr}) == (${expr})`, wanted: "unknown" }];
    const written = literalOf(expected ?? { boolValue: true });
    return written === null ? [] : [{ name, text: `(${expr}) == ${written}`, wanted: "true" }];
  });
}

function literalOf(expected: Readonly<Record<string, unknown>>): string | null {
  const [[kind, content] = []] = Object.entries(expected);
  if (kind === "boolValue") return String(content);
  if (kind === "int64Value") return `(${String(content)})`;
  if (kind === "stringValue") return JSON.stringify(content);
  return kind === "nullValue" ? "null" : null;
}

describe("the conformance tests of the CEL specification", () => {
  it("come out as the specification says, wherever they load", () => {
    const wrong: string[] = [];
    let loaded = 0;
    for (const { name, text, wanted } of conformanceTests()) {
      const { policy } = policyWith(text);
      if (policy === null) continue;
      loaded++;
      const seen = judged(policy, {});
      if (seen !== wanted) wrong.push(`${name}: ${text} is ${seen}`);
    }
    expect(wrong).toEqual([]);
    expect(loaded).toBeGreaterThan(300);
  });
});
