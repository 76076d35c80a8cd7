import { DatabaseSync } from "@photostructure/sqlite";
import { describe, expect, it } from "vitest";
import { GroupCommit, type GroupHooks } from "../../src/store/sqlite/group-commit.js";
import { StoreUnavailableError } from "../../src/store/store.js";

const FULL = Object.assign(new Error("database or disk is full"), { errcode: 13 });

/** A driver that fails where it is told to, and what it was asked for. */
class BrittleDriver {
  readonly asked: string[] = [];
  readonly fails = new Map<string, Error>();
  stateFails: Error | null = null;
  #inTransaction = false;

  get isTransaction(): boolean {
    if (this.stateFails !== null) throw this.stateFails;
    return this.#inTransaction;
  }

  exec(sql: string): void {
    this.asked.push(sql);
    const failure = this.fails.get(sql);
    if (failure !== undefined) throw failure;
    this.#inTransaction = sql === "BEGIN IMMEDIATE";
  }
}

function hooks(seen: string[]): GroupHooks {
  return {
    before() {},
    finish() {},
    committed: () => seen.push("committed"),
    undone: () => seen.push("undone"),
  };
}

function brittle(): { driver: BrittleDriver; commits: GroupCommit; seen: string[] } {
  const driver = new BrittleDriver();
  const seen: string[] = [];
  return { driver, commits: new GroupCommit(driver, hooks(seen)), seen };
}

describe("a group of writes whose commit fails", () => {
  it.each([
    ["the rollback fails too", (driver: BrittleDriver) => driver.fails.set("ROLLBACK", new Error("cannot roll back"))],
    [
      "the driver does not even say whether a transaction is open",
      (driver: BrittleDriver) => {
        driver.stateFails = new Error("database is not open");
      },
    ],
  ])("is answered, and forgotten in memory, when %s", async (_when, breakRollback) => {
    const { driver, commits, seen } = brittle();
    driver.fails.set("COMMIT", FULL);
    breakRollback(driver);
    const writes = await Promise.allSettled([commits.write(() => 1), commits.write(() => 2)]);
    expect(writes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(writes[0]).toMatchObject({ reason: expect.any(StoreUnavailableError) });
    expect(seen).toEqual(["undone"]);
  });

  it("does not keep the next one from being tried, nor from being kept once the cause is gone", async () => {
    const { driver, commits, seen } = brittle();
    driver.fails.set("COMMIT", FULL);
    driver.fails.set("ROLLBACK", new Error("cannot roll back"));
    await expect(commits.write(() => 1)).rejects.toThrow(StoreUnavailableError);
    driver.fails.clear();
    expect(await commits.write(() => 2)).toBe(2);
    expect(seen).toEqual(["undone", "committed"]);
  });

  it("is told by the failure of the commit, not of the rollback", async () => {
    const { driver, commits } = brittle();
    driver.fails.set("COMMIT", FULL);
    driver.fails.set("ROLLBACK", new Error("cannot roll back"));
    await expect(commits.write(() => 1)).rejects.toMatchObject({ cause: FULL });
  });

  it("is answered when the database was closed beneath it", async () => {
    const sqlite = new DatabaseSync(":memory:");
    const seen: string[] = [];
    const commits = new GroupCommit(sqlite, hooks(seen));
    const write = commits.write(() => sqlite.close());
    await expect(write).rejects.toThrow();
    await expect(commits.write(() => 1)).rejects.toThrow();
    expect(seen).toEqual(["undone", "undone"]);
  });
});

describe("a group commit that is closed", () => {
  it("has committed what was waiting and begins nothing any more", async () => {
    const { driver, commits } = brittle();
    const waiting = commits.write(() => "kept");
    commits.close();
    expect(await waiting).toBe("kept");
    await expect(commits.write(() => "late")).rejects.toThrow(StoreUnavailableError);
    await new Promise((resolve) => setImmediate(resolve));
    expect(driver.asked).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  });
});
