import { isForbiddenKey } from "@faramesh/protocol";
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar } from "yaml";
import { numberFault } from "../action/exact-number.js";
import { POLICY_LIMITS } from "../limits.js";
import { type DocumentNode, type MapEntry, type MapNode, type Place, ROOT } from "./document.js";
import type { Report } from "./report.js";

/**
 * Parses a policy document: YAML 1.2, of which JSON is a part. Anchors and aliases are expanded within bounds, custom
 * tags, merge keys and duplicate keys are errors, and numbers must be decimals that a double carries exactly.
 *
 * @returns null where an error was reported.
 */
export function parsePolicyDocument(source: string, report: Report): DocumentNode | null {
  const document = parseDocument(source, { version: "1.2", uniqueKeys: false, merge: false, prettyErrors: false });
  for (const problem of [...document.errors, ...document.warnings]) {
    report.error({ place: ROOT, offset: problem.pos[0] }, "invalid_yaml", firstLine(problem.message));
  }
  if (report.hasErrors) return null;
  const root = new Conversion(report).convert(document.contents, ROOT, 0, 0);
  return report.hasErrors ? null : root;
}

/** Thrown to stop at once, after it was reported: going on would cost more than it tells. */
class TooLarge extends Error {}

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

class Conversion {
  readonly #report: Report;
  /** What each anchor's name stands for so far: aliases mean the last one before them. */
  readonly #anchors = new Map<string, unknown>();
  readonly #anchored = new Set<unknown>();
  readonly #targets = new Map<Alias, unknown>();
  #nodes = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  convert(node: Node | null, place: Place, offset: number, depth: number): DocumentNode {
    try {
      return this.#convert(node, place, offset, depth);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return { kind: "scalar", place, offset, value: null };
    }
  }

  #convert(node: unknown, place: Place, parentOffset: number, depth: number): DocumentNode {
    const target = isAlias(node) ? this.#resolve(node, place) : this.#remember(node);
    // An alias' value is reported where it is used: that is where it has its meaning.
    const offset = offsetOf(node) ?? parentOffset;
    this.#count({ place, offset }, depth);
    if (isMap(target)) return this.#map(target.items, place, offset, depth);
    if (isSeq(target)) {
      const items = target.items.map((item, step) => this.#convert(item, { parent: place, step }, offset, depth + 1));
      return { kind: "list", place, offset, items };
    }
    const value = isScalar(target) ? this.#scalar(target, place, offset) : null;
    return { kind: "scalar", place, offset, value };
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], place: Place, offset: number, depth: number): MapNode {
    const entries = new Map<string, MapEntry>();
    for (const pair of pairs) {
      const keyOffset = offsetOf(pair.key) ?? offset;
      const key = this.#key(pair.key, { place, offset: keyOffset });
      if (key === null) continue;
      const at = { parent: place, step: key };
      if (entries.has(key)) {
        this.#report.error({ place: at, offset: keyOffset }, "duplicate_key", `${JSON.stringify(key)} is given twice`);
        continue;
      }
      entries.set(key, { key, keyOffset, value: this.#convert(pair.value, at, keyOffset, depth + 1) });
    }
    return { kind: "map", place, offset, entries };
  }

  #key(node: unknown, spot: { place: Place; offset: number }): string | null {
    const key = isScalar(node) ? node.value : undefined;
    if (typeof key !== "string") {
      this.#report.error(spot, "invalid_key", "a key must be text", "put it in quotes");
      return null;
    }
    if (!isForbiddenKey(key) && !LONE_SURROGATE.test(key)) return key;
    this.#report.error(spot, "invalid_key", `the key ${JSON.stringify(key)} is not accepted`);
    return null;
  }

  #scalar(scalar: Scalar, place: Place, offset: number): null | boolean | number | string {
    const { value } = scalar;
    if (typeof value === "number") return this.#number(value, scalar.source ?? String(value), { place, offset });
    if (typeof value === "string" && LONE_SURROGATE.test(value)) {
      this.#report.error({ place, offset }, "invalid_text", "the text holds a lone surrogate");
    }
    return typeof value === "string" || typeof value === "boolean" ? value : null;
  }

  #number(value: number, text: string, spot: { place: Place; offset: number }): number {
    if (!DECIMAL.test(text)) {
      this.#report.error(
        spot,
        "invalid_number",
        `${text} is not a plain decimal number`,
        "write it as 1000.5, or quote it",
      );
    } else if (numberFault(text) !== null) {
      this.#report.error(
        spot,
        "invalid_number",
        `${text} cannot be kept exactly: it would become ${value}`,
        "quote it",
      );
    }
    return value;
  }

  /** Only when first come to: within what an alias stands for, anchors stand for nothing new. */
  #remember(node: unknown): unknown {
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor === undefined || this.#anchored.has(node)) return node;
    this.#anchored.add(node);
    this.#anchors.set(anchor, node);
    return node;
  }

  /** Resolved once, where the alias stands in the text: what it is part of may itself be used again further on. */
  #resolve(alias: Alias, place: Place): unknown {
    if (this.#targets.has(alias)) return this.#targets.get(alias);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#report.error({ place, offset: offsetOf(alias) ?? 0 }, "invalid_yaml", `there is no anchor ${alias.source}`);
    }
    this.#targets.set(alias, target);
    return target;
  }

  #count(spot: { place: Place; offset: number }, depth: number): void {
    const deep = depth > POLICY_LIMITS.nestingMax;
    if (!deep && ++this.#nodes <= POLICY_LIMITS.nodesMax) return;
    const what = deep
      ? `nests deeper than ${POLICY_LIMITS.nestingMax} levels`
      : `holds over ${POLICY_LIMITS.nodesMax} values`;
    this.#report.error(spot, "too_large", `the document ${what}`);
    throw new TooLarge();
  }
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
