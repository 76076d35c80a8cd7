import dns, { type LookupAddress } from "node:dns";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Action } from "@faramesh/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GateServer } from "../../src/http/gate-server.js";
import { ADMIN, REFUND, RunningGate } from "../running-gate.js";

/** A second address of this machine that nothing beyond it reaches. */
const SECOND = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"))
  ? { address: "::1", family: 6 }
  : { address: "127.0.0.2", family: 4 };
const FIRST = { address: "127.0.0.1", family: 4 };

/** Has `localhost` stand for some addresses, as it does for two on most machines. */
function localhostIs(...addresses: LookupAddress[]): void {
  const real = dns.lookup as (...asked: unknown[]) => void;
  const lookup = (...asked: unknown[]): void => {
    if (asked[0] !== "localhost") {
      real(...asked);
      return;
    }
    const answer = asked.at(-1) as (error: Error | null, ...found: unknown[]) => void;
    const isAll = (asked[1] as { all?: boolean }).all === true;
    const found = isAll ? [addresses] : [addresses[0]?.address, addresses[0]?.family];
    queueMicrotask(() => answer(null, ...found));
  };
  vi.spyOn(dns, "lookup").mockImplementation(lookup as unknown as typeof dns.lookup);
}

afterEach(() => {
  vi.restoreAllMocks();
});

const urlAt = ({ address, family }: LookupAddress, port: string | number): string =>
  `http://${family === 6 ? `[${address}]` : address}:${port}`;

const portOf = (gate: RunningGate): string => new URL(gate.server.url).port;

describe("a gate on localhost", () => {
  it.each([
    ["one way round", [FIRST, SECOND]],
    ["the other way round", [SECOND, FIRST]],
  ])("trap: answers on every address of that name, %s, and on none after closing", async (_what, addresses) => {
    localhostIs(...addresses);
    const gate = await RunningGate.start({ host: "localhost" });
    const urls = [FIRST, SECOND].map((address) => `${urlAt(address, portOf(gate))}/health`);
    for (const url of urls) expect((await fetch(url)).status).toBe(200);
    await gate.stop();
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });

  it("answers what is held on its second address before it closes", async () => {
    localhostIs(FIRST, SECOND);
    const gate = await RunningGate.start({ host: "localhost" });
    const { body: held } = await gate.submit(REFUND);
    const wait = fetch(`${urlAt(SECOND, portOf(gate))}/v1/actions/${held.id}?wait=60s`, {
      headers: { authorization: `Bearer ${ADMIN}` },
    });
    const metrics = async (): Promise<string> => (await fetch(`${gate.server.url}/metrics`)).text();
    await expect.poll(metrics, { timeout: 20_000 }).toContain("faramesh_waiting 1");
    await gate.stop();
    expect(((await (await wait).json()) as Action).status).toBe("pending_approval");
  });

  it("is closed when the last connection is, whichever address it came to", async () => {
    localhostIs(FIRST, SECOND);
    const server = new GateServer(() => {});
    await once(server.listen({ host: "localhost", port: 0 }), "listening");
    const socket = connect((server.address() as AddressInfo).port, SECOND.address, () =>
      socket.write("GET / HTTP/1.1\r\n"),
    );
    await once(server, "connection");
    const told: string[] = [];
    const closed = new Promise<void>((resolve) => server.close(() => resolve(void told.push("closed"))));
    await once(server, "close");
    await endOfTurn();
    told.push("hung up");
    socket.destroy();
    await closed;
    expect(told).toEqual(["hung up", "closed"]);
  });

  it("passes over a further address that this machine does not have, and one that is named twice", async () => {
    localhostIs(FIRST, { address: "192.0.2.1", family: 4 }, FIRST);
    const gate = await RunningGate.start({ host: "localhost" });
    expect((await fetch(`${urlAt(FIRST, portOf(gate))}/health`)).status).toBe(200);
    await gate.stop();
  });

  it.each([
    ["first", [FIRST, SECOND]],
    ["second", [SECOND, FIRST]],
  ])(
    "does not start where another program has the port on its %s address, and leaves nothing open",
    async (_what, addresses) => {
      localhostIs(...addresses);
      const other = createServer().listen(0, FIRST.address);
      await once(other, "listening");
      const { port } = other.address() as AddressInfo;
      await expect(RunningGate.start({ host: "localhost", port })).rejects.toThrow(/EADDRINUSE/);
      await expect(fetch(urlAt(SECOND, port))).rejects.toThrow();
      other.close();
    },
  );
});

describe("a gate on an address", () => {
  it("answers there alone", async () => {
    localhostIs(FIRST, SECOND);
    const gate = await RunningGate.start({ host: FIRST.address });
    await expect(fetch(`${urlAt(SECOND, portOf(gate))}/health`)).rejects.toThrow();
    await gate.stop();
  });
});

describe("a request that does not come to its end", () => {
  it("is hung up on about when its time is over", async () => {
    const server = new GateServer(() => {}, 200);
    server.listen({ host: FIRST.address, port: 0 });
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, FIRST.address, () =>
      socket.write("POST / HTTP/1.1\r\nhost: gate\r\ncontent-length: 100\r\n\r\n{"),
    );
    const begun = performance.now();
    await once(socket.resume(), "close");
    expect(performance.now() - begun).toBeGreaterThan(200);
    expect(performance.now() - begun).toBeLessThan(10_000);
    server.close();
  });
});
