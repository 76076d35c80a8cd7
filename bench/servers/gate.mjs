import { startServer } from "../../packages/server/dist/index.js";
import { policySource } from "../engines/faramesh.mjs";
import { rulesOf } from "../engines/rules.mjs";
import { serving } from "./serving.mjs";

/** A gate on SQLite in a directory, or on PostgreSQL where the place is a database's URL. */
const [adminKey, place] = process.argv.slice(2);

const SECRET = "a secret of the bench, the same on every node";

const isShared = place.startsWith("postgres://");
const server = await startServer({
  ...(isShared ? { dataDir: "", store: place, secret: SECRET } : { dataDir: place }),
  host: "127.0.0.1",
  port: 0,
  policySource: policySource(rulesOf(10)),
  adminKey,
  logLevel: "silent",
});
serving(Number(new URL(server.url).port), () => server.close());
