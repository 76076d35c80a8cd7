import { readdirSync, readFileSync } from "node:fs";
import type { Effect, JsonValue, Outcome, ReasonCode, RiskLevel } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { type ActionInput, requestHash } from "../src/index.js";
import { startGate } from "./running-gate.js";

const CONFORMANCE = new URL("../../../conformance/", import.meta.url);

interface DecisionFile {
  policy: JsonValue;
  cases: {
    name: string;
    action: ActionInput;
    request_hash?: string;
    expected: {
      outcome: Outcome;
      effect: Effect;
      reason_code: ReasonCode;
      rule_id?: string | null;
      risk_level: RiskLevel;
    };
  }[];
}

interface CanonicalCase {
  name: string;
  kind: string;
  input_json: string;
  sha256?: string;
}

describe("the shared canonicalisation cases", () => {
  // A case without a hash is refused as text, before there is a value to hash.
  const requests = readJson<CanonicalCase[]>("canonical.json").filter((one) => one.kind === "request" && one.sha256);

  it("have requests among them", () => {
    expect(requests.length).toBeGreaterThan(0);
  });

  for (const { name, input_json, sha256 } of requests) {
    it(`${name}: requestHash is what every other implementation computes`, async () => {
      expect(await requestHash(JSON.parse(input_json) as ActionInput)).toBe(sha256);
    });
  }
});

// On one store: it has no part in how a policy decides, and gate.test.ts asks for decisions on both.
describe("the shared decision cases, asked over HTTP", () => {
  for (const name of readdirSync(new URL("decisions/", CONFORMANCE))) {
    const file = readJson<DecisionFile>(`decisions/${name}`);
    it(`${name}: every case is answered as expected, with the hash computed here`, async () => {
      const gate = await startGate(
        "SQLite",
        typeof file.policy === "string" ? file.policy : JSON.stringify(file.policy),
      );
      try {
        for (const one of file.cases) {
          const decision = await gate.admin.gateDecide(one.action);
          expect(decision, one.name).toMatchObject(one.expected);
          expect(decision.request_hash, one.name).toBe(await requestHash(one.action));
        }
      } finally {
        await gate.stop();
      }
    });
  }
});

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, CONFORMANCE), "utf8")) as T;
}
