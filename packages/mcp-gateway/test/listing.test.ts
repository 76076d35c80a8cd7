import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGate, type TestGate } from "./gate.js";
import { Recorded, textOf, toolOf, Wrapped } from "./wrapped.js";

const POLICY = `version: 1
name: listing
rules:
  - id: never
    match: { tool: die }
    deny: true
  - id: not-for-this-agent
    match: { tool: fail, agent_id: another }
    allow: true
  - id: some-texts
    match: { tool: echo, params: { text: { contains: hello } } }
    allow: true
  - id: not-large
    match: { tool: big, params: { bytes: { gt: 1000000 } } }
    deny: true
  - id: held
    match: { tool: pay }
    require_approval: true
  - id: everything-else
    match: { tool: [big, get-sum, get-tiny-image, changed, trigger-long-running-operation] }
    allow: true
`;
const TOOLS = ["die", "fail", "echo", "big", "pay", "throw"].map((name) => toolOf(name));

let gate: TestGate;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());

describe("tools/list", () => {
  let recorded: Recorded;
  afterEach(() => recorded.stop());
  const names = async () => (await recorded.wrapped.client.listTools()).tools.map(({ name }) => name);

  it("shows every tool when it is not asked to hide any", async () => {
    recorded = await Recorded.start({ gate }, TOOLS);
    expect(await names()).toEqual(["die", "fail", "echo", "big", "pay", "throw"]);
  });

  it("hides what the policy never allows, and shows what it may allow or hold", async () => {
    recorded = await Recorded.start({ gate, options: ["--hide-denied"] }, TOOLS);
    expect(await names()).toEqual(["echo", "big", "pay"]);
  });

  it("hides, and still refuses: what is hidden does not run when it is called all the same", async () => {
    recorded = await Recorded.start({ gate, options: ["--hide-denied"] }, TOOLS);
    expect((await recorded.call("die")).isError).toBe(true);
    expect(recorded.reached).toEqual([]);
  });

  it("leaves out tools whose names could be read as something else", async () => {
    recorded = await Recorded.start({ gate }, [toolOf("echo"), toolOf("__proto__"), toolOf("e\u200bcho")]);
    expect(await names()).toEqual(["echo"]);
    expect(recorded.wrapped.stderr).toContain("2 tools are left out because of their names");
  });

  it("that names a tool twice is refused whole", async () => {
    recorded = await Recorded.start({ gate }, [toolOf("echo"), toolOf("echo", { description: "Another" })]);
    expect(await names()).toEqual([]);
    expect(textOf(await recorded.call("echo", { text: "hello" }))).toContain("There is no tool echo");
    expect(recorded.wrapped.stderr).toContain("lists a tool twice");
  });

  it("is said to have changed to a client, when the server says so", async () => {
    recorded = await Recorded.start({ gate, options: ["--no-pins"] }, [toolOf("changed")]);
    const told = new Promise<void>((resolve) => {
      recorded.wrapped.client.setNotificationHandler("notifications/tools/list_changed", () => resolve());
    });
    await recorded.call("changed");
    await told;
  });

  it("registers the schemas with the gate, which then holds arguments against them", async () => {
    const options = ["--register-schemas"];
    recorded = await Recorded.start({ gate, options, env: { FARAMESH_API_KEY: gate.adminKey } }, [toolOf("big")]);
    expect(await names()).toEqual(["big"]);
    expect(textOf(await recorded.call("big", { bytes: "many" }))).toContain("(invalid_action)");
    expect(recorded.reached).toEqual([]);
    expect(textOf(await recorded.call("big", { bytes: 10 }))).toBe("0123456789");
  });

  it("works on where the gate does not take the schemas, and says so", async () => {
    recorded = await Recorded.start({ gate, options: ["--register-schemas"] }, [toolOf("big")]);
    expect(await names()).toEqual(["big"]);
    expect(recorded.wrapped.stderr).toContain("could not be registered");
  });
});

describe("results of a call", () => {
  let recorded: Recorded;
  afterEach(() => recorded.stop());

  it("are bounded and redacted before the client and the record of the gate get them", async () => {
    recorded = await Recorded.start({ gate, options: ["--result-bytes", "1000", "--redact", "345+"] }, TOOLS);
    expect(textOf(await recorded.call("big", { bytes: 10 }))).toBe("012[redacted]6789");
    const [action] = await gate.admin.listActions({ limit: 1 });
    expect(action?.result).toMatchObject({ content: [{ text: "012[redacted]6789" }] });
    const cut = await recorded.call("big", { bytes: 100_000 });
    expect(JSON.stringify(cut).length).toBeLessThanOrEqual(1_000);
  });
});

describe("@modelcontextprotocol/server-everything behind the gate", () => {
  const EVERYTHING = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"));
  let wrapped: Wrapped;
  afterEach(() => wrapped.stop());
  const start = (...options: string[]) =>
    Wrapped.start({ gate, options }, () => [process.execPath, EVERYTHING, "stdio"]);

  it("passes on resources, prompts, completions and logging", async () => {
    wrapped = await start();
    const { client } = wrapped;
    const { prompts } = await client.listPrompts();
    expect(prompts.length).toBeGreaterThan(0);
    expect((await client.getPrompt({ name: "simple-prompt" })).messages.length).toBeGreaterThan(0);
    const { resources } = await client.listResources();
    expect((await client.readResource({ uri: resources[0]?.uri ?? "" })).contents).toHaveLength(1);
    expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0);
    await client.setLoggingLevel("debug");
  });

  it("is asked for tools only, where the operator wants that", async () => {
    wrapped = await start("--tools-only");
    expect(wrapped.client.getServerCapabilities()).toEqual({ tools: { listChanged: true } });
    await expect(wrapped.client.request({ method: "resources/list" })).rejects.toThrow();
  });

  it("cannot ask the client for sampling, elicitation or roots, which nobody decides about", async () => {
    wrapped = await start();
    const names = (await wrapped.client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain("get-sum");
    expect(names.filter((name) => /sampling|elicitation|roots/.test(name))).toEqual([]);
  });

  it("gives images, and structured content that its schema allows", async () => {
    wrapped = await start();
    expect(textOf(await wrapped.call("get-sum", { a: 2, b: 3 }))).toContain("5");
    const image = await wrapped.call("get-tiny-image");
    expect(image.content.some((block) => block.type === "image")).toBe(true);
  });

  it("passes the progress of a call on", async () => {
    wrapped = await start();
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
    await wrapped.call("trigger-long-running-operation", { duration: 0.2, steps: 2 }, { onprogress });
    // A client leaves out what comes together with the result.
    expect([[1], [1, 2]]).toContainEqual(seen);
  });
});
