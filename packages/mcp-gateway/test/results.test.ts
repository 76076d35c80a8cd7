import { describe, expect, it } from "vitest";
import { ResultFilter } from "../src/index.js";
import { textOf } from "./wrapped.js";

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });

describe("a result", () => {
  it("within the bound is passed on as it is", () => {
    const result = { ...text("short"), structuredContent: { a: 1 } };
    expect(new ResultFilter({}).tool(result, true)).toBe(result);
  });

  it("over the bound is cut to its beginning, and says that the tool ran", () => {
    const cut = new ResultFilter({ bytesMax: 1_000 }).tool(text("é".repeat(10_000)), false);
    expect(Buffer.byteLength(JSON.stringify(cut))).toBeLessThanOrEqual(1_000);
    expect(textOf(cut)).toMatch(/^\[The tool ran; do not call it again for this\. Its result has 200\d\d bytes/);
    expect(textOf(cut)).toMatch(/\]\né+$/);
    expect(cut.isError).toBeUndefined();
  });

  it("over the bound, of a tool that promises structured content, is an error, as clients would make it", () => {
    const large = { ...text("x"), structuredContent: { all: "y".repeat(2_000) } };
    expect(new ResultFilter({ bytesMax: 1_000 }).tool(large, true)).toMatchObject({ isError: true });
  });

  it("is redacted wherever a pattern is found: in text, structured content and resources", () => {
    const filter = new ResultFilter({ redact: ["sk-[a-z0-9]+", "(?i)password: \\S+"] });
    const result = filter.tool(
      {
        content: [
          { type: "text", text: "key sk-abc123, PASSWORD: hunter2!" },
          { type: "resource", resource: { uri: "file:///a", text: "sk-abc123" } },
        ],
        structuredContent: { data: "sk-abc123", list: [{ deep: "sk-abc123" }] },
      },
      false,
    );
    expect(JSON.stringify(result)).not.toContain("sk-abc123");
    expect(textOf(result)).toContain("key [redacted], [redacted]");
    expect(result.structuredContent).toEqual({ data: "[redacted]", list: [{ deep: "[redacted]" }] });
  });

  it("keeps images as they are", () => {
    const image = { content: [{ type: "image" as const, mimeType: "image/png", data: "aaaa" }] };
    expect(new ResultFilter({ redact: ["a+"] }).tool(image, false)).toEqual(image);
  });

  it("is matched in linear time, whatever the pattern", () => {
    const started = performance.now();
    new ResultFilter({ redact: ["(a+)+b"] }).text("a".repeat(50_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("that is none of a tool is refused over the bound", () => {
    expect(() => new ResultFilter({ bytesMax: 1_000 }).plain({ all: "y".repeat(2_000) })).toThrow("over the limit");
  });

  it("cannot be redacted with a pattern that is not RE2", () => {
    expect(() => new ResultFilter({ redact: ["(?=a)"] })).toThrow();
    expect(() => new ResultFilter({ redact: Array.from({ length: 101 }, () => "a") })).toThrow("at most 100");
  });
});
