import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { type OpenFile, openDatabase } from "../../src/store/sqlite/database.js";
import { openSqliteStore, type SqliteStore } from "../../src/store/sqlite/open-sqlite-store.js";
import { DirectoryInUseError, LedgerMismatchError, StoreUnavailableError } from "../../src/store/store.js";
import { storeConformance } from "./store-conformance.js";
import { claim, newAction } from "./store-samples.js";

const made: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-store-"));
  made.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

storeConformance("SQLite", async () => {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-store-"));
  return {
    open: () => openSqliteStore(directory),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  };
});

/** Opens the file beside the store, as an operator or an intruder would. */
function withFile(directory: string, work: (sqlite: InstanceType<typeof DatabaseSync>) => void): void {
  const sqlite = new DatabaseSync(join(directory, "faramesh.db"));
  try {
    work(sqlite);
  } finally {
    sqlite.close();
  }
}

async function storeWithActions(directory: string, count: number, perCommit = count): Promise<SqliteStore> {
  const store = await openSqliteStore(directory);
  for (let left = count; left > 0; left -= perCommit) {
    await Promise.all(Array.from({ length: Math.min(left, perCommit) }, () => store.submit(newAction())));
  }
  return store;
}

describe("a SQLite database", () => {
  it("is set for durability: WAL, synchronous=FULL, foreign keys, a bounded wait", () => {
    const { sqlite } = openDatabase(join(newDirectory(), "faramesh.db"));
    const pragma = (name: string): unknown => Object.values(sqlite.prepare(`PRAGMA ${name}`).get() as object)[0];
    expect(pragma("journal_mode")).toBe("wal");
    expect(pragma("synchronous")).toBe(2);
    expect(pragma("foreign_keys")).toBe(1);
    expect(pragma("busy_timeout")).toBe(100);
    sqlite.close();
  });

  it("made by a newer release is refused rather than guessed at", async () => {
    const directory = newDirectory();
    await (await openSqliteStore(directory)).close();
    withFile(directory, (sqlite) => sqlite.exec("PRAGMA user_version = 99"));
    await expect(openSqliteStore(directory)).rejects.toThrow(/newer release/);
  });
});

describe("a data directory", () => {
  it("is served by one store at a time; the second is refused and told who the first is", async () => {
    const directory = newDirectory();
    const first = await openSqliteStore(directory);
    first.describeHolder({ pid: 4711, url: "http://127.0.0.1:8000" });
    await expect(openSqliteStore(directory)).rejects.toThrow(DirectoryInUseError);
    await expect(openSqliteStore(directory)).rejects.toThrow(/process 4711 at http:\/\/127\.0\.0\.1:8000/);
    await first.close();
    await (await openSqliteStore(directory)).close();
  });

  it("no longer names a holder once the store is closed, nor one that did not end in order", async () => {
    const directory = newDirectory();
    const note = join(directory, "gate.json");
    writeFileSync(note, '{"pid":1,"url":"http://127.0.0.1:1","started_at":"long ago"}');
    const store = await openSqliteStore(directory);
    await expect(openSqliteStore(directory)).rejects.toThrow(/still starting/);
    store.describeHolder({ pid: 4711, url: "http://127.0.0.1:8000" });
    expect(existsSync(note)).toBe(true);
    await store.close();
    expect(existsSync(note)).toBe(false);
  });

  it("whose lock cannot be read is not said to be in use", async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, "gate.lock"), "this is no database, and long enough to be seen as none".repeat(40));
    await expect(openSqliteStore(directory)).rejects.toThrow(/not a database/);
    await expect(openSqliteStore(directory)).rejects.not.toThrow(DirectoryInUseError);
  });

  it.each(["removed", "replaced"])("whose lock is %s is neither read nor written by who held it", async (how) => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 1);
    const lock = join(directory, "gate.lock");
    renameSync(lock, `${lock}.away`);
    if (how === "replaced") writeFileSync(lock, "");
    await expect(store.submit(newAction())).rejects.toThrow("the directory's lock is gone");
    await expect(store.agents()).rejects.toThrow(StoreUnavailableError);
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
    renameSync(`${lock}.away`, lock);
    expect((await store.submit(newAction())).kind).toBe("recorded");
    await store.close();
  });

  it("keeps the note of its new holder when one whose lock was gone closes", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 1);
    rmSync(join(directory, "gate.lock"));
    const next = await openSqliteStore(directory);
    next.describeHolder({ pid: 4712, url: "http://127.0.0.1:8001" });
    await store.close();
    expect(readFileSync(join(directory, "gate.json"), "utf8")).toMatch(/4712/);
    await next.close();
  });
});

