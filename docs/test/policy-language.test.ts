import {
  canonicalizeAction,
  decide,
  FINDING_CODES,
  type Finding,
  loadPolicy,
  parseStrictJson,
  readActionRequest,
} from "@faramesh/core";
import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { inlineCode, readDocument, section, tableRows } from "./snippets.js";

const page = readDocument("docs/reference/policy-language.md");
const table = (heading: string) => tableRows(section(page, heading)).slice(1);

function findingsOf(document: object): Finding[] {
  return loadPolicy(JSON.stringify(document)).findings;
}

/** The words that are known in a place, as the loader says them to whoever writes another. */
function known(document: object): string[] {
  const cure = findingsOf(document).find(({ code }) => code.startsWith("unknown_"))?.cure ?? "";
  return cure.replace(/^[a-z ]+: /, "").split(", ");
}

const rule = { match: { tool: "t" }, deny: true };
const ODD = "zzzzzzzzzzzz";

/** Decides an action whose param `x` is the value, or is missing, by a policy that allows what meets the condition. */
function answer(condition: string, value: JsonValue | undefined): string {
  const { policy } = loadPolicy(`rules: [{ match: { tool: t, params: { x: ${condition} } }, allow: true }]`);
  if (policy === null) throw new Error(`${condition} does not load`);
  const params = value === undefined ? {} : { x: value };
  const { outcome, reason_code } = decide(
    policy,
    canonicalizeAction(readActionRequest({ agent_id: "a", tool: "t", operation: "o", params })),
  );
  return outcome === "EXECUTE" ? outcome : reason_code;
}

describe("the table of operators", () => {
  it("lists every operator, in no other spelling", () => {
    const listed = table("## Operators").map(([operator = ""]) => inlineCode(operator)[0]);
    expect(listed).toEqual(known({ rules: [{ ...rule, match: { params: { x: { [ODD]: 1 } } } }] }));
  });

  it.each(table("## Operators"))("%s does with its examples what it says", (_name, _when, condition, ...examples) => {
    const [example = ""] = inlineCode(condition ?? "");
    for (const [index, expected] of ["EXECUTE", "DEFAULT_DENY_NO_MATCH", "CONDITION_UNKNOWN"].entries()) {
      const cell = examples[index] ?? "";
      const values = inlineCode(cell).map((text) => parseStrictJson(text));
      const all: (JsonValue | undefined)[] = cell.includes("missing") ? [...values, undefined] : values;
      for (const value of all) expect(answer(example, value), `${example} on ${JSON.stringify(value)}`).toBe(expected);
    }
  });
});

describe("the table of expressions", () => {
  it.each(table("## Conditions in CEL"))("%s does with its examples what it says", (cell, ...examples) => {
    const [expression = ""] = inlineCode(cell);
    const { policy, findings } = loadPolicy(JSON.stringify({ rules: [{ when: expression, allow: true }] }));
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    const answers = examples.map((example) => {
      const params = parseStrictJson(inlineCode(example)[0] ?? "") as JsonObject;
      const { outcome, reason_code } = decide(
        policy,
        canonicalizeAction({ agent_id: "a", tool: "t", operation: "o", params }),
      );
      return outcome === "EXECUTE" ? outcome : reason_code;
    });
    expect(answers).toEqual(["EXECUTE", "DEFAULT_DENY_NO_MATCH", "CONDITION_UNKNOWN"]);
  });
});

describe("the tables of keys", () => {
  it("name every key of a document, a rule and require_approval", () => {
    const keys = [
      ...known({ rules: [], [ODD]: 1 }),
      ...known({ rules: [{ ...rule, [ODD]: 1 }] }),
      ...known({ rules: [{ match: { tool: "t" }, require_approval: { [ODD]: 1 } }] }),
    ];
    const named = new Set(tableRows(page).flat().flatMap(inlineCode));
    expect(keys.filter((key) => !named.has(key))).toEqual([]);
  });

  it("name every key of a match and nothing that is none", () => {
    const listed = table("## Match").flatMap(([keys = ""]) => inlineCode(keys));
    expect(listed.sort()).toEqual(known({ rules: [{ ...rule, match: { tool: "t", [ODD]: 1 } }] }).sort());
  });

  it("name as not yet exactly what is refused as not yet", () => {
    const [document = [], ofRule = [], ofApproval = []] = table("## Not yet").map(([, words = ""]) =>
      inlineCode(words),
    );
    const codes = (found: Finding[]) => found.map(({ code }) => code);
    for (const word of document) expect(codes(findingsOf({ rules: [], [word]: [] })), word).toContain("not_yet");
    for (const word of ofRule)
      expect(codes(findingsOf({ rules: [{ ...rule, [word]: [] }] })), word).toContain("not_yet");
    for (const word of ofApproval) {
      const approval = { [word]: word === "quorum" ? 2 : true };
      const found = findingsOf({ rules: [{ match: { tool: "t" }, require_approval: approval }] });
      expect(codes(found), word).toContain("not_yet");
    }
  });
});

describe("the table of findings", () => {
  it("lists every code that a load can find, each with its severity", () => {
    const listed = table("## What is found when it is loaded").flatMap(([codes = "", severity = ""]) =>
      inlineCode(codes).map((code) => `${severity} ${code}`),
    );
    const known = Object.entries(FINDING_CODES).map(([code, { severity }]) => `${severity} ${code}`);
    expect(listed.sort()).toEqual(known.sort());
  });
});
