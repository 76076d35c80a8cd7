import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareDecimals, decimalOfNumber, plainDecimal } from "../../src/policy/decimal.js";

const decimals = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 30n), fc.option(fc.stringMatching(/^[0-9]{1,25}$/)))
  .map(([negative, whole, fraction]) => `${negative ? "-" : ""}${whole}${fraction === null ? "" : `.${fraction}`}`);

/** The same decimal as an integer of 10^-25. */
function scaled(text: string): bigint {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(25, "0"));
  return text.startsWith("-") ? -value : value;
}

describe("exact decimals", () => {
  it("compare as the numbers they write, however long", () => {
    fc.assert(
      fc.property(decimals, decimals, (left, right) => {
        const [first, second] = [plainDecimal(left), plainDecimal(right)];
        if (first === null || second === null) throw new Error("not read");
        const difference = scaled(left) - scaled(right);
        expect(Math.sign(compareDecimals(first, second))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("made of doubles compare as the doubles do", () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, doubles, (left, right) => {
        const comparison = compareDecimals(decimalOfNumber(left), decimalOfNumber(right));
        expect(Math.sign(comparison)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    "1e3",
    "1_000",
    "+5",
    "0x10",
    "nan",
    "inf",
    "Infinity",
    " 5",
    "5 ",
    "",
    "-",
    ".5",
    "5.",
    "007",
    "1,000",
    "１",
  ])("do not read %j", (text) => {
    expect(plainDecimal(text)).toBeNull();
  });
});
