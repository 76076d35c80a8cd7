import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectionConfig } from "../../src/store/postgres/connection.js";
import { openPostgresStore, type PostgresStore } from "../../src/store/postgres/open-postgres-store.js";
import { PrunedPartitions } from "../../src/store/postgres/pruned-partitions.js";
import { freshDatabase } from "../postgres.js";
import { pruningConformance } from "./pruning-conformance.js";
import {
  actionAt,
  BEFORE,
  NEW,
  OLD,
  prune,
  pruneAway,
  type ReachableStore,
  recompute,
  stepAt,
  stored,
  submitAt,
} from "./pruning-samples.js";
import { claim } from "./store-samples.js";

interface ReachableDatabase extends ReachableStore {
  readonly url: string;
  open(): Promise<PostgresStore>;
}

async function reachable(): Promise<ReachableDatabase> {
  const database = await freshDatabase();
  const { url } = database;
  return {
    url,
    open: () => openPostgresStore(url, Date.now()),
    remove: () => database.drop(),
    async sql<Row>(statement: string): Promise<Row[]> {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query(statement)).rows as Row[];
      } finally {
        await client.end();
      }
    },
    unguard: "ALTER TABLE ledger_entries DISABLE TRIGGER USER",
  };
}

pruningConformance("PostgreSQL", reachable);

