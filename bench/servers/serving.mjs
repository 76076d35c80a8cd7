import { usage } from "./usage.mjs";

/**
 * Tells the parent where to connect, and what it has used when the parent asks; ends in good order when the parent says
 * so or is gone.
 *
 * @param {number} port
 * @param {() => void | Promise<void>} close
 */
export function serving(port, close) {
  const end = async () => {
    await close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void end());
  process.once("disconnect", () => void end());
  process.on("message", () => process.send?.(usage()));
  process.send?.({ port });
}
