import { createHmac, randomBytes } from "node:crypto";
import { type JsonObject, PERMIT_TYPE, type PermitClaims } from "@faramesh/protocol";
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import type { Keyring } from "../gate/gate.js";

/** A signing key is replaced after this long; the old ones stay published, so that their permits still verify. */
const SIGNING_KEY_MS = 90 * 24 * 3_600_000;

/** A new key is published for this long before it signs, so that every node and every verifier has seen it by then. */
const PUBLISHED_FIRST_MS = 60_000;

/** Replaced keys that stay published. Permits live for minutes, so more than one is already generous. */
const PUBLISHED_KEYS_MAX = 3;

/** The gate's own secrets. */
export interface Keys {
  readonly approval_token_secret: string;
  /** Newest first. */
  readonly signing_keys: readonly { readonly created_at: string; readonly private_jwk: JWK }[];
}

/** Who permits are from and for. */
export interface PermitNames {
  readonly issuer: string;
  readonly audience: string;
}

/**
 * What the keys are to be: new ones where there are none, one more where the newest is old.
 *
 * @param nowMs - Milliseconds since the epoch.
 * @returns The same object when they are right as they are.
 */
export async function renewed(keys: Keys | null, nowMs: number): Promise<Keys> {
  const newest = keys?.signing_keys[0];
  if (keys !== null && newest !== undefined && nowMs - Date.parse(newest.created_at) <= SIGNING_KEY_MS) return keys;
  const signingKeys = [await newSigningKey(nowMs), ...(keys?.signing_keys ?? [])];
  return {
    approval_token_secret: keys?.approval_token_secret ?? randomBytes(32).toString("base64url"),
    signing_keys: signingKeys.slice(0, PUBLISHED_KEYS_MAX),
  };
}

/** A keyring that works with these keys. */
export async function keyringOf(keys: Keys, names: PermitNames, nowMs: () => number): Promise<Keyring> {
  const signing = await Promise.all(keys.signing_keys.map(signingKey));
  const published: JSONWebKeySet = { keys: keys.signing_keys.map(({ private_jwk }) => publicJwk(private_jwk)) };
  const verificationKeys = createLocalJWKSet(published);
  const tokenSecret = Buffer.from(keys.approval_token_secret, "base64url");
  return {
    async signPermit(claims) {
      const { kid, key } = toSignWith(signing, nowMs());
      return new SignJWT({ ...claims }).setProtectedHeader({ alg: "EdDSA", typ: PERMIT_TYPE, kid }).sign(key);
    },
    async readPermit(permit) {
      const { payload } = await jwtVerify<PermitClaims>(permit, verificationKeys, {
        algorithms: ["EdDSA"],
        typ: PERMIT_TYPE,
        issuer: names.issuer,
        audience: names.audience,
        requiredClaims: ["exp", "jti", "sub", "act"],
      });
      return payload;
    },
    publicKeys: () => structuredClone(published) as unknown as JsonObject,
    approvalToken: (boundTo) => `fmt_${createHmac("sha256", tokenSecret).update(boundTo).digest("base64url")}`,
  };
}

interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
  readonly createdAtMs: number;
}

/** The newest key that has been published long enough; where none has, the oldest one. */
function toSignWith(signing: readonly SigningKey[], nowMs: number): SigningKey {
  const known = signing.find(({ createdAtMs }) => createdAtMs + PUBLISHED_FIRST_MS <= nowMs) ?? signing.at(-1);
  if (known === undefined) throw new Error("there is no key to sign with");
  return known;
}

async function signingKey({ created_at, private_jwk }: Keys["signing_keys"][number]): Promise<SigningKey> {
  if (private_jwk.kid === undefined) throw new Error("a signing key has no id");
  const key = (await importJWK(private_jwk, "EdDSA")) as CryptoKey;
  return { kid: private_jwk.kid, key, createdAtMs: Date.parse(created_at) };
}

async function newSigningKey(nowMs: number): Promise<Keys["signing_keys"][number]> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { created_at: new Date(nowMs).toISOString(), private_jwk: { ...jwk, kid, alg: "EdDSA", use: "sig" } };
}

/** Named members only: a private member must never slip into what is published. */
function publicJwk({ kty, crv, x, kid, alg, use }: JWK): JWK {
  return {
    ...(kty && { kty }),
    ...(crv && { crv }),
    ...(x && { x }),
    ...(kid && { kid }),
    ...(alg && { alg }),
    ...(use && { use }),
  };
}
