import { readFileSync } from "node:fs";

/** The packs there are, in the order in which they are told. */
export const PACK_NAMES = [
  "shell",
  "filesystem",
  "http",
  "git",
  "sql",
  "payments",
  "messaging",
  "cloud",
  "coding-agents",
] as const;

export type PackName = (typeof PACK_NAMES)[number];

/** The text of a pack: a policy as `extends` names it. */
export function readPack(name: PackName): string {
  return readFileSync(new URL(`../packs/${name}.yaml`, import.meta.url), "utf8");
}

/** The tests of a pack: a list as `*.test.yaml` holds it. */
export function readPackTests(name: PackName): string {
  return readFileSync(new URL(`../packs/${name}.test.yaml`, import.meta.url), "utf8");
}

/** The texts of all packs by name, as `loadPolicy` takes them. */
export function allPacks(): Record<PackName, string> {
  const texts = PACK_NAMES.map((name) => [name, readPack(name)] as const);
  return Object.fromEntries(texts) as Record<PackName, string>;
}

/** What a pack says of itself at its beginning, in one paragraph. */
export function packSummary(name: PackName): string {
  const comment = /^(#.*\n)+/.exec(readPack(name))?.[0] ?? "";
  return comment.replaceAll(/^# ?/gm, "").trim().replaceAll("\n", " ");
}
