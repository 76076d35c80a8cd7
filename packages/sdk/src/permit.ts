import { CanonicalJsonError, canonicalJson, PERMIT_TYPE, type PermitClaims } from "@faramesh/protocol";
import { InvalidPermitError } from "./errors.js";
import { requestHash, sha256Hex } from "./hash.js";
import type { JsonWebKeySet } from "./permit-keys.js";
import { isObject } from "./read-answer.js";

/** The call that is about to be made, and whose permit it must be. */
export interface PermittedCall {
  agent_id: string;
  tool: string;
  operation: string;
  /** Exactly what will run. */
  params: object;
  /** Checked where given; `null` stands for an action that was submitted without any. */
  context?: object | null | undefined;
}

/** What a permit must say beside the call. */
export interface PermitChecks {
  /** Default `faramesh-executor`. */
  audience?: string | undefined;
  /** Checked where given. */
  issuer?: string | undefined;
  /** How far the clocks may be apart. Default 5. */
  clockSkewSeconds?: number | undefined;
  /** Milliseconds since the epoch, in place of the clock. */
  nowMs?: number | undefined;
}

const DEFAULT_AUDIENCE = "faramesh-executor";
const DEFAULT_SKEW_SECONDS = 5;
const PERMIT_CHARS_MAX = 16_384;
const COMPACT_JWS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const TIMES = ["iat", "exp"] as const;

interface SignedPermit {
  readonly signed: string;
  readonly payload: string;
  readonly signature: string;
  readonly keyId: string;
}

/**
 * The id of the key a permit says it is signed with. Nothing is verified by that.
 *
 * @throws {@link InvalidPermitError} when its form or its header is wrong.
 */
export function permitKeyId(permit: string): string {
  return takeApart(permit).keyId;
}

/**
 * Checks signature, times, audience, issuer, and that the permit is for exactly this call.
 *
 * @throws {@link InvalidPermitError} when anything does not hold.
 */
export async function checkPermit(
  permit: string,
  call: PermittedCall,
  keys: JsonWebKeySet,
  checks: PermitChecks,
): Promise<PermitClaims> {
  const parts = takeApart(permit);
  await checkSignature(parts, keys);
  // Nothing of the payload is looked at before its signature holds.
  const claims = readClaims(parts.payload);
  checkTimes(claims, checks);
  checkParties(claims, call, checks);
  await checkCall(claims, call);
  return claims;
}

function takeApart(permit: string): SignedPermit {
  const [, header, payload, signature] = (permit.length <= PERMIT_CHARS_MAX && COMPACT_JWS.exec(permit)) || [];
  if (header === undefined || payload === undefined || signature === undefined) {
    throw invalid("The permit is not a JWS in compact form");
  }
  const { alg, typ, kid, crit } = parsed(header);
  // The algorithm is ours, never the permit's choice (RFC 8725, 3.1); an extension we do not know must be refused.
  if (alg !== "EdDSA" || typ !== PERMIT_TYPE || crit !== undefined) {
    throw invalid("This is not a permit signed with Ed25519");
  }
  if (typeof kid !== "string") throw invalid("The permit does not name its key");
  return { signed: `${header}.${payload}`, payload, signature, keyId: kid };
}

async function checkSignature({ signed, signature, keyId }: SignedPermit, keys: JsonWebKeySet): Promise<void> {
  const key = keys.keys.find((one) => one.kid === keyId && one.kty === "OKP" && one.crv === "Ed25519");
  if (key?.x === undefined) throw invalid("The permit is signed with a key that the gate does not publish");
  const { subtle } = globalThis.crypto;
  const algorithm = { name: "Ed25519" };
  let holds = false;
  try {
    const publicKey = await subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x: key.x }, algorithm, false, [
      "verify",
    ]);
    holds = await subtle.verify(algorithm, publicKey, bytesOf(signature), new TextEncoder().encode(signed));
  } catch (error) {
    throw new InvalidPermitError("The permit's signature cannot be checked", { code: "invalid_permit", cause: error });
  }
  if (!holds) throw invalid("The permit's signature is wrong");
}

function readClaims(payload: string): PermitClaims {
  const claims = parsed(payload);
  const act = claims["act"];
  const isWhole =
    ["iss", "aud", "sub", "jti"].every((name) => typeof claims[name] === "string") &&
    TIMES.every((name) => Number.isFinite(claims[name])) &&
    isObject(act) &&
    ["id", "tool", "operation", "request_hash", "params_hash"].every((name) => typeof act[name] === "string");
  if (!isWhole) throw invalid("The permit lacks a claim");
  return claims as unknown as PermitClaims;
}

function checkTimes(claims: PermitClaims, checks: PermitChecks): void {
  const nowSeconds = (checks.nowMs ?? Date.now()) / 1000;
  const skewSeconds = checks.clockSkewSeconds ?? DEFAULT_SKEW_SECONDS;
  // Written so that a skew or a time that is not a number holds nothing.
  if (!(nowSeconds < claims.exp + skewSeconds)) throw invalid("The permit has expired, so the call must not run");
  if (!(nowSeconds >= claims.iat - skewSeconds)) throw invalid("The permit is from the future; compare the clocks");
}

function checkParties(claims: PermitClaims, call: PermittedCall, checks: PermitChecks): void {
  if (claims.aud !== (checks.audience ?? DEFAULT_AUDIENCE)) throw invalid("The permit is for another audience");
  if (checks.issuer !== undefined && claims.iss !== checks.issuer) throw invalid("The permit is from another gate");
  if (claims.sub !== call.agent_id) throw invalid("The permit is for another agent");
}

async function checkCall({ act }: PermitClaims, call: PermittedCall): Promise<void> {
  if (act.tool !== call.tool || act.operation !== call.operation) {
    throw invalid("The permit is for another tool or operation");
  }
  if (act.params_hash !== (await paramsHash(call.params))) throw invalid("The permit is for other params");
  if (call.context === undefined) return;
  const { agent_id, tool, operation, params, context } = call;
  const hash = await requestHash({ agent_id, tool, operation, params, context: context ?? undefined });
  if (act.request_hash !== hash) throw invalid("The permit is for another context");
}

async function paramsHash(params: object): Promise<string> {
  try {
    return await sha256Hex(canonicalJson(params, undefined, "$.params"));
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    throw invalid(`These params can have no permit: ${error.message}`);
  }
}

function parsed(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part)));
    if (isObject(value)) return value;
  } catch {
    // Said below, without quoting what a stranger sent.
  }
  throw invalid("A part of the permit is not a JSON object");
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function invalid(message: string): InvalidPermitError {
  return new InvalidPermitError(message, { code: "invalid_permit" });
}
