import { startServer } from "../../packages/server/dist/index.js";
import { policySource } from "../engines/faramesh.mjs";
import { rulesOf } from "../engines/rules.mjs";
import { serving } from "./serving.mjs";

const [dataDir, adminKey] = process.argv.slice(2);

const server = await startServer({
  dataDir,
  host: "127.0.0.1",
  port: 0,
  policySource: policySource(rulesOf(10)),
  adminKey,
  logLevel: "silent",
});
serving(Number(new URL(server.url).port), () => server.close());
