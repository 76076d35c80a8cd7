import { readdirSync, readFileSync } from "node:fs";
import type { ActionRequest, Decision, JsonValue } from "@faramesh/protocol";
import type { Finding } from "../src/policy/finding.js";

const FOLDER = new URL("../../../conformance/", import.meta.url);

/** A case of `canonical.json`. */
export interface CanonicalCase {
  name: string;
  kind: "value" | "request";
  input_json: string;
  canonical?: string;
  sha256?: string;
  error?: { code: string; path: string };
}

/** A case of `strict-json.json`. */
export interface StrictJsonCase {
  name: string;
  input_json: string;
  value?: JsonValue;
  error?: { code: string; path: string };
}

/** A file of `decisions/`. */
export interface DecisionFile {
  policy: JsonValue;
  cases: DecisionCase[];
}

/** An action with the part of its decision that every implementation gives. */
export interface DecisionCase {
  name: string;
  action: ActionRequest;
  expected: Partial<Decision>;
}

/** A case of `decisions-core.json`: a policy with a finding, or with one decision. */
export interface CoreCase {
  name: string;
  policy: JsonValue;
  /** The load is refused. */
  finding?: Pick<Finding, "code" | "path">;
  /** The policy loads all the same. */
  warning?: Pick<Finding, "code" | "path">;
  action?: ActionRequest;
  expected?: Partial<Decision>;
}

export function conformanceCases<Cases>(file: string): Cases {
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Cases;
}

export function decisionFiles(): [string, DecisionFile][] {
  const names = readdirSync(new URL("decisions/", FOLDER));
  return names.map((name) => [name, conformanceCases<DecisionFile>(`decisions/${name}`)]);
}

/** Every policy of the conformance cases, those that do not load included. */
export const POLICY_DOCUMENTS: readonly JsonValue[] = [
  ...decisionFiles().map(([, { policy }]) => policy),
  ...conformanceCases<CoreCase[]>("decisions-core.json").map(({ policy }) => policy),
];
