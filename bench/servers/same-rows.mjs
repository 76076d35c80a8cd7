import { termsOf } from "../../packages/server/dist/store/sql/terms.js";

/** As many leaves as the gate has between two stored edges of its tree. */
const FRONTIER_EVERY = 256;

const HASH_BYTES = 32;

/** Behind the place of any real action. */
const FIRST_PLACE = 2n ** 62n;

/**
 * Writes what the gate writes for a submitted action, into the same tables under the same indexes: rows modelled on
 * the one action that the gate recorded in this database. Nothing is decided, serialised, hashed or cut into words: leaf,
 * hash and root are bytes of the same length, and the words are the same but for one.
 */
export class SameRows {
  #insertAction;
  #insertEntry;
  #insertTerms;
  #insertFrontier;
  #moveHead;
  #countAgent;
  #columns;
  #values;
  #entry;
  #terms;
  #agentId;
  #index;

  /** @param {import("../../packages/server/dist/store/sqlite/database.js").Sqlite} sqlite */
  constructor(sqlite) {
    const action = { place: null, ...sqlite.prepare(`SELECT ${columnsOf(sqlite)} FROM actions LIMIT 1`).get() };
    this.#columns = new Map(Object.keys(action).map((column, place) => [column, place]));
    this.#values = Object.values(action);
    this.#agentId = action.agent_id;
    this.#entry = sqlite.prepare("SELECT * FROM ledger_entries WHERE action_id = ?").get(action.id);
    this.#index = this.#entry.idx;
    const places = Object.keys(action).map(() => "?");
    this.#insertAction = sqlite.prepare(
      `INSERT INTO actions (${Object.keys(action).join(", ")}) VALUES (${places.join(", ")})`,
    );
    this.#insertEntry = sqlite.prepare(
      "INSERT INTO ledger_entries (idx, leaf, leaf_hash, root, action_id) VALUES (?, ?, ?, ?, ?)",
    );
    this.#insertTerms = sqlite.prepare("INSERT INTO action_terms (rowid, terms) VALUES (?, ?)");
    this.#terms = termsOf(action).join(" ");
    this.#insertFrontier = sqlite.prepare("INSERT INTO ledger_frontiers (size, subtrees) VALUES (?, ?)");
    this.#moveHead = sqlite.prepare("UPDATE ledger_head SET size = ?, subtrees = ? WHERE id = 1");
    this.#countAgent = sqlite.prepare(
      `INSERT INTO agents (agent_id, actions, last_seen_at_ms) VALUES (?1, ?2, ?3)
       ON CONFLICT (agent_id) DO UPDATE SET actions = actions + ?2, last_seen_at_ms = ?3`,
    );
  }

  /** @param {{ params: object }} body */
  insert({ params }) {
    const index = ++this.#index;
    const id = orderedId(index);
    const nowMs = Date.now();
    const place = FIRST_PLACE + BigInt(index);
    this.#set("place", place);
    this.#set("id", id);
    this.#set("params", JSON.stringify(params));
    this.#set("ledger_index", index);
    this.#set("created_at_ms", nowMs);
    this.#set("updated_at_ms", nowMs);
    this.#insertAction.run(...this.#values);
    this.#insertTerms.run(place, `${this.#terms} ${index}`);
    this.#insertEntry.run(index, this.#entry.leaf, this.#entry.leaf_hash, this.#entry.root, id);
    const size = index + 1;
    if (size % FRONTIER_EVERY === 0) this.#insertFrontier.run(size, Buffer.alloc(subtreesOf(size) * HASH_BYTES));
  }

  /**
   * What is written once a commit.
   *
   * @param {number} count - Of actions in the commit.
   */
  finish(count) {
    const size = this.#index + 1;
    this.#moveHead.run(size, Buffer.alloc(subtreesOf(size) * HASH_BYTES));
    this.#countAgent.run(this.#agentId, count, Date.now());
  }

  #set(column, value) {
    this.#values[this.#columns.get(column)] = value;
  }
}

/** Those of an action but for its place, which no JavaScript number holds. */
function columnsOf(sqlite) {
  const columns = sqlite.prepare("SELECT name FROM pragma_table_info('actions') WHERE name <> 'place'").all();
  return columns.map(({ name }) => name).join(", ");
}

/** As long as a UUID, in the order of creation as UUIDv7 are, and behind any real one. */
function orderedId(index) {
  return `f${index.toString(16).padStart(11, "0")}-7000-8000-0000000000000`;
}

/** How many full subtrees a tree of so many leaves has. */
function subtreesOf(size) {
  return size.toString(2).replaceAll("0", "").length;
}
