import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Desk, openDesk } from "./running.js";
import { inlineCode, readDocument, section } from "./snippets.js";

/** The part of the description (OpenAPI 3.1) that is looked at. */
interface Description {
  paths: Record<string, Record<string, object>>;
  components: { schemas: Record<string, { properties?: object }> };
}

/** Served, but not part of the API that is described. */
const UNDESCRIBED = ["GET /openapi.json", "GET /docs"];

const page = readDocument("docs/reference/http-api.md");
const words = (text: string) => inlineCode(text.replace(/```[\s\S]*?```/g, ""));

let desk: Desk;
let described: Description;
beforeAll(async () => {
  desk = await openDesk();
  described = (await (await fetch(`${desk.env["FARAMESH_URL"]}/openapi.json`)).json()) as Description;
});
afterAll(() => desk.clear());

describe("docs/reference/http-api.md", () => {
  it("names every route that is served, and none that is not", () => {
    const served = Object.entries(described.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = words(page)
      .map((word) => /^(?:GET|POST|PUT|PATCH|DELETE) \/[^\s?]+/.exec(word)?.[0])
      .filter((route) => route !== undefined);
    expect([...new Set(named)].sort()).toEqual([...served, ...UNDESCRIBED].sort());
  });

  it("names every field of an action", () => {
    const [listed = ""] = section(page, "### An action").split(".\n");
    const named = listed
      .replaceAll("`", "")
      .replace(/\([^)]*\)|\{[^}]*\}|\?/g, "")
      .split(",")
      .map((field) => field.trim());
    expect(named.sort()).toEqual(Object.keys(described.components.schemas["Action"]?.properties ?? {}).sort());
  });
});
