import { isForbiddenKey, type JsonObject, type JsonValue } from "@faramesh/protocol";

/** One step of a path: a member's name, an index, or `[*]` for each item of a list. */
export type Step = { readonly key: string } | { readonly index: number } | "each";

/** A path into params or context, such as `a.b.c`, `items[0].sku` or `items[*].price`. */
export interface ValuePath {
  readonly steps: readonly Step[];
  /** The path in its normal form. */
  readonly text: string;
}

const STEP = /(?:^|\.)([^.[\]"*\s]+)|\[(?:(0|[1-9][0-9]{0,8})|(\*)|("(?:[^"\\]|\\.)*"))\]/y;

/** Parses a path; null where it is none. A name with other characters is written `["like this"]`. */
export function parsePath(text: string): ValuePath | null {
  if (text.startsWith(".")) return null;
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length || steps.length === 0) {
    const match = STEP.exec(text);
    const step = match === null ? null : stepOf(match);
    if (step === null) return null;
    steps.push(step);
  }
  const [first] = steps;
  return typeof first === "object" && "key" in first ? { steps, text: pathText(steps) } : null;
}

function stepOf(match: RegExpExecArray): Step | null {
  const [, plain, index, each, quoted] = match;
  if (index !== undefined) return { index: Number(index) };
  if (each !== undefined) return "each";
  const key = plain ?? unquoted(quoted ?? "");
  return key === null || isForbiddenKey(key) ? null : { key };
}

function unquoted(text: string): string | null {
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}

function pathText(steps: readonly Step[]): string {
  let text = "";
  for (const step of steps) {
    if (step === "each") text += "[*]";
    else if ("index" in step) text += `[${step.index}]`;
    else if (/^[^.[\]"*\s]+$/.test(step.key)) text += text === "" ? step.key : `.${step.key}`;
    else text += `[${JSON.stringify(step.key)}]`;
  }
  return text;
}

/** The name, where a path is one member's name and nothing more. */
export function onlyKey(steps: readonly Step[]): string | null {
  const [only] = steps;
  return steps.length === 1 && typeof only === "object" && "key" in only ? only.key : null;
}

/**
 * A value on the way of a path that the path cannot go on into: a text or a list where it names a member, anything but a
 * list where it asks for items. What lies behind it is not missing: whether it is there cannot be told.
 */
export class Obstacle {
  readonly value: JsonValue;

  constructor(value: JsonValue) {
    this.value = value;
  }
}

/** What a path leads to; undefined where it is missing. */
export type Found = JsonValue | Obstacle | undefined;

/** What a path without `[*]` leads to. */
export function valueAt(root: JsonObject | undefined, steps: readonly Step[]): Found {
  let value: Found = root;
  for (const step of steps) {
    value = stepInto(value, step);
    if (value === undefined || value instanceof Obstacle) return value;
  }
  return value;
}

/**
 * All that a path with `[*]` leads to, one for each item, undefined where an item does not have it. Where there is no
 * item at all: one undefined.
 */
export function collectValues(root: JsonObject | undefined, steps: readonly Step[]): Found[] {
  let values: Found[] = [root];
  for (const step of steps) {
    values = step === "each" ? values.flatMap(itemsOf) : values.map((value) => stepInto(value, step));
  }
  return values.length === 0 ? [undefined] : values;
}

function itemsOf(value: Found): Found[] {
  if (value === undefined || value instanceof Obstacle) return [value];
  return Array.isArray(value) ? value : [new Obstacle(value)];
}

function stepInto(value: Found, step: Step): Found {
  if (value === undefined || value instanceof Obstacle) return value;
  if (typeof step === "object" && "key" in step) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return new Obstacle(value);
    return Object.hasOwn(value, step.key) ? value[step.key] : undefined;
  }
  if (!Array.isArray(value) || step === "each") return new Obstacle(value);
  return value[step.index];
}
