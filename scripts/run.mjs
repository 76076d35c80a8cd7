import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The folder of the workspace's package.json, with a trailing slash. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a program to its end, from the workspace's root.
 *
 * @param {string} program - A path or a name on PATH.
 * @param {string[]} args
 * @param {{ capture?: boolean, env?: Record<string, string | undefined> }} [options] - `capture` keeps the output instead of
 *   showing it; `env` adds variables, or takes one away by undefined.
 * @returns {Promise<{ code: number, output: string }>} The exit code, 127 where the program could not be started,
 *   and what it printed when captured.
 */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, ...options.env },
      stdio: options.capture === true ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code, signal) => {
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() + (signal ? `\nended by ${signal}` : "") });
    });
  });
}

/**
 * The path of a tool that `npm ci` installed.
 *
 * @param {string} name
 */
export function tool(name) {
  return `${ROOT}node_modules/.bin/${name}`;
}
