import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ExpressLane } from "../../src/http/express-lane.js";
import { ADMIN, LS, REFUND, RM, RunningGate } from "../running-gate.js";

let gate: RunningGate;
let agent: string;
const take = vi.spyOn(ExpressLane.prototype, "take");
beforeAll(async () => {
  // While the clock of keys stands still, a key that was seen stays known, however long a busy machine takes.
  vi.useFakeTimers({ toFake: ["Date"] });
  gate = await RunningGate.start();
  agent = await gate.key("agent", ["agent"]);
});
afterAll(async () => {
  take.mockRestore();
  await gate.stop();
  vi.useRealTimers();
});
beforeEach(() => {
  take.mockClear();
});

/** Sends a request and says by which way it was answered. */
async function ask(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<object> {
  const response = await fetch(`${gate.server.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${agent}`, "content-type": "application/json", ...headers },
    body,
  });
  const told = JSON.parse(await response.text()) as Record<string, unknown>;
  return { way: lastWay(), status: response.status, headers: steady(response.headers), body: withoutMoment(told) };
}

function lastWay(): string {
  return take.mock.results.at(-1)?.value === true ? "lane" : "framework";
}

/** Headers that do not differ from request to request. */
function steady(headers: Headers): Record<string, string> {
  const { date, "x-request-id": id, "content-length": length, ...rest } = Object.fromEntries(headers);
  // After a body it could not read, the framework hangs up; the lane has read the whole of it.
  for (const name of ["connection", "keep-alive"]) delete rest[name];
  expect([typeof date, typeof length]).toEqual(["string", "string"]);
  return { ...rest, ...(id === undefined ? {} : { "x-request-id": "some id" }) };
}

/** A body without what differs from one action to the next. */
function withoutMoment(body: Record<string, unknown>): Record<string, unknown> {
  const moment = ["id", "request_id", "ledger_index", "created_at", "updated_at"];
  const approval = body["approval"] as { expires_at?: unknown } | undefined;
  return {
    ...Object.fromEntries(Object.entries(body).filter(([name]) => !moment.includes(name))),
    ...(approval === undefined ? {} : { approval: { ...approval, expires_at: typeof approval.expires_at } }),
  };
}

/** JSON in UTF-8 as the lane takes it, written in a way that the lane leaves to the others. */
const NOT_ORDINARY = { "content-type": "application/json; charset=utf-8" };

const utf16 = Buffer.from(JSON.stringify(LS), "utf16le");

describe.each(["/v1/gate/decide", "/v1/actions"])("POST %s", (path) => {
  it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>?]>([
    ["what is allowed", JSON.stringify(LS)],
    ["what is denied", JSON.stringify(RM)],
    ["what a person must approve", JSON.stringify(REFUND)],
    ["another agent's action", JSON.stringify({ ...LS, agent_id: "other" })],
    ["an unknown field", JSON.stringify({ ...LS, parms: {} })],
    ["a doubled key", '{"agent_id":"agent","agent_id":"agent"}'],
    ["what is not JSON", "{"],
    ["what is not UTF-8", new Uint8Array(utf16)],
    ["a list", "[]"],
    ["an idempotency key that is none", JSON.stringify(LS), { "idempotency-key": "with spaces" }],
    ["text in other scripts", JSON.stringify({ ...LS, params: { cmd: "ls Ünïcödé 🗂" } })],
  ])("answers %s alike by the lane and by the framework", async (_what, body, headers) => {
    await ask(path, JSON.stringify(LS)); // so that the key is known
    const ordinary = await ask(path, body, headers);
    const other = await ask(path, body, { ...headers, ...NOT_ORDINARY });
    expect(ordinary).toMatchObject({ way: "lane" });
    expect(other).toMatchObject({ way: "framework" });
    expect({ ...ordinary, way: "" }).toEqual({ ...other, way: "" });
  });

  it("leaves to the framework what is not ordinary", async () => {
    await ask(path, JSON.stringify(LS));
    expect(await ask(path, "", {})).toMatchObject({ way: "framework", status: 422 });
    expect(await ask(path, " ".repeat(2_000_000))).toMatchObject({ way: "framework", status: 413 });
    expect(await ask(path, "{}", { "content-type": "text/plain" })).toMatchObject({ way: "framework", status: 415 });
    expect(await ask(path, "{}", { authorization: "Bearer nobody" })).toMatchObject({ way: "framework", status: 401 });
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify(LS)));
        controller.close();
      },
    });
    const response = await fetch(`${gate.server.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${agent}`, "content-type": "application/json" },
      body: chunked,
      duplex: "half",
    } as RequestInit);
    expect([lastWay(), response.ok]).toEqual(["framework", true]);
  });
});

describe("the lane", () => {
  it("says of a repeated submission that it is one", async () => {
    const first = await gate.submit(LS, agent, { "idempotency-key": "once" });
    const again = await gate.submit(LS, agent, { "idempotency-key": "once" });
    expect(take.mock.results.map(({ value }) => value as boolean)).toEqual([true, true]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body.id).toBe(first.body.id);
  });

  it("counts its answers with those of the framework", async () => {
    const count = async (): Promise<number> => {
      const text = await (await fetch(`${gate.server.url}/metrics`)).text();
      const line = /faramesh_http_request_seconds_count\{method="POST",route="\/v1\/gate\/decide",status="200"\} (\d+)/;
      return Number(line.exec(text)?.[1] ?? 0);
    };
    const before = await count();
    await ask("/v1/gate/decide", JSON.stringify(LS));
    await ask("/v1/gate/decide", JSON.stringify(LS), NOT_ORDINARY);
    expect(await count()).toBe(before + 2);
  });

  it("is closed to a key from the moment it is revoked", async () => {
    const created = await gate.send<{ id: string; key: string }>("POST", "/v1/api-keys", {
      body: { name: "brief", role: "agent" },
    });
    const decide = (): Promise<{ status: number }> =>
      gate.send("POST", "/v1/gate/decide", { key: created.body.key, body: LS });
    expect([(await decide()).status, (await decide()).status, lastWay()]).toEqual([200, 200, "lane"]);
    await gate.send("DELETE", `/v1/api-keys/${created.body.id}`, { key: ADMIN });
    expect((await decide()).status).toBe(401);
  });

  it("is not there on a gate without keys, where every request is asked where it comes from", async () => {
    const open = await RunningGate.start({ insecureNoAuth: true });
    const foreign = await open.send("POST", "/v1/gate/decide", {
      key: null,
      body: LS,
      headers: { origin: "https://evil.example" },
    });
    expect(foreign.status).toBe(403);
    await open.stop();
  });
});
