import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRequest } from "../src/action.js";
import { CanonicalJsonError, canonicalJson } from "../src/json.js";

describe("canonical JSON", () => {
  it("sorts members by UTF-16 code units and writes no white space (RFC 8785, 3.2.3)", () => {
    const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
  });

  it("writes the same for members that stand in order already, however they were ordered before", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
        let text: string;
        try {
          text = canonicalJson(value);
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalJsonError);
          return;
        }
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it("writes what a value is and never what its toJSON says", () => {
    const items = Object.assign([1, 2], { toJSON: () => "something else" });
    expect(canonicalJson({ items })).toBe('{"items":[1,2]}');
    expect(() => canonicalJson({ toJSON: () => "something else" })).toThrow(CanonicalJsonError);
  });

  it.each([
    ["of an object", { a: 1 }, '{"a":1}'],
    ["of an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ["of an array", [1], "[1]"],
  ])("trap: does not obey a toJSON %s that no listing of members shows", (_what, value: object, text) => {
    Object.defineProperty(value, "toJSON", { value: () => "something else", enumerable: false });
    expect(canonicalJson(value)).toBe(text);
    expect(canonicalJson({ in: [value] })).toBe(`{"in":[${text}]}`);
  });

  it("does not obey a toJSON that all objects were given", () => {
    Object.defineProperty(Object.prototype, "toJSON", { value: () => "something else", configurable: true });
    const texts = [canonicalJson({ a: 1 }), canonicalJson([1])];
    Reflect.deleteProperty(Object.prototype, "toJSON");
    expect(texts).toEqual(['{"a":1}', "[1]"]);
  });

  it("trap: writes what it looked at, whatever a getter says the next time", () => {
    let reads = 0;
    const turncoat = { get: () => (reads++ === 0 ? 1 : Number.NaN), enumerable: true };
    expect(canonicalJson(Object.defineProperty({}, "a", turncoat))).toBe('{"a":1}');
    reads = 0;
    expect(canonicalJson(Object.defineProperty([0], 0, turncoat))).toBe("[1]");
    reads = 0;
    expect(canonicalJson(new Proxy({ a: 0 }, { get: turncoat.get }))).toBe('{"a":1}');
  });

  it("writes an object that stands for raw JSON as the object it is", () => {
    const { rawJSON } = JSON as { rawJSON?: (text: string) => object };
    const raw = rawJSON?.("1e400") ?? Object.assign(Object.create(null), { rawJSON: "1e400" });
    expect(canonicalJson({ n: raw })).toBe('{"n":{"rawJSON":"1e400"}}');
  });

  it("refuses holes in an array", () => {
    expect(() => canonicalJson(new Array(2))).toThrow("$[0]");
  });

  it("writes numbers in their shortest form, and minus zero as zero", () => {
    expect(canonicalJson([4.5, 2e-3, 1e-27, 100, -0, 0.1 + 0.2])).toBe("[4.5,0.002,1e-27,100,0,0.30000000000000004]");
  });

  it.each([
    ["an undefined member", { a: undefined }, "$.a"],
    ["NaN", [Number.NaN], "$[0]"],
    ["an infinity", { n: Number.POSITIVE_INFINITY }, "$.n"],
    ["an integer beyond 2^53", { n: 2 ** 53 }, "$.n"],
    ["a large integer in exponent form", { n: 1e300 }, "$.n"],
    ["a bigint", { n: 1n }, "$.n"],
    ["a lone surrogate", { s: "\ud800" }, "$.s"],
    ["a lone surrogate in a key", { "\udc00": 1 }, '$["\\udc00"]'],
    ["a date", { d: new Date(0) }, "$.d"],
    ["a map", { m: new Map() }, "$.m"],
    ["a function", { f: () => 1 }, "$.f"],
    ["the key __proto__", JSON.parse('{"a":{"__proto__":1}}'), "$.a.__proto__"],
    ["the key constructor", { constructor: 1 }, "$.constructor"],
  ])("refuses %s, naming the path", (_what, value, path) => {
    expect(() => canonicalJson(value)).toThrow(CanonicalJsonError);
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ path }) as Error);
  });

  it("refuses nesting past its bound, a value that holds itself included", () => {
    const loop: { self?: object } = {};
    loop.self = loop;
    expect(() => canonicalJson(loop)).toThrow(/nested too deeply/);
  });

  it("reads back as the same value, and is the same text again", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }), (value) => {
        let text: string;
        try {
          text = canonicalJson(value);
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalJsonError);
          return;
        }
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("the canonical text of an action", () => {
  it("is over the five fields that were given, and no others", () => {
    const action = { agent_id: "a", tool: "t", operation: "o", params: { id: 1 } };
    const text = '{"agent_id":"a","operation":"o","params":{"id":1},"tool":"t"}';
    expect(canonicalRequest(action)).toBe(text);
    expect(canonicalRequest({ ...action, id: "x", status: "allowed", _trace: 1 })).toBe(text);
    expect(canonicalRequest({ ...action, context: {} })).toBe(
      '{"agent_id":"a","context":{},"operation":"o","params":{"id":1},"tool":"t"}',
    );
  });
});
