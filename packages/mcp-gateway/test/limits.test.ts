import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { GATEWAY_LIMITS } from "../src/index.js";
import { startGate, type TestGate } from "./gate.js";
import { HttpRecorder, INITIALIZE, Proxied } from "./proxied.js";
import { Recorded, textOf, toolOf } from "./wrapped.js";

const POLICY = `version: 1
name: limits
rules:
  - { id: all, match: { tool: [echo, slow, big] }, allow: true }
  - { id: held, match: { tool: pay }, require_approval: true }
`;

let gate: TestGate;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());

describe("one client", () => {
  let recorded: Recorded;
  afterEach(() => recorded.stop());

  it("has so many calls under way, and no more", async () => {
    recorded = await Recorded.start({ gate });
    const { callsMax } = GATEWAY_LIMITS;
    const cancelling = Array.from({ length: callsMax }, () => new AbortController());
    const calls = cancelling.map(({ signal }) => recorded.call("slow", {}, { signal }));
    const ended = Promise.allSettled(calls);
    while (recorded.reached.length < callsMax) await new Promise(setImmediate);
    expect(textOf(await recorded.call("echo", { text: "one more" }))).toContain(`More than ${callsMax} calls`);
    for (const each of cancelling) each.abort();
    await ended;
    let result = await recorded.call("echo", { text: "later" });
    while (result.isError) result = await recorded.call("echo", { text: "later" });
    expect(textOf(result)).toBe("later");
  });

  it("is shown no tools of a server that lists too many", async () => {
    const many = Array.from({ length: GATEWAY_LIMITS.toolsMax + 1 }, (_, index) => toolOf(`tool-${index}`));
    recorded = await Recorded.start({ gate }, many);
    expect((await recorded.wrapped.client.listTools()).tools).toEqual([]);
    expect(recorded.wrapped.stderr).toContain("lists more tools than are looked at");
  });

  it("is cut off with a message that is too large, and nothing of it runs", async () => {
    recorded = await Recorded.start({ gate });
    const call = recorded.call("echo", { text: "x".repeat(GATEWAY_LIMITS.clientMessageBytesMax) });
    await expect(call).rejects.toThrow("Connection closed");
    expect(recorded.reached).toEqual([]);
  });

  it("has a server cut off that sends too much at once, and is told that the tool may have run", async () => {
    recorded = await Recorded.start({ gate });
    const result = await recorded.call("big", { bytes: GATEWAY_LIMITS.serverMessageBytesMax });
    expect(textOf(result)).toContain("The tool may have run");
  });

  it("has a call end that runs too long, which is reported as failed", async () => {
    recorded = await Recorded.start({ gate, options: ["--call-seconds", "1"] });
    expect(textOf(await recorded.call("slow"))).toContain("The tool may have run");
    const [action] = await gate.admin.listActions({ tool: "slow", limit: 1 });
    expect(action?.status).toBe("failed");
  });
});

describe("the endpoint", () => {
  let proxied: Proxied;
  let recorder: HttpRecorder;
  afterEach(() => Promise.all([proxied.stop(), recorder.stop()]));

  it("has so many sessions, and no more", { timeout: 60_000 }, async () => {
    recorder = await HttpRecorder.start();
    proxied = await Proxied.start(gate, ["--upstream", recorder.url, "--agent-id", "agent"]);
    for (let at = 0; at < GATEWAY_LIMITS.sessionsMax; at++) expect((await proxied.post(INITIALIZE)).status).toBe(200);
    expect((await proxied.post(INITIALIZE)).status).toBe(503);
  });
});
