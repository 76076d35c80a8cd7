import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compileAutomaton } from "../../src/policy/automaton.js";
import { compileGlob } from "../../src/policy/glob.js";
import { loadPolicy } from "../../src/policy/load.js";

const MEGABYTE = 1_000_000;
const MILLISECONDS_MAX = 50;

const HOSTILE_PATTERNS = [
  ...[
    "(a+)+b",
    "(a+)+$",
    "(a|aa)+$",
    "(a*)*b",
    "(a|a?)+$",
    "(.*a){12}",
    "(x+x+)+y",
    "([a-zA-Z]+)*$",
    "^(([a-z])+.)+[A-Z]",
  ],
  ...["(a|b)*a(a|b){8}$", "(a|b)*a(a|b){12}$", "[ab]*a[ab]{100}$", "a.{500}b$", "(?:a?){30}a{30}$", "(a{0,30}){30}$"],
  ...["\\brm\\s+-[a-z]*[rf]", "(?i)rm -rf", "(?m)^a.*b$", "\\bb\\B", "\\pL+\\d$", "[^b]*b[^a]*c", "(.*)(.*)(.*)(.*)x$"],
];
const HOSTILE_TEXTS = [
  "a".repeat(MEGABYTE),
  "ab".repeat(MEGABYTE / 2),
  "aé日😀".repeat(MEGABYTE / 5),
  "rm  -x ".repeat(MEGABYTE / 7),
  randomText(MEGABYTE),
];

/** The same text in every run: a linear congruential generator. */
function randomText(length: number): string {
  let seed = 12_345;
  return Array.from({ length }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed > 1_073_741_824 ? "a" : "b";
  }).join("");
}

describe("patterns", () => {
  it.each(HOSTILE_PATTERNS)("trap: %s answers on a hostile megabyte in milliseconds, or does not load", (pattern) => {
    const search = compileAutomaton(RE2JS.compile(pattern))?.search;
    if (search === undefined) return;
    search("warm");
    for (const text of HOSTILE_TEXTS) expect(bestOf(5, () => search(text))).toBeLessThan(MILLISECONDS_MAX);
  });

  it("trap: 26 characters against (a+)+b do not freeze anything", () => {
    const search = compileAutomaton(RE2JS.compile("(a+)+b"))?.search;
    const started = performance.now();
    expect(search?.("a".repeat(26))).toBe(false);
    expect(performance.now() - started).toBeLessThan(MILLISECONDS_MAX);
  });

  it("are found exactly where re2js finds them", () => {
    const atoms = fc.constantFrom(
      "a",
      "b",
      "ab",
      ".",
      "[ab]",
      "[^a]",
      "\\w",
      "\\b",
      "\\B",
      "^",
      "$",
      "é",
      "\\pL",
      "\\s",
      "(?i)A",
      "(?m)^",
      "(?m)$",
    );
    const pieces = fc
      .tuple(atoms, fc.constantFrom("", "", "*", "+", "?", "{1,2}"))
      .map(([atom, count]) => atom + quantified(atom, count));
    const patterns = fc
      .array(fc.array(pieces, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
      .map((branches) => branches.map((branch) => branch.join("")).join("|"));
    const texts = fc.array(fc.constantFrom("a", "b", "A", " ", "\n", "é", "日", "😀", "_"), { maxLength: 8 });
    fc.assert(
      fc.property(patterns, texts, (pattern, parts) => {
        const compiled = RE2JS.compile(pattern);
        const search = compileAutomaton(compiled)?.search;
        const text = parts.join("");
        expect(search?.(text)).toBe(compiled.test(text));
      }),
      { numRuns: 1_500 },
    );
  });

  it.each([
    ["(a", "missing closing )", 1],
    ["ab(?=c)", "at character 3", 1],
    ["x\\1", "at character 2: invalid escape sequence", 1],
    ["[z-a]", "invalid character class range", 1],
  ])(
    "trap: %s does not load, and the fault is shown, so it never silently fails to match",
    (pattern, message, line) => {
      const { policy, findings } = loadPolicy(JSON.stringify({ rules: [{ match: { pattern }, deny: true }] }));
      expect(policy).toBeNull();
      expect(findings[0]).toMatchObject({ severity: "error", code: "invalid_pattern", line });
      expect(findings[0]?.message).toContain(message);
    },
  );
});

function quantified(atom: string, count: string): string {
  return /^(?:\^|\$|\\b|\\B|\(\?.*)$/.test(atom) ? "" : count;
}

function bestOf(rounds: number, run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

describe("globs", () => {
  it("match what the pattern with .* for each star matches", () => {
    const parts = fc.array(fc.constantFrom("a", "b", "ab", "*", "**", ".", "?"), { maxLength: 6 });
    const texts = fc.array(fc.constantFrom("a", "b", ".", "?", "*"), { maxLength: 8 });
    fc.assert(
      fc.property(parts, texts, (globParts, textParts) => {
        const glob = globParts.join("");
        const reference = new RegExp(`^${glob.replace(/[.?]/g, "\\$&").replace(/\*+/g, ".*")}$`, "s");
        expect(compileGlob(glob)(textParts.join(""))).toBe(reference.test(textParts.join("")));
      }),
      { numRuns: 3_000 },
    );
  });

  it("answer quickly on a hostile megabyte", () => {
    const matches = compileGlob(`${"*a".repeat(200)}*b*c`);
    expect(bestOf(2, () => matches("a".repeat(MEGABYTE)))).toBeLessThan(MILLISECONDS_MAX);
  });
});
