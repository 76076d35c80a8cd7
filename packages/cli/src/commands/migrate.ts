import { type Command, Option } from "commander";
import { usageError } from "../errors.js";
import { print, printJson } from "../output.js";

interface MigrateOptions {
  store?: string;
  json?: boolean;
}

/** `faramesh migrate`: bring a shared database to this release's schema. */
export function define(command: Command): void {
  command
    .addOption(new Option("--store <url>", "postgres://user:password@host:port/database").env("FARAMESH_STORE"))
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nAny number of nodes may do this at once. `faramesh serve --store` does it too. In FARAMESH_STORE the password stays\nout of the list of processes.",
    )
    .action(migrate);
}

async function migrate({ store, json }: MigrateOptions): Promise<void> {
  if (store === undefined) throw usageError("say which database: --store postgres://… or FARAMESH_STORE");
  const { migratePostgres, storeUrl } = await import("@faramesh/server");
  const applied = await migratePostgres(storeUrl(store), Date.now());
  if (json === true) return printJson({ applied });
  print(applied.length === 0 ? "the schema is up to date" : `applied ${applied.join(", ")}`);
}
