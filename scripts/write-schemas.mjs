/** Writes the JSON Schemas of the policy language to packages/core/schemas: `npm run schemas`. A test compares them. */

import { mkdirSync, writeFileSync } from "node:fs";
import { policySchema, policyTestsSchema } from "../packages/core/dist/index.js";
import { ROOT } from "./run.mjs";

const FOLDER = `${ROOT}packages/core/schemas/`;

mkdirSync(FOLDER, { recursive: true });
for (const { name, schema } of [
  { name: "policy", schema: policySchema() },
  { name: "policy-tests", schema: policyTestsSchema() },
]) {
  writeFileSync(`${FOLDER}${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
  console.log(`written: packages/core/schemas/${name}.schema.json`);
}
