import { isMap, LineCounter, parseDocument } from "yaml";
import { CliError, type FaultAt } from "./errors.js";

/** The fields of a decision that a case may pin. */
export const EXPECTATIONS = ["outcome", "rule_id", "reason_code", "risk_level"] as const;
type Expectation = (typeof EXPECTATIONS)[number];

/** One case: an action, unread, and what the policy must answer. */
export interface PolicyCase {
  name: string;
  action: unknown;
  expect: Partial<Record<Expectation, string | null>>;
}

const CASE_KEYS: readonly string[] = ["name", "action", "expect"];

/**
 * Reads a file of cases: a list of `{name, action, expect: {outcome, rule_id?, reason_code?, risk_level?}}`.
 *
 * @throws {@link CliError} `invalid_cases`, with the line of each fault. A key that is not known is a fault: a case
 *   with a misspelt expectation must not pass.
 */
export function readPolicyCases(file: string, text: string): PolicyCase[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", uniqueKeys: true });
  const faults: FaultAt[] = document.errors.map((error) => at(file, lines, error.pos[0], error.message));
  const listed: unknown = faults.length === 0 ? document.toJS({ maxAliasCount: 100 }) : [];
  if (!Array.isArray(listed)) faults.push({ path: file, message: "it must be a list of cases" });
  const cases = Array.isArray(listed) ? listed : [];
  const offsetOf = (index: number): number => {
    const node = document.getIn([index], true);
    return isMap(node) ? (node.range?.[0] ?? 0) : 0;
  };
  cases.forEach((one: unknown, index) => {
    for (const message of faultsOf(one)) faults.push(at(file, lines, offsetOf(index), message));
  });
  if (cases.length === 0 && faults.length === 0) faults.push({ path: file, message: "it holds no case" });
  if (faults.length > 0) throw new CliError("invalid_cases", `${file} is not a list of cases`, { faults });
  return cases as PolicyCase[];
}

function at(file: string, lines: LineCounter, offset: number, message: string): FaultAt {
  const { line, col } = lines.linePos(offset);
  return { path: `${file}:${line}:${col}`, message: message.split("\n")[0] ?? message };
}

function faultsOf(one: unknown): string[] {
  if (!isRecord(one)) return ["a case must be a map"];
  const { name, action, expect } = one as Partial<PolicyCase>;
  const faults = unknownKeys(one, CASE_KEYS);
  if (typeof name !== "string" || name === "") faults.push("name must say what the case claims");
  if (!isRecord(action)) faults.push("action must be a map");
  if (!isRecord(expect)) return [...faults, "expect must be a map"];
  if (typeof expect.outcome !== "string") faults.push("expect.outcome must be EXECUTE, ABSTAIN or HALT");
  return [...faults, ...unknownKeys(expect, EXPECTATIONS).map((fault) => `expect: ${fault}`)];
}

function unknownKeys(map: object, known: readonly string[]): string[] {
  const unknown = Object.keys(map).filter((key) => !known.includes(key));
  return unknown.map((key) => `${JSON.stringify(key)} is not a known key; known are ${known.join(", ")}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
