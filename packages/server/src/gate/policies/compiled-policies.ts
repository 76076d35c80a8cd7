import { type Finding, type Policy, sha256Hex } from "@faramesh/core";
import type { PolicyRow } from "../../store/store.js";
import { checkApart } from "./check-apart.js";

/** Policies that are kept. */
const KEPT_MAX = 8;

/** A text that was loaded. */
interface Loaded {
  readonly policy: Policy | null;
  readonly findings: readonly Finding[];
}

/**
 * Policies that were compiled last. One that was just checked decides next: compiling a large one again would hold
 * everybody up for as long again.
 */
export class CompiledPolicies {
  readonly #kept = new Map<string, Loaded>();

  /**
   * Keeps a policy that loads.
   *
   * @param packs - The texts of the packs that it extends, and no others, as JSON.
   */
  keep(source: string, packs: string, loaded: Loaded): void {
    const key = keyOf(source, packs);
    this.#kept.delete(key);
    this.#kept.set(key, loaded);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** A stored version with the packs that were stored beside it, whatever packs this release has. */
  async ofVersion({ source, version, packs }: Pick<PolicyRow, "source" | "version" | "packs">): Promise<Loaded> {
    const known = this.#kept.get(keyOf(source, packs));
    const texts = { packs: JSON.parse(packs) as Record<string, string>, tools: [] };
    const loaded = known ?? (await checkApart({ source, tests: null }, texts));
    if (known === undefined && loaded.policy !== null) this.keep(source, packs, loaded);
    return { ...loaded, policy: loaded.policy && { ...loaded.policy, version } };
  }
}

function keyOf(source: string, packs: string): string {
  return sha256Hex(`${source}\u0000${packs}`);
}
