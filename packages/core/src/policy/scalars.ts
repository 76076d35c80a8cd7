import type { JsonObject, JsonValue } from "@faramesh/protocol";
import { kindOf } from "./closed-map.js";
import type { DocumentNode } from "./document.js";
import type { Report } from "./report.js";

const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

/** A node as plain data. */
export function jsonOf(node: DocumentNode): JsonValue {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(jsonOf);
  const object: JsonObject = {};
  for (const { key, value } of node.entries.values()) object[key] = jsonOf(value);
  return object;
}

/** Text with something in it, or null after reporting what it is instead. */
export function readText(node: DocumentNode, what: string, charsMax: number, report: Report): string | null {
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    report.error(node, "wrong_type", `${what} must be text, not ${kindOf(node)}`, "put it in quotes");
  } else if (node.value === "") {
    report.error(node, "empty", `${what} must not be empty`, "write a text, or leave it out");
  } else if (node.value.length > charsMax) {
    report.error(node, "too_long", `${what} has ${node.value.length} characters, more than ${charsMax}`, "shorten it");
  } else {
    return node.value;
  }
  return null;
}

/** A name: text without control characters. */
export function readName(node: DocumentNode, what: string, charsMax: number, report: Report): string | null {
  const name = readText(node, what, charsMax, report);
  if (name === null || !CONTROL_CHARACTER.test(name)) return name;
  report.error(node, "control_character", `${what} holds a control character`, "remove it");
  return null;
}

export function readBoolean(node: DocumentNode, what: string, report: Report): boolean | null {
  if (node.kind === "scalar" && typeof node.value === "boolean") return node.value;
  report.error(
    node,
    "wrong_type",
    `${what} must be true or false, not ${kindOf(node)}`,
    "write true or false, without quotes",
  );
  return null;
}

/** One of a few words. */
export function readWord<Word extends string>(
  node: DocumentNode,
  words: readonly Word[],
  what: string,
  report: Report,
): Word | null {
  const word = node.kind === "scalar" ? words.find((known) => known === node.value) : undefined;
  if (word !== undefined) return word;
  const seen = node.kind === "scalar" ? JSON.stringify(node.value) : kindOf(node);
  report.error(
    node,
    "wrong_value",
    `${what} must be one of ${words.join(", ")}, not ${seen}`,
    `write one of ${words.join(", ")}`,
  );
  return null;
}

/** One text or a list of them; null after reporting. An empty list would match nothing, and is refused. */
export function readTexts(node: DocumentNode, what: string, charsMax: number, report: Report): string[] | null {
  if (node.kind !== "list") {
    const text = readText(node, what, charsMax, report);
    return text === null ? null : [text];
  }
  if (node.items.length === 0) {
    report.error(node, "empty", `${what} must not be an empty list`, "name one, or leave it out");
    return null;
  }
  const texts = node.items.map((item) => readText(item, what, charsMax, report));
  return texts.every((text) => text !== null) ? texts : null;
}
