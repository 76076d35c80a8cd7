import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AuthorizationServer } from "./authorization-server.js";
import { startGate, type TestGate } from "./gate.js";
import { HttpRecorder, INITIALIZE, Proxied } from "./proxied.js";
import { newFolder, textOf } from "./wrapped.js";

const POLICY = `version: 1
name: identity
rules:
  - id: alice-only
    match: { tool: echo, agent_id: alice }
    allow: true
  - id: held
    match: { tool: pay }
    require_approval: true
`;
const ERAS = [
  ["2025", {}],
  ["2026-07-28", { versionNegotiation: { mode: { pin: "2026-07-28" } } }],
] as const;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

let gate: TestGate;
let recorder: HttpRecorder;
let proxied: Proxied;
beforeAll(async () => {
  gate = await startGate(POLICY);
  recorder = await HttpRecorder.start();
});
afterAll(() => Promise.all([gate.stop(), recorder.stop()]));

/** The id of the session that a raw client is given. */
async function sessionOf(token: string): Promise<string> {
  const answer = await proxied.post(INITIALIZE, { authorization: `Bearer ${token}` });
  return answer.headers.get("mcp-session-id") ?? "none";
}

describe("agents with tokens", () => {
  let folder: string;
  beforeAll(async () => {
    folder = newFolder();
    const agents = ["alice", "bob"].map((name) => ({ agent_id: name, token_sha256: sha256(`token-of-${name}`) }));
    writeFileSync(join(folder, "agents.json"), JSON.stringify({ agents }));
    const options = ["--upstream", recorder.url, "--agents", join(folder, "agents.json"), "--wait-seconds", "0"];
    proxied = await Proxied.start(gate, options);
  });
  afterAll(async () => {
    await proxied.stop();
    rmSync(folder, { recursive: true });
  });

  it("are refused without a token, and with one that nobody has", async () => {
    expect((await proxied.post(INITIALIZE)).status).toBe(401);
    const large = { ...INITIALIZE, padding: "x".repeat(1_100_000) };
    expect((await proxied.post(large)).status).toBe(401);
    const wrong = await proxied.post(INITIALIZE, { authorization: "Bearer token-of-mallory" });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get("www-authenticate")).toContain("invalid_token");
  });

  it.each(ERAS)("act as who their token says, whatever their arguments say (%s)", async (_, options) => {
    const [alice, bob] = await Promise.all([
      proxied.client("token-of-alice", options),
      proxied.client("token-of-bob", options),
    ]);
    const before = recorder.reached.length;
    const args = { text: "hello", agent_id: "alice" };
    expect((await bob.callTool({ name: "echo", arguments: args })).isError).toBe(true);
    expect((await bob.callTool({ name: "echo", arguments: args, _meta: { agent_id: "alice" } })).isError).toBe(true);
    expect(recorder.reached).toHaveLength(before);
    expect(textOf(await alice.callTool({ name: "echo", arguments: { text: "hello" } }))).toBe("hello");
    const [action] = await gate.admin.listActions({ limit: 1 });
    expect(action?.agent_id).toBe("alice");
    await Promise.all([alice.close(), bob.close()]);
  });

  it.each(ERAS)("do not resume what another agent was held for (%s)", async (_, options) => {
    const [alice, bob] = await Promise.all([
      proxied.client("token-of-alice", options),
      proxied.client("token-of-bob", options),
    ]);
    const pay = { name: "pay", arguments: { text: "shared" } };
    const idOf = (result: { _meta?: Record<string, unknown> | undefined }) =>
      (result._meta?.["faramesh/action"] ?? {}) as { id: string };
    const { id } = idOf(await alice.callTool(pay));
    expect(idOf(await bob.callTool(pay)).id).not.toBe(id);
    await gate.approver.approveAction(id);
    const before = recorder.reached.length;
    expect((await bob.callTool(pay)).isError).toBe(true);
    expect(recorder.reached).toHaveLength(before);
    expect(textOf(await alice.callTool(pay))).toBe("paid shared");
    await Promise.all([alice.close(), bob.close()]);
  });

  it("go on with what they were held for in a later session", async () => {
    const pay = { name: "pay", arguments: { text: "later" } };
    const earlier = await proxied.client("token-of-alice");
    const held = await earlier.callTool(pay);
    const { id } = (held._meta?.["faramesh/action"] ?? {}) as { id: string };
    await (earlier.transport as StreamableHTTPClientTransport).terminateSession();
    await earlier.close();
    await gate.approver.approveAction(id);
    const later = await proxied.client("token-of-alice");
    expect(textOf(await later.callTool(pay))).toBe("paid later");
    expect(await gate.admin.getAction(id)).toMatchObject({ status: "succeeded" });
    await later.close();
  });

  it("cannot use the session of another agent", async () => {
    const session = await sessionOf("token-of-alice");
    const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };
    const asBob = { authorization: "Bearer token-of-bob", "mcp-session-id": session };
    expect((await proxied.post(list, asBob)).status).toBe(404);
    const asAlice = { ...asBob, authorization: "Bearer token-of-alice" };
    expect((await proxied.post(list, asAlice)).status).toBe(200);
  });

  it("cannot make up sealed state, or bring that of another agent or another call", async () => {
    const call = (requestState: string, token: string, text = "sealed") =>
      proxied.post(
        {
          jsonrpc: "2.0",
          id: 3,
          method: "tools/call",
          params: {
            name: "pay",
            arguments: { text },
            ...(requestState !== "" && { requestState }),
            _meta: {
              "io.modelcontextprotocol/protocolVersion": "2026-07-28",
              "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
              "io.modelcontextprotocol/clientCapabilities": {},
            },
          },
        },
        {
          authorization: `Bearer ${token}`,
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": "tools/call",
          "mcp-name": "pay",
        },
      );
    const parked = (await (await call("", "token-of-alice")).json()) as { result: { requestState: string } };
    const { requestState } = parked.result;
    expect(requestState).toMatch(/^v1\./);
    const refused = async (state: string, token: string) => JSON.stringify(await (await call(state, token)).json());
    expect(await refused(requestState, "token-of-bob")).toContain("invalid_request_state");
    expect(await refused(`${requestState.slice(0, -2)}xx`, "token-of-alice")).toContain("invalid_request_state");
    expect(await refused("v1.e30.e30", "token-of-alice")).toContain("invalid_request_state");
    const forAnother = await call(requestState, "token-of-alice", "another");
    expect(JSON.stringify(await forAnother.json())).toContain("is not held for this call any more, so nothing ran");
    expect(await refused(requestState, "token-of-alice")).toContain("input_required");
  });
});

