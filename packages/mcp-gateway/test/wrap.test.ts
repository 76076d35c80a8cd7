import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startGate, type TestGate } from "./gate.js";
import { Recorded, textOf, Wrapped } from "./wrapped.js";

const POLICY = `version: 1
name: mcp
rules:
  - id: no-secrets
    match: { tool: "*", params: { text: { contains: secret } } }
    deny: true
    reason: Secrets stay here
  - id: pay
    match: { tool: pay, operation: call }
    require_approval: true
    reason: Payments need a person
  - id: read
    match: { tool: [echo, big, fail, throw, die, environment, slow, changed, read_text_file, create_entities, read_graph], operation: call }
    allow: true
  - id: write
    match: { tool: write_file, operation: call, params: { path: { contains: /inbox/ } } }
    allow: true
`;

let gate: TestGate;
let recorded: Recorded;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());
afterEach(() => recorded?.stop());

/** The newest action of the gate. */
async function latest() {
  const [action] = await gate.admin.listActions({ limit: 1 });
  if (action === undefined) throw new Error("there is no action");
  return action;
}

describe("faramesh mcp wrap", () => {
  it("runs an allowed call once, with exactly what was decided, and reports its result", async () => {
    recorded = await Recorded.start({ gate });
    expect(textOf(await recorded.call("echo", { text: "hello" }))).toBe("hello");
    expect(recorded.reached).toEqual([{ tool: "echo", args: { text: "hello" } }]);
    expect(await latest()).toMatchObject({
      agent_id: "mcp-agent",
      tool: "echo",
      operation: "call",
      params: { text: "hello" },
      status: "succeeded",
      result: { content: [{ type: "text", text: "hello" }] },
    });
  });

  it("does not pass a denied call on, and says why", async () => {
    recorded = await Recorded.start({ gate });
    const result = await recorded.call("echo", { text: "secret" });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain("Secrets stay here");
    expect(recorded.reached).toEqual([]);
  });

  it("does not pass on a call that no rule allows", async () => {
    recorded = await Recorded.start({ gate }, [{ name: "unheard-of", inputSchema: { type: "object" } }]);
    expect(textOf(await recorded.call("unheard-of"))).toContain("DEFAULT_DENY_NO_MATCH");
    expect(recorded.reached).toEqual([]);
  });

  it("does not pass on a call of a tool that the server does not list", async () => {
    recorded = await Recorded.start({ gate }, []);
    expect(textOf(await recorded.call("echo", { text: "hello" }))).toContain("There is no tool echo");
    expect(recorded.reached).toEqual([]);
  });

  it("does not pass a call on while the gate cannot be reached", async () => {
    const other = await startGate(POLICY);
    recorded = await Recorded.start({ gate: other });
    await other.stop();
    const result = await recorded.call("echo", { text: "hello" });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain("did not run");
    expect(recorded.reached).toEqual([]);
  });

  it("does not pass on arguments that two parsers could read differently", async () => {
    recorded = await Recorded.start({ gate });
    const result = await recorded.call("echo", { text: "\uD800" });
    expect(textOf(result)).toContain("did not run");
    expect(recorded.reached).toEqual([]);
  });

  it("runs parallel calls each once, and gives each its own result", async () => {
    recorded = await Recorded.start({ gate });
    const texts = Array.from({ length: 20 }, (_, index) => `call ${index}`);
    const results = await Promise.all(texts.map((text) => recorded.call("echo", { text })));
    expect(results.map(textOf)).toEqual(texts);
    expect(recorded.reached).toHaveLength(20);
  });

  it("reports a tool that fails as failed, and passes its own words on", async () => {
    recorded = await Recorded.start({ gate });
    const result = await recorded.call("fail", { text: "disk full" });
    expect(result).toMatchObject({ isError: true, content: [{ type: "text", text: "disk full" }] });
    expect(await latest()).toMatchObject({ status: "failed", error: "ToolFailed: disk full" });
  });

  it("answers a call whose server dies, reports it as failed, and ends", async () => {
    recorded = await Recorded.start({ gate });
    const closed = new Promise<void>((resolve) => {
      recorded.wrapped.client.onclose = resolve;
    });
    const result = await recorded.call("die");
    expect(textOf(result)).toContain("The tool may have run");
    expect(await latest()).toMatchObject({ tool: "die", status: "failed" });
    await closed;
    expect(recorded.wrapped.stderr).toContain("code: upstream_gone");
  });

  it("keeps the key of the gate from the server's environment, and passes the rest on", async () => {
    recorded = await Recorded.start({ gate, env: { TOKEN_OF_THE_SERVER: "1", FARAMESH_TOKEN: "x" } });
    const names = textOf(await recorded.call("environment"));
    expect(names).toContain("TOKEN_OF_THE_SERVER");
    expect(names).not.toContain("FARAMESH");
  });

  it("ends its server when the client is gone", async () => {
    recorded = await Recorded.start({ gate });
    const { pid } = recorded.wrapped;
    await recorded.wrapped.client.close();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(recorded.wrapped.stderr).toBe("");
  });

  it("ends on SIGTERM, while the client is there", async () => {
    recorded = await Recorded.start({ gate });
    const closed = new Promise<void>((resolve) => {
      recorded.wrapped.client.onclose = resolve;
    });
    process.kill(recorded.wrapped.pid, "SIGTERM");
    await closed;
    expect(recorded.wrapped.stderr).toBe("");
  });

  it("serves a client of MCP 2026-07-28, too", async () => {
    recorded = await Recorded.start({ gate, client: { versionNegotiation: { mode: { pin: "2026-07-28" } } } });
    expect((await recorded.wrapped.client.listTools()).tools.map(({ name }) => name)).toContain("echo");
    expect(textOf(await recorded.call("echo", { text: "hello" }))).toBe("hello");
    expect(textOf(await recorded.call("echo", { text: "secret" }))).toContain("Secrets stay here");
    expect(recorded.reached).toHaveLength(1);
  });
});

