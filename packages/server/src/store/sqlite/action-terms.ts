import { termsOf } from "../sql/terms.js";
import type { ActionRow } from "../store.js";
import type { Sqlite, Statement } from "./database.js";
import { placeOf } from "./place.js";

/** The index that actions are found in, by their terms (FTS5): it tells places, newest first. */
export class ActionTerms {
  readonly #add: Statement;
  readonly #remove: Statement;

  constructor(sqlite: Sqlite) {
    this.#add = sqlite.prepare("INSERT INTO action_terms (rowid, terms) VALUES (?, ?)");
    this.#remove = sqlite.prepare("DELETE FROM action_terms WHERE rowid = ?");
  }

  add(actions: readonly ActionRow[]): void {
    for (const action of actions) this.#add.run(placeOf(action.id), termsOf(action).join(" "));
  }

  remove(id: string): void {
    this.#remove.run(placeOf(id));
  }
}