describe("a PostgreSQL database that is pruned", () => {
  let under: ReachableDatabase;
  let store: PostgresStore;
  const sessions: pg.Client[] = [];
  beforeEach(async () => {
    under = await reachable();
    store = await under.open();
    // As they would be there, had it been open at the time; and parts of the ledger that tests can fill.
    await store.makePartitions(OLD);
    await under.sql(`DROP TABLE ledger_entries_000000;
      CREATE TABLE ledger_entries_first PARTITION OF ledger_entries FOR VALUES FROM (0) TO (20);
      CREATE TABLE ledger_entries_000000 PARTITION OF ledger_entries FOR VALUES FROM (20) TO (40)`);
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.end();
    await store.close();
    await under.remove();
  });
  const partitions = async (): Promise<string[]> =>
    (
      await under.sql<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits
          WHERE inhparent IN ('actions'::regclass, 'action_terms'::regclass, 'ledger_entries'::regclass) ORDER BY name`,
      )
    )
      .map(({ name }) => name)
      .filter((name) => /_2024_|_first$|_000000$/.test(name));
  /** A session beside the store. */
  const session = async (url = under.url): Promise<pg.Client> => {
    const client = new pg.Client({ ...connectionConfig(url) });
    await client.connect();
    sessions.push(client);
    return client;
  };
  const JULY = Date.UTC(2024, 6, 10);

  it("loses the partitions that lie before what stays as a whole, and rows of the one where it begins", async () => {
    await submitAt(store, 15, OLD);
    await submitAt(store, 15, JULY);
    await submitAt(store, 15, NEW);
    expect(await partitions()).toEqual([
      ...["action_terms_2024_06", "action_terms_2024_07", "action_terms_2024_08", "action_terms_2024_09"],
      ...["actions_2024_06", "actions_2024_07", "actions_2024_08", "actions_2024_09"],
      ...["ledger_entries_000000", "ledger_entries_first"],
    ]);
    expect(await pruneAway(store)).toMatchObject({ actions: 30, entries: 30, firstIndex: 30 });
    expect(await partitions()).toEqual(["ledger_entries_000000"]);
    expect(await stored(under)).toEqual({
      actions: 15,
      found: 15,
      entries: 16,
      lowestEntry: 30,
      frontiersBelow: 0,
      prunings: 0,
    });
    await recompute(under);
    await store.close();
    store = await under.open();
  });

  it("keeps a partition with an action that stays, and loses the other rows of it", async () => {
    await submitAt(store, 5, OLD);
    const [live] = await submitAt(store, 1, OLD, { status: "pending_approval", approval_expires_at_ms: NEW });
    await submitAt(store, 5, JULY);
    expect(await pruneAway(store)).toMatchObject({ actions: 10, entries: 5 });
    expect(await partitions()).toEqual([
      "action_terms_2024_06",
      "actions_2024_06",
      "ledger_entries_000000",
      "ledger_entries_first",
    ]);
    expect(await under.sql("SELECT id FROM actions_2024_06")).toEqual([{ id: live?.id }]);
  });

  it("is not held up by a long reader: partitions go later, when it has ended, and writes go on meanwhile", async () => {
    await submitAt(store, 5, OLD);
    const reader = await session();
    await reader.query("BEGIN; SELECT count(*) FROM actions");
    await prune(store);
    const begun = performance.now();
    expect(await store.removePruned(20_000)).toBe(false);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect((await submitAt(store, 1, NEW)).map(({ ledger_index }) => ledger_index)).toEqual([6]);
    expect(await stored(under)).toMatchObject({ actions: 6, found: 6, prunings: 1 });
    await reader.query("COMMIT");
    expect(await store.removePruned(20_000)).toBe(true);
    expect(await stored(under)).toMatchObject({ actions: 1, found: 1, prunings: 0 });
    expect(await partitions()).not.toContain("actions_2024_06");
  });

  it("keeps an action that something happens to between looking at its partition and dropping it", async () => {
    const [touched] = await submitAt(store, 4, OLD);
    await prune(store);
    const client = await session();
    const dropping = new PrunedPartitions();
    const pruning = { ledger_index: 4, before_ms: BEFORE };
    expect(await dropping.dropNext(client, pruning)).toBe("something");
    await stepAt(store, { ...claim(touched?.id ?? "", 1), to: "cancelled", set: {} }, NEW);
    while ((await dropping.dropNext(client, pruning)) === "something");
    expect(await partitions()).toEqual([
      "action_terms_2024_06",
      "actions_2024_06",
      "ledger_entries_000000",
      "ledger_entries_first",
    ]);
    expect(await store.removePruned(20_000)).toBe(true);
    expect(await under.sql("SELECT id FROM actions")).toEqual([{ id: touched?.id }]);
  });

  it("loses its rows where its role may not drop tables", async () => {
    await submitAt(store, 5, OLD);
    await submitAt(store, 1, NEW);
    await prune(store);
    const role = `guest_${crypto.randomUUID().replaceAll("-", "")}`;
    await under.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'guest';
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    const guest = await openPostgresStore(
      Object.assign(new URL(under.url), { username: role, password: "guest" }).href,
      Date.now(),
    );
    try {
      expect(await guest.removePruned(20_000)).toBe(true);
    } finally {
      await guest.close();
    }
    expect(await stored(under)).toMatchObject({ actions: 1, found: 1, entries: 2, prunings: 0 });
    expect(await partitions()).toContain("actions_2024_06");
  });

  it("is pruned once by nodes that begin at once, and what one leaves another removes", async () => {
    await submitAt(store, 30, OLD);
    await submitAt(store, 1, NEW);
    const other = await under.open();
    try {
      const both = await Promise.all([prune(store), prune(other)]);
      expect(both.map(({ entries }) => entries).sort((a, b) => a - b)).toEqual([0, 30]);
      expect(await Promise.all([store.removePruned(20_000), other.removePruned(20_000)])).toEqual([true, true]);
      expect(await stored(under)).toMatchObject({ actions: 1, found: 1, entries: 2, prunings: 0 });
      expect((await other.submit(actionAt(NEW))).kind).toBe("recorded");
      await recompute(under);
    } finally {
      await other.close();
    }
  });

  it("gives a step whose action goes in the middle of it no answer but that it is gone", async () => {
    const [gone] = await submitAt(store, 1, OLD);
    const thief = await session();
    await thief.query("BEGIN");
    await thief.query("DELETE FROM actions WHERE id = $1", [gone?.id]);
    const step = store.step(claim(gone?.id ?? "", 1));
    const waiting = async (): Promise<boolean> =>
      (await under.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0;
    await expect.poll(waiting).toBe(true);
    await thief.query("COMMIT");
    expect(await step).toEqual({ kind: "stale" });
  });
});
