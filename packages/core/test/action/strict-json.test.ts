import { LIMITS } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStrictJson } from "../../src/action/strict-json.js";
import { parseSlowly, StrictJsonError } from "../../src/action/strict-json-parser.js";

/** JSON texts with white space, escapes, odd numbers and doubled keys, and texts that are nearly JSON. */
const tokens = fc.constantFrom(
  ...["{", "}", "[", "]", ",", ":", " ", "\n", '"a"', '"b"', '"\\u0061"', '"__proto__"', '"\\ud800"', '"é"'],
  ...["1", "-0", "1.50", "1e3", "1e16", "9007199254740993", "0.1", "123456789.123456789", "true", "null", "x", '"'],
);
const nearJson = fc.array(tokens, { maxLength: 14 }).map((parts) => parts.join(""));
const json = fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }).map((value) => JSON.stringify(value, null, 1));
const doubledKeys = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c", "\\u0061"), fc.constantFrom("1", '"x:{"', "[1,2]", '{"a":"\\\\"}')))
  .map((members) => `{${members.map(([key, value]) => `"${key}": ${value}`).join(",")}}`);
const texts = fc.oneof(json, nearJson, doubledKeys);

describe("strict JSON", () => {
  it("reads nothing that JSON.parse refuses, and never another value", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const read = attempt(() => parseStrictJson(text));
        if (read instanceof StrictJsonError) return;
        expect(read).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("calls a text invalid_json exactly where JSON.parse refuses it", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const read = attempt(() => parseStrictJson(text));
        if (!(read instanceof StrictJsonError)) return;
        const isJson = !(attempt(() => JSON.parse(text) as unknown) instanceof SyntaxError);
        // What is refused first is told: a doubtful token may stand before the fault in the syntax.
        if (isJson) expect(read.code).toBe("invalid_action");
      }),
      { numRuns: 2_000 },
    );
  });

  it("judges alike, whether a text takes the quick way or the slow one", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(plain(attempt(() => parseStrictJson(text)))).toEqual(
          plain(attempt(() => parseSlowly(text, LIMITS.nodesMax))),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it("reads every double back from its shortest form, unless it is an integer beyond 2^53−1", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const read = attempt(() => parseStrictJson(String(value)));
        if (Number.isInteger(value) && !Number.isSafeInteger(value)) expect(read).toBeInstanceOf(StrictJsonError);
        else expect(read).toBe(value === 0 ? JSON.parse(String(value)) : value);
      }),
    );
  });

  it("keeps a decimal exactly or refuses it", () => {
    const decimals = fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: 0, max: 24 }));
    fc.assert(
      fc.property(decimals, ([digits, places]) => {
        const text = withPoint(digits, places);
        const read = attempt(() => parseStrictJson(text));
        if (read instanceof StrictJsonError) return;
        expect(exactly(JSON.stringify(read))).toBe(exactly(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("tells line and column of a fault in the syntax", () => {
    expect(() => parseStrictJson('{\n  "a": 1,\n  "b": ?\n}')).toThrow('unexpected "?" at line 3, column 8');
    expect(() => parseStrictJson('{"a": [1')).toThrow("the text ends too early at line 1, column 9");
  });

  it("reads a body at its bounds, and refuses one value more", () => {
    const atBound = `[${Array.from({ length: LIMITS.nodesMax - 1 }, () => "0").join(",")}]`;
    expect(parseStrictJson(atBound)).toHaveLength(LIMITS.nodesMax - 1);
    expect(() => parseStrictJson(`[${atBound}]`)).toThrow(/more than 10000 values/);
  });

  it("answers quickly on texts that nest without end", () => {
    const started = performance.now();
    expect(() => parseStrictJson("[".repeat(200_000))).toThrow(StrictJsonError);
    expect(() => parseStrictJson('{"a":'.repeat(50_000))).toThrow(StrictJsonError);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

function attempt<Value>(run: () => Value): Value | Error {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function plain(read: unknown): unknown {
  return read instanceof StrictJsonError ? { code: read.code, path: read.path, message: read.message } : { read };
}

function withPoint(digits: bigint, places: number): string {
  const sign = digits < 0n ? "-" : "";
  const text = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
  return sign + (places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`);
}

/** A decimal as an integer of 10^-400, so that equal values are equal. */
function exactly(text: string): bigint {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const scaled = BigInt(whole + fraction) * 10n ** BigInt(400 - fraction.length + Number(exponent));
  return mantissa.startsWith("-") ? -scaled : scaled;
}