describe("@modelcontextprotocol/server-filesystem behind the gate", () => {
  const FILESYSTEM = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js"));
  let wrapped: Wrapped;
  afterEach(() => wrapped.stop());

  it("writes what the policy allows, and nothing else", async () => {
    wrapped = await Wrapped.start({ gate }, (dir) => [process.execPath, FILESYSTEM, dir]);
    const { tools } = await wrapped.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("write_file");
    const denied = await wrapped.call("write_file", { path: join(wrapped.dir, "a.txt"), content: "x" });
    expect(textOf(denied)).toContain("did not run");
    expect(() => readFileSync(join(wrapped.dir, "a.txt"))).toThrow("ENOENT");
    writeFileSync(join(wrapped.dir, "b.txt"), "there");
    const read = await wrapped.call("read_text_file", { path: join(wrapped.dir, "b.txt") });
    expect(textOf(read)).toBe("there");
    expect(read.structuredContent).toEqual({ content: "there" });
  });
});

describe("@modelcontextprotocol/server-memory behind the gate", () => {
  const MEMORY = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-memory/dist/index.js"));
  let wrapped: Wrapped;
  afterEach(() => wrapped.stop());

  it("remembers what the policy allows, and nothing else, as its environment says where", async () => {
    const setup = { gate, env: { MEMORY_FILE_PATH: join(tmpdir(), `faramesh-memory-${process.pid}.jsonl`) } };
    wrapped = await Wrapped.start(setup, () => [process.execPath, MEMORY]);
    const entities = (name: string) => ({ entities: [{ name, entityType: "person", observations: [] }] });
    expect((await wrapped.call("create_entities", entities("Ada"))).isError).toBeUndefined();
    expect((await wrapped.call("delete_entities", { entityNames: ["Ada"] })).isError).toBe(true);
    const graph = await wrapped.call("read_graph");
    expect(graph.structuredContent).toEqual({ ...entities("Ada"), relations: [] });
    rmSync(setup.env.MEMORY_FILE_PATH);
  });
});
