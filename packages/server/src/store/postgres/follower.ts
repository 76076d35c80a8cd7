import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Ask } from "../sql/database.js";
import type { Committed } from "../store.js";
import { connectionConfig } from "./connection.js";
import { CHANNEL } from "./writer.js";

/** How often the ledger is looked at without being told: a notification that is lost delays, and loses nothing. */
const LOOK_MS = 500;

/** Entries read at a time. */
const PAGE = 1_000;

/** Milliseconds before a lost connection is made again. */
const RECONNECT_MS = 250;

const BEHIND = "SELECT idx, action_id FROM ledger_entries WHERE idx > ? ORDER BY idx LIMIT ?";

/**
 * Follows the ledger as all nodes write it, entry by entry, by index. Notifications say only that there is something
 * to read.
 */
export class Follower {
  readonly #url: string;
  readonly #ask: Ask;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #client: pg.Client | null = null;
  #listener: (entries: readonly Committed[]) => void = () => {};
  #last: number;
  #reading: Promise<void> | null = null;
  readonly #listening: Promise<void>;

  /** @param last - The newest entry that need not be told of. */
  constructor(url: string, ask: Ask, last: number) {
    this.#url = url;
    this.#ask = ask;
    this.#last = last;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#listening = this.#listen();
  }

  follow(listener: (entries: readonly Committed[]) => void): void {
    this.#listener = listener;
  }

  /** This node committed these entries and told of them itself. */
  passOver(firstIndex: number, size: number): void {
    if (firstIndex === this.#last + 1) this.#last = size - 1;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    await this.#client?.end().catch(() => {});
    await this.#listening;
    await this.#reading;
  }

  /** Keeps a connection that listens, as long as there is a database to listen to. */
  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#listenOnce();
      } catch {
        // The requests meet the same and say so; looking at the ledger goes on by the clock.
      }
      await pause(RECONNECT_MS, null, { signal }).catch(() => {});
    }
  }

  async #listenOnce(): Promise<void> {
    const client = new pg.Client(connectionConfig(this.#url));
    const ended = new Promise<void>((resolve) => {
      client.once("error", () => resolve());
      client.once("end", () => resolve());
    });
    client.on("notification", ({ payload }) => {
      if (Number(payload) > this.#last + 1) this.#look();
    });
    try {
      await client.connect();
      if (this.#closing.signal.aborted) return;
      this.#client = client;
      await client.query(`LISTEN ${CHANNEL}`);
      // What was told while nobody listened.
      this.#look();
      await ended;
    } finally {
      this.#client = null;
      client.end().catch(() => {});
    }
  }

  #look(): void {
    if (this.#reading !== null || this.#closing.signal.aborted) return;
    this.#reading = this.#readOn().finally(() => {
      this.#reading = null;
    });
  }

  async #readOn(): Promise<void> {
    try {
      for (let isMore = true; isMore && !this.#closing.signal.aborted; ) {
        const entries = await this.#ask<Committed>({ sql: BEHIND, values: [this.#last, PAGE] });
        const behind = entries.filter(({ idx }) => idx > this.#last);
        this.#last = behind.at(-1)?.idx ?? this.#last;
        if (behind.length > 0) this.#listener(behind);
        isMore = entries.length === PAGE;
      }
    } catch {
      // The database is gone for now; the next look goes on from the same place.
    }
  }
}
