import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { openSqliteStore } from "../../src/store/sqlite/open-sqlite-store.js";
import { pruningConformance } from "./pruning-conformance.js";

pruningConformance("SQLite", async () => {
  const directory = mkdtempSync(join(tmpdir(), "faramesh-pruning-"));
  return {
    open: () => openSqliteStore(directory),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
    async sql<Row>(statement: string): Promise<Row[]> {
      const sqlite = new DatabaseSync(join(directory, "faramesh.db"));
      try {
        if (!statement.trimStart().startsWith("SELECT")) sqlite.exec(statement);
        else return sqlite.prepare(statement).all() as Row[];
        return [];
      } finally {
        sqlite.close();
      }
    },
    unguard: `DROP TRIGGER ledger_entries_are_never_changed; DROP TRIGGER ledger_entries_are_never_removed`,
  };
});
