import { request } from "node:http";
import { fileURLToPath } from "node:url";
import type { CallToolResult, Client } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGate, type TestGate } from "./gate.js";
import { freePort, type RunningProcess, startNode } from "./processes.js";
import { HttpRecorder, INITIALIZE, Proxied } from "./proxied.js";
import { textOf, toolOf } from "./wrapped.js";

const POLICY = `version: 1
name: proxy
rules:
  - id: no-secrets
    match: { tool: "*", params: { text: { contains: secret } } }
    deny: true
  - id: pay
    match: { tool: "*pay" }
    require_approval: true
  - id: everything
    match: { tool: ["*echo", "*slow", "*get-sum", "*changed"], operation: call }
    allow: true
`;
const ERAS = [
  ["2025", {}],
  ["2026-07-28", { versionNegotiation: { mode: { pin: "2026-07-28" } } }],
] as const;

let gate: TestGate;
let first: HttpRecorder;
let second: HttpRecorder;
let proxied: Proxied;
let client: Client;
beforeAll(async () => {
  gate = await startGate(POLICY);
});
afterAll(() => gate.stop());
beforeEach(async () => {
  [first, second] = await Promise.all([HttpRecorder.start(), HttpRecorder.start()]);
});
afterEach(async () => {
  await client?.close();
  await Promise.all([proxied.stop(), first.stop(), second.stop()]);
});

const call = (name: string, args: Record<string, unknown> = {}, options = {}): Promise<CallToolResult> =>
  client.callTool({ name, arguments: args }, options);

describe.each(ERAS)("faramesh mcp proxy, to a client of MCP %s,", (_, options) => {
  const startBoth = async (...more: string[]) => {
    const upstreams = ["--upstream", `one=${first.url}`, "--upstream", `two=${second.url}`];
    proxied = await Proxied.start(gate, [...upstreams, "--agent-id", "http-agent", ...more]);
    client = await proxied.client(undefined, options);
  };

  it("serves several servers, each call to the one that its prefix names", async () => {
    await startBoth();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["one__echo", "two__echo"]));
    expect(textOf(await call("two__echo", { text: "hello" }))).toBe("hello");
    expect([first.reached, second.reached]).toEqual([[], [{ tool: "echo", args: { text: "hello" } }]]);
    const [action] = await gate.admin.listActions({ limit: 1 });
    expect(action).toMatchObject({
      agent_id: "http-agent",
      tool: "two__echo",
      operation: "call",
      context: { mcp: { server: "two" } },
      status: "succeeded",
    });
  });

  it("does not pass on what is denied", async () => {
    await startBoth();
    expect((await call("one__echo", { text: "secret" })).isError).toBe(true);
    expect(textOf(await call("echo", { text: "hello" }))).toContain("There is no tool echo");
    expect([...first.reached, ...second.reached]).toEqual([]);
  });

  it("runs a held call once when it is called again after the approval", async () => {
    await startBoth("--wait-seconds", "0");
    const held = await call("one__pay", { text: "1" });
    const { id } = (held._meta?.["faramesh/action"] ?? {}) as { id: string };
    expect(first.reached).toEqual([]);
    await gate.approver.approveAction(id);
    expect(textOf(await call("one__pay", { text: "1" }))).toBe("paid 1");
    expect(first.reached).toHaveLength(1);
    expect(await gate.admin.getAction(id)).toMatchObject({ status: "succeeded" });
  });

  it("withdraws a held call that the client cancels", async () => {
    await startBoth();
    const cancelling = new AbortController();
    const pending = new Promise<void>((resolve) => {
      const onprogress = () => resolve();
      call("one__pay", { text: "cancelled" }, { signal: cancelling.signal, onprogress }).catch(() => {});
    });
    await pending;
    const [action] = await gate.admin.listActions({ limit: 1 });
    cancelling.abort();
    const ended = await gate.admin.waitForCompletion(action?.id ?? "", { waitSeconds: 20 });
    expect(ended.status).toBe("cancelled");
    expect(first.reached).toEqual([]);
  });

  it("holds a tool of one server that changed, and goes on with the same tool of the other", async () => {
    await startBoth();
    await client.listTools();
    first.define(toolOf("echo", { description: "Poisoned" }));
    await client.listTools();
    expect(textOf(await call("one__echo", { text: "1" }))).toContain("has changed since it was pinned");
    expect(textOf(await call("two__echo", { text: "2" }))).toBe("2");
    expect(first.reached).toEqual([]);
  });

  it("runs parallel calls each once", async () => {
    await startBoth();
    const texts = Array.from({ length: 20 }, (_each, index) => `call ${index}`);
    const results = await Promise.all(
      texts.map((text, index) => call(index % 2 ? "one__echo" : "two__echo", { text })),
    );
    expect(results.map(textOf)).toEqual(texts);
    expect([first.reached.length, second.reached.length]).toEqual([10, 10]);
  });

  it("answers with an error when a server is gone, and goes on with the other", async () => {
    await startBoth();
    await client.listTools();
    await first.stop();
    expect((await call("one__echo", { text: "1" })).isError).toBe(true);
    expect(textOf(await call("two__echo", { text: "2" }))).toBe("2");
    first = await HttpRecorder.start();
  });
});

