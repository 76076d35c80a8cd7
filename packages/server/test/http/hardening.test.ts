import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Action, LIMITS, type PermitClaims, type Problem } from "@faramesh/protocol";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/main.js";
import { ADMIN, LS, REFUND, RunningGate } from "../running-gate.js";

let gate: RunningGate;
beforeAll(async () => {
  gate = await RunningGate.start();
});
afterAll(() => gate.stop());

/** Sends raw bytes and answers what comes back until the other side hangs up, or null where it does not answer. */
function raw(bytes: string): { answer: Promise<string>; close(): void } {
  const { port, hostname } = new URL(gate.server.url);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString();
  });
  const answer = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  socket.on("error", () => {});
  return { answer, close: () => socket.destroy() };
}

describe("trap: one request cannot freeze the gate", () => {
  it("with thousands of unknown fields: twenty faults are told, quickly", async () => {
    const fields = Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`field_${n}`, 1]));
    const begun = performance.now();
    const answer = await gate.send<Problem>("POST", "/v1/actions", { body: { ...LS, ...fields } });
    expect([answer.status, answer.body.errors?.length]).toEqual([422, 20]);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it("with a body of eight megabytes of brackets: it is refused unread past the bound of nesting", async () => {
    const begun = performance.now();
    const answer = await gate.send<Problem>("POST", "/v1/actions/batch", { body: "[".repeat(8_000_000) });
    expect([answer.status, answer.body.code]).toEqual([422, "invalid_action"]);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it("and an action in a batch holds no more than one alone", async () => {
    const params = { list: Array.from({ length: LIMITS.nodesMax + 1 }, () => 1) };
    const { body } = await gate.send<{ results: { error?: Problem }[] }>("POST", "/v1/actions/batch", {
      body: { actions: [{ ...LS, params }] },
    });
    expect(body.results[0]?.error?.errors).toEqual([
      { path: "$", code: "too_large", message: `holds more than ${LIMITS.nodesMax} values` },
    ]);
  });

  it("and without a key no body is read at all", async () => {
    for (const path of ["/v1/actions", "/v1/actions/batch", "/v1/gate/decide", "/v1/api-keys"]) {
      const answer = await gate.send<Problem>("POST", path, { key: null, body: "not json" });
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, "unauthorized"]);
    }
  });
});

describe("waiting", () => {
  it("is bounded for one principal, leaves room for others, and never unsays that an action was recorded", async () => {
    const own = await RunningGate.start();
    const [greedy, other] = [await own.key("agent", [], "greedy"), await own.key("agent", [], "other")];
    const { body: held } = await own.submit(REFUND, greedy);
    const gone = new AbortController();
    const waits = Array.from({ length: 1_000 }, () =>
      fetch(`${own.server.url}/v1/actions/${held.id}?wait=60s`, {
        headers: { authorization: `Bearer ${greedy}` },
        signal: gone.signal,
      }).catch(() => null),
    );
    const waiting = async (): Promise<string> => (await fetch(`${own.server.url}/metrics`)).text();
    await expect.poll(waiting, { timeout: 20_000 }).toContain("faramesh_waiting 1000");
    const refused = await own.send<Problem>("GET", `/v1/actions/${held.id}?wait=60s`, { key: greedy });
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
    const recorded = await own.send<Action>("POST", "/v1/actions?wait=60s", { key: greedy, body: REFUND });
    expect([recorded.status, recorded.body.status]).toEqual([201, "pending_approval"]);
    const { body: theirs } = await own.submit(REFUND, other);
    expect((await own.send("GET", `/v1/actions/${theirs.id}?wait=10ms`, { key: other })).status).toBe(200);
    gone.abort();
    await Promise.all(waits);
    await own.stop();
  });
});

describe("closing", () => {
  it("is quick with half-sent requests and readers that do not read", async () => {
    const own = await RunningGate.start();
    const { port, hostname } = new URL(own.server.url);
    const sockets = [
      "POST /v1/actions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
      "GET /health HTT",
      `GET /v1/events?after=-1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN}\r\n\r\n`,
    ].map((bytes) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.on("error", () => {});
      socket.pause();
      return socket;
    });
    await Promise.all(Array.from({ length: 500 }, () => own.submit(LS)));
    const begun = performance.now();
    await own.server.close();
    expect(performance.now() - begun).toBeLessThan(4_000);
    for (const socket of sockets) socket.destroy();
  });

  it("again changes nothing", async () => {
    const own = await RunningGate.start();
    await own.server.close();
    await own.stop();
  });
});

describe("a start that fails", () => {
  it("leaves nothing listening, and no key that nobody has", async () => {
    const own = await RunningGate.start({ policySource: null });
    await own.server.close();
    mkdirSync(join(own.dataDir, "admin.key.next"));
    const options = {
      dataDir: own.dataDir,
      host: "127.0.0.1",
      port: Number(new URL(own.server.url).port),
      logLevel: "silent",
    } as const;
    await expect(startServer(options)).rejects.toThrow(/EISDIR/);
    await expect(fetch(`${own.server.url}/health`)).rejects.toThrow();
    rmdirSync(join(own.dataDir, "admin.key.next"));
    const again = await startServer(options);
    expect(readFileSync(join(own.dataDir, "admin.key"), "utf8").trim()).toBe(again.adminKey);
    own.server = again;
    await own.stop();
  });

  it("refuses a directory that many users share", async () => {
    const shared = mkdtempSync(join(tmpdir(), "faramesh-shared-"));
    chmodSync(shared, 0o1777);
    await expect(startServer({ dataDir: shared, host: "127.0.0.1", port: 0 })).rejects.toThrow(/own/);
    expect(existsSync(join(shared, "faramesh.db"))).toBe(false);
    rmSync(shared, { recursive: true });
  });
});

describe("a permit", () => {
  it("never outlasts the lease of the claim it proves", async () => {
    const { body } = await gate.submit(LS);
    const { body: claimed } = await gate.step(body.id, "start", { lease_seconds: 10 });
    const claims = decodeJwt<PermitClaims>(claimed.permit ?? "");
    expect(claims.exp * 1000).toBeLessThanOrEqual(Date.parse(claimed.lease_expires_at ?? ""));
    expect(claims.exp - claims.iat).toBeGreaterThanOrEqual(9);
    expect(Math.abs(claims.iat * 1000 - Date.now())).toBeLessThan(5_000);
  });
});

describe("a request", () => {
  it("is answered by a problem document where it is not even one that is understood", async () => {
    const answer = await gate.send<Problem>("GET", "/v1/actions/%zz");
    expect([answer.status, answer.body.code]).toEqual([400, "invalid_request"]);
    expect(JSON.stringify(answer.body)).not.toContain("%zz");
    const text = await raw("NOT HTTP AT ALL\r\n\r\n").answer;
    expect(text).toContain("application/problem+json");
    expect(text).toContain('"invalid_request"');
  });

  it("takes numbers and times in a query in their plain form only", async () => {
    for (const query of ["limit=0x10", "limit=%205", "limit=1e1", "since=2026-02-31T00:00:00Z", "offset=10001"]) {
      expect([query, (await gate.send("GET", `/v1/actions?${query}`)).status]).toEqual([query, 400]);
    }
  });
});
