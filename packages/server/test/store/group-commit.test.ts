import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Changes, Database, Found } from "../../src/store/sql/database.js";
import { GroupCommit } from "../../src/store/sql/group-commit.js";
import { openDatabase, type Sqlite } from "../../src/store/sqlite/database.js";
import { openSqliteStore, type SqliteStore } from "../../src/store/sqlite/open-sqlite-store.js";
import { StoreUnavailableError } from "../../src/store/store.js";
import { newAction } from "./store-samples.js";

const FULL = Object.assign(new Error("database or disk is full"), { errcode: 13 });

/** A driver on a real file that fails where it is told to. */
class BrittleDriver {
  readonly fails = new Map<string, Error>();
  stateFails: Error | null = null;

  around(sqlite: Sqlite): Sqlite {
    return new Proxy(sqlite, {
      get: (target, name) => {
        if (name === "isTransaction" && this.stateFails !== null) throw this.stateFails;
        if (name === "exec") return (sql: string) => this.#exec(target, sql);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #exec(sqlite: Sqlite, sql: string): void {
    const failure = this.fails.get(sql);
    if (failure !== undefined) throw failure;
    sqlite.exec(sql);
  }
}

describe("a group of writes whose commit fails", () => {
  let directory: string;
  let driver: BrittleDriver;
  let store: SqliteStore;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "faramesh-group-"));
    driver = new BrittleDriver();
    store = await openSqliteStore(directory, (path) => {
      const file = openDatabase(path);
      return { ...file, sqlite: driver.around(file.sqlite) };
    });
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each([
    ["the rollback fails too", () => driver.fails.set("ROLLBACK", new Error("cannot roll back"))],
    [
      "the driver does not even say whether a transaction is open",
      () => {
        driver.stateFails = new Error("database is not open");
      },
    ],
  ])("is answered, and kept nowhere, when %s", async (_when, breakRollback) => {
    driver.fails.set("COMMIT", FULL);
    breakRollback();
    const writes = await Promise.allSettled([store.submit(newAction()), store.submit(newAction())]);
    expect(writes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(writes[0]).toMatchObject({ reason: expect.any(StoreUnavailableError) });
    driver.fails.clear();
    driver.stateFails = null;
    await expect(store.submit(newAction())).rejects.toThrow();
    expect((await store.submit(newAction())).kind).toBe("recorded");
    expect(await store.ledgerSize()).toBe(1);
  });

  it("is told by the failure of the commit, not of the rollback", async () => {
    driver.fails.set("COMMIT", FULL);
    driver.fails.set("ROLLBACK", new Error("cannot roll back"));
    await expect(store.submit(newAction())).rejects.toMatchObject({ cause: FULL });
  });

  it("does not keep the next one from being tried, nor from being kept once the cause is gone", async () => {
    driver.fails.set("COMMIT", FULL);
    await expect(store.submit(newAction())).rejects.toThrow(StoreUnavailableError);
    driver.fails.clear();
    expect((await store.submit(newAction())).kind).toBe("recorded");
  });
});

const EMPTY: Found = {
  head: { size: 0, subtrees: new Uint8Array(), rules_index: -1, frontier_size: 0, first_index: 0 },
  known: [],
  actions: [],
};

/** A database whose transactions end when they are told to. */
class SlowDatabase implements Pick<Database, "transact"> {
  readonly groups: Changes[] = [];
  readonly ends: (() => void)[] = [];

  transact(_asked: unknown, settle: (found: Found) => Changes): Promise<void> {
    this.groups.push(settle(EMPTY));
    return new Promise((resolve) => this.ends.push(resolve));
  }
}

const write = { asks: { claims: [], actionIds: [] }, bytes: 1, settle: () => "kept" };

describe("writes that come while a transaction is on its way", () => {
  it("wait for the next one, all together", async () => {
    const database = new SlowDatabase();
    const commits = new GroupCommit(database, () => {});
    const first = commits.write(write);
    await expect.poll(() => database.groups.length).toBe(1);
    const others = [commits.write(write), commits.write(write)];
    database.ends[0]?.();
    expect(await first).toBe("kept");
    await expect.poll(() => database.ends.length).toBe(2);
    database.ends[1]?.();
    expect(await Promise.all(others)).toEqual(["kept", "kept"]);
    expect(database.groups).toHaveLength(2);
  });

  it("are parted where together they would be too large for one", async () => {
    const database = new SlowDatabase();
    const commits = new GroupCommit(database, () => {});
    const all = Array.from({ length: 3 }, () => commits.write({ ...write, bytes: 5_000_000 }));
    for (let group = 0; group < 3; group++) {
      await expect.poll(() => database.ends.length).toBe(group + 1);
      database.ends[group]?.();
    }
    expect(await Promise.all(all)).toEqual(["kept", "kept", "kept"]);
  });
});

describe("a group commit that is closed", () => {
  it("has committed what was waiting and begins nothing any more", async () => {
    const database = new SlowDatabase();
    const commits = new GroupCommit(database, () => {});
    const waiting = commits.write(write);
    const closing = commits.close();
    await expect(commits.write(write)).rejects.toThrow(StoreUnavailableError);
    await expect.poll(() => database.ends.length).toBe(1);
    database.ends[0]?.();
    await closing;
    expect(await waiting).toBe("kept");
    expect(database.groups).toHaveLength(1);
  });
});
