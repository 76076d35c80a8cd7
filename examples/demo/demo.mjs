import { DAILY_WORK } from "./daily-work.mjs";
import { RECORD } from "./record.mjs";
import { refundSteps } from "./refund.mjs";
import { openWorld } from "./world.mjs";

process.exitCode = await main();

/** Tells the story; the exit code says whether every step held. */
async function main() {
  const world = await openWorld();
  console.log(`A gate runs as process ${world.gatePid()}; the agent's tools are real.\n`);
  try {
    const steps = [...DAILY_WORK, ...refundSteps(), RECORD];
    for (const [index, step] of steps.entries()) await tell(index + 1, step, world);
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await world.close();
  }
  console.log("Every step held: one allowed, one denied, one approved by somebody else, none run twice.");
  return 0;
}

/**
 * @param {number} number
 * @param {{ title: string, run: (world: import("./world.mjs").World) => Promise<string[]> }} step
 * @param {import("./world.mjs").World} world
 */
async function tell(number, { title, run }, world) {
  console.log(`${number}. ${title}`);
  try {
    for (const line of await run(world)) console.log(`   ${line}`);
  } catch (error) {
    throw new Error(`step ${number} failed: ${title}`, { cause: error });
  }
  console.log("");
}
