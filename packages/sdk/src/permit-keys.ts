import type { CallOptions } from "./calls.js";
import { badResponse, isObject } from "./read-answer.js";
import type { Transport } from "./transport.js";

/** Public keys as the gate publishes them (RFC 7517). */
export interface JsonWebKeySet {
  keys: readonly PublicKey[];
}

/** The fields of a public key that matter here (RFC 8037). */
export interface PublicKey {
  kty?: string | undefined;
  crv?: string | undefined;
  x?: string | undefined;
  kid?: string | undefined;
}

const KEPT_MS = 300_000;
const ASKED_AGAIN_MS = 10_000;

/** The gate's public keys: kept for five minutes, and asked for again when a permit names one that is not there. */
export class PermitKeys {
  readonly #transport: Transport;
  #keys: JsonWebKeySet = { keys: [] };
  #fetchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The keys to check a permit with.
   *
   * @param keyId - The key the permit names.
   * @throws {@link FarameshError} when they cannot be fetched.
   */
  async keysFor(keyId: string, options: CallOptions): Promise<JsonWebKeySet> {
    const isKnown = this.#keys.keys.some((key) => key.kid === keyId);
    // Permits with invented key ids must not make this client a load on the gate.
    const keptMs = isKnown ? KEPT_MS : ASKED_AGAIN_MS;
    if (performance.now() - this.#fetchedAtMs >= keptMs) {
      this.#keys = await this.#fetch(options);
      this.#fetchedAtMs = performance.now();
    }
    return this.#keys;
  }

  #fetch(options: CallOptions): Promise<JsonWebKeySet> {
    return this.#transport.send({
      method: "GET",
      path: "/.well-known/jwks.json",
      repeatable: true,
      anonymous: true,
      signal: options.signal,
      read: readKeys,
    });
  }
}

function readKeys(answer: unknown): JsonWebKeySet {
  const keys = isObject(answer) ? answer["keys"] : undefined;
  if (!Array.isArray(keys)) throw badResponse("What the gate publishes is not a set of keys");
  return { keys: keys.filter(isObject).map(readKey) };
}

function readKey(key: Readonly<Record<string, unknown>>): PublicKey {
  const text = (name: string): string | undefined => (typeof key[name] === "string" ? key[name] : undefined);
  return { kty: text("kty"), crv: text("crv"), x: text("x"), kid: text("kid") };
}
