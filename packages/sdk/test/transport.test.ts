import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import {
  ConflictError,
  createClient,
  FarameshConnectionError,
  FarameshError,
  ForbiddenError,
  InvalidActionError,
  InvalidRequestError,
  NotFoundError,
  RateLimitedError,
  ServerError,
  UnauthorizedError,
} from "../src/index.js";
import {
  actionOf,
  type FakeGate,
  INPUT,
  KEY,
  problem,
  type Reply,
  rejection,
  type Seen,
  startFakeGate,
} from "./fake-gate.js";

let gate: FakeGate;
afterEach(() => gate.close());

async function gateThat(reply: (seen: Seen, count: number) => Reply): Promise<FakeGate> {
  gate = await startFakeGate(reply);
  return gate;
}

const ID = "0192f0c1-2a00-7000-8000-000000000001";

describe("a failure that may pass is tried again", () => {
  const faults: [string, Reply][] = [
    ["a dropped connection", { fault: "drop" }],
    ["an answer that breaks off", { fault: "drop after headers" }],
    ["503 store_unavailable", problem(503, "store_unavailable")],
    ["500 internal", problem(500, "internal")],
    ["a proxy's 502 page", { status: 502, text: "<html>bad gateway</html>" }],
    ["429 with Retry-After: 0", { ...problem(429, "rate_limited"), headers: { "retry-after": "0" } }],
  ];
  for (const [name, fault] of faults) {
    it(`${name} does not reach the caller when the next attempt is answered`, async () => {
      const { client } = await gateThat((_, count) => (count === 1 ? fault : { status: 201, body: actionOf() }));
      await expect(client.submitAction(INPUT)).resolves.toMatchObject({ status: "allowed" });
      expect(gate.seen).toHaveLength(2);
    });
  }

  it("trap: retries without an idempotency key create two actions, so every attempt carries the same key", async () => {
    const { client } = await gateThat((_, count) => (count < 3 ? { fault: "drop" } : { body: actionOf() }));
    const changes = [
      () => client.submitAction(INPUT),
      () => client.approveAction(ID),
      () => client.rejectAction(ID),
      () => client.startAction(ID),
      () => client.reportResult(ID, { success: true }),
      () => client.cancelAction(ID),
    ];
    const keys = new Set<unknown>();
    for (const change of changes) {
      gate.seen.length = 0;
      await change();
      const sent = new Set(gate.seen.map((seen) => seen.headers["idempotency-key"]));
      expect(gate.seen).toHaveLength(3);
      expect(sent.size).toBe(1);
      for (const key of sent) keys.add(key);
    }
    expect(keys.size).toBe(changes.length);
    expect(keys.has(undefined)).toBe(false);
  });

  it("trap: retries without an idempotency key create two actions, so a batch keeps one key over its attempts", async () => {
    await gateThat(() => ({ fault: "drop" }));
    await expect(gate.clientWith({ retries: 2 }).submitActions([INPUT])).rejects.toMatchObject({ code: "unreachable" });
    const keys = gate.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("the attempts are bounded by `retries`, and the last failure is thrown", async () => {
    await gateThat(() => problem(503, "store_unavailable"));
    const error = await rejection(gate.clientWith({ retries: 2 }).getAction(ID));
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ code: "store_unavailable", status: 503, requestId: "req-1" });
    expect(gate.seen).toHaveLength(3);
  });

  it("a Retry-After within bounds is waited for", async () => {
    await gateThat((_, count) =>
      count === 1 ? { ...problem(429, "rate_limited"), headers: { "retry-after": "1" } } : { body: actionOf() },
    );
    const startedMs = performance.now();
    await gate.client.getAction(ID);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  it("a Retry-After beyond the longest pause is thrown, not slept through", async () => {
    await gateThat(() => ({ ...problem(429, "rate_limited"), headers: { "retry-after": "3600" } }));
    const error = await rejection(gate.client.getAction(ID));
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ retryAfterSeconds: 3600, status: 429 });
    expect(gate.seen).toHaveLength(1);
  });

  it("a gate that is not there is `unreachable`, with the operating system's word for why", async () => {
    await gateThat(() => ({ body: actionOf() }));
    await gate.close();
    const error = await rejection(gate.client.submitAction(INPUT));
    expect(error).toBeInstanceOf(FarameshConnectionError);
    expect(error).toMatchObject({ code: "unreachable", message: expect.stringContaining("ECONNREFUSED") as string });
  });
});

