/**
 * Tells the parent where to connect, and how much processor time went by when it asks; ends in good order when the
 * parent says so or is gone.
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
  process.on("message", () => process.send?.(process.cpuUsage()));
  process.send?.({ port });
}
