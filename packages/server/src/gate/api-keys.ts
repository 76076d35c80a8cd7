import { randomBytes } from "node:crypto";
import { sha256Hex } from "@faramesh/core";
import { type ApiKey, type CreatedApiKey, type Role, timeText } from "@faramesh/protocol";
import type { ApiKeyRow, Change, Changed } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { whileCurrent } from "./policies/rules.js";
import { actorOf, assertCan, type Principal } from "./principal.js";

/** What a new key is for. */
export interface NewApiKey {
  readonly name: string;
  readonly role: Role;
  /** Globs of the agent ids it may act as; empty means any. */
  readonly agents: readonly string[];
}

/** 256 bits: keys are random, so one fast hash at rest is enough (there is nothing to guess from). */
const SECRET_BYTES = 32;
const KEY_FORM = /^fm_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/** The id inside a key, or null when it does not have the form of one. */
export function apiKeyId(key: string): string | null {
  return KEY_FORM.exec(key)?.[1] ?? null;
}

/** A key that is made and not yet kept: until it is, it opens nothing. */
export interface PreparedApiKey {
  readonly created: CreatedApiKey;
  /** @param decidedAt - As in a {@link Change}. */
  readonly keep: (decidedAt: number | null) => Promise<Changed>;
}

/** Makes a key; the answer is the one time it is shown. Admins only. */
export async function createApiKey(gate: Gate, principal: Principal, wanted: NewApiKey): Promise<CreatedApiKey> {
  const { created, keep } = prepareApiKey(gate, principal, wanted);
  await keep(null);
  return created;
}

/** Makes a key for a caller that has something to do with it before it counts. Admins only. */
export function prepareApiKey(gate: Gate, principal: Principal, wanted: NewApiKey): PreparedApiKey {
  assertCan(principal, "manage");
  const id = randomBytes(8).toString("hex");
  const key = newSecret(id);
  const row: ApiKeyRow = {
    id,
    name: wanted.name,
    role: wanted.role,
    agents: JSON.stringify(wanted.agents),
    key_hash: sha256Hex(key),
    created_at_ms: gate.nowMs(),
    created_by: principal.id,
    last_used_at_ms: null,
    revoked_at_ms: null,
  };
  return {
    created: { ...presentApiKey(row), key },
    keep: (decidedAt) => gate.store.putApiKey(keyChange(gate, principal, "key.created", row, decidedAt)),
  };
}

/** Every key, without secrets. Admins only. */
export async function listApiKeys(gate: Gate, principal: Principal): Promise<ApiKey[]> {
  assertCan(principal, "manage");
  return (await gate.store.apiKeys()).map(presentApiKey);
}

/** Gives a key a new secret; the old one stops working at once. Admins only. */
export function rotateApiKey(gate: Gate, principal: Principal, id: string): Promise<CreatedApiKey> {
  return whileCurrent(gate.store, async (decidedAt) => {
    const row = await managedKey(gate, principal, id);
    if (row.revoked_at_ms !== null) throw new GateError("conflict", "the key is revoked");
    const key = newSecret(id);
    const rotated = { ...row, key_hash: sha256Hex(key) };
    const changed = await gate.store.putApiKey(keyChange(gate, principal, "key.rotated", rotated, decidedAt));
    return changed === "changed" ? { ...presentApiKey(rotated), key } : changed;
  });
}

/** Ends a key. Revoking it again changes nothing. Admins only. */
export function revokeApiKey(gate: Gate, principal: Principal, id: string): Promise<ApiKey> {
  return whileCurrent(gate.store, async (decidedAt) => {
    const row = await managedKey(gate, principal, id);
    if (row.revoked_at_ms !== null) return presentApiKey(row);
    const revoked = { ...row, revoked_at_ms: gate.nowMs() };
    const changed = await gate.store.putApiKey(keyChange(gate, principal, "key.revoked", revoked, decidedAt));
    return changed === "changed" ? presentApiKey(revoked) : changed;
  });
}

async function managedKey(gate: Gate, principal: Principal, id: string): Promise<ApiKeyRow> {
  assertCan(principal, "manage");
  const row = await gate.store.apiKey(id);
  if (row === null) throw new GateError("not_found", "there is no such key");
  return row;
}

function newSecret(id: string): string {
  return `fm_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
}

function keyChange(
  gate: Gate,
  principal: Principal,
  kind: string,
  row: ApiKeyRow,
  decidedAt: number | null,
): Change<ApiKeyRow> {
  const body = { key_id: row.id, name: row.name, role: row.role, agents: JSON.parse(row.agents) as string[] };
  return { row, entry: { kind, atMs: gate.nowMs(), actor: actorOf(principal), body }, decidedAt };
}

function presentApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    agents: JSON.parse(row.agents) as string[],
    created_at: timeText(row.created_at_ms),
    created_by: row.created_by,
    last_used_at: row.last_used_at_ms === null ? null : timeText(row.last_used_at_ms),
    revoked_at: row.revoked_at_ms === null ? null : timeText(row.revoked_at_ms),
  };
}
