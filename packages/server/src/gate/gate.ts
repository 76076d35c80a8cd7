import type { JsonObject, PermitClaims } from "@faramesh/protocol";
import type { Store } from "../store/store.js";
import type { Announcer } from "./announcer.js";
import type { CompiledPolicies } from "./policies/compiled-policies.js";
import type { Rules } from "./policies/rules.js";

/** Keeps the gate's secrets: signs permits and derives approval tokens. */
export interface Keyring {
  /** A permit as a compact JWS (RFC 7515), signed with Ed25519. */
  signPermit(claims: PermitClaims): Promise<string>;
  /**
   * Reads a permit this gate signed.
   *
   * @throws Error when form, signature, issuer, audience or expiry is wrong.
   */
  readPermit(permit: string): Promise<PermitClaims>;
  /** The public keys that permits verify with (RFC 7517). */
  publicKeys(): JsonObject;
  /** The approval token bound to a text; the same text gives the same token, without storing it. */
  approvalToken(boundTo: string): string;
}

/** Fixed facts about this gate. */
export interface GateSettings {
  readonly issuer: string;
  readonly permitAudience: string;
  readonly runtimeVersion: string;
  readonly leaseSecondsDefault: number;
  /** How long after its decision an action may be claimed. */
  readonly claimTtlMs: number;
}

/** What every use case works with: ports and present facts, no framework and no database. */
export interface Gate {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly settings: GateSettings;
  readonly announcer: Announcer;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** A new UUIDv7 (RFC 9562). */
  readonly newId: () => string;
  /** What is decided by. */
  readonly rules: Rules;
  /** The policies that were compiled last. */
  readonly compiled: CompiledPolicies;
  /** The packs that policies may extend: their texts, by name. */
  readonly packs: Readonly<Record<string, string>>;
}
