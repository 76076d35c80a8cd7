import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { connectionConfig, DURABLE } from "../../src/store/postgres/connection.js";
import { migratePostgres } from "../../src/store/postgres/migrate.js";
import { openPostgresStore, type PostgresStore } from "../../src/store/postgres/open-postgres-store.js";
import { type Committed, LedgerMismatchError, StoreUnavailableError } from "../../src/store/store.js";
import { freshDatabase } from "../postgres.js";
import { storeConformance } from "./store-conformance.js";
import { ACTOR, claim, newAction } from "./store-samples.js";
import { submitTo } from "./store-under-test.js";

storeConformance("PostgreSQL", async () => {
  const { url, drop } = await freshDatabase();
  return { open: () => openPostgresStore(url, Date.now()), remove: drop };
});

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function newDatabase(): Promise<string> {
  const { url, drop } = await freshDatabase();
  ends.push(drop);
  return url;
}

async function open(url: string): Promise<PostgresStore> {
  const store = await openPostgresStore(url, Date.now());
  ends.push(() => store.close());
  return store;
}

/** A session beside the stores, as an operator or an intruder would have one. */
async function session(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  ends.push(() => client.end());
  return client;
}

describe("several nodes on one PostgreSQL database", () => {
  it("write one ledger, gapless, whoever commits", async () => {
    const url = await newDatabase();
    const nodes = [await open(url), await open(url), await open(url)];
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 100 }, () => node.submit(newAction()))));
    const entries = await nodes[0]?.actionEntries(-1, 1_000, null);
    expect(entries?.map(({ idx }) => idx)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    await open(url);
  });

  it("record exactly one of 60 concurrent claims of one action", async () => {
    const url = await newDatabase();
    const nodes = [await open(url), await open(url), await open(url)];
    const [first = await open(url)] = nodes;
    const { id } = await submitTo(first);
    const claims = await Promise.all(
      nodes.flatMap((node) => Array.from({ length: 20 }, () => node.step(claim(id, 1)))),
    );
    expect(claims.filter(({ kind }) => kind === "recorded")).toHaveLength(1);
    expect(claims.filter(({ kind }) => kind === "stale")).toHaveLength(59);
  });

  it("make one action of 60 concurrent submits with one idempotency key", async () => {
    const url = await newDatabase();
    const nodes = [await open(url), await open(url), await open(url)];
    const key = { principalId: "k1", key: "same", fingerprint: "f" };
    const submits = nodes.flatMap((node) => Array.from({ length: 20 }, () => node.submit(newAction({}, key))));
    const ids = new Set((await Promise.all(submits)).map((answer) => ("action" in answer ? answer.action.id : "")));
    expect(ids.size).toBe(1);
  });

  it("hear of what another one committed, in the order of the ledger", async () => {
    const url = await newDatabase();
    const [here, there] = [await open(url), await open(url)];
    const told: Committed[] = [];
    here.onCommit((entries) => told.push(...entries));
    for (let n = 0; n < 20; n++) await submitTo(there);
    await expect.poll(() => told.length).toBe(20);
    expect(told.map(({ idx }) => idx)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("hear of it also when the notification is lost", async () => {
    const url = await newDatabase();
    const [here, there] = [await open(url), await open(url)];
    const told: Committed[] = [];
    here.onCommit((entries) => told.push(...entries));
    const intruder = await session(url);
    const listening = "application_name = 'faramesh' AND query LIKE 'LISTEN%'";
    const found = async (): Promise<number> =>
      (await intruder.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND ${listening}`))
        .rows.length;
    await expect.poll(found).toBe(2);
    await intruder.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND ${listening}`,
    );
    await submitTo(there);
    await expect.poll(() => told.length).toBe(1);
  });

  it("refuse what was decided before another node stopped the agent", async () => {
    const url = await newDatabase();
    const [here, there] = [await open(url), await open(url)];
    const row = { agent_id: "agent", disabled_at_ms: 1, disabled_by: "k1", reason: null };
    await there.putAgentStop({
      row,
      entry: { kind: "agent.disabled", atMs: 1, actor: ACTOR, body: {} },
      decidedAt: null,
    });
    expect((await here.submit({ ...newAction(), decidedAt: -1 })).kind).toBe("outdated");
  });

  it("bring a database to its schema when they all start at once", async () => {
    const url = await newDatabase();
    const applied = await Promise.all(Array.from({ length: 5 }, () => migratePostgres(url, Date.now())));
    expect(applied.flat()).toEqual(["0001_init.sql"]);
  });

  it("refuse a database that a newer release made", async () => {
    const url = await newDatabase();
    await migratePostgres(url, Date.now());
    await (await session(url)).query("INSERT INTO schema_migrations (version, name) VALUES (99, 'later')");
    await expect(openPostgresStore(url, Date.now())).rejects.toThrow(/newer release/);
  });
});

describe("a PostgreSQL store whose database fails", () => {
  it("that cannot be reached is unavailable, and nothing else is used in its place", async () => {
    await expect(openPostgresStore("postgres://nobody@127.0.0.1:1/nothing", 0)).rejects.toThrow(StoreUnavailableError);
  });

  it("trap: lost connections mean 503 and nothing granted; then it works again by itself", async () => {
    const url = await newDatabase();
    const store = await open(url);
    await submitTo(store);
    const intruder = await session(Object.assign(new URL(url), { pathname: "postgres" }).href);
    const name = new URL(url).pathname.slice(1);
    await intruder.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await intruder.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    const lost = newAction();
    await expect(store.submit(lost)).rejects.toThrow(StoreUnavailableError);
    await expect(store.agents()).rejects.toThrow(StoreUnavailableError);
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
    await intruder.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await expect
      .poll(
        () =>
          store.probe().then(
            () => "works",
            () => "fails",
          ),
        { timeout: 10_000 },
      )
      .toBe("works");
    expect(await store.action(lost.row.id)).toBeNull();
    expect((await store.submit(newAction())).kind).toBe("recorded");
  });

  it("trap: a node that hangs in the middle of a commit holds the others up for seconds, not for good", async () => {
    const url = await newDatabase();
    const store = await open(url);
    const hung = new pg.Client(connectionConfig(url));
    hung.on("error", () => {});
    await hung.connect();
    await hung.query("BEGIN");
    await hung.query("SELECT size FROM ledger_head WHERE id = 1 FOR UPDATE");
    expect((await store.submit(newAction())).kind).toBe("recorded");
  });

  it("trap: a database that was set back to an older state is not written to by who saw the newer one", async () => {
    const url = await newDatabase();
    const store = await open(url);
    await Promise.all([submitTo(store), submitTo(store)]);
    const intruder = await session(url);
    await intruder.query(`
      ALTER TABLE ledger_head DISABLE TRIGGER USER;
      UPDATE ledger_head SET size = 0, subtrees = '';
      ALTER TABLE ledger_entries DISABLE TRIGGER USER;
      DELETE FROM ledger_entries`);
    await expect(store.submit(newAction())).rejects.toThrow(LedgerMismatchError);
  });

  it.each([
    ["off", "on"],
    ["local", "local"],
    ["on", "on"],
  ])("commits to the disk also where the database was told not to wait for it: %s becomes %s", async (was, becomes) => {
    const client = await session(await newDatabase());
    await client.query(`SET synchronous_commit = ${was}`);
    await client.query(DURABLE);
    expect((await client.query("SHOW synchronous_commit")).rows).toEqual([{ synchronous_commit: becomes }]);
  });
});

describe("the ledger in PostgreSQL", () => {
  it("cannot be changed, thinned or emptied through the database itself", async () => {
    const url = await newDatabase();
    await submitTo(await open(url));
    const intruder = await session(url);
    for (const sql of [
      "UPDATE ledger_entries SET leaf = 'x'",
      "DELETE FROM ledger_entries",
      "TRUNCATE ledger_entries",
      "UPDATE ledger_head SET size = size - 1",
      "DELETE FROM ledger_head",
    ]) {
      await expect(intruder.query(sql), sql).rejects.toThrow(/append-only/);
    }
  });

  it.each([
    [
      "an edited entry",
      "UPDATE ledger_entries SET leaf = replace(leaf, 'action.allowed', 'action.denied') WHERE idx = 350",
      350,
    ],
    ["a removed entry", "DELETE FROM ledger_entries WHERE idx = 350", 350],
    ["a truncated tail", "DELETE FROM ledger_entries WHERE idx >= 390", 390],
  ])("trap: %s is found at the next start, naming the entry", async (_what, change, index) => {
    const url = await newDatabase();
    const store = await open(url);
    for (let left = 400; left > 0; left -= 50) await Promise.all(Array.from({ length: 50 }, () => submitTo(store)));
    const intruder = await session(url);
    await intruder.query(`ALTER TABLE ledger_entries DISABLE TRIGGER USER; ${change}`);
    await expect(openPostgresStore(url, Date.now())).rejects.toMatchObject({ name: "LedgerMismatchError", index });
  });

  it("lies in partitions by the million, and actions in partitions by the month", async () => {
    const url = await newDatabase();
    const atMs = Date.UTC(2031, 10, 15);
    await migratePostgres(url, atMs);
    const intruder = await session(url);
    const { rows } = await intruder.query<{ name: string }>(
      "SELECT relid::regclass::text AS name FROM pg_partition_tree('actions') WHERE isleaf ORDER BY 1",
    );
    expect(rows.map(({ name }) => name)).toEqual([
      "actions_2031_11",
      "actions_2031_12",
      "actions_2032_01",
      "actions_2032_02",
      "actions_elsewhere",
    ]);
    const store = await open(url);
    const id = "01c6981d-2800-7000-8000-000000000001";
    await submitTo(store, { id });
    const month = await intruder.query<{ table: string }>(
      "SELECT tableoid::regclass::text AS table FROM actions WHERE id = $1",
      [id],
    );
    expect(month.rows).toEqual([{ table: "actions_2031_11" }]);
  });
});
