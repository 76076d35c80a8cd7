import { join } from "node:path";
import { Checkpointer } from "../../packages/server/dist/store/sqlite/checkpointer.js";
import { openDatabase } from "../../packages/server/dist/store/sqlite/database.js";
import { serveBare } from "./bare-http.mjs";
import { SameRows } from "./same-rows.mjs";

/**
 * What recording an action costs at the least: read a request, parse it, write the rows that the gate writes, in a
 * copy of its database, one durable commit for all requests of an event-loop turn, answer as many bytes.
 */
const [dataDir, answer] = process.argv.slice(2);

const path = join(dataDir, "faramesh.db");
const { sqlite } = openDatabase(path);
// A log that is never copied into the database would flatter the baseline.
const checkpointer = new Checkpointer(path);
const rows = new SameRows(sqlite);
let waiting = [];

function commit() {
  const group = waiting;
  waiting = [];
  sqlite.exec("BEGIN IMMEDIATE");
  for (const { body } of group) rows.insert(body);
  rows.finish(group.length);
  sqlite.exec("COMMIT");
  for (const { done } of group) done();
}

serveBare(
  201,
  Buffer.from(answer, "utf8"),
  (body, done) => {
    waiting.push({ body, done });
    if (waiting.length === 1) setImmediate(commit);
  },
  () => {
    void checkpointer.close();
    sqlite.close();
  },
);
