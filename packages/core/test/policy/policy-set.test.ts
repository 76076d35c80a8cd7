import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, mayShareText } from "../../src/policy/glob.js";
import { PolicySet, rivalsAmong } from "../../src/policy/policy-set.js";

function of(...names: string[]): { appliesTo: string[] } {
  return { appliesTo: names };
}

describe("of several policies, for an agent", () => {
  const everyone = of();
  const support = of("support-*");
  const supportEurope = of("support-eu-*", "desk-*");
  const one = of("support-eu-1");
  const set = new PolicySet([everyone, support, supportEurope, one]);

  it.each([
    ["support-eu-1", one],
    ["support-eu-2", supportEurope],
    ["support-us-1", support],
    ["desk-1", supportEurope],
    ["sales", everyone],
  ])("the closest decides: %s", (agent, expected) => {
    expect(set.itemFor(agent)).toBe(expected);
    expect(set.itemFor(agent)).toBe(expected);
  });

  it("none decides where none is for it", () => {
    expect(new PolicySet([support, one]).itemFor("sales")).toBeNull();
    expect(new PolicySet([]).itemFor("sales")).toBeNull();
  });

  it("keeps a bounded number of agents in mind, and answers the same for each", () => {
    for (let count = 0; count < 10_000; count++) expect(set.itemFor(`support-${count}`)).toBe(support);
    expect(set.itemFor("support-eu-1")).toBe(one);
  });
});

describe("two policies are rivals", () => {
  it.each([
    [of(), of(), ["*", "*"]],
    [of("a", "b"), of("b", "c"), ["b", "b"]],
    [of("a*"), of("*a"), ["a*", "*a"]],
    [of("ab-*"), of("*-cd"), ["ab-*", "*-cd"]],
  ])("where nobody could say which decides: %j and %j", (first, second, names) => {
    expect(rivalsAmong([first, second])?.names).toEqual(names);
  });

  it.each([
    [of(), of("a")],
    [of("a*"), of("a")],
    [of("a*"), of("b*")],
    [of("aa*"), of("a*")],
    [of("a"), of("b")],
  ])("and not where one is closer, or no agent is for both: %j and %j", (first, second) => {
    expect(rivalsAmong([first, second])).toBeNull();
  });

  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 8 });

  it("whenever an agent has two that are as close, whichever comes first", () => {
    fc.assert(
      fc.property(fc.array(glob, { maxLength: 3 }), fc.array(glob, { maxLength: 3 }), text, (left, right, agent) => {
        const [first, second] = [of(...left), of(...right)];
        const chosen = new PolicySet([first, second]).itemFor(agent);
        const reversed = new PolicySet([second, first]).itemFor(agent);
        if (chosen !== reversed) expect(rivalsAmong([first, second])).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it("by globs that share a text, and by no others", () => {
    const short = textsUpTo(6);
    fc.assert(
      fc.property(glob, glob, (left, right) => {
        const [matchesLeft, matchesRight] = [compileGlob(left), compileGlob(right)];
        const shared = short.some((each) => matchesLeft(each) && matchesRight(each));
        if (shared) expect(mayShareText(left, right)).toBe(true);
        // Shorter than six characters each, two globs that share a text share a short one.
        if (left.length + right.length <= 6) expect(mayShareText(left, right)).toBe(shared);
      }),
      { numRuns: 2_000 },
    );
  });
});

function textsUpTo(length: number): string[] {
  let texts = [""];
  const all = [...texts];
  for (let count = 0; count < length; count++) {
    texts = texts.flatMap((text) => [`${text}a`, `${text}b`]);
    all.push(...texts);
  }
  return all;
}
