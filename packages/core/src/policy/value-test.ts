import type { JsonValue } from "@faramesh/protocol";
import type { DocumentNode } from "./document.js";
import type { PatternCompiler } from "./pattern.js";
import type { Report, Spot } from "./report.js";
import { FALSE, type Truth } from "./truth.js";

/** Judges one value; undefined stands for a field that is missing. */
export type Judge = (value: JsonValue | undefined) => Truth;

/** One operator with its operand, compiled. */
export interface ValueTest {
  readonly operator: string;
  /** In a normal form: equal meaning, equal operand. */
  readonly operand: JsonValue;
  readonly judge: Judge;
}

/** A pack that is being read for a policy that extends it. */
export interface PackOrigin {
  readonly name: string;
  /** Where the policy names it: its rules stand there. */
  readonly spot: Spot;
  /** Rules, and risk rules, that stand before the pack's. */
  readonly rulesBefore: number;
  readonly riskRulesBefore: number;
}

/** What operators need to be read. */
export interface Reading {
  readonly report: Report;
  readonly patterns: PatternCompiler;
  /** Null for what the policy says itself. */
  readonly pack: PackOrigin | null;
  /** Reads a condition inside a condition: a plain value, or a map of operators. Null after reporting. */
  readonly readCondition: (node: DocumentNode, reading: Reading) => ValueTest[] | null;
}

/** Reads one operator's operand. Null after reporting. */
export type OperatorReader = (operator: string, node: DocumentNode, reading: Reading) => ValueTest | null;

/** All of the tests hold. */
export function judgeAll(tests: readonly { readonly judge: Judge }[]): Judge {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) return only.judge;
  return (value) => {
    let truth: Truth = 2;
    for (const { judge } of tests) {
      const each = judge(value);
      if (each === FALSE) return FALSE;
      if (each < truth) truth = each;
    }
    return truth;
  };
}

/** Any of the tests holds. */
export function judgeAny(judges: readonly Judge[]): Judge {
  const [only] = judges;
  if (judges.length === 1 && only !== undefined) return only;
  return (value) => {
    let truth: Truth = FALSE;
    for (const judge of judges) {
      const each = judge(value);
      if (each === 2) return each;
      if (each > truth) truth = each;
    }
    return truth;
  };
}