describe("agents with access tokens of an authorization server", () => {
  let authorization: AuthorizationServer;
  beforeAll(async () => {
    authorization = await AuthorizationServer.start();
  });
  afterAll(() => authorization.stop());
  afterEach(() => proxied.stop());
  const start = async (...options: string[]) => {
    proxied = await Proxied.start(gate, [
      ...["--upstream", recorder.url, "--oauth-issuer", authorization.issuer, "--oauth-scope", "mcp"],
      ...options,
    ]);
  };
  const statusOf = async (token: string) =>
    (await proxied.post(INITIALIZE, { authorization: `Bearer ${token}` })).status;

  it("act as who the token says", async () => {
    await start("--oauth-agent-claim", "client_id");
    const token = await authorization.token({ aud: proxied.url, scope: "mcp", client_id: "alice", sub: "bob" });
    const client = await proxied.client(token);
    expect(textOf(await client.callTool({ name: "echo", arguments: { text: "hello" } }))).toBe("hello");
    await client.close();
  });

  it("are refused with a token for another server, of another issuer, expired, without scope, or naming nobody", async () => {
    await start();
    const good = { aud: proxied.url, scope: "mcp", sub: "alice" };
    expect(await statusOf(await authorization.token(good))).toBe(200);
    expect(await statusOf(await authorization.token({ ...good, aud: "https://elsewhere.example/mcp" }))).toBe(401);
    expect(await statusOf(await authorization.token({ ...good, iss: "https://elsewhere.example" }))).toBe(401);
    expect(await statusOf(await authorization.token({ ...good, exp: 1_000 }))).toBe(401);
    expect(await statusOf(await authorization.token({ ...good, sub: "" }))).toBe(401);
    expect(await statusOf(await authorization.token({ ...good, scope: "other" }))).toBe(403);
    expect(await statusOf("not-a-token")).toBe(401);
  });

  it("are refused with a token that is signed with no key, or with a secret", async () => {
    await start();
    const claims = {
      iss: authorization.issuer,
      aud: proxied.url,
      sub: "alice",
      exp: Math.floor(Date.now() / 1000) + 60,
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    expect(await statusOf(`${part({ alg: "none" })}.${part(claims)}.`)).toBe(401);
    const secret = new TextEncoder().encode("a-secret-of-at-least-thirty-two-bytes");
    const signed = await new SignJWT({ ...claims, scope: "mcp" }).setProtectedHeader({ alg: "HS256" }).sign(secret);
    expect(await statusOf(signed)).toBe(401);
  });

  it("are told where to get a token", async () => {
    await start();
    const answer = await proxied.post(INITIALIZE);
    expect(answer.status).toBe(401);
    const [, metadata = ""] = /resource_metadata="([^"]+)"/.exec(answer.headers.get("www-authenticate") ?? "") ?? [];
    expect(metadata).toBe(proxied.url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp"));
    const atTheRoot = new URL("/.well-known/oauth-protected-resource", proxied.url);
    expect((await fetch(atTheRoot)).status).toBe(200);
    expect(await (await fetch(metadata)).json()).toMatchObject({
      resource: proxied.url,
      authorization_servers: [authorization.issuer],
      scopes_supported: ["mcp"],
    });
  });

  it("are refused, and not let in, while the authorization server cannot be asked", async () => {
    const other = await AuthorizationServer.start();
    const upstream = ["--upstream", recorder.url];
    proxied = await Proxied.start(gate, [...upstream, "--oauth-issuer", other.issuer]);
    const token = await other.token({ aud: proxied.url, sub: "alice" });
    await other.stop();
    expect(await statusOf(token)).toBe(500);
  });
});
