import { type Finding, type Policy, sha256Hex } from "@faramesh/core";
import type { PolicyRow } from "../../store/store.js";
import { type Checked, checkApart, isLarge } from "./check-apart.js";
import type { PolicyText, TextsKnown } from "./check-text.js";
import { ReadingQueue } from "./reading-queue.js";

/** Policies that are kept. */
const KEPT_MAX = 8;

/** Large policies that are checked or looked at for somebody, and wait for it. */
const ASKED_MAX = 16;

/** A text that was loaded. */
interface Loaded {
  readonly policy: Policy | null;
  readonly findings: readonly Finding[];
}

type StoredText = Pick<PolicyRow, "source" | "version" | "packs">;

/**
 * Policies that were compiled last. One that was just checked decides next: compiling a large one again would hold
 * everybody up for as long again.
 */
export class CompiledPolicies {
  readonly #kept = new Map<string, Loaded>();
  readonly #asked = new ReadingQueue(ASKED_MAX);
  /** What decides waits for nobody who only asks, and is never refused. */
  readonly #deciding = new ReadingQueue(Number.POSITIVE_INFINITY);

  /**
   * Checks a text that somebody gives.
   *
   * @throws GateError `rate_limited` when too many large ones wait already.
   */
  check(text: PolicyText, known: TextsKnown): Promise<Checked> {
    const read = (): Promise<Checked> => checkApart(text, known);
    return isLarge(text) ? this.#asked.run(read) : read();
  }

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

  /**
   * A stored version that somebody asks for, with the packs that were stored beside it, whatever packs this release has.
   *
   * @throws GateError `rate_limited` when too many large ones wait already.
   */
  ofVersion(row: StoredText): Promise<Loaded> {
    return this.#load(row, this.#asked);
  }

  /** The same, of a version that is to decide. */
  toDecide(row: StoredText): Promise<Loaded> {
    return this.#load(row, this.#deciding);
  }

  async #load(row: StoredText, queue: ReadingQueue): Promise<Loaded> {
    const known = this.#kept.get(keyOf(row.source, row.packs));
    const read = (): Promise<Loaded> => this.#read(row);
    const loaded = known ?? (await (isLarge({ source: row.source, tests: null }) ? queue.run(read) : read()));
    return { ...loaded, policy: loaded.policy && { ...loaded.policy, version: row.version } };
  }

  /** Whoever waited behind another one for the same version finds it kept. */
  async #read({ source, packs }: StoredText): Promise<Loaded> {
    const known = this.#kept.get(keyOf(source, packs));
    if (known !== undefined) return known;
    const texts = { packs: JSON.parse(packs) as Record<string, string>, tools: [] };
    const loaded = await checkApart({ source, tests: null }, texts);
    if (loaded.policy !== null) this.keep(source, packs, loaded);
    return loaded;
  }
}

function keyOf(source: string, packs: string): string {
  return sha256Hex(`${source}\u0000${packs}`);
}
