import { canonicalJson, canonicalRequest } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction } from "../src/action/canonicalize.js";
import { parseStrictJson } from "../src/action/strict-json.js";
import { StrictJsonError } from "../src/action/strict-json-parser.js";
import { decide } from "../src/decision/decide.js";
import { loadPolicy } from "../src/policy/load.js";
import { sha256Hex } from "../src/sha256.js";
import {
  type CanonicalCase,
  type CoreCase,
  conformanceCases,
  decisionFiles,
  type StrictJsonCase,
} from "./conformance.js";

describe("canonical.json: the canonical text and its hash", () => {
  it.each(conformanceCases<CanonicalCase[]>("canonical.json").map((one) => [one.name, one] as const))(
    "%s",
    (_, one) => {
      if (one.error !== undefined) {
        expect(refusalOf(one.input_json)).toEqual(one.error);
        return;
      }
      const value = parseStrictJson(one.input_json);
      const text = one.kind === "request" ? canonicalRequest(value as object) : canonicalJson(value);
      expect(text).toBe(one.canonical);
      expect(sha256Hex(text)).toBe(one.sha256);
    },
  );
});

describe("strict-json.json: what is read, and what two parsers could read differently", () => {
  it.each(conformanceCases<StrictJsonCase[]>("strict-json.json").map((one) => [one.name, one] as const))(
    "%s",
    (_, one) => {
      if (one.error !== undefined) expect(refusalOf(one.input_json)).toEqual(one.error);
      else expect(canonicalJson(parseStrictJson(one.input_json))).toBe(canonicalJson(one.value));
    },
  );
});

function refusalOf(text: string): { code: string; path: string } | null {
  try {
    parseStrictJson(text);
    return null;
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return { code: error.code, path: error.path };
  }
}

describe.each(decisionFiles())("decisions/%s", (_, { policy: document, cases }) => {
  const { policy } = loadPolicy(JSON.stringify(document));

  it.each(cases.map((one) => [one.name, one] as const))("%s", (_name, { action, expected }) => {
    expect(policy).not.toBeNull();
    expect(decide(policy, canonicalizeAction(action))).toMatchObject(expected);
  });
});

describe("decisions-core.json: policies that do not load, or have a warning, or are tried alone", () => {
  it.each(conformanceCases<CoreCase[]>("decisions-core.json").map((one) => [one.name, one] as const))(
    "%s",
    (_, one) => {
      const { policy, findings } = loadPolicy(JSON.stringify(one.policy));
      const seen = findings.map(({ severity, code, path }) => ({ severity, code, path }));
      if (one.finding !== undefined) expect(seen).toContainEqual({ severity: "error", ...one.finding });
      if (one.warning !== undefined) expect(seen).toContainEqual({ severity: "warning", ...one.warning });
      expect(policy === null).toBe(one.finding !== undefined);
      if (one.action === undefined) return;
      expect(decide(policy, canonicalizeAction(one.action))).toMatchObject(one.expected ?? {});
    },
  );
});
