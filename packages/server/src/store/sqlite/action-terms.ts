import type { Changes } from "../sql/database.js";
import type { Sqlite, Statement } from "./database.js";
import { placeOf } from "./place.js";

/** Actions after which the index is tidied, and pages that tidying looks at for each of them. */
const TIDY_ACTIONS = 8;
const TIDY_PAGES_EACH = 2;

/**
 * The index that actions are found in, by their terms (FTS5): it tells places, newest first. It is made of parts that
 * must be joined as they become many. Left to itself it joins them now and then, for seconds where they are large; here
 * a little of that comes with every few actions.
 */
export class ActionTerms {
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #tidy: Statement;
  #untidied = 0;

  constructor(sqlite: Sqlite) {
    this.#add = sqlite.prepare("INSERT INTO action_terms (rowid, terms) VALUES (?, ?)");
    this.#remove = sqlite.prepare("DELETE FROM action_terms WHERE rowid = ?");
    this.#tidy = sqlite.prepare("INSERT INTO action_terms (action_terms, rank) VALUES ('merge', ?)");
  }

  add(newTerms: Changes["newTerms"]): void {
    for (const { id, terms } of newTerms) this.#add.run(placeOf(id), terms.join(" "));
    this.#tidyAfter(newTerms.length);
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) this.#remove.run(placeOf(id));
    this.#tidyAfter(ids.length);
  }

  #tidyAfter(actions: number): void {
    this.#untidied += actions;
    if (this.#untidied < TIDY_ACTIONS) return;
    this.#tidy.run(this.#untidied * TIDY_PAGES_EACH);
    this.#untidied = 0;
  }
}
