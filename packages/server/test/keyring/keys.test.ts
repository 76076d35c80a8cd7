import type { PermitClaims } from "@faramesh/protocol";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import type { Keyring } from "../../src/gate/gate.js";
import { type Keys, keyringOf, renewed } from "../../src/keyring/keys.js";

const NAMES = { issuer: "faramesh", audience: "faramesh-executor" };
const BEGIN_MS = Date.UTC(2030, 0, 1);
const DAY_MS = 24 * 3_600_000;
/** The first moment at which a key that was made at the beginning is too old to go on signing. */
const OLD_MS = BEGIN_MS + 90 * DAY_MS + 1;

/** Never expired, so that a test tells of keys and not of the clock. */
const CLAIMS: PermitClaims = {
  ...{ iss: NAMES.issuer, aud: NAMES.audience, sub: "agent", jti: "1", iat: 0, exp: Number.MAX_SAFE_INTEGER },
  act: { id: "a", tool: "shell", operation: "exec", request_hash: "0".repeat(64), params_hash: "0".repeat(64) },
  policy: { id: "test", version: 1, hash: "0".repeat(64) },
};

function published(keyring: Keyring): string[] {
  return (keyring.publicKeys() as unknown as JSONWebKeySet).keys.map(({ kid = "" }) => kid);
}

function kidOf(permit: string): string | undefined {
  return decodeProtectedHeader(permit).kid;
}

/** The keys after a renewal on each of these days. */
async function renewedAt(...timesMs: number[]): Promise<Keys> {
  let keys: Keys | null = null;
  for (const atMs of timesMs) keys = await renewed(keys, atMs);
  if (keys === null) throw new Error("no time was given");
  return keys;
}

describe("the gate's keys", () => {
  it("are made where there are none, and stay the same for 90 days", async () => {
    const keys = await renewed(null, BEGIN_MS);
    expect(keys.signing_keys).toHaveLength(1);
    expect(Buffer.from(keys.approval_token_secret, "base64url")).toHaveLength(32);
    expect(await renewed(keys, OLD_MS - 1)).toBe(keys);
  });

  it("get a new signing key after 90 days, in front of the old ones, and keep what approval tokens come from", async () => {
    const keys = await renewed(null, BEGIN_MS);
    const later = await renewed(keys, OLD_MS);
    expect(later.signing_keys).toHaveLength(2);
    expect(later.signing_keys[1]).toEqual(keys.signing_keys[0]);
    expect(later.approval_token_secret).toBe(keys.approval_token_secret);
  });

  it("are never more than three that are published", async () => {
    const times = [0, 1, 2, 3, 4].map((n) => BEGIN_MS + n * 100 * DAY_MS);
    const keys = await renewedAt(...times);
    expect(keys.signing_keys.map(({ created_at }) => Date.parse(created_at))).toEqual(times.slice(-3).reverse());
  });
});

describe("a new signing key", () => {
  it("is published for a minute before it signs, so that whoever verifies has seen it by then", async () => {
    let nowMs = OLD_MS;
    const keyring = await keyringOf(await renewedAt(BEGIN_MS, OLD_MS), NAMES, () => nowMs);
    const [newer, older] = published(keyring);
    expect(newer).not.toBe(older);
    for (const [afterMs, signer] of [
      [0, older],
      [59_999, older],
      [60_000, newer],
      [90 * DAY_MS, newer],
    ] as const) {
      nowMs = OLD_MS + afterMs;
      expect([afterMs, kidOf(await keyring.signPermit(CLAIMS))]).toEqual([afterMs, signer]);
    }
  });

  it("signs at once where it is the only one", async () => {
    const keyring = await keyringOf(await renewedAt(BEGIN_MS), NAMES, () => BEGIN_MS);
    expect(kidOf(await keyring.signPermit(CLAIMS))).toBe(published(keyring)[0]);
  });

  it("leaves the old ones published: their permits go on verifying", async () => {
    const before = await renewedAt(BEGIN_MS);
    const permit = await (await keyringOf(before, NAMES, () => BEGIN_MS)).signPermit(CLAIMS);
    const after = await keyringOf(await renewed(before, OLD_MS), NAMES, () => OLD_MS + DAY_MS);
    const { payload } = await jwtVerify(permit, createLocalJWKSet(after.publicKeys() as unknown as JSONWebKeySet));
    expect(payload).toEqual(CLAIMS);
    expect(await after.readPermit(permit)).toEqual(CLAIMS);
  });
});

describe("what is published of the keys", () => {
  it("holds no private part", async () => {
    const keys = await renewedAt(BEGIN_MS, OLD_MS);
    const told = JSON.stringify((await keyringOf(keys, NAMES, () => OLD_MS)).publicKeys());
    for (const { private_jwk } of keys.signing_keys) {
      expect(private_jwk.d).toBeDefined();
      expect(told).not.toContain(private_jwk.d);
    }
    expect(told).not.toContain(keys.approval_token_secret);
  });
});
