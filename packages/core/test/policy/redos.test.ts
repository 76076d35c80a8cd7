import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compileAutomaton } from "../../src/policy/automaton.js";
import { loadPolicy } from "../../src/policy/load.js";

const MEGABYTE = 1_048_576;
const ANSWER_MS_MAX = 50;

/** Patterns that make engines that go back run for years, and the text each of them is at its worst on. */
const HOSTILE: readonly [pattern: string, text: string][] = [
  ["(a+)+$", "a"],
  ["(a*)*$", "a"],
  ["([a-zA-Z]+)*$", "a"],
  ["(a|aa)+$", "a"],
  ["(a|a?)+$", "a"],
  ["(.*a){20}$", "a"],
  ["(.*)*b$", "a"],
  ["(x+x+)+y", "x"],
  ["(?:a?){50}a{50}b", "a"],
  ["^(([a-z])+.)+[A-Z]([a-z])+$", "a"],
  [
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
    "a",
  ],
  ["^(\\w+\\s?)*$", "a "],
  ["^([0-9a-zA-Z]([-.\\w]*[0-9a-zA-Z])*@(([0-9a-zA-Z])+([-\\w]*[0-9a-zA-Z])*\\.)+[a-zA-Z]{2,9})$", "a"],
  ["^\\s+|\\s+$", " "],
  ["(\\d+|\\s+|\\w+)*!$", "1 "],
  ["^(?:(?:(?:a+)+)+)+$", "a"],
  ["(a+){10}{10}$", "a"],
  ["^((ab)*)+$", "ab"],
  ["(.+)+\\.(.+)+\\.(.+)+$", "."],
  ["^(.*?,){11}P", ","],
  ['"(?:[^"\\\\]|\\\\.)*"$', "\\"],
  ["<(?:[^>]+)*>$", "<"],
  ["^(?:[^\\s\"']+|\"[^\"]*\"|'[^']*')+$", "a"],
  ["(?i)(?:select|union)\\s+.*\\s+from\\s+.*\\s+where$", "select  from  "],
  ["[\\p{L}\\p{M}]+(?:[\\p{L}\\p{M}]*)*$", "\u00e9"],
  ["(?s).*.*.*.*.*.*=.*", "="],
];

describe("a pattern", () => {
  it.each(HOSTILE)(`answers a hostile megabyte within ${ANSWER_MS_MAX} ms, or is refused: %s`, (pattern, piece) => {
    const source = JSON.stringify({ rules: [{ match: { tool: "t", params: { a: { pattern } } }, deny: true }] });
    const { policy, findings } = loadPolicy(source);
    if (policy === null) return expect(findings.map(({ code }) => code)).toEqual(["invalid_pattern"]);
    const search = compileAutomaton(RE2JS.compile(pattern))?.search;
    const text = `${piece.repeat(Math.floor(MEGABYTE / piece.length) - 1)}\u0001`;
    // The machine may have other work: the best of a few shows what the search takes.
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      search?.(text);
      return performance.now() - started;
    });
    expect(Math.min(...times)).toBeLessThan(ANSWER_MS_MAX);
  });

  it.each(["(a)\\1", "(?=a)b", "(?<!a)b", "(?>a+)b", "a++", "(?<name>a)\\k<name>", "(?(1)a|b)"])(
    "that no linear engine knows is refused at load: %s",
    (pattern) => {
      const source = JSON.stringify({ rules: [{ match: { tool: "t", pattern }, deny: true }] });
      expect(loadPolicy(source).findings.map(({ code }) => code)).toEqual(["invalid_pattern"]);
    },
  );
});
