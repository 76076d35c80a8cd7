import { availableParallelism } from "node:os";
import pg from "pg";
import { Pgbench } from "../load/pgbench.mjs";
import { CONNECTIONS, post, requestsTo, sampleBody } from "../load/requests.mjs";
import { median } from "../rounds.mjs";
import { onStage } from "../stage.mjs";
import { halfLoadNote } from "./half-load.mjs";
import { inTurns, watched } from "./throughput.mjs";

const PATH = "/v1/actions";

/** What pgbench's built-in script adds in each transaction: a few numbers in a table without an index. */
const HISTORY_TABLE = `CREATE TABLE pgbench_history
  (tid INT, bid INT, aid INT, delta INT, mtime TIMESTAMP, filler CHAR(22))`;
const HISTORY_INSERT =
  "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:client_id, 1, :run, 1, CURRENT_TIMESTAMP);";

/** @type {import("../report.mjs").Row} */
export const pgSubmit = {
  name: "pg-submit",
  subject: "POST /v1/actions with key, policy and ledger, durable before the answer (PostgreSQL)",
  baseline: "pgbench inserting the same row of actions alone, prepared, one transaction each",
  unit: "/s",
  ratioMeans: "requests a second as a share of pgbench's transactions a second",
  bound: "at least",
  floor: 0.5,
  aim: 0.7,
  measure: (effort) =>
    onStage(async (stage) => {
      const cluster = await stage.startCluster(["pgbench"]);
      const model = await recordOne(stage, cluster);
      const gate = await stage.startGate([await cluster.createDatabase()], null);
      const generate = await stage.startGenerator(null);
      const pgbench = new Pgbench(cluster.program("pgbench"), model.database, stage.newDirectory());
      const requests = requestsTo(PATH, gate.key);
      const job = { ports: [gate.port], requests, statuses: [201], connections: CONNECTIONS };
      const sides = {
        subject: (seconds) => withDatabaseTime(cluster, () => watched(generate, { ...job, seconds }, gate)),
        baseline: (seconds) => withDatabaseTime(cluster, () => pgbench.run(model.insert, CONNECTIONS, seconds)),
      };
      const { figures, seen } = await inTurns(sides, effort);
      const history = await pgbench.run(HISTORY_INSERT, CONNECTIONS, effort.httpSeconds);
      const asked = { port: gate.port, requests, perSecond: figures.subject };
      const notes = [...notesOf(seen), historyNote(history), await halfLoadNote(generate, asked, effort)];
      return { ...figures, notes };
    }),
};

/** Lets a gate record one action: its database and its row are the baseline's model. */
async function recordOne(stage, cluster) {
  const database = await cluster.createDatabase();
  const gate = await stage.startGate([database], null);
  await post(gate.port, PATH, gate.key, sampleBody, 201);
  await gate.process.stop();
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query(HISTORY_TABLE);
    const { rows } = await client.query("SELECT * FROM actions");
    return { database, insert: insertOf(rows[0]) };
  } finally {
    await client.end();
  }
}

/** The row as a script of pgbench, each time under another id. */
function insertOf(row) {
  const columns = Object.keys(row).filter((column) => row[column] !== null);
  const values = columns.map((column) => (column === "id" ? orderedId(row.id) : literal(String(row[column]))));
  return `\\set count :count + 1\nINSERT INTO actions (${columns.join(", ")}) VALUES (${values.join(", ")});`;
}

/** As long as a UUID, and in the order of creation as UUIDv7 are, in the same month as the model. */
function orderedId(id) {
  const parts = [
    [":run", 4],
    [":count", 12],
    [":client_id", 12],
  ].map(([variable, digits]) => `lpad(CAST(${variable} AS TEXT), ${digits}, '0')`);
  return [literal(id.slice(0, 8)), ...parts].join(" || ");
}

/** Without a colon, behind which pgbench would look for a variable. */
function literal(text) {
  return `E'${text.replace(/[\\']/g, "\\$&").replaceAll(":", "\\x3a")}'`;
}

async function withDatabaseTime(cluster, work) {
  const before = cluster.processorTime();
  const turn = await work();
  const after = cluster.processorTime();
  const databaseMicroseconds = before === null || after === null ? null : (after - before) / turn.answered;
  return { ...turn, databaseMicroseconds };
}

function notesOf({ ours, theirs }) {
  const where = `nothing is pinned: gate, PostgreSQL and load generator share ${availableParallelism()} cores`;
  const setting = "PostgreSQL as it is installed: fsync and synchronous_commit on";
  const typical = (turns, part) => micros(median(turns.map((turn) => turn[part] ?? Number.NaN)));
  return [
    `${CONNECTIONS} connections, and as many clients of pgbench; ${where}`,
    `${setting}; the gate also writes a ledger entry to each action, and commits together what waits`,
    `processor time a request: gate ${typical(ours, "microseconds")}, PostgreSQL ${typical(ours, "databaseMicroseconds")}`,
    `processor time a transaction of pgbench: PostgreSQL ${typical(theirs, "databaseMicroseconds")}, connecting included`,
  ];
}

function micros(value) {
  return Number.isNaN(value) ? "not told by this system" : `${value.toFixed(0)} µs`;
}

function historyNote({ perSecond }) {
  const rate = Math.round(perSecond).toLocaleString("en-US");
  return `for scale: of pgbench's own small history rows, without an index, it inserts ${rate} a second`;
}
