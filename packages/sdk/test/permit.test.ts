import { createHash } from "node:crypto";
import { canonicalJson, PERMIT_TYPE, type PermitClaims } from "@faramesh/protocol";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type FarameshError,
  InvalidPermitError,
  type JsonWebKeySet,
  type PermittedCall,
  verifyPermit,
} from "../src/index.js";
import { type FakeGate, hashOf, INPUT, rejection, startFakeGate } from "./fake-gate.js";

type KeyPair = Awaited<ReturnType<typeof newKey>>;

const NOW_MS = 1_770_000_000_000;
const NOW = NOW_MS / 1000;
const CONTEXT = { ticket: "T-1" };

let key: KeyPair;
let keys: JsonWebKeySet;
beforeAll(async () => {
  key = await newKey();
  keys = { keys: [await publicJwk(key, "k1")] };
});

async function newKey() {
  return (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as {
    publicKey: Parameters<typeof crypto.subtle.verify>[1];
    privateKey: Parameters<typeof crypto.subtle.sign>[1];
  };
}

async function publicJwk(pair: KeyPair, kid: string): Promise<JsonWebKeySet["keys"][number]> {
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { kty, crv, x, kid };
}

function claims(over: Partial<PermitClaims> = {}): PermitClaims {
  return {
    iss: "faramesh",
    aud: "faramesh-executor",
    sub: INPUT.agent_id,
    jti: "j1",
    iat: NOW,
    exp: NOW + 300,
    act: {
      id: "a1",
      tool: INPUT.tool,
      operation: INPUT.operation,
      request_hash: hashOf({ ...INPUT, context: CONTEXT }),
      params_hash: createHash("sha256").update(canonicalJson(INPUT.params)).digest("hex"),
    },
    policy: { id: "p", version: 1, hash: "h" },
    ...over,
  };
}

async function signed(payload: unknown, header: object = {}, by: KeyPair = key): Promise<string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ alg: "EdDSA", typ: PERMIT_TYPE, kid: "k1", ...header })}.${encode(payload)}`;
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, by.privateKey, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString("base64url")}`;
}

const verify = (permit: string, call: Partial<PermittedCall> = {}, more: object = {}): Promise<PermitClaims> =>
  verifyPermit(permit, { ...INPUT, ...call }, { keys, nowMs: NOW_MS, ...more });

