import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { type ActionRequest, canonicalRequest, type JsonObject, LIMITS } from "@faramesh/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalizeAction } from "../../src/action/canonicalize.js";
import { InvalidActionError } from "../../src/action/invalid-action.js";
import { parseStrictJson } from "../../src/action/strict-json.js";

// Its declarations describe an ES module, which it is not.
const canonicalize = createRequire(import.meta.url)("canonicalize") as (value: unknown) => string | undefined;

const names = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const objects = fc.dictionary(
  fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__" && key !== "constructor"),
  fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }).filter(isExact),
);
const requests: fc.Arbitrary<ActionRequest> = fc
  .record({ agent_id: names, tool: names, operation: names, params: objects, context: fc.option(objects) })
  .map(({ context, ...rest }) => {
    const request = JSON.parse(JSON.stringify(rest)) as ActionRequest;
    return context === null ? request : { ...request, context: JSON.parse(JSON.stringify(context)) as JsonObject };
  });

/** Whether every number in a value is one that is accepted, and every key. */
function isExact(value: unknown): boolean {
  try {
    parseStrictJson(JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

describe("the canonical action", () => {
  it("has the text that another implementation of RFC 8785 gives, and its SHA-256", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const text = canonicalize(request) ?? "";
        const action = canonicalizeAction(request);
        expect(action.request_hash).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
        expect(action.params_json).toBe(canonicalize(request.params));
        expect(canonicalRequest(request)).toBe(text);
      }),
    );
  });

  it("is the same again when made from its own text", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const first = canonicalizeAction(request);
        const again = canonicalizeAction(parseStrictJson(canonicalRequest(request)) as unknown as ActionRequest);
        expect(again.request_hash).toBe(first.request_hash);
        expect(again.params_json).toBe(first.params_json);
        expect(again.context_json).toBe(first.context_json);
      }),
    );
  });

  it("leaves the context out where none is given: that is not an empty one", () => {
    const request = { agent_id: "a", tool: "t", operation: "o", params: {} };
    expect(canonicalizeAction(request).context_json).toBeNull();
    expect(canonicalizeAction(request).request_hash).not.toBe(
      canonicalizeAction({ ...request, context: {} }).request_hash,
    );
  });

  it("trap: a string with white space around it has another hash than one without", () => {
    const texts = ["t", " t", "t ", "t\u00a0"];
    const request = { agent_id: "a", tool: "t", operation: "o", params: {} };
    for (const field of ["agent_id", "tool", "operation"]) {
      const hashes = texts.map((text) => canonicalizeAction({ ...request, [field]: text }).request_hash);
      expect(new Set(hashes).size).toBe(texts.length);
    }
    const ofParams = texts.map((text) => canonicalizeAction({ ...request, params: { x: text } }).request_hash);
    expect(new Set(ofParams).size).toBe(texts.length);
  });

  it("bounds params and context by their UTF-8 bytes", () => {
    const withText = (text: string): ActionRequest => ({
      agent_id: "a",
      tool: "t",
      operation: "o",
      params: { t: text },
    });
    const room = LIMITS.paramsBytesMax - '{"t":""}'.length;
    expect(() => canonicalizeAction(withText("x".repeat(room)))).not.toThrow();
    expect(() => canonicalizeAction(withText("é".repeat(room / 2)))).not.toThrow();
    expect(() => canonicalizeAction(withText("😀".repeat(room / 4)))).not.toThrow();
    expect(() => canonicalizeAction(withText("x".repeat(room + 1)))).toThrow(InvalidActionError);
    expect(() => canonicalizeAction(withText("é".repeat(room / 2 + 1)))).toThrow(/\$\.params: is over 102400 bytes/);
    expect(() => canonicalizeAction(withText("日".repeat(room / 3 + 1)))).toThrow(InvalidActionError);
    expect(() => canonicalizeAction(withText("😀".repeat(room / 4 + 1)))).toThrow(InvalidActionError);
    const context = { t: "x".repeat(room + 1) };
    expect(() => canonicalizeAction({ ...withText(""), context })).toThrow(/\$\.context/);
  });

  it("refuses values without a canonical form, naming the path", () => {
    const refused = (params: object): (() => unknown) => {
      const request = { agent_id: "a", tool: "t", operation: "o", params: params as JsonObject };
      return () => canonicalizeAction(request);
    };
    expect(refused({ a: [Number.NaN] })).toThrow("$.params.a[0]: is not a finite number");
    expect(refused({ a: 2 ** 53 })).toThrow("$.params.a: is an integer beyond");
    expect(refused({ a: undefined })).toThrow(InvalidActionError);
    expect(() => canonicalizeAction({ agent_id: "\ud800", tool: "t", operation: "o", params: {} })).toThrow(
      "$.agent_id",
    );
  });
});
