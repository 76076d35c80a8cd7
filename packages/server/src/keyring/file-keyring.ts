import { createHmac, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
import { ConfigError } from "../config.js";
import type { Keyring } from "../gate/gate.js";

/** A signing key is replaced after this long; the old ones stay published, so that their permits still verify. */
const SIGNING_KEY_MS = 90 * 24 * 3_600_000;

/** Replaced keys that stay published. Permits live for minutes, so more than one is already generous. */
const PUBLISHED_KEYS_MAX = 3;

/** The content of `keys.json`: the gate's own secrets, in a file that only its user may read. */
interface KeyFile {
  approval_token_secret: string;
  /** Newest first. */
  signing_keys: { created_at: string; private_jwk: JWK }[];
}

/** Who permits are from and for. */
export interface PermitNames {
  readonly issuer: string;
  readonly audience: string;
}

/**
 * Opens the keyring of a data directory, made new where there is none; the signing key is rotated when it is old.
 *
 * @param nowMs - Milliseconds since the epoch.
 */
export async function openKeyring(directory: string, names: PermitNames, nowMs: number): Promise<Keyring> {
  const path = join(directory, "keys.json");
  const file = existsSync(path) ? readKeyFile(path) : newKeyFile();
  const newest = file.signing_keys[0];
  if (newest === undefined || nowMs - Date.parse(newest.created_at) > SIGNING_KEY_MS) {
    file.signing_keys.unshift(await newSigningKey(nowMs));
    file.signing_keys.splice(PUBLISHED_KEYS_MAX);
    writeSecretFile(path, `${JSON.stringify(file, null, 2)}\n`);
  }
  return keyringOf(file, names);
}

/** Writes a file that only its owner may read: whole or not at all, and on the disk when this returns. */
export function writeSecretFile(path: string, text: string): void {
  const next = `${path}.next`;
  writeFileSync(next, text, { mode: 0o600, flush: true });
  renameSync(next, path);
  const directory = openSync(dirname(path), "r");
  fsyncSync(directory);
  closeSync(directory);
}

function readKeyFile(path: string): KeyFile {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as KeyFile;
  } catch (error) {
    throw new ConfigError("keys.json in the data directory cannot be read; put its backup in its place", {
      cause: error,
    });
  }
}

async function keyringOf(file: KeyFile, names: PermitNames): Promise<Keyring> {
  const signing = file.signing_keys[0]?.private_jwk;
  if (signing?.kid === undefined) throw new Error("keys.json holds no signing key");
  const { kid } = signing;
  const privateKey = (await importJWK(signing, "EdDSA")) as CryptoKey;
  const published: JSONWebKeySet = { keys: file.signing_keys.map(({ private_jwk }) => publicJwk(private_jwk)) };
  const verificationKeys = createLocalJWKSet(published);
  const tokenSecret = Buffer.from(file.approval_token_secret, "base64url");
  return {
    signPermit: (claims) =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: "EdDSA", typ: PERMIT_TYPE, kid }).sign(privateKey),
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

function newKeyFile(): KeyFile {
  return { approval_token_secret: randomBytes(32).toString("base64url"), signing_keys: [] };
}

async function newSigningKey(nowMs: number): Promise<KeyFile["signing_keys"][number]> {
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
