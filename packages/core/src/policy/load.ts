import { canonicalJson } from "@faramesh/protocol";
import { isLongerThan } from "../action/utf8-length.js";
import { POLICY_LIMITS } from "../limits.js";
import { sha256Hex } from "../sha256.js";
import type { ToolSchema } from "../tool-schema/tool-schema.js";
import { checkContent } from "./checks/check-content.js";
import { CompiledPolicy } from "./compiled.js";
import { ROOT } from "./document.js";
import type { Finding } from "./finding.js";
import { parsePolicyDocument } from "./parse-document.js";
import type { Policy, RuleSummary } from "./policy.js";
import { type PolicyContent, policyContent } from "./policy-content.js";
import { readPolicy } from "./read-policy.js";
import { Report } from "./report.js";
import type { Rule } from "./rule.js";

/** What the document itself does not say. */
export interface PolicyIdentity {
  /** For a document without `name`; otherwise, and by default, "policy". */
  id?: string;
  /** Which version of this policy it is, from 1. */
  version?: number;
  /** The packs that `extends` may name: their texts, by name. Without it there are none. */
  packs?: Readonly<Record<string, string>>;
  /** What is known of the tools' params; rules for these tools are held against it. */
  tools?: readonly ToolSchema[];
}

/**
 * Reads, checks and compiles a policy (YAML or JSON).
 *
 * @returns The findings in the order of the document, and the policy: null where, and only where, one of them is an
 *   error. A document that cannot be understood in full never becomes a policy that understands a part.
 */
export function loadPolicy(
  source: string,
  { id, version = 1, packs = {}, tools = [] }: PolicyIdentity = {},
): { policy: Policy | null; findings: Finding[] } {
  const report = new Report(source);
  const content = read(source, packs, report);
  if (content !== null) checkContent(content, tools, report);
  const policy = content === null || report.hasErrors ? null : compile(content, { id, version }, report);
  return { policy, findings: report.inOrder() };
}

function read(source: string, packs: PolicyIdentity["packs"] & {}, report: Report): PolicyContent | null {
  if (isLongerThan(source, POLICY_LIMITS.sourceBytesMax)) {
    const message = `the document has more than ${POLICY_LIMITS.sourceBytesMax} bytes`;
    report.error({ place: ROOT, offset: 0 }, "too_large", message, "split it into several policies");
    return null;
  }
  const root = parsePolicyDocument(source, report);
  return root === null ? null : readPolicy(root, report, packs);
}

function compile(
  content: PolicyContent,
  { id, version }: { id: string | undefined; version: number },
  report: Report,
): Policy {
  return {
    id: content.name ?? id ?? "policy",
    version,
    hash: sha256Hex(canonicalJson(policyContent(content), POLICY_LIMITS.contentNestingMax)),
    rules: content.rules.map((rule) => summaryOf(rule, report)),
    appliesTo: content.appliesTo.listed,
    packs: content.packs,
    cases: content.cases,
    compiled: new CompiledPolicy(content),
  };
}

function summaryOf(rule: Rule, report: Report): RuleSummary {
  const { id, effect, enabled, reason, risk, approval, scope, conditions, pack } = rule;
  return {
    id,
    effect,
    enabled,
    reason,
    risk,
    line: report.lineOf(rule.spot.offset),
    tools: scope.tools.listed,
    operations: scope.operations.listed,
    agents: scope.agents.listed,
    conditions: conditions.map(({ path, operator, operand }) => `${path} ${operator} ${JSON.stringify(operand)}`),
    approval: approval === null ? null : { ...approval, approvers: [...approval.approvers] },
    pack,
  };
}
