#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  process.stderr.write("error: not compiled yet\nhint: in the clone, run npm ci && npm run build, or npm start\n");
  process.exitCode = 1;
}
