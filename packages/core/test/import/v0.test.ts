import type { ActionRequest, JsonObject, Outcome } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { canonicalizeAction, decide, importedText, importV0, loadPolicy, readActionRequest } from "../../src/index.js";
import { conformanceCases } from "../conformance.js";

/** What the older engine answered, or why it refused the policy. */
interface Vector {
  name: string;
  policy: JsonObject;
  action: ActionRequest;
  profile?: JsonObject;
  expected: { outcome?: Outcome; policy_error?: string[] };
}

const VECTORS = conformanceCases<Vector[]>("imports/faramesh-v0.json");
/** Cases that come out exactly as they did; the others are stricter on purpose. */
const SAME = 99;
const STRICTNESS: readonly Outcome[] = ["EXECUTE", "ABSTAIN", "HALT"];

const importOf = ({ policy, profile }: Vector): ReturnType<typeof importV0> =>
  importV0(JSON.stringify(policy), profile === undefined ? null : JSON.stringify(profile));

function outcomeOf(vector: Vector): Outcome {
  const { policy, findings } = loadPolicy(importedText(importOf(vector), "a test"));
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  return decide(policy, canonicalizeAction(readActionRequest(vector.action))).outcome;
}

const decided = VECTORS.filter(({ expected }) => expected.outcome !== undefined);

describe("a policy of the older engine, imported,", () => {
  it.each(decided)("answers as it did, or stricter and says so: $name", (vector) => {
    const [was, is] = [vector.expected.outcome as Outcome, outcomeOf(vector)];
    expect(STRICTNESS.indexOf(is)).toBeGreaterThanOrEqual(STRICTNESS.indexOf(was));
    if (is !== was) expect(importOf(vector).notes.some(({ kind }) => kind !== "same")).toBe(true);
  });

  it("answers exactly as it did in most of the cases that are known", () => {
    const same = decided.filter((vector) => outcomeOf(vector) === vector.expected.outcome);
    expect({ same: same.length, stricter: decided.length - same.length }).toEqual({
      same: SAME,
      stricter: decided.length - SAME,
    });
  });

  it.each(VECTORS.filter(({ expected }) => expected.policy_error !== undefined))(
    "is refused where that engine refused it: $name",
    (vector) => {
      const { policy, faults } = importOf(vector);
      expect([policy, faults.length]).toEqual([null, 1]);
    },
  );

  it("is refused where it is no YAML", () => {
    expect(importV0("rules: [").faults[0]).toMatch(/is not YAML/);
    expect(importV0("- a").faults).toEqual(["the policy is not a map"]);
  });

  it("tells its notes at the beginning of the file, one line each, whatever they quote", () => {
    const text = importedText(importV0('rules: [{ match: { tool: "a*\\nrules: []" }, allow: true }]'), "a test");
    expect(text).toMatch(
      /^# Imported from a test\.\n# What changed on the way:\n# - stricter: rules\[0\]\.match\.tool: a\* rules: \[\] /,
    );
    expect(loadPolicy(text).policy?.rules).toEqual([]);
  });
});