describe("a SQLite store that cannot write", () => {
  it("trap: full means 503 and nothing granted; with room again it works without a restart", async () => {
    const databases: OpenFile[] = [];
    const store = await openSqliteStore(newDirectory(), (path) => {
      const database = openDatabase(path);
      databases.push(database);
      return database;
    });
    const limitPages = (pages: number): void => {
      for (const { sqlite } of databases) sqlite.exec(`PRAGMA max_page_count = ${pages}`);
    };
    await store.submit(newAction());
    const before = await store.ledgerSize();
    limitPages(1);
    const big = newAction({ params: JSON.stringify({ text: "x".repeat(90_000) }) });
    await expect(store.submit(big)).rejects.toThrow(StoreUnavailableError);
    expect(await store.action(big.row.id)).toBeNull();
    expect(await store.ledgerSize()).toBe(before);
    limitPages(1_000_000);
    expect((await store.submit(newAction())).kind).toBe("recorded");
    await store.close();
  });

  it("is found out by a probe even where an empty transaction would commit", async () => {
    const databases: OpenFile[] = [];
    const directory = newDirectory();
    const store = await openSqliteStore(directory, (path) => {
      const database = openDatabase(path);
      databases.push(database);
      return database;
    });
    for (const { sqlite } of databases) sqlite.exec("PRAGMA query_only = ON");
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
    for (const { sqlite } of databases) sqlite.exec("PRAGMA query_only = OFF");
    await store.probe();
    await store.probe();
    withFile(directory, (sqlite) => {
      expect(sqlite.prepare("SELECT id, beat FROM probe").all()).toMatchObject([{ id: 1, beat: 2 }]);
    });
    await store.close();
  });

  it("because its database was closed beneath it refuses to read and write, and closes all the same", async () => {
    const databases: OpenFile[] = [];
    const directory = newDirectory();
    const store = await openSqliteStore(directory, (path) => {
      const database = openDatabase(path);
      databases.push(database);
      return database;
    });
    for (const { sqlite } of databases) sqlite.close();
    await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
    await expect(store.agents()).rejects.toThrow(StoreUnavailableError);
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
    await store.close();
    await (await openSqliteStore(directory)).close();
  });

  it("locked by another process means unavailable; when the lock is gone it works again", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 1);
    const other = new DatabaseSync(join(directory, "faramesh.db"));
    other.exec("BEGIN IMMEDIATE");
    await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
    other.exec("ROLLBACK");
    other.close();
    await store.probe();
    expect((await store.submit(newAction())).kind).toBe("recorded");
    await store.close();
  });

  it("trap: a database file that is gone is an error, never an empty list, and never another file", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 1);
    const path = join(directory, "faramesh.db");
    renameSync(path, `${path}.away`);
    await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
    await expect(store.agents()).rejects.toThrow(StoreUnavailableError);
    writeFileSync(path, "");
    await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
    rmSync(path);
    renameSync(`${path}.away`, path);
    expect((await store.submit(newAction())).kind).toBe("recorded");
    await store.close();
  });
});

