import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "./checker.js";
import { DOCTORS, type Told } from "./doctors.js";
import { executed, Tape } from "./random-execution.js";

const NUMBERS = fc.array(fc.nat(1_000_000), { minLength: 400, maxLength: 900, size: "max" });

/** A failure is made smaller for so long and no longer: the code under test cannot be interrupted. */
const BOUNDS = { interruptAfterTimeLimit: 20_000 };

function told(numbers: readonly number[]): Told {
  const gate = executed(numbers);
  return { history: gate.history.operations, final: gate.finalState() };
}

describe("of random executions", () => {
  it("the checker accepts every right one, however requests overlap, repeat and get lost", () => {
    fc.assert(
      fc.property(NUMBERS, (numbers) => {
        const { history, final } = told(numbers);
        expect(check(history, final)).toEqual([]);
      }),
      { ...BOUNDS, numRuns: 100 },
    );
  });

  it.each(DOCTORS)("the checker refuses each one that $name", ({ rule, apply }) => {
    let doctored = 0;
    fc.assert(
      fc.property(NUMBERS, fc.array(fc.nat(1_000_000), { minLength: 4, maxLength: 4 }), (numbers, choices) => {
        const wrong = apply(told(numbers), new Tape(choices));
        if (wrong === null) return;
        doctored++;
        expect(check(wrong.history, wrong.final).map((violation) => violation.rule)).toContain(rule);
      }),
      { ...BOUNDS, numRuns: 40 },
    );
    expect(doctored).toBeGreaterThan(10);
  });

  it("are many different things: every operation is answered, refused and lost", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(NUMBERS, (numbers) => {
        for (const { op, ending } of told(numbers).history) seen.add(`${op} ${ending.kind}`);
      }),
      { ...BOUNDS, numRuns: 150 },
    );
    const ops = ["submit", "approve", "reject", "claim", "report", "consume", "cancel"];
    for (const kind of ["ok", "refused", "unknown"])
      expect([...seen]).toEqual(expect.arrayContaining(ops.map((op) => `${op} ${kind}`)));
  });
});
