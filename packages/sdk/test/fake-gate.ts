import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Action, canonicalRequest, type JsonObject } from "@faramesh/protocol";
import { type Client, type ClientOptions, createClient } from "../src/index.js";

/** A request as it arrived. */
export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** What comes back: an answer, a connection that is dropped, silence, or whatever `raw` does with the response. */
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  text?: string;
  fault?: "drop" | "silence" | "drop after headers";
  raw?: (response: ServerResponse) => void;
}

/** A server that says what a test tells it to: for faults that the real gate does not have. */
export interface FakeGate {
  url: string;
  seen: Seen[];
  client: Client;
  clientWith(options: ClientOptions): Client;
  close(): Promise<void>;
}

export const KEY = "fm_test_0123456789abcdefghijklmnop";

/** @param reply - Asked for each request, with its number from 1. */
export async function startFakeGate(reply: (seen: Seen, count: number) => Reply | Promise<Reply>): Promise<FakeGate> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void readRequest(request).then(async (one) => {
      seen.push(one);
      send(response, await reply(one, seen.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientWith = (options: ClientOptions): Client =>
    createClient({ url, apiKey: KEY, backoffMs: 1, timeoutMs: 5_000, ...options });
  return {
    url,
    seen,
    client: clientWith({}),
    clientWith,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The hash a gate would compute. */
export function hashOf(fields: object): string {
  return createHash("sha256").update(canonicalRequest(fields)).digest("hex");
}

export const INPUT = { agent_id: "agent-1", tool: "shell", operation: "exec", params: { cmd: "ls -la" } };

/** An action as a gate answers it. */
export function actionOf(over: Partial<Action> & { params?: JsonObject } = {}): Action {
  const fields = { ...INPUT, ...over };
  return {
    id: "0192f0c1-2a00-7000-8000-000000000001",
    status: "allowed",
    decision: "allow",
    outcome: "EXECUTE",
    reason_code: "POLICY_ALLOW",
    reason: "a rule allows it",
    rule_id: "rule-1",
    risk_level: "low",
    request_hash: hashOf(fields),
    policy_id: "p",
    policy_version: 1,
    policy_hash: "0".repeat(64),
    runtime_version: "0.1.0",
    provenance_id: "1".repeat(64),
    approval: {
      required: false,
      approvers: [],
      quorum: 1,
      exclude_submitter: false,
      decided_by: [],
      expires_at: null,
      note: null,
    },
    ledger_index: 1,
    version: 1,
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
    ...fields,
  };
}

/** An action that waits for a person. */
export function pendingOf(over: Partial<Action> = {}): Action {
  return actionOf({
    status: "pending_approval",
    decision: "require_approval",
    outcome: "ABSTAIN",
    reason_code: "POLICY_REQUIRE_APPROVAL",
    reason: "a person must look",
    approval: {
      required: true,
      approvers: ["finance"],
      quorum: 1,
      exclude_submitter: false,
      decided_by: [],
      expires_at: "2026-01-01T00:15:00.000Z",
      note: null,
    },
    ...over,
  });
}

export function claimedOf(over: Partial<Action> = {}): Action {
  return actionOf({ status: "executing", permit: "header.payload.signature", ...over });
}

/** A problem document. */
export function problem(status: number, code: string, more: object = {}): Reply {
  const body = {
    type: "about:blank",
    title: code,
    status,
    code,
    detail: `it is ${code}`,
    request_id: "req-1",
    ...more,
  };
  return { status, headers: { "content-type": "application/problem+json" }, body };
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    () => ({ error: null }),
    (error: unknown) => ({ error }),
  );
  if (settled.error === null) throw new Error("it was expected to be rejected");
  return settled.error;
}

/** Waits until something holds, asking often. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not come to hold within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function readRequest(request: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString("utf8");
  const address = new URL(request.url ?? "/", "http://gate.invalid");
  return {
    method: request.method ?? "",
    path: address.pathname,
    query: address.searchParams,
    headers: request.headers,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.raw !== undefined) reply.raw(response);
  else if (reply.fault === "drop") response.destroy();
  else if (reply.fault !== "silence") answer(response, reply);
}

function answer(response: ServerResponse, { status = 200, headers = {}, body, text, fault }: Reply): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (fault === undefined) {
    response.end(text ?? JSON.stringify(body));
  } else {
    response.write("{");
    setTimeout(() => response.destroy(), 10);
  }
}
