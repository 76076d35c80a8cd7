import type { Action, CreatedApiKey } from "@faramesh/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ExpressLane } from "../../src/http/express-lane.js";
import { STORES } from "../places.js";
import { ADMIN, LS, REFUND, RunningGate } from "../running-gate.js";
import { CONTENT_TYPES, head, RawConnection } from "./raw-connection.js";

let gate: RunningGate;
/** Called when a request's headers have come, with whether the lane takes it. */
const take = vi.spyOn(ExpressLane.prototype, "take");
beforeAll(async () => {
  // While the clock of keys stands still, a key that was seen stays known: the lane takes what it should.
  vi.useFakeTimers({ toFake: ["Date"] });
  gate = await RunningGate.start();
});
afterAll(async () => {
  await gate.stop();
  vi.useRealTimers();
  take.mockRestore();
});
beforeEach(() => {
  take.mockClear();
});

const PATIENCE = { timeout: 20_000, interval: 5 };
const BODY = JSON.stringify(LS);
const ways = Object.entries(CONTENT_TYPES) as [keyof typeof CONTENT_TYPES, string][];

/** Sends a request's headers and the first bytes of its body, and waits until the gate has the headers. */
async function begin(way: keyof typeof CONTENT_TYPES, path: string, body: string, key = ADMIN): Promise<RawConnection> {
  await gate.send("POST", "/v1/gate/decide", { key, body: {} }); // so that the key is known
  const connection = await RawConnection.open(gate);
  const headers = { authorization: `Bearer ${key}`, "content-type": CONTENT_TYPES[way] };
  take.mockClear();
  await connection.send(head(path, Buffer.byteLength(body), headers) + body.slice(0, 10));
  const taken = (): unknown[] => take.mock.results.map(({ value }) => value as unknown);
  await expect.poll(taken, PATIENCE).toEqual([way === "lane"]);
  return connection;
}

async function counted(path: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${gate.server.url}/metrics`)).text();
  const lines = text.matchAll(
    /^faramesh_http_request_seconds_count\{method="POST",route="(.+?)",status="(\d+)"\} (\d+)/gm,
  );
  const ofPath = [...lines].filter(([, route]) => route === path);
  return Object.fromEntries(ofPath.map(([, , status = "", count]) => [status, Number(count)]));
}

describe.each(STORES)("on %s", (store) => {
  let its: RunningGate;
  beforeAll(async () => {
    its = await RunningGate.start({ store });
  });
  afterAll(() => its.stop());

  it.each(ways)(
    "trap: who closes its side right behind a request is answered, on the way of the %s",
    async (way, type) => {
      const statuses: (number | null)[] = [];
      for (let round = 0; round < 20; round++) {
        await its.send("POST", "/v1/gate/decide", { body: {} }); // so that the key is known
        const connection = await RawConnection.open(its);
        const headers = { authorization: `Bearer ${ADMIN}`, "content-type": type };
        connection.socket.end(head("/v1/actions", Buffer.byteLength(BODY), headers) + BODY);
        statuses.push(await connection.status());
        expect(take.mock.results.at(-1)?.value).toBe(way === "lane");
      }
      expect(statuses).toEqual(Array.from({ length: 20 }, () => 201));
    },
  );
});

describe("who closes its side while its request is held", () => {
  const metrics = async (): Promise<string> => (await fetch(`${gate.server.url}/metrics`)).text();

  it.each([
    ["a wait", (id: string) => `/v1/actions/${id}?wait=60s`],
    ["a stream", () => "/v1/events"],
  ])("waits no longer: %s ends at once", async (_what, pathOf) => {
    const { body: held } = await gate.submit(REFUND);
    const connection = await RawConnection.open(gate);
    const request = `GET ${pathOf(held.id)} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer ${ADMIN}\r\n\r\n`;
    await connection.send(request);
    await expect.poll(metrics, PATIENCE).toContain("faramesh_waiting 1");
    connection.socket.end();
    expect(await connection.status()).toBe(200);
    await expect.poll(metrics, PATIENCE).toContain("faramesh_waiting 0");
    await expect.poll(() => connection.socket.closed, PATIENCE).toBe(true);
  });
});

describe.each(ways)("on the way of the %s", (way) => {
  it.each(["revoke", "rotate"])(
    "trap: a key after its %s opens nothing to a request that had begun before",
    async (how) => {
      const agent_id = `agent-${way}-${how}`;
      const { body: created } = await gate.send<CreatedApiKey>("POST", "/v1/api-keys", {
        body: { name: "brief", role: "agent", agents: [agent_id] },
      });
      const body = JSON.stringify({ ...LS, agent_id });
      const connection = await begin(way, "/v1/actions", body, created.key);
      if (how === "revoke") await gate.send("DELETE", `/v1/api-keys/${created.id}`);
      else await gate.send("POST", `/v1/api-keys/${created.id}/rotate`);
      await connection.send(body.slice(10));
      expect(await connection.status()).toBe(401);
      expect((await gate.send<Action[]>("GET", `/v1/actions?agent_id=${agent_id}`)).body).toEqual([]);
      connection.socket.destroy();
    },
  );

  it("another key's change keeps nobody out whose request had begun before", async () => {
    const connection = await begin(way, "/v1/actions", BODY);
    await gate.key("agent");
    await connection.send(BODY.slice(10));
    expect(await connection.status()).toBe(201);
    connection.socket.destroy();
  });

  it.each(["end", "resetAndDestroy"] as const)(
    "who vanishes within a body (%s) is counted as a bad request",
    async (leave) => {
      const before = await counted("/v1/gate/decide");
      const connection = await begin(way, "/v1/gate/decide", BODY);
      connection.socket[leave]();
      const bad = async (): Promise<number | undefined> => (await counted("/v1/gate/decide"))["400"];
      await expect.poll(bad, PATIENCE).toBe((before["400"] ?? 0) + 1);
      expect((await counted("/v1/gate/decide"))["500"]).toBeUndefined();
    },
  );
});

describe("a revoked key", () => {
  it("makes no key by a request that had begun before", async () => {
    const { body: created } = await gate.send<CreatedApiKey>("POST", "/v1/api-keys", {
      body: { name: "brief admin", role: "admin" },
    });
    const connection = await begin("framework", "/v1/api-keys", '{"name":"heir","role":"admin"}', created.key);
    await gate.send("DELETE", `/v1/api-keys/${created.id}`);
    await connection.send('{"name":"heir","role":"admin"}'.slice(10));
    expect(await connection.status()).toBe(401);
    expect((await gate.send<{ name: string }[]>("GET", "/v1/api-keys")).body.map(({ name }) => name)).not.toContain(
      "heir",
    );
    connection.socket.destroy();
  });
});

describe("a body in small pieces", () => {
  it("trap: is put together once, not anew with each piece", async () => {
    const body = BODY + " ".repeat(200_000);
    const connection = await begin("lane", "/v1/gate/decide", body);
    const concat = vi.spyOn(Buffer, "concat");
    await connection.send(body.slice(10, 190_000));
    for (let at = 190_000; at < body.length; at += 100) await connection.send(body.slice(at, at + 100));
    expect(await connection.status()).toBe(200);
    const copied = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
    concat.mockRestore();
    expect(copied).toBeLessThan(2 * body.length);
    connection.socket.destroy();
  });
});
