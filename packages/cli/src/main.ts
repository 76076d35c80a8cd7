#!/usr/bin/env node
import { endQuietlyOnClosedPipe } from "./output.js";
import { run } from "./program.js";

endQuietlyOnClosedPipe();
process.exitCode = await run(process.argv.slice(2));