describe("a permit", () => {
  it("proves that exactly this call may run now", async () => {
    expect(await verify(await signed(claims()))).toEqual(claims());
    expect(await verify(await signed(claims()), { context: CONTEXT }, { issuer: "faramesh" })).toEqual(claims());
  });

  it("of an action without context is told apart from one with", async () => {
    const bare = claims({ act: { ...claims().act, request_hash: hashOf(INPUT) } });
    await expect(verify(await signed(bare), { context: null })).resolves.toEqual(bare);
    await expect(verify(await signed(claims()), { context: null })).rejects.toThrow("another context");
  });

  const calls: [string, Partial<PermittedCall>, string][] = [
    ["params that differ in one character", { params: { cmd: "ls -lA" } }, "other params"],
    ["params with one more field", { params: { ...INPUT.params, cwd: "/" } }, "other params"],
    ["params that have no canonical form", { params: { cmd: Number.NaN } }, "can have no permit"],
    ["another tool", { tool: "http" }, "another tool or operation"],
    ["another operation", { operation: "delete" }, "another tool or operation"],
    ["another agent", { agent_id: "agent-2" }, "another agent"],
    ["another context", { context: { ticket: "T-2" } }, "another context"],
  ];
  for (const [name, call, message] of calls) {
    it(`does not prove a call with ${name}`, async () => {
      const error = await rejection(verify(await signed(claims()), call));
      expect(error).toBeInstanceOf(InvalidPermitError);
      expect((error as FarameshError).code).toBe("invalid_permit");
      expect((error as FarameshError).message).toContain(message);
    });
  }

  const wrong: [string, () => Promise<string>, string][] = [
    ["expired", () => signed(claims({ iat: NOW - 400, exp: NOW - 6 })), "expired"],
    ["from the future", () => signed(claims({ iat: NOW + 6 })), "future"],
    ["for another audience", () => signed(claims({ aud: "payments" })), "audience"],
    ["without an expiry", () => signed({ ...claims(), exp: undefined }), "lacks a claim"],
    ["with an expiry in text", () => signed({ ...claims(), exp: "9999999999" }), "lacks a claim"],
    ["without an act", () => signed({ ...claims(), act: null }), "lacks a claim"],
    ["signed by another key of the same name", async () => signed(claims(), {}, await newKey()), "signature is wrong"],
    ["signed by a key that is not published", () => signed(claims(), { kid: "k2" }), "does not publish"],
    ["without the name of its key", () => signed(claims(), { kid: undefined }), "does not name its key"],
    ["of the algorithm none", () => signed(claims(), { alg: "none" }), "not a permit"],
    ["of an algorithm with shared secrets", () => signed(claims(), { alg: "HS256" }), "not a permit"],
    ["that is another kind of token", () => signed(claims(), { typ: "JWT" }), "not a permit"],
    [
      "with an extension that must be understood",
      () => signed(claims(), { crit: ["b64"], b64: false }),
      "not a permit",
    ],
    ["that is empty", () => Promise.resolve(""), "compact form"],
    ["with a fourth part", async () => `${await signed(claims())}.e30`, "compact form"],
    ["with white space around it", async () => ` ${await signed(claims())}`, "compact form"],
    ["that is longer than any permit", () => Promise.resolve(`${"a".repeat(20_000)}.b.c`), "compact form"],
    ["whose header is not JSON", () => Promise.resolve("aaaa.bbbb.cccc"), "not a JSON object"],
    ["whose header is a list", () => Promise.resolve("W10.bbbb.cccc"), "not a JSON object"],
  ];
  for (const [name, make, message] of wrong) {
    it(`${name} proves nothing`, async () => {
      const error = await rejection(verify(await make()));
      expect(error).toBeInstanceOf(InvalidPermitError);
      expect((error as FarameshError).message).toContain(message);
    });
  }

  it("whose payload was exchanged proves nothing", async () => {
    const [header, , signature] = (await signed(claims())).split(".");
    const payload = Buffer.from(JSON.stringify(claims({ exp: NOW + 9_000 }))).toString("base64url");
    await expect(verify(`${header}.${payload}.${signature}`)).rejects.toThrow("signature is wrong");
  });

  it("from another gate proves nothing, where the issuer matters", async () => {
    await expect(verify(await signed(claims()), {}, { issuer: "https://gate" })).rejects.toThrow("another gate");
  });

  it("is borne with clocks a few seconds apart, and with no more when the skew is no number", async () => {
    const late = await signed(claims({ iat: NOW - 300, exp: NOW - 4 }));
    await expect(verify(late)).resolves.toMatchObject({ jti: "j1" });
    await expect(verify(late, {}, { clockSkewSeconds: 0 })).rejects.toThrow("expired");
    await expect(verify(late, {}, { clockSkewSeconds: Number.NaN })).rejects.toThrow("expired");
  });
});

describe("the gate's public keys", () => {
  let gate: FakeGate;
  afterEach(() => gate.close());

  it("are fetched without the caller's key, once, and kept", async () => {
    gate = await startFakeGate(() => ({ body: keys }));
    const permit = await signed(claims());
    for (let count = 0; count < 3; count++) await gate.client.verifyPermit(permit, INPUT, { nowMs: NOW_MS });
    expect(gate.seen.map((seen) => [seen.path, seen.headers.authorization])).toEqual([
      ["/.well-known/jwks.json", undefined],
    ]);
  });

  it("are not asked for again and again by permits with invented key ids", async () => {
    gate = await startFakeGate(() => ({ body: keys }));
    for (let count = 0; count < 5; count++) {
      const permit = await signed(claims(), { kid: `invented-${count}` });
      await rejection(gate.client.verifyPermit(permit, INPUT, { nowMs: NOW_MS }));
    }
    expect(gate.seen).toHaveLength(1);
  });

  it("that cannot be fetched prove nothing", async () => {
    gate = await startFakeGate(() => ({ fault: "drop" }));
    const permit = await signed(claims());
    expect(await rejection(gate.client.verifyPermit(permit, INPUT, { nowMs: NOW_MS }))).toMatchObject({
      code: "unreachable",
    });
  });

  it("that are no set of keys prove nothing", async () => {
    gate = await startFakeGate(() => ({ body: { keys: "k1" } }));
    const permit = await signed(claims());
    expect(await rejection(gate.client.verifyPermit(permit, INPUT))).toMatchObject({ code: "bad_response" });
  });
});
