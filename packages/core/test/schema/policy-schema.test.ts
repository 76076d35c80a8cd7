import { readFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { Ajv, type ValidateFunction } from "ajv";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { loadPolicy, policySchema, policyTestsSchema, readPolicyCases } from "../../src/index.js";
import { POLICY_DOCUMENTS } from "../conformance.js";

const compiled = (schema: JsonObject): ValidateFunction =>
  new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);
const isPolicy = compiled(policySchema());
const isTests = compiled(policyTestsSchema());

/** The words that are known in a place, as the loader says them to whoever writes another. */
function known(document: JsonObject): string[] {
  const { findings } = loadPolicy(JSON.stringify(document));
  const cure = findings.find(({ code }) => code.startsWith("unknown_"))?.cure ?? "";
  return cure
    .replace(/^[a-z ]+: /, "")
    .split(", ")
    .sort();
}

const ODD = "zzzzzzzzzzzz";
const rule = { match: { tool: "t" }, deny: true };

function propertiesAt(...path: string[]): string[] {
  const found = path.reduce<JsonValue | undefined>((value, step) => (value as JsonObject)[step], policySchema());
  return Object.keys((found as JsonObject)["properties"] as JsonObject).sort();
}

describe("the schema of a policy", () => {
  it.each([
    ["a document", { rules: [], [ODD]: 1 }, []],
    ["a rule", { rules: [{ ...rule, [ODD]: 1 }] }, ["definitions", "rule"]],
    ["a match", { rules: [{ ...rule, match: { tool: "t", [ODD]: 1 } }] }, ["definitions", "match"]],
    [
      "require_approval",
      { rules: [{ match: { tool: "t" }, require_approval: { [ODD]: 1 } }] },
      ["definitions", "rule", "properties", "require_approval", "anyOf", "1"],
    ],
    [
      "a condition",
      { rules: [{ ...rule, match: { params: { x: { [ODD]: 1 } } } }] },
      ["definitions", "condition", "anyOf", "1"],
    ],
  ] as [string, JsonObject, string[]][])(
    "knows the keys of %s that the loader knows, and no others",
    (_what, document, path) => {
      expect(propertiesAt(...path)).toEqual(known(document));
    },
  );

  it("takes every document that loads", () => {
    const refused = POLICY_DOCUMENTS.filter((document) => loadPolicy(JSON.stringify(document)).policy !== null).filter(
      (document) => !isPolicy(document),
    );
    expect(refused).toEqual([]);
    expect(POLICY_DOCUMENTS.length).toBeGreaterThan(20);
  });

  it.each([
    "ruls: []",
    "rules: {}",
    "rules: [{ deny: true }]",
    "rules: [{ match: { tool: t } }]",
    "rules: [{ match: { tool: t }, allow: true, deny: true }]",
    "rules: [{ match: { tool: t }, allow: yes }]",
    "rules: [{ match: { tol: t }, allow: true }]",
    "rules: [{ match: {}, allow: true }]",
    "rules: [{ match: { params: { amount: { gtt: 5 } } }, deny: true }]",
    "rules: [{ match: { params: { amount: { gt: [5] } } }, deny: true }]",
    "rules: [{ match: { tool: t }, allow: true, risk: extreme }]",
    "rules: []\nlimits: []",
  ])("refuses what the loader refuses: %s", (source) => {
    expect(loadPolicy(source).policy).toBeNull();
    expect(isPolicy(load(source))).toBe(false);
  });
});

describe("the schema of tests", () => {
  it.each([
    ["[{ name: n, action: { agent_id: a, tool: t, operation: o, params: {} }, expect: { outcome: HALT } }]", true],
    ["[{ name: n, action: { agent_id: a, tool: t, operation: o, params: {} }, expect: { outcome: MAYBE } }]", false],
    ["[{ name: n, action: { agent_id: a, tool: t, operation: o }, expect: { outcome: HALT } }]", false],
    ["[{ name: n, action: { agent_id: a, tool: t, operation: o, params: {} }, expect: { outcme: HALT } }]", false],
  ])("says of %s what the reader says", (source, isGood) => {
    expect([isTests(load(source)), readPolicyCases(source).cases !== null]).toEqual([isGood, isGood]);
  });
});

describe("the schema in the repository", () => {
  it.each([
    ["policy", policySchema()],
    ["policy-tests", policyTestsSchema()],
  ])("is up to date: %s (npm run schemas)", (name, schema) => {
    const stored = readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), "utf8");
    expect(JSON.parse(stored)).toEqual(schema);
  });
});
