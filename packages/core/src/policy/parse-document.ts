import { isForbiddenKey } from "@faramesh/protocol";
import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from "js-yaml";
import { numberFault } from "../action/exact-number.js";
import { POLICY_LIMITS } from "../limits.js";
import { type DocumentNode, type MapEntry, type Place, ROOT, type ScalarNode } from "./document.js";
import { type PlainScalar, readPlainScalar } from "./plain-scalar.js";
import type { Report } from "./report.js";

/**
 * Parses a policy document: YAML 1.2 in its core schema, of which JSON is a part. Anchors and aliases are expanded within
 * bounds. Tags, merge keys and duplicate keys are errors, and numbers must be decimals that a double carries exactly.
 *
 * @returns null where an error was reported.
 */
export function parsePolicyDocument(source: string, report: Report): DocumentNode | null {
  const events = eventsOf(source, report);
  const root = events === null ? null : new Conversion(source, events, report).convert();
  return report.hasErrors ? null : root;
}

/** The events of the one document that a text holds. */
function eventsOf(source: string, report: Report): Event[] | null {
  try {
    const events = parseEvents(source, { maxDepth: PARSED_NESTING_MAX });
    const [first] = events;
    const isOne = events.filter(({ type }) => type === EVENT_ID.DOCUMENT).length <= 1;
    const directives = first?.type === EVENT_ID.DOCUMENT ? first.directives : [];
    if (isOne && directives.length === 0) return events;
    const message = isOne ? "directives (%) are not accepted" : "there is more than one document";
    report.error({ place: ROOT, offset: 0 }, "invalid_yaml", message, "write one document, without --- and %");
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    report.error(
      { place: ROOT, offset: error.mark?.position ?? 0 },
      "invalid_yaml",
      error.reason,
      "mend what stands there or before it",
    );
  }
  return null;
}

/** Beyond what a policy may nest, so that it is said of the policy, and within what a parser survives. */
const PARSED_NESTING_MAX = 200;

/** Thrown to stop at once, after it was reported: going on would cost more than it tells. */
class TooLarge extends Error {}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** A node, and the place among the events that follows it. */
interface Read<Node extends DocumentNode = DocumentNode> {
  readonly node: Node;
  readonly next: number;
}

class Conversion {
  readonly #source: string;
  readonly #events: readonly Event[];
  readonly #report: Report;
  /** What each alias stands for, by their places among the events: the last anchor of its name before it. */
  readonly #targets = new Map<number, number>();
  #nodes = 0;

  constructor(source: string, events: readonly Event[], report: Report) {
    this.#source = source;
    this.#events = events;
    this.#report = report;
    this.#resolveAliases();
  }

