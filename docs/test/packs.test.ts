import { loadPolicy } from "@faramesh/core";
import { PACK_NAMES, readPack } from "@faramesh/policies";
import { describe, expect, it } from "vitest";
import { inlineCode, readDocument, section, tableRows } from "./snippets.js";

const rows = tableRows(section(readDocument("docs/guides/packs.md"), "## What there is")).slice(1);

describe("the table of packs", () => {
  it("lists every pack in order", () => {
    expect(rows.map(([name = ""]) => inlineCode(name)[0])).toEqual(PACK_NAMES);
  });

  it.each(PACK_NAMES)("names every tool of %s", (name) => {
    const row = rows.find(([cell = ""]) => inlineCode(cell)[0] === name);
    const tools = loadPolicy(readPack(name)).policy?.rules.flatMap((rule) => rule.tools);
    expect([...new Set(inlineCode(row?.[1] ?? ""))].sort()).toEqual([...new Set(tools)].sort());
  });
});
