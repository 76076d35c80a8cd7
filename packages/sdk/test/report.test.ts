import { afterEach, describe, expect, it } from "vitest";
import { INPUT, problem, rejection } from "./fake-gate.js";
import { type Script, type ScriptedGate, startScriptedGate } from "./scripted-gate.js";

let gate: ScriptedGate;
afterEach(() => gate.close());

async function gateThat(script: Script): Promise<void> {
  gate = await startScriptedGate(script);
}

describe("the report", () => {
  it("an executor that throws is reported as failed, and its own exception goes on", async () => {
    await gateThat({});
    const thrown = new RangeError("disk full");
    const executor = (): never => {
      throw thrown;
    };
    expect(await rejection(gate.client.executeIfAllowed({ ...INPUT, executor }))).toBe(thrown);
    expect(gate.bodiesOf("result")).toEqual([{ success: false, error: "RangeError: disk full" }]);
  });

  it("an executor that throws keeps its exception even when the report fails too", async () => {
    await gateThat({ result: () => ({ fault: "drop" }) });
    const thrown = { odd: true };
    const told: unknown[] = [];
    const execution = gate.client.executeIfAllowed({
      ...INPUT,
      executor: () => Promise.reject(thrown),
      onReportFailed: (error) => void told.push(error.code),
    });
    expect(await rejection(execution)).toBe(thrown);
    expect(told).toEqual(["unreachable"]);
  });

  it("the text of a failure is bounded, and carries no half characters", async () => {
    await gateThat({});
    const executor = (): never => {
      throw new Error(`${"x".repeat(3_992)}😀${"x".repeat(10_000)}`);
    };
    await rejection(gate.client.executeIfAllowed({ ...INPUT, executor }));
    const [{ error }] = gate.bodiesOf("result") as [{ error: string }];
    expect(error.length).toBe(4_000);
    expect(error.endsWith("\uFFFD")).toBe(true);
  });

  it("when only the report fails, the caller still learns the result, and that the gate does not know", async () => {
    await gateThat({ result: () => problem(503, "store_unavailable") });
    const result = { paid: true };
    const execution = await gate.client.executeIfAllowed({
      ...INPUT,
      executor: () => result,
      onReportFailed: () => {
        throw new Error("a listener that fails");
      },
    });
    expect(execution.result).toBe(result);
    expect(execution).toMatchObject({ reported: false, report_error: { code: "store_unavailable" } });
  });

  const loop: { self?: unknown } = {};
  loop.self = loop;
  const wide: unknown[] = [];
  for (let depth = 0, list: unknown[] = wide; depth < 25; depth++) {
    const next: unknown[] = [];
    list.push(next, next);
    list = next;
  }
  const hostile = {
    get secret(): never {
      throw new Error("not yours");
    },
  };
  const unrecordable: [string, unknown, object][] = [
    ["a class instance", new Map([["a", 1]]), { type: "Map" }],
    ["a function", () => 1, { type: "function" }],
    ["a bigint", 10n, { type: "bigint" }],
    ["NaN", Number.NaN, { type: "number" }],
    ["an object that holds itself", loop, { type: "Object" }],
    ["lists that multiply", wide, { type: "Array" }],
    ["a getter that throws", hostile, { not_recorded: "the result cannot be read" }],
    [
      "70,000 characters",
      "x".repeat(70_000),
      { type: "string", not_recorded: "the result is 70002 bytes, over 65536" },
    ],
    [
      "20,000 numbers",
      Array.from({ length: 20_000 }, () => 1),
      { not_recorded: "the result holds more than 9984 values" },
    ],
  ];
  for (const [name, result, description] of unrecordable) {
    it(`a result that cannot be recorded (${name}) is described; the caller still gets the object`, async () => {
      await gateThat({});
      const execution = await gate.client.executeIfAllowed({ ...INPUT, executor: () => result });
      expect(execution.result).toBe(result);
      expect(execution.reported).toBe(true);
      expect(gate.bodiesOf("result")).toMatchObject([{ success: true, result: description }]);
    });
  }

  it("an executor that returns nothing is a success without a result", async () => {
    await gateThat({});
    await gate.client.executeIfAllowed({ ...INPUT, executor: () => {} });
    expect(gate.bodiesOf("result")).toEqual([{ success: true }]);
  });

  it("giving up after the executor ran does not keep the report from being sent", async () => {
    await gateThat({});
    const controller = new AbortController();
    const execution = await gate.client.executeIfAllowed({
      ...INPUT,
      signal: controller.signal,
      executor: () => controller.abort(),
    });
    expect(execution.reported).toBe(true);
  });
});
