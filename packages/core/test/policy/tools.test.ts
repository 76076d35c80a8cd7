import type { JsonObject } from "@faramesh/protocol";
import { describe, expect, it } from "vitest";
import { loadPolicy, readToolSchemas, type ToolSchema } from "../../src/index.js";

const PAY: ToolSchema = {
  tool: "pay",
  operation: "refund",
  schema: {
    type: "object",
    properties: {
      amount: { type: "number" },
      currency: { enum: ["EUR", "USD"] },
      to: { $ref: "#/$defs/party" },
      items: {
        type: "array",
        items: { type: "object", properties: { sku: { type: "string" } }, additionalProperties: false },
      },
      extra: { type: "object" },
      either: { anyOf: [{ type: "string" }, { type: "object", properties: { x: { type: "integer" } } }] },
    },
    required: ["amount", "to"],
    additionalProperties: false,
    $defs: {
      party: {
        type: "object",
        properties: { name: { type: "string" }, parent: { $ref: "#/$defs/party" } },
        required: ["name"],
        additionalProperties: false,
      },
    },
  },
};

/** What is found in one rule that denies: code and cure. */
function found(match: string, tools: readonly ToolSchema[] = [PAY]): string[] {
  const { findings } = loadPolicy(`rules: [{ id: r, match: ${match}, deny: true }]`, { tools });
  return findings.map(({ code, cure }) => `${code}: ${cure}`);
}

const params = (text: string): string => `{ tool: pay, operation: refund, params: { ${text} } }`;

describe("a rule for a tool whose schema is known", () => {
  it.each([
    "amount: { gt: 5 }",
    "currency: EUR",
    "to.name: x",
    "to.parent.parent.parent.name: x",
    '"items[0].sku": x',
    '"items[*].sku": { starts_with: a }',
    "extra.anything: 1",
    "either: x",
    "either.x: 5",
  ])("may be about what the tool has: %s", (text) => {
    expect(found(params(text))).toEqual([]);
  });

  it.each([
    ["ammount: { gt: 5 }", "unknown_param: did you mean amount?"],
    ["to.nmae: x", "unknown_param: did you mean name?"],
    ['"items[*].sky": x', "unknown_param: did you mean sku?"],
    ["amount: { contains: x }", "mistyped_param: take an operator for number"],
    ["to.name: { gt: 5 }", undefined],
    ["items: { pattern: a }", "mistyped_param: take an operator for array"],
    ["currency: GBP", "never_true: take one of these values"],
    ["currency: { in: [GBP, CHF] }", "never_true: take one of these values"],
  ])("is found out where it reads well and never holds: %s", (text, finding) => {
    expect(found(params(text))).toEqual(finding === undefined ? [] : [finding]);
  });

  it("is looked into where it says it in CEL, too", () => {
    const { findings } = loadPolicy(
      "rules: [{ match: { tool: pay, operation: refund }, when: params.ammount > 5.0, deny: true }]",
      {
        tools: [PAY],
      },
    );
    expect(findings.map(({ code }) => code)).toEqual(["unknown_param"]);
  });

  it("is left alone where a tool of it is not known, or it names a glob", () => {
    expect(found("{ tool: [pay, other], operation: refund, params: { ammount: 1 } }")).toEqual([]);
    expect(found('{ tool: "pa*", operation: refund, params: { ammount: 1 } }')).toEqual([]);
    expect(found("{ tool: pay, operation: charge, params: { ammount: 1 } }")).toEqual([]);
    expect(found("{ tool: pay, params: { ammount: 1 } }")).toHaveLength(1);
  });

  it("may be about what one of its tools has", () => {
    const other: ToolSchema = {
      tool: "bank",
      operation: null,
      schema: { properties: { iban: {} }, additionalProperties: false },
    };
    expect(found("{ tool: [pay, bank], operation: refund, params: { iban: x } }", [PAY, other])).toEqual([]);
  });

  it("protects by what the tool always asks for, or it is an error that a later rule allows without it", () => {
    const codes = (param: string): string[] => {
      const source = `rules:
  - { match: { tool: pay, operation: refund, params: { ${param}: { ne: x } } }, deny: true }
  - { match: { tool: pay, operation: refund }, allow: true }`;
      return loadPolicy(source, { tools: [PAY] }).findings.map(({ code }) => code);
    };
    expect([codes("amount"), codes("extra")]).toEqual([[], ["omittable_param"]]);
  });
});

describe("schemas of tools", () => {
  const read = (value: unknown, tool?: string): ReturnType<typeof readToolSchemas> =>
    readToolSchemas(JSON.stringify(value), tool);

  it("come from what an MCP server answers to tools/list", () => {
    const tools = [{ name: "read_file", inputSchema: { type: "object", properties: { path: { type: "string" } } } }];
    const expected = [{ tool: "read_file", operation: null, schema: tools[0]?.inputSchema }];
    expect(read({ tools })).toEqual({ tools: expected, faults: [] });
    expect(read({ jsonrpc: "2.0", id: 1, result: { tools } }).tools).toEqual(expected);
  });

  it("come from an OpenAPI document: an operation each, with its parameters and the members of its body", () => {
    const document: JsonObject = {
      openapi: "3.1.0",
      info: { title: "shop", version: "1" },
      paths: {
        "/orders/{id}": {
          parameters: [{ $ref: "#/components/parameters/id" }],
          get: { operationId: "getOrder" },
          post: {
            parameters: [{ name: "dry", in: "query", schema: { type: "boolean" } }],
            requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Order" } } } },
          },
        },
      },
      components: {
        parameters: { id: { name: "id", in: "path", required: true, schema: { type: "string" } } },
        schemas: {
          Order: { type: "object", properties: { total: { $ref: "#/components/schemas/Money" } }, required: ["total"] },
          Money: { type: "number" },
        },
      },
    };
    const { tools, faults } = read(document, "orders");
    expect(faults).toEqual([]);
    expect(tools.map(({ tool, operation }) => `${tool} ${operation}`)).toEqual([
      "orders getOrder",
      "orders post /orders/{id}",
    ]);
    expect(tools[1]?.schema["required"]).toEqual(["id", "total"]);
    const codes = (text: string): string[] =>
      found(`{ tool: orders, operation: "post /orders/{id}", params: { ${text} } }`, tools);
    expect(codes("total: { gt: 5 }")).toEqual([]);
    expect(codes("total: { pattern: a }")).toEqual(["mistyped_param: take an operator for number"]);
    expect(read(document).tools[0]?.tool).toBe("shop");
  });

  it.each([
    ["no JSON", "{", /is not JSON/],
    ["something else", "{}", /neither|no answer/],
    ["a tool without a schema", '{"tools":[{"name":"a"}]}', /has no inputSchema/],
    ["a list without tools", '[{"schema":{}}]', /has no tool/],
    ["an OpenAPI document of nothing", '{"openapi":"3.1.0","info":{"title":"t"},"paths":{}}', /no operations/],
  ])("are refused where they are %s", (_what, source, fault) => {
    const { tools, faults } = readToolSchemas(source);
    expect([tools, faults.length]).toEqual([[], 1]);
    expect(faults[0]).toMatch(fault);
  });

  it("that are about themselves without end come to an end", () => {
    const schema: JsonObject = {
      $ref: "#/$defs/a",
      $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }] } },
    };
    expect(found("{ tool: t, params: { x: 1 } }", [{ tool: "t", operation: null, schema }])).toEqual([]);
  });
});
