import { timingSafeEqual } from "node:crypto";
import { sha256Hex } from "@faramesh/core";
import type { Store } from "../store/store.js";
import { apiKeyId } from "./api-keys.js";
import { GateError } from "./errors.js";
import type { Principal } from "./principal.js";

/** The principal that the bootstrap key stands for. */
export const BOOTSTRAP: Principal = { id: "bootstrap", name: "bootstrap", role: "admin", via: "key", agents: [] };

/** Known keys kept in memory, by the hash of the whole key. */
const KNOWN_MAX = 10_000;

/** How long a known key is trusted before the store is asked again. */
const KNOWN_MS = 1_000;

/** What of a store is asked about keys. */
type KeyStore = Pick<Store, "apiKey">;

interface Known {
  readonly principal: Principal;
  readonly untilMs: number;
}

/**
 * Tells who a key belongs to. The store knows keys by their hash alone, which is compared in constant time. What was
 * found is known for a second, so that a key in use is not looked up at each request.
 */
export class Authenticator {
  readonly #store: KeyStore;
  readonly #bootstrapHash: string | null;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, Known>();
  /**
   * The same by the key itself, which saves a SHA-256. Maps hash with a seed of the process, so time tells nothing. A
   * key stays in it for a second at the most, whether or not another one comes.
   */
  readonly #seen = new Map<string, Known>();
  #isSeenEnding = false;
  #generation = 0;
  readonly #listeners = new Set<() => void>();
  #used = new Map<string, number>();

  /** @param bootstrapKey - The admin key from the server's configuration, if there is one. */
  constructor(store: KeyStore, bootstrapKey: string | null, nowMs: () => number) {
    this.#store = store;
    this.#bootstrapHash = bootstrapKey === null ? null : sha256Hex(bootstrapKey);
    this.#nowMs = nowMs;
  }

  /** Another number after each change to a key: what a key opened before, it may not open now. */
  get generation(): number {
    return this.#generation;
  }

  /** Who a key belongs to, where it was looked up a moment ago; null says nothing. */
  known(key: string): Principal | null {
    const seen = this.#seen.get(key);
    if (seen !== undefined && this.#nowMs() < seen.untilMs) return seen.principal;
    const known = this.#knownByHash(sha256Hex(key));
    if (known !== null) this.#see(key, known);
    return known?.principal ?? null;
  }

  /** @throws GateError `unauthorized` for a key that is unknown or revoked. */
  async principalOf(key: string): Promise<Principal> {
    const hash = sha256Hex(key);
    const known = this.#knownByHash(hash);
    if (known !== null) return known.principal;
    const generation = this.#generation;
    const isBootstrap = this.#bootstrapHash !== null && sameHash(hash, this.#bootstrapHash);
    const principal = isBootstrap ? BOOTSTRAP : await this.#lookUp(key, hash);
    // A look that began before a change may have seen what was before it.
    if (generation === this.#generation) this.#remember(hash, principal);
    this.#used.set(principal.id, this.#nowMs());
    return principal;
  }

  /** Forgets what is known, so that a change to a key counts from the next request on. */
  forget(): void {
    this.#generation++;
    this.#known.clear();
    this.#seen.clear();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back when a key was changed, until the returned function is called. */
  onKeyChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** When keys were last used, since the last time this was asked. */
  takeUses(): ReadonlyMap<string, number> {
    const used = this.#used;
    this.#used = new Map();
    return used;
  }

  async #lookUp(key: string, hash: string): Promise<Principal> {
    const id = apiKeyId(key);
    const row = id === null ? null : await this.#store.apiKey(id);
    if (row === null || row.revoked_at_ms !== null || !sameHash(hash, row.key_hash)) {
      throw new GateError("unauthorized", "the key is not known");
    }
    return { id: row.id, name: row.name, role: row.role, via: "key", agents: JSON.parse(row.agents) as string[] };
  }

  #knownByHash(hash: string): Known | null {
    const known = this.#known.get(hash);
    return known !== undefined && this.#nowMs() < known.untilMs ? known : null;
  }

  #see(key: string, known: Known): void {
    if (this.#seen.size >= KNOWN_MAX) return;
    // A piece cut out of a header holds on to the whole of it, which may be much longer.
    this.#seen.set(Buffer.from(key).toString(), known);
    if (this.#isSeenEnding) return;
    this.#isSeenEnding = true;
    setTimeout(() => {
      this.#seen.clear();
      this.#isSeenEnding = false;
    }, KNOWN_MS).unref();
  }

  #remember(hash: string, principal: Principal): void {
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(hash, { principal, untilMs: this.#nowMs() + KNOWN_MS });
  }
}

function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a, "hex"), Buffer.from(b, "hex"));
}