describe("the endpoint", () => {
  const start = async (...options: string[]) => {
    proxied = await Proxied.start(gate, ["--upstream", first.url, "--agent-id", "http-agent", ...options]);
  };

  it("lets no web page in that was led to it by another name", async () => {
    await start();
    const statusOf = (host: string, origin?: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { host, "content-type": "application/json", ...(origin !== undefined && { origin }) };
        const asked = request(proxied.url, { method: "POST", headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.once("error", reject);
        asked.end(JSON.stringify(INITIALIZE));
      });
    expect(await statusOf("evil.example")).toBe(403);
    expect(await statusOf("127.0.0.1", "https://evil.example")).toBe(403);
    expect(await statusOf("127.0.0.1", "null")).toBe(403);
    expect(await statusOf("localhost", "http://localhost:3000")).not.toBe(403);
  });

  it("refuses a message that is too large before it is read whole", async () => {
    await start();
    const large = { ...INITIALIZE, params: { ...INITIALIZE.params, padding: "x".repeat(1_100_000) } };
    expect((await proxied.post(large)).status).toBe(413);
  });

  it("refuses what is no message, and a session that is not there", async () => {
    await start();
    expect((await proxied.post("{")).status).toBe(400);
    expect((await proxied.post({ jsonrpc: "2.0", id: 1, method: "tools/list" })).status).toBe(400);
    const named = { "mcp-session-id": "no-such-session" };
    expect((await proxied.post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, named)).status).toBe(404);
    expect((await fetch(new URL("/", proxied.url))).status).toBe(404);
    expect(first.reached).toEqual([]);
  });

  it("answers that a server is not there, and lets nobody begin", async () => {
    await start();
    await first.stop();
    expect((await proxied.post(INITIALIZE)).status).toBe(502);
    first = await HttpRecorder.start();
  });

  it("sends its own token to the server, from the environment, and to that server alone", async () => {
    const upstreams = ["--upstream", `one=${first.url}`, "--upstream", `two=${second.url}`];
    const options = [...upstreams, "--agent-id", "http-agent", "--upstream-token", "two=TOKEN_OF_TWO"];
    proxied = await Proxied.start(gate, options, { TOKEN_OF_TWO: "for-two" });
    client = await proxied.client("of-the-client");
    await client.listTools();
    expect(first.authorizations).toEqual([]);
    expect([...new Set(second.authorizations)]).toEqual(["Bearer for-two"]);
  });

  it("ends on SIGTERM with 0, and withdraws what is held", async () => {
    await start();
    client = await proxied.client();
    const pending = new Promise<void>((resolve) => {
      const onprogress = () => resolve();
      call("pay", { text: "stopped" }, { onprogress }).catch(() => {});
    });
    await pending;
    expect(await proxied.process.stop("SIGTERM")).toBe(0);
    const [action] = await gate.admin.listActions({ limit: 1 });
    expect(action).toMatchObject({ tool: "pay", status: "cancelled" });
    expect(first.reached).toEqual([]);
  });
});

describe("@modelcontextprotocol/server-everything behind the endpoint", () => {
  const EVERYTHING = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"));
  const SUM = { a: 2, b: 3 };
  let port: number;
  let everything: RunningProcess;
  const startEverything = async () => {
    const started = await startNode([EVERYTHING, "streamableHttp"], { env: { PORT: `${port}` } }, /listening on port/);
    everything = started.process;
  };
  beforeEach(async () => {
    port = await freePort();
    await startEverything();
  });
  afterEach(() => everything.stop());

  it("is served beside another server, which speaks another revision", async () => {
    const upstreams = ["--upstream", `every=http://127.0.0.1:${port}/mcp`, "--upstream", `one=${first.url}`];
    proxied = await Proxied.start(gate, [...upstreams, "--agent-id", "http-agent"]);
    client = await proxied.client();
    expect(textOf(await call("every__get-sum", SUM))).toContain("5");
    expect(textOf(await call("one__echo", { text: "hello" }))).toBe("hello");
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain("every__simple-prompt");
    expect((await client.getPrompt({ name: "every__simple-prompt" })).messages.length).toBeGreaterThan(0);
  });

  it("that was started anew is found again: by the next call of 2026-07-28, by the next session of 2025", async () => {
    proxied = await Proxied.start(gate, [
      ...["--upstream", `http://127.0.0.1:${port}/mcp`],
      ...["--agent-id", "http-agent"],
    ]);
    client = await proxied.client();
    const modern = await proxied.client(undefined, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    const sum = { name: "get-sum", arguments: SUM };
    await Promise.all([call("get-sum", SUM), modern.callTool(sum)]);
    await everything.stop();
    await startEverything();
    expect((await call("get-sum", SUM)).isError).toBe(true);
    await expect(call("get-sum", SUM)).rejects.toThrow();
    expect((await modern.callTool(sum)).isError).toBe(true);
    expect(textOf(await modern.callTool(sum))).toContain("5");
    await modern.close();
    client = await proxied.client();
    expect(textOf(await call("get-sum", SUM))).toContain("5");
  });
});
