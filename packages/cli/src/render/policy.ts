import type { FieldChange, ItemChange, PolicyDiff } from "@faramesh/core";
import { colors, printable } from "../output.js";
import { shortened } from "./table.js";

const VALUE_CHARS_MAX = 200;

/** A version as people name it: `payments v3`. */
export function versionName({ id, version }: { id: string; version: number }): string {
  return `${id} v${version}`;
}

/** What differs between two policies, a line each. */
export function diffText(diff: PolicyDiff): string {
  if (diff.same) return "they mean the same";
  const lines = [
    ...changed("name", diff.name),
    ...changed("applies_to", diff.applies_to),
    ...changed("extends", diff.packs),
    ...diff.profiles.flatMap((change) => itemLines("profile", change)),
    ...diff.risk_rules.flatMap((change) => itemLines("risk rule", change)),
    ...diff.rules.flatMap((change) => itemLines("rule", change)),
  ];
  return lines.join("\n");
}

function changed(what: string, change: { before: unknown; after: unknown } | null): string[] {
  return change === null ? [] : [`${SIGNS.changed} ${what}: ${value(change.before)} → ${value(change.after)}`];
}

const SIGNS: Readonly<Record<ItemChange["kind"], string>> = {
  added: colors.green("+"),
  removed: colors.red("-"),
  changed: colors.yellow("~"),
  moved: colors.cyan("↕"),
};

function itemLines(what: string, { id, kind, before, after, fields }: ItemChange): string[] {
  const head = `${SIGNS[kind]} ${what} ${printable(id)} ${kind}${placeText(before, after)}`;
  return [head, ...fields.flatMap(fieldLines)];
}

/** Of a list, what is in one of them only; another order is told whole. */
function fieldLines({ field, before, after }: FieldChange): string[] {
  const name = `    ${printable(field)}`;
  const [old, now] = [before, after].map((list) =>
    Array.isArray(list) ? list.map((item) => JSON.stringify(item)) : [],
  );
  const gone = (old ?? []).filter((item) => !now?.includes(item));
  const come = (now ?? []).filter((item) => !old?.includes(item));
  if (gone.length + come.length === 0) return [`${name}: ${value(before)} → ${value(after)}`];
  const shown = (item: string): string => printable(shortened(item, VALUE_CHARS_MAX));
  return [...gone.map((item) => `${name} - ${shown(item)}`), ...come.map((item) => `${name} + ${shown(item)}`)];
}

function placeText(before: number | null, after: number | null): string {
  if (before === null) return ` at ${after}`;
  if (after === null) return ` (was at ${before})`;
  return before === after ? "" : ` (from ${before} to ${after})`;
}

function value(shown: unknown): string {
  return shown === null ? "none" : printable(shortened(JSON.stringify(shown), VALUE_CHARS_MAX));
}
