import { type PackName, readPackTests } from "@faramesh/policies";

/** A policy that is built on packs, with a place for rules of one's own. */
export function packedPolicy(names: readonly PackName[]): string {
  return `# A Faramesh policy. The first rule that matches answers; what no rule matches is denied.
# Your own rules come before those of the packs, so they may answer otherwise. See all of them with
# \`faramesh policy show faramesh.yaml\`.
version: 1
name: my-policy
extends: [${names.join(", ")}]

rules: []
`;
}

/** The first test of each pack, so that there is something to go on from. */
export function packedTests(names: readonly PackName[]): string {
  return `# What the policy beside this file must answer: \`faramesh policy test\` runs these tests.
${names.map(firstTestOf).join("")}- name: silence is deny
  action: { agent_id: a, tool: a-tool-without-rules, operation: run, params: {} }
  expect: { outcome: HALT, reason_code: DEFAULT_DENY_NO_MATCH }
`;
}

/** As a policy that extends the pack must write it: rules of packs are named after their pack. */
function firstTestOf(name: PackName): string {
  const [first = ""] = readPackTests(name).split(/\n(?=- name:)/);
  return `${first.replace("rule_id: ", `rule_id: ${name}/`).trimEnd()}\n`;
}
