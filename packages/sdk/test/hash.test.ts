import { describe, expect, it } from "vitest";
import { InvalidActionError, requestHash } from "../src/index.js";
import { actionOf, hashOf, INPUT, rejection } from "./fake-gate.js";

describe("requestHash", () => {
  it("does not depend on the order of fields, nor on fields that are not the agent's", async () => {
    const { agent_id, tool, operation, params } = INPUT;
    const expected = hashOf(INPUT);
    expect(await requestHash({ params, operation, tool, agent_id })).toBe(expected);
    expect(await requestHash(actionOf())).toBe(expected);
    expect(await requestHash({ ...INPUT, context: undefined })).toBe(expected);
    expect(await requestHash({ ...INPUT, context: {} })).not.toBe(expected);
  });

  it("trap: strings trimmed before hashing, so the client's hash differs: white space counts", async () => {
    expect(await requestHash({ ...INPUT, tool: " shell" })).not.toBe(await requestHash(INPUT));
    expect(await requestHash({ ...INPUT, params: { cmd: "ls -la\n" } })).not.toBe(await requestHash(INPUT));
  });

  it("names the place of what has no canonical form", async () => {
    const error = await rejection(requestHash({ ...INPUT, params: { a: [{ b: undefined }] } }));
    expect(error).toBeInstanceOf(InvalidActionError);
    expect(error).toMatchObject({ errors: [{ path: "$.params.a[0].b" }] });
  });

  it("is the published test vector", async () => {
    const action = { agent_id: "agent-1", tool: "http", operation: "get", params: {}, context: {} };
    expect(await requestHash(action)).toBe("bf9ffe46afd28ce0510340f49c4f1eea55c6968da4501e964794c8a3bc552664");
  });
});