  convert(): DocumentNode {
    const nothing: ScalarNode = { kind: "scalar", place: ROOT, offset: 0, value: null };
    if (this.#report.hasErrors) return nothing;
    try {
      const isEmpty = this.#events[1] === undefined || this.#events[1].type === EVENT_ID.POP;
      return isEmpty ? nothing : this.#read(1, ROOT, 0, 0).node;
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return nothing;
    }
  }

  #resolveAliases(): void {
    const anchors = new Map<string, number>();
    for (const [at, event] of this.#events.entries()) {
      if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP || event.anchorStart < 0) continue;
      const name = this.#source.slice(event.anchorStart, event.anchorEnd);
      if (event.type !== EVENT_ID.ALIAS) anchors.set(name, at);
      else {
        const target = anchors.get(name);
        if (target !== undefined) this.#targets.set(at, target);
        else {
          const spot = { place: ROOT, offset: event.anchorStart };
          this.#report.error(spot, "invalid_yaml", `there is no anchor ${name}`, "give it before it is used: &name");
        }
      }
    }
  }

  /** @param parentOffset - Where what has no text of its own is told to stand. */
  #read(at: number, place: Place, parentOffset: number, depth: number): Read {
    const event = this.#events[at];
    if (event === undefined) throw new Error("the parser told of no end");
    const offset = offsetOf(event) ?? parentOffset;
    this.#count({ place, offset }, depth);
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        // An alias' value is reported where it is used: that is where it has its meaning.
        const { node } = this.#read(this.#targets.get(at) ?? at, place, offset, depth + 1);
        return { node: { ...node, offset }, next: at + 1 };
      }
      case EVENT_ID.SCALAR:
        this.#assertUntagged(event, place);
        return { node: { kind: "scalar", place, offset, value: this.#scalar(event, place, offset) }, next: at + 1 };
      case EVENT_ID.SEQUENCE:
        this.#assertUntagged(event, place);
        return this.#list(at, place, offset, depth);
      case EVENT_ID.MAPPING:
        this.#assertUntagged(event, place);
        return this.#map(at, place, offset, depth);
      default:
        throw new Error("the parser told of a node that is none");
    }
  }

  #list(at: number, place: Place, offset: number, depth: number): Read {
    const items: DocumentNode[] = [];
    let next = at + 1;
    while (this.#events[next]?.type !== EVENT_ID.POP) {
      const item = this.#read(next, { parent: place, step: items.length }, offset, depth + 1);
      items.push(item.node);
      next = item.next;
    }
    return { node: { kind: "list", place, offset, items }, next: next + 1 };
  }

  #map(at: number, place: Place, offset: number, depth: number): Read {
    const entries = new Map<string, MapEntry>();
    let next = at + 1;
    while (this.#events[next]?.type !== EVENT_ID.POP) {
      const keyEvent = this.#events[next];
      const keyOffset = (keyEvent === undefined ? undefined : offsetOf(keyEvent)) ?? offset;
      const key = this.#key(keyEvent, { place, offset: keyOffset });
      const valueAt = this.#after(next);
      const entryPlace = { parent: place, step: key ?? "" };
      const value = this.#read(valueAt, entryPlace, keyOffset, depth + 1);
      next = value.next;
      if (key === null) continue;
      if (!entries.has(key)) entries.set(key, { key, keyOffset, value: value.node });
      else {
        const spot = { place: entryPlace, offset: keyOffset };
        this.#report.error(spot, "duplicate_key", `${JSON.stringify(key)} is given twice`, "keep one of them");
      }
    }
    return { node: { kind: "map", place, offset, entries }, next: next + 1 };
  }

  /** The place behind the node at a place. */
  #after(at: number): number {
    let open = 0;
    let next = at;
    do {
      const type = this.#events[next++]?.type;
      if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) open++;
      else if (type === EVENT_ID.POP) open--;
    } while (open > 0);
    return next;
  }

  #key(event: Event | undefined, spot: { place: Place; offset: number }): string | null {
    if (event?.type === EVENT_ID.SCALAR) this.#assertUntagged(event, spot.place);
    const key = event?.type === EVENT_ID.SCALAR ? this.#textOrPlain(event) : null;
    if (typeof key !== "string") {
      this.#report.error(spot, "invalid_key", "a key must be text", "put it in quotes");
      return null;
    }
    if (!isForbiddenKey(key) && !LONE_SURROGATE.test(key)) return key;
    this.#report.error(spot, "invalid_key", `the key ${JSON.stringify(key)} is not accepted`, "take another name");
    return null;
  }

  #scalar(event: ScalarEvent, place: Place, offset: number): null | boolean | number | string {
    const value = this.#textOrPlain(event);
    if (value !== null && typeof value === "object") return this.#number(value, { place, offset });
    if (typeof value === "string" && LONE_SURROGATE.test(value)) {
      this.#report.error(
        { place, offset },
        "invalid_text",
        "the text holds a lone surrogate",
        "write the character whole",
      );
    }
    return value;
  }

  /** What is in quotes or in a block is text; what is plain may be something else. */
  #textOrPlain(event: ScalarEvent): PlainScalar {
    const text = getScalarValue(this.#source, event);
    return event.style === SCALAR_STYLE.PLAIN ? readPlainScalar(text) : text;
  }

  #number({ text, value }: { text: string; value: number | null }, spot: { place: Place; offset: number }): number {
    if (value === null) {
      const cure = "write it as 1000.5, or quote it";
      this.#report.error(spot, "invalid_number", `${text} is not a plain decimal number`, cure);
    } else if (numberFault(text) !== null) {
      const message = `${text} cannot be kept exactly: it would become ${value}`;
      this.#report.error(spot, "invalid_number", message, "quote it");
    }
    return value ?? 0;
  }

  #assertUntagged({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }, place: Place): void {
    if (tagStart < 0) return;
    const tag = this.#source.slice(tagStart, tagEnd);
    this.#report.error(
      { place, offset: tagStart },
      "invalid_yaml",
      `the tag ${tag} is not accepted`,
      "put text in quotes",
    );
  }

  #count(spot: { place: Place; offset: number }, depth: number): void {
    const deep = depth > POLICY_LIMITS.nestingMax;
    if (!deep && ++this.#nodes <= POLICY_LIMITS.nodesMax) return;
    const what = deep
      ? `nests deeper than ${POLICY_LIMITS.nestingMax} levels`
      : `holds over ${POLICY_LIMITS.nodesMax} values`;
    this.#report.error(spot, "too_large", `the document ${what}`, "split it");
    throw new TooLarge();
  }
}

/** Where a node begins, its quote included; undefined where it has no text. */
function offsetOf(event: Event): number | undefined {
  switch (event.type) {
    case EVENT_ID.SCALAR: {
      if (event.valueStart < 0) return undefined;
      const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
      return isQuoted ? event.valueStart - 1 : event.valueStart;
    }
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return undefined;
  }
}
