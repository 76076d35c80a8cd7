import { describe, expect, it } from "vitest";
import { InvalidActionError } from "../../src/action/invalid-action.js";
import { readActionRequest } from "../../src/action/read-action.js";

const VALID = { agent_id: "a", tool: "shell", operation: "exec", params: {} };

describe("reading an action", () => {
  it("returns exactly what was given", () => {
    const given = { ...VALID, params: { cmd: " ls " }, context: { x: 1 } };
    expect(readActionRequest(given)).toEqual(given);
    expect(readActionRequest(VALID)).not.toHaveProperty("context");
  });

  it("takes op for operation, but not both", () => {
    const { operation, ...rest } = VALID;
    expect(readActionRequest({ ...rest, op: operation })).toEqual(VALID);
    expect(faultsOf({ ...VALID, op: "exec" })).toEqual(["$.op given_twice"]);
  });

  it("names every fault, not only the first", () => {
    const faults = faultsOf({ agent_id: "", tool: 5, params: [], context: null, extra: 1 });
    expect(faults).toEqual([
      "$.agent_id too_short",
      "$.tool wrong_type",
      "$.operation required",
      "$.params wrong_type",
      "$.context wrong_type",
      "$.extra unknown_field",
    ]);
  });

  it("trap: an unknown field is refused, with the field that was meant", () => {
    expect(() => readActionRequest({ ...VALID, contxt: {} })).toThrow(/did you mean "context"\?/);
    expect(() => readActionRequest({ ...VALID, toString: "x" })).toThrow(/toString/);
  });

  it.each([
    ["a tab", "a\tb"],
    ["a newline", "a\n"],
    ["DEL", "a\u007f"],
    ["a C1 control", "a\u0085b"],
    ["201 characters", "x".repeat(201)],
    ["nothing", ""],
  ])("refuses a name with %s", (_what, name) => {
    expect(faultsOf({ ...VALID, tool: name })).toHaveLength(1);
  });

  it("trap: names are not trimmed, lower-cased or otherwise altered", () => {
    const given = { ...VALID, agent_id: " Ä\u0301 ", tool: "HTTP " };
    expect(readActionRequest(given)).toEqual(given);
  });

  it("requires params, which an empty object is", () => {
    const { params: _params, ...rest } = VALID;
    expect(faultsOf(rest)).toEqual(["$.params required"]);
    expect(faultsOf({ ...VALID, params: null })).toEqual(["$.params wrong_type"]);
  });

  it.each([[null], ["text"], [[]], [5], [undefined]])("refuses %j as a whole", (value) => {
    expect(faultsOf(value)).toEqual(["$ wrong_type"]);
  });
});

function faultsOf(value: unknown): string[] {
  try {
    readActionRequest(value);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidActionError)) throw error;
    return error.faults.map((fault) => `${fault.path} ${fault.code}`);
  }
}