describe("a refusal is thrown at once, by its meaning", () => {
  const refusals: [number, string, typeof FarameshError][] = [
    [400, "invalid_request", InvalidRequestError],
    [401, "unauthorized", UnauthorizedError],
    [403, "forbidden", ForbiddenError],
    [404, "not_found", NotFoundError],
    [409, "not_claimable", ConflictError],
    [413, "payload_too_large", InvalidRequestError],
    [422, "invalid_action", InvalidActionError],
    [501, "not_implemented", ServerError],
  ];
  for (const [status, code, kind] of refusals) {
    it(`${status} ${code} is a ${kind.name}, and not tried again`, async () => {
      await gateThat(() => problem(status, code));
      const error = await rejection(gate.client.submitAction(INPUT));
      expect(error).toBeInstanceOf(kind);
      expect(error).toBeInstanceOf(FarameshError);
      expect(error).toMatchObject({ code, status, requestId: "req-1", problem: { code } });
      expect(gate.seen).toHaveLength(1);
    });
  }

  it("a conflict says the action's present status", async () => {
    await gateThat(() => problem(409, "not_claimable", { action_status: "executing" }));
    expect(await rejection(gate.client.startAction(ID))).toMatchObject({ actionStatus: "executing" });
  });

  it("an invalid action says which path is wrong", async () => {
    const errors = [{ path: "$.tool", code: "too_short", message: "is empty" }];
    await gateThat(() => problem(422, "invalid_action", { errors }));
    expect(await rejection(gate.client.submitAction(INPUT))).toMatchObject({ errors });
  });

  it("a 401 to a client without a key says how to give one, not what header to send", async () => {
    await gateThat(() => problem(401, "unauthorized", { detail: "send Authorization: Bearer <key>" }));
    const keyless = gate.clientWith({ apiKey: null });
    const message =
      "No key was sent: set FARAMESH_API_KEY, or pass apiKey to createClient (unauthorized, request req-1)";
    const firstEvent = () => keyless.streamEvents()[Symbol.asyncIterator]().next();
    for (const call of [() => keyless.submitAction(INPUT), () => keyless.listActions(), firstEvent]) {
      expect(await rejection(call())).toMatchObject({ name: "UnauthorizedError", code: "unauthorized", message });
    }
  });

  it("a 401 to a client with a key, or to an approval token, is told in the gate's own words", async () => {
    await gateThat(() => problem(401, "unauthorized", { detail: "the key is not known" }));
    const told = { message: "the key is not known (unauthorized, request req-1)" };
    expect(await rejection(gate.client.listActions())).toMatchObject(told);
    const byToken = gate.clientWith({ apiKey: null }).approveAction(ID, { token: "wrong" });
    expect(await rejection(byToken)).toMatchObject(told);
  });

  it("a 401 page that is no problem document is an UnauthorizedError all the same", async () => {
    await gateThat(() => ({ status: 401, text: "<h1>no</h1>" }));
    expect(await rejection(gate.client.getAction(ID))).toMatchObject({ name: "UnauthorizedError", code: "http_401" });
  });
});

describe("an answer that is not understood is no answer", () => {
  const answers: [string, Reply][] = [
    ["a page instead of JSON", { text: "<html>hello</html>" }],
    ["an empty body", { text: "" }],
    ["null", { body: null }],
    ["an array instead of an action", { body: [actionOf()] }],
    ["an action without params", { body: { ...actionOf(), params: undefined } }],
    ["an action whose status is a number", { body: { ...actionOf(), status: 1 } }],
    [
      "bytes that are not UTF-8",
      { raw: (response) => void response.writeHead(200).end(Buffer.from([0x22, 0xff, 0x22])) },
    ],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.invalid/" }, text: "" }],
  ];
  for (const [name, answer] of answers) {
    it(`${name} is bad_response, and not tried again`, async () => {
      await gateThat(() => answer);
      const error = await rejection(gate.client.submitAction(INPUT));
      expect(error).toBeInstanceOf(FarameshConnectionError);
      expect(error).toMatchObject({ code: "bad_response" });
      expect(gate.seen).toHaveLength(1);
    });
  }

  it("an answer without end is cut off at its bound", async () => {
    let stopped = false;
    await gateThat(() => ({
      raw: (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.on("close", () => {
          stopped = true;
        });
        const more = (): void => {
          while (!stopped && response.write("x".repeat(65_536)));
          if (!stopped) response.once("drain", more);
        };
        more();
      },
    }));
    const error = await rejection(gate.clientWith({ responseBytesMax: 1_000_000 }).getAction(ID));
    expect(error).toMatchObject({ code: "bad_response", message: expect.stringContaining("1000000 bytes") as string });
  });
});

