import type { JsonObject } from "@faramesh/protocol";
import { dump } from "js-yaml";

/** What became of one part of what was imported. */
export interface ImportNote {
  /** `same`: said in other words; `stricter`: less runs than before; `other`: it means something else, as told. */
  readonly kind: "same" | "stricter" | "other";
  /** Where it stands in the source: `rules[2].match.amount_lt`. */
  readonly at: string;
  /** What changed, and why. */
  readonly message: string;
}

/** A policy in this language, and what changed on the way. */
export interface Imported {
  /** Null where the source could not be read, or its own engine would refuse it. */
  readonly policy: JsonObject | null;
  readonly notes: readonly ImportNote[];
  /** What is wrong with the source. */
  readonly faults: readonly string[];
}

/** What a rule of the older engine does; risk rules only ever make things stricter, as a deny does. */
export type V0Effect = "allow" | "deny" | "require_approval";

/** Matches that together are for the same actions; none where nothing was ever matched. */
export type Matches = readonly JsonObject[];

/** Gathers notes while a source is gone through. */
export class ImportNotes {
  readonly notes: ImportNote[] = [];

  note(kind: ImportNote["kind"], at: string, message: string): void {
    this.notes.push({ kind, at, message });
  }
}

/** An imported policy as a file: its notes first, so that whoever opens it reads them. */
export function importedText({ policy, notes }: Imported, from: string): string {
  const lines = notes.map(({ kind, at, message }) => `# - ${kind}: ${at}: ${message}`);
  const told = lines.length === 0 ? ["# Nothing changed its meaning."] : ["# What changed on the way:", ...lines];
  return `# Imported from ${from}.\n${told.map(oneLine).join("\n")}\n${dump(policy, { lineWidth: -1, noRefs: true })}`;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
