import type { PermitClaims } from "@faramesh/protocol";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config.js";
import type { Keys } from "../../src/keyring/keys.js";
import { unseal } from "../../src/keyring/seal.js";
import { openSharedKeyring, type SharedKeyring } from "../../src/keyring/shared-keyring.js";
import { openPostgresStore, type PostgresStore } from "../../src/store/postgres/open-postgres-store.js";
import { freshDatabase } from "../postgres.js";

const SECRET = "a-secret-of-the-tests-0123456789abcdef";
const NAMES = { issuer: "faramesh", audience: "faramesh-executor" };
const BEGIN_MS = Date.UTC(2030, 0, 1);
/** By then, the signing key of the beginning is too old. */
const LATER_MS = BEGIN_MS + 91 * 24 * 3_600_000;

const CLAIMS: PermitClaims = {
  ...{ iss: NAMES.issuer, aud: NAMES.audience, sub: "agent", jti: "1", iat: 0, exp: Number.MAX_SAFE_INTEGER },
  act: { id: "a", tool: "shell", operation: "exec", request_hash: "0".repeat(64), params_hash: "0".repeat(64) },
  policy: { id: "test", version: 1, hash: "0".repeat(64) },
};

const ends: (() => Promise<unknown>)[] = [];
let url: string;
beforeEach(async () => {
  const database = await freshDatabase();
  url = database.url;
  ends.push(database.drop);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** What a node has of the database. */
async function node(): Promise<PostgresStore["keyring"]> {
  const store = await openPostgresStore(url, BEGIN_MS);
  ends.push(() => store.close());
  return store.keyring;
}

async function keyringAt(nowMs: () => number): Promise<SharedKeyring> {
  return openSharedKeyring(await node(), SECRET, NAMES, nowMs);
}

function jwks(keyring: SharedKeyring): JSONWebKeySet {
  return keyring.publicKeys() as unknown as JSONWebKeySet;
}

async function signerOf(keyring: SharedKeyring): Promise<string | undefined> {
  return decodeProtectedHeader(await keyring.signPermit(CLAIMS)).kid;
}

describe("nodes that share a keyring", () => {
  it("agree on one when they start at once, and later on the same", async () => {
    const nodes = await Promise.all([node(), node(), node(), node()]);
    const open = (shared: PostgresStore["keyring"]) => openSharedKeyring(shared, SECRET, NAMES, () => BEGIN_MS);
    const keyrings = await Promise.all(nodes.map(open));
    keyrings.push(await keyringAt(() => BEGIN_MS));
    expect(new Set(keyrings.map((keyring) => JSON.stringify(keyring.publicKeys()))).size).toBe(1);
    expect(new Set(keyrings.map((keyring) => keyring.approvalToken("an action"))).size).toBe(1);
  });

  it("agree on one new signing key when they start at once and the old one is due", async () => {
    const before = await keyringAt(() => BEGIN_MS);
    const nodes = await Promise.all([node(), node(), node()]);
    const keyrings = await Promise.all(nodes.map((shared) => openSharedKeyring(shared, SECRET, NAMES, () => LATER_MS)));
    expect(new Set(keyrings.map((keyring) => JSON.stringify(keyring.publicKeys()))).size).toBe(1);
    expect(jwks(keyrings[0] ?? before).keys).toEqual([expect.anything(), ...jwks(before).keys]);
  });

  it("take each other's permits, by the keyring and by what is published", async () => {
    const [here, there] = [await keyringAt(() => BEGIN_MS), await keyringAt(() => BEGIN_MS)];
    const permit = await here.signPermit(CLAIMS);
    expect(await there.readPermit(permit)).toEqual(CLAIMS);
    const { payload } = await jwtVerify(permit, createLocalJWKSet(jwks(there)), NAMES);
    expect(payload).toEqual(CLAIMS);
  });

  it("publish a new signing key a minute before any of them signs with it, and keep the old one published", async () => {
    let nowMs = BEGIN_MS;
    const old = await keyringAt(() => nowMs);
    const [first] = jwks(old).keys;
    const permit = await old.signPermit(CLAIMS);
    nowMs = LATER_MS;
    const young = await keyringAt(() => nowMs);
    expect(jwks(old).keys).toEqual([first]);
    await old.refresh();
    expect(jwks(old)).toEqual(jwks(young));
    const [second] = jwks(young).keys;
    expect(jwks(young).keys).toEqual([second, first]);
    for (const keyring of [old, young]) {
      nowMs = LATER_MS + 59_999;
      expect(await signerOf(keyring)).toBe(first?.kid);
      nowMs = LATER_MS + 60_000;
      expect(await signerOf(keyring)).toBe(second?.kid);
      expect(await keyring.readPermit(permit)).toEqual(CLAIMS);
    }
  });

  it("go on with what they have while nothing changed", async () => {
    const keyring = await keyringAt(() => BEGIN_MS);
    const before = keyring.publicKeys();
    await keyring.refresh();
    expect(keyring.publicKeys()).toEqual(before);
  });
});

describe("the stored keyring", () => {
  it("shows none of the secrets that are in it, nor the one that it is sealed with", async () => {
    const shared = await node();
    const keyring = await openSharedKeyring(shared, SECRET, NAMES, () => BEGIN_MS);
    const stored = (await shared.read()) ?? "";
    const keys = JSON.parse(await unseal(stored, SECRET)) as Keys;
    const secrets = [SECRET, keys.approval_token_secret, ...keys.signing_keys.map(({ private_jwk }) => private_jwk.d)];
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) {
      expect(stored).not.toContain(secret);
      expect(Buffer.from(stored.slice(3), "base64url").toString("latin1")).not.toContain(secret);
    }
    expect(stored).not.toContain(keyring.approvalToken("an action"));
  });

  it("is opened with no other secret, and stays as it was", async () => {
    const shared = await node();
    await openSharedKeyring(shared, SECRET, NAMES, () => BEGIN_MS);
    const stored = await shared.read();
    // A signing key that is due would be a reason to write.
    const opening = openSharedKeyring(shared, `${SECRET}x`, NAMES, () => LATER_MS);
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow("FARAMESH_SECRET is not the one that this database's keys are sealed with");
    expect(await shared.read()).toBe(stored);
  });

  it("is refused when a byte of it was changed, at the start and while a node runs, which goes on with its own", async () => {
    const shared = await node();
    const keyring = await openSharedKeyring(shared, SECRET, NAMES, () => BEGIN_MS);
    const before = keyring.publicKeys();
    const stored = (await shared.read()) ?? "";
    const changed = `${stored.slice(0, 100)}${stored[100] === "A" ? "B" : "A"}${stored.slice(101)}`;
    await shared.replace(stored, changed);
    await expect(openSharedKeyring(shared, SECRET, NAMES, () => LATER_MS)).rejects.toThrow(ConfigError);
    await expect(keyring.refresh()).rejects.toThrow(ConfigError);
    expect(keyring.publicKeys()).toEqual(before);
    expect(await keyring.readPermit(await keyring.signPermit(CLAIMS))).toEqual(CLAIMS);
    expect(await shared.read()).toBe(changed);
  });

  it("is replaced only by who has read what it replaces", async () => {
    const shared = await node();
    expect(await shared.replace(null, "one")).toBe(true);
    expect(await shared.replace(null, "two")).toBe(false);
    expect(await shared.replace("two", "three")).toBe(false);
    expect(await shared.read()).toBe("one");
    expect(await shared.replace("one", "two")).toBe(true);
  });
});
