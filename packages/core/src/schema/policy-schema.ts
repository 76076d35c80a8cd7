import { type JsonObject, OUTCOMES, REASON_CODES, RISK_LEVELS } from "@faramesh/protocol";
import type { EXPECTED_FIELDS } from "../policy/cases/policy-case.js";
import { OPERAND_SCHEMAS } from "./operands.js";
import { closed, described, listOf, oneOrMore, ref, text } from "./parts.js";

const DRAFT = "http://json-schema.org/draft-07/schema#";

const names = (what: string): JsonObject =>
  described(`${what}: a name, a glob such as delete_*, or a list of them`, oneOrMore(text));

const MATCH = {
  any: described("Everything; stands alone", { const: true }),
  tool: names("The tools it is for"),
  operation: names("The operations it is for"),
  op: names("The same as operation"),
  agent_id: names("The agents it is for"),
  params: ref("conditions"),
  context: ref("conditions"),
  contains: described(
    "Some text, number or boolean anywhere in params has this in it",
    oneOrMore({ type: ["string", "number", "boolean"] }),
  ),
  pattern: described("Some text anywhere in params has this RE2 pattern in it", oneOrMore(text)),
  field: described("With value: the param at this path equals it", text),
  value: described("With field: what the param equals", {}),
  amount_gt: ref("number"),
  amount_gte: ref("number"),
  amount_lt: ref("number"),
  amount_lte: ref("number"),
  path_contains: described("params.path has it, however its .. and // are read", oneOrMore(text)),
  path_starts_with: described("params.path begins with it", oneOrMore(text)),
  path_ends_with: described("params.path ends with it", oneOrMore(text)),
  method: described("params.method is one of these, in upper or lower case", oneOrMore(text)),
  branch: described("params.branch is one of these, whole", oneOrMore(text)),
};

const APPROVAL = {
  approvers: described(
    "Who may approve, by the names of keys; anybody with the role if it is left out",
    oneOrMore(text),
  ),
  exclude_submitter: described("Whoever submitted it may not approve it", { type: "boolean" }),
  expires_in: described("How long it waits: 90s, 15m, 4h or 2d, up to 7 days", text),
  quorum: described("How many must approve", { const: 1 }),
};

const RULE = {
  id: described("Its name, unique; made from its place and content if it is left out", text),
  match: ref("match"),
  when: described("A condition in CEL over params, context, agent_id, tool, operation and risk", text),
  allow: described("Run it", { const: true }),
  deny: described("Do not run it", { const: true }),
  require_approval: described("A person must approve it first", { anyOf: [{ const: true }, closed(APPROVAL)] }),
  reason: described("What people and agents are told", text),
  description: described("The same as reason", text),
  risk: described("Raises the risk level of what it answers", { enum: [...RISK_LEVELS] }),
  enabled: described("false turns it off", { type: "boolean" }),
  tests: described("Actions that it must answer", listOf(ref("ruleTest"))),
};

const RISK_RULE = {
  name: described("Its name", text),
  when: described("A match, or a condition in CEL", { anyOf: [text, ref("match")] }),
  risk_level: described("The level of what meets it", { enum: [...RISK_LEVELS] }),
};

const PROFILE = {
  name: described("Its name, unique", text),
  agent_id: names("The agents it is for; every agent if it is left out"),
  tools: described("What they may use at all", listOf(ref("match"))),
};

const DOCUMENT = {
  version: described("The version of the language", { const: 1 }),
  name: described("The policy's id in decisions and in the ledger", text),
  extends: described("Packs that it is built on", oneOrMore(text)),
  applies_to: described(
    "The agents that it decides for; every agent if it is left out",
    closed({ agent_id: names("The agents") }, ["agent_id"]),
  ),
  profiles: described(
    "Lists of the tools that agents may use at all, looked at before the rules",
    listOf(closed(PROFILE, ["name", "tools"])),
  ),
  rules: described(
    "The rules, in order; the first that matches answers, and what none matches is denied",
    listOf(ref("rule")),
  ),
  risk: described(
    "Risk rules, looked at first",
    closed({ rules: listOf(closed(RISK_RULE, ["name", "when", "risk_level"])) }, ["rules"]),
  ),
  tests: described("What the policy must answer", listOf(ref("test"))),
};

const EXPECTED: Readonly<Record<(typeof EXPECTED_FIELDS)[number], JsonObject>> = {
  outcome: { enum: [...OUTCOMES] },
  rule_id: described("The rule that answers; null for none", { type: ["string", "null"] }),
  reason_code: { enum: [...REASON_CODES] },
  risk_level: { enum: [...RISK_LEVELS] },
};

const ACTION = closed(
  {
    agent_id: text,
    tool: text,
    operation: text,
    params: { type: "object" },
    context: { type: "object" },
  },
  ["agent_id", "tool", "operation", "params"],
);

const TEST_DEFINITIONS = {
  action: described("An action as it would be submitted", ACTION),
  expect: described("What must be answered; what is not named may be anything", closed(EXPECTED)),
};

const test = (required: readonly string[]): JsonObject =>
  closed({ name: described("What it claims", text), action: ref("action"), expect: ref("expect") }, required);

/** The JSON Schema (draft-07, which editors of YAML know) of a policy. Closed, as the language is. */
export function policySchema(): JsonObject {
  return {
    $schema: DRAFT,
    title: "A Faramesh policy",
    ...closed(DOCUMENT, ["rules"]),
    definitions: {
      number: described("A number, or a text that is a plain decimal", { type: ["number", "string"] }),
      condition: described("A value that it equals, or operators that all hold", {
        anyOf: [{ not: { type: "object" } }, { ...closed(OPERAND_SCHEMAS), minProperties: 1 }],
      }),
      conditions: described("Paths (a, a.b.c, items[0].sku, items[*].price), each with a condition", {
        type: "object",
        minProperties: 1,
        additionalProperties: ref("condition"),
      }),
      match: described("What it is for: all of it must hold", { ...closed(MATCH), minProperties: 1 }),
      rule: described("Says what becomes of the actions that it is for", {
        ...closed(RULE),
        anyOf: [{ required: ["match"] }, { required: ["when"] }],
        oneOf: [{ required: ["allow"] }, { required: ["deny"] }, { required: ["require_approval"] }],
      }),
      ruleTest: test(["action"]),
      test: test(["name", "action", "expect"]),
      ...TEST_DEFINITIONS,
    },
  };
}

/** The JSON Schema (draft-07) of a file of tests, as `*.test.yaml` holds it. */
export function policyTestsSchema(): JsonObject {
  return {
    $schema: DRAFT,
    title: "Tests of a Faramesh policy",
    ...listOf(test(["name", "action", "expect"])),
    definitions: TEST_DEFINITIONS,
  };
}
