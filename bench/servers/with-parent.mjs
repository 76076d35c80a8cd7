import { usage } from "./usage.mjs";

/** Loaded before a program of ours: tells the parent what it has used, and ends it when the parent is gone. */
process.once("disconnect", () => process.exit());
process.on("message", () => process.send?.(usage()));
