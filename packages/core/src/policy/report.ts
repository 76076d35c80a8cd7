import { memberPath } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../limits.js";
import type { Place } from "./document.js";
import type { Finding } from "./finding.js";
import type { ErrorCode, FindingCode, WarningCode } from "./finding-codes.js";

/** What a finding is about: a node, or a key of a map. */
export interface Spot {
  readonly place: Place;
  readonly offset: number;
}

/** Where something stands: its path from `$`, and line and column from 1. */
export type Position = Pick<Finding, "path" | "line" | "column">;

/** Collects what is found in one document and knows its lines. */
export class Report {
  readonly #findings: Finding[] = [];
  readonly #lineStarts: number[];
  #errors = 0;

  constructor(source: string) {
    this.#lineStarts = lineStartsOf(source);
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** @param cure - A function where it takes some finding: it is not looked for where nobody would read it. */
  error(spot: Spot, code: ErrorCode, message: string, cure: string | (() => string)): void {
    this.#errors++;
    if (this.#errors > POLICY_LIMITS.findingsMax) return;
    if (this.#findings.length >= POLICY_LIMITS.findingsMax) this.#dropWarning();
    this.#add("error", spot, code, message, typeof cure === "string" ? cure : cure());
  }

  warning(spot: Spot, code: WarningCode, message: string, cure: string): void {
    this.#add("warning", spot, code, message, cure);
  }

  /** All findings, in the order of the document. */
  inOrder(): Finding[] {
    return this.#findings.toSorted((left, right) => left.line - right.line || left.column - right.column);
  }

  /** The first error in the order of the document, as `line 3: …`; null where there is none. */
  firstError(): string | null {
    const error = this.inOrder().find(({ severity }) => severity === "error");
    return error === undefined ? null : `line ${error.line}: ${error.message}`;
  }

  /** The line of an offset, from 1. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  positionOf({ place, offset }: Spot): Position {
    const line = this.lineOf(offset);
    return { path: pathOf(place), line, column: offset - (this.#lineStarts[line - 1] ?? 0) + 1 };
  }

  /** Whatever refuses a document is told, however many warnings came before. */
  #dropWarning(): void {
    const last = this.#findings.findLastIndex(({ severity }) => severity === "warning");
    if (last >= 0) this.#findings.splice(last, 1);
  }

  #add(severity: Finding["severity"], spot: Spot, code: FindingCode, message: string, cure: string): void {
    if (this.#findings.length >= POLICY_LIMITS.findingsMax) return;
    this.#findings.push({ severity, code, message, cure, ...this.positionOf(spot) });
  }
}

function pathOf(place: Place): string {
  if (place.parent === null) return "$";
  const parent = pathOf(place.parent);
  return typeof place.step === "number" ? `${parent}[${place.step}]` : memberPath(parent, place.step);
}

function lineStartsOf(source: string): number[] {
  const starts = [0];
  for (let index = source.indexOf("\n"); index >= 0; index = source.indexOf("\n", index + 1)) starts.push(index + 1);
  return starts;
}