describe("a ledger that another process wrote to", () => {
  it("is noticed by a running store, and said", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 3);
    withFile(directory, (sqlite) => {
      sqlite.exec("INSERT INTO ledger_entries VALUES (3, '{}', zeroblob(32), zeroblob(32), NULL)");
    });
    await expect(store.probe()).rejects.toThrow(LedgerMismatchError);
    await store.close();
  });

  it("or that was cut off is noticed too, naming the first entry that is missing", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 3);
    withFile(directory, (sqlite) => {
      sqlite.exec("DROP TRIGGER ledger_entries_are_never_removed; DELETE FROM ledger_entries WHERE idx >= 1");
    });
    await expect(store.probe()).rejects.toMatchObject({ name: "LedgerMismatchError", index: 1 });
    await store.close();
  });

  it("does not make a probe refuse the writes that are committed with it", async () => {
    const store = await storeWithActions(newDirectory(), 3);
    const [recorded] = await Promise.all([store.submit(newAction()), store.probe(), store.submit(newAction())]);
    expect(recorded.kind).toBe("recorded");
    await store.close();
  });
});

describe("trap: a ledger that was touched is found at the next start, naming the entry", () => {
  const touched = async (change: string): Promise<unknown> => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 600, 8);
    await store.close();
    withFile(directory, (sqlite) => {
      sqlite.exec("DROP TRIGGER ledger_entries_are_never_changed; DROP TRIGGER ledger_entries_are_never_removed");
      sqlite.exec(change);
    });
    try {
      await (await openSqliteStore(directory)).close();
      return null;
    } catch (error) {
      return error;
    }
  };

  it.each([
    [
      "an edited entry",
      "UPDATE ledger_entries SET leaf = replace(leaf, 'action.allowed', 'action.denied') WHERE idx = 550",
      550,
    ],
    ["an edited entry with its hash", "UPDATE ledger_entries SET leaf_hash = zeroblob(32) WHERE idx = 550", 550],
    ["a removed entry", "DELETE FROM ledger_entries WHERE idx = 550", 550],
    ["a truncated tail", "DELETE FROM ledger_entries WHERE idx >= 590", 590],
    ["a swapped root", "UPDATE ledger_entries SET root = zeroblob(32) WHERE idx = 599", 599],
    ["a swapped root in the middle", "UPDATE ledger_entries SET root = zeroblob(32) WHERE idx = 551", 551],
    [
      "the swapped root of a whole commit",
      "UPDATE ledger_entries SET root = zeroblob(32) WHERE idx BETWEEN 544 AND 551",
      551,
    ],
    [
      "two commits that trade roots",
      "UPDATE ledger_entries SET root = (SELECT root FROM ledger_entries WHERE idx = 560) WHERE idx BETWEEN 544 AND 551",
      551,
    ],
    ["a tail cut off at a stored frontier", "DELETE FROM ledger_entries WHERE idx >= 512", 512],
    [
      "a tail cut off, and the head set back to it",
      `DELETE FROM actions WHERE ledger_index >= 500; DELETE FROM ledger_entries WHERE idx >= 500;
       DROP TRIGGER ledger_head_never_goes_back; UPDATE ledger_head SET size = 500`,
      500,
    ],
    [
      "an edited entry in front of frontiers that were planted behind it",
      `UPDATE ledger_entries SET leaf = replace(leaf, 'action.allowed', 'action.denied') WHERE idx = 590;
       INSERT INTO ledger_frontiers SELECT 592, subtrees FROM ledger_head; INSERT INTO ledger_frontiers SELECT 600, subtrees FROM ledger_head`,
      590,
    ],
  ])("%s", async (_what, change, index) => {
    const error = await touched(change);
    expect(error).toBeInstanceOf(LedgerMismatchError);
    expect((error as LedgerMismatchError).index).toBe(index);
  });

  it("and one that was not touched opens", async () => {
    expect(await touched("SELECT 1")).toBeNull();
  });

  it("cannot be changed or thinned through the database itself", async () => {
    const directory = newDirectory();
    const store = await storeWithActions(directory, 1);
    await store.step(claim("nothing", 1));
    await store.close();
    withFile(directory, (sqlite) => {
      expect(() => sqlite.exec("UPDATE ledger_entries SET leaf = 'x'")).toThrow(/append-only/);
      expect(() => sqlite.exec("DELETE FROM ledger_entries")).toThrow(/append-only/);
    });
  });
});