describe("time is bounded", () => {
  it("a gate that says nothing is a `timeout` for each attempt", async () => {
    await gateThat(() => ({ fault: "silence" }));
    const error = await rejection(gate.clientWith({ timeoutMs: 50, retries: 1 }).getAction(ID));
    expect(error).toBeInstanceOf(FarameshConnectionError);
    expect(error).toMatchObject({ code: "timeout" });
    expect(gate.seen).toHaveLength(2);
  });

  it("a body that trickles is timed out too", async () => {
    await gateThat(() => ({ raw: (response) => void response.writeHead(200).write("{") }));
    await expect(gate.clientWith({ timeoutMs: 50, retries: 0 }).getAction(ID)).rejects.toMatchObject({
      code: "timeout",
    });
  });

  it("the caller's signal ends a call, with the caller's own reason", async () => {
    await gateThat(() => ({ fault: "silence" }));
    const reason = new Error("enough");
    const controller = new AbortController();
    const call = rejection(gate.client.getAction(ID, { signal: controller.signal }));
    controller.abort(reason);
    expect(await call).toBe(reason);
  });

  it("the caller's signal ends a pause between attempts", async () => {
    await gateThat(() => ({ ...problem(503, "store_unavailable"), headers: { "retry-after": "25" } }));
    const signal = AbortSignal.timeout(100);
    const startedMs = performance.now();
    expect(await rejection(gate.client.getAction(ID, { signal }))).toBe(signal.reason);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

describe("the key stays a secret", () => {
  it("neither the client nor an error shows it, even when what answers echoes it", async () => {
    await gateThat((seen) => problem(401, "unauthorized", { detail: `bad: ${seen.headers.authorization}` }));
    const error = (await rejection(gate.client.getAction(ID))) as FarameshError;
    expect(gate.seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    const shown = [inspect(gate.client, { depth: 9, showHidden: true }), inspect(error, { depth: 9 }), String(error)];
    shown.push(JSON.stringify(error), JSON.stringify(gate.client), error.stack ?? "");
    for (const text of shown) expect(text).not.toContain(KEY);
  });

  it("a key that cannot go into a header is refused without being shown", () => {
    for (const apiKey of ["secret\nkey", "secret kéy", ""]) {
      const make = (): unknown => createClient({ apiKey });
      expect(make).toThrowError(expect.objectContaining({ code: "not_configured" }) as Error);
      expect(make).not.toThrowError(/secret/);
    }
  });

  it("is not sent where a redirect leads", async () => {
    const elsewhere = await startFakeGate(() => ({ body: actionOf() }));
    try {
      await gateThat(() => ({ status: 307, headers: { location: `${elsewhere.url}/v1/actions` }, text: "" }));
      await rejection(gate.client.submitAction(INPUT));
      expect(elsewhere.seen).toHaveLength(0);
    } finally {
      await elsewhere.close();
    }
  });

  it("is not sent over plain http to another host, unless that was asked for", () => {
    for (const url of [
      "http://gate.example.com",
      "http://10.0.0.1:8000",
      "http://127.0.0.1.example.com",
      "http://[::2]",
    ]) {
      expect(() => createClient({ url, apiKey: KEY })).toThrowError(/Plain http/);
      expect(() => createClient({ url, apiKey: KEY, allowInsecureHttp: true })).not.toThrow();
    }
    for (const url of ["https://gate.example.com", "http://localhost:1", "http://127.1.2.3", "http://[::1]:8000"]) {
      expect(() => createClient({ url, apiKey: KEY })).not.toThrow();
    }
  });

  it("a URL that holds a password or is none is refused without being shown", () => {
    for (const url of ["https://me:secret@gate.example.com", "secret", "ftp://secret", "https://host/?key=secret"]) {
      expect(() => createClient({ url })).not.toThrowError(/secret/);
      expect(() => createClient({ url })).toThrowError(expect.objectContaining({ code: "not_configured" }) as Error);
    }
  });

  it("null sends none, for an approval by token alone", async () => {
    await gateThat(() => ({ body: actionOf() }));
    await gate.clientWith({ apiKey: null }).approveAction(ID, { token: "t", reason: "seen" });
    expect(gate.seen[0]?.headers.authorization).toBeUndefined();
    expect(gate.seen[0]?.body).toEqual({ approve: true, token: "t", reason: "seen" });
  });
});

describe("what is sent is what was meant", () => {
  it("a gate behind a path prefix is found", async () => {
    await gateThat(() => ({ body: actionOf() }));
    await gate.clientWith({ url: `${gate.url}/faramesh/` }).getAction(ID);
    expect(gate.seen[0]?.path).toBe(`/faramesh/v1/actions/${ID}`);
  });

  it("an id cannot lead to another path", async () => {
    await gateThat(() => ({ body: actionOf() }));
    for (const id of ["", ".", "..", "../api-keys", "a/b", "a\\b", "\uD800"]) {
      expect(await rejection(gate.client.getAction(id))).toBeInstanceOf(InvalidRequestError);
    }
    await gate.client.getAction("a?b#c");
    expect(gate.seen.map((seen) => seen.path)).toEqual(["/v1/actions/a%3Fb%23c"]);
  });

  it("a misspelt field of an action is refused, not dropped", async () => {
    await gateThat(() => ({ body: actionOf() }));
    const misspelt = { ...INPUT, contxt: {} };
    expect(await rejection(gate.client.submitAction(misspelt))).toMatchObject({ errors: [{ path: "$.contxt" }] });
    expect(gate.seen).toHaveLength(0);
  });

  it("what JSON cannot carry is refused with its path before it is sent", async () => {
    await gateThat(() => ({ body: actionOf() }));
    const params = { list: [1, Number.NaN] };
    const error = await rejection(gate.client.submitAction({ ...INPUT, params }));
    expect(error).toBeInstanceOf(InvalidActionError);
    expect(error).toMatchObject({ code: "invalid_action", errors: [{ path: "$.params.list[1]" }] });
    expect(gate.seen).toHaveLength(0);
  });

  it("filters become query parameters, alternatives and dates included", async () => {
    await gateThat(() => ({ body: [], headers: { link: `<${gate.url}/v1/actions?cursor=abc&limit=2>; rel="next"` } }));
    const page = await gate.client.listActionsPage({
      status: ["allowed", "denied"],
      agent_id: undefined,
      since: new Date("2026-01-01T00:00:00Z"),
      limit: 2,
    });
    expect(gate.seen[0]?.query.toString()).toBe(
      "status=allowed&status=denied&since=2026-01-01T00%3A00%3A00.000Z&limit=2",
    );
    expect(page).toEqual({ actions: [], nextCursor: "abc" });
  });

  it("a batch keeps its order, and each refusal stands beside its own action", async () => {
    const refused = {
      type: "about:blank",
      title: "x",
      status: 422,
      code: "invalid_action",
      detail: "no",
      request_id: "r",
    };
    await gateThat(() => ({ body: { results: [{ action: actionOf() }, { error: refused }] } }));
    const results = await gate.client.submitActions([INPUT, { ...INPUT, tool: "" }]);
    expect(results).toMatchObject([{ action: { status: "allowed" } }, { error: { code: "invalid_action" } }]);
  });

  it("a batch with fewer results than actions is not understood", async () => {
    await gateThat(() => ({ body: { results: [{ action: actionOf() }] } }));
    await expect(gate.client.submitActions([INPUT, INPUT])).rejects.toMatchObject({ code: "bad_response" });
  });
});
