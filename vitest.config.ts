import { defineConfig } from "vitest/config";

/** V8 11.3 (Node 20) now and then aborts where it inlines calls of WebAssembly: Cedar is called very often here. */
const NODE_20 = ["--no-turbo-inline-js-wasm-calls"];

export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "policies/test/**/*.test.ts",
      "examples/**/*.test.ts",
      "docs/test/**/*.test.ts",
      "bench/test/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.tsbuild/**"],
    globalSetup: ["scripts/vitest-postgres.mjs"],
    pool: "forks",
    execArgv: process.version.startsWith("v20.") ? NODE_20 : [],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
