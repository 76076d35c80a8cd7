import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

/** Random bytes drawn at a time: drawing few at a time costs more than all the rest of making an id. */
const RANDOM_POOL_BYTES = 8_192;

/** Bits behind an id's time that count, and the random ones behind them; together what `uuid` calls `seq`. */
const COUNTER_BITS = 21;
const SEQ_RANDOM_BITS = 32 - COUNTER_BITS;

/** Milliseconds that ids may be ahead of the clock: for longer they do not wait for one that was put back. */
export const AHEAD_MS_MAX = 60_000;

/**
 * UUIDv7 (RFC 9562, 5.7; its counter as in 6.2, method 1) in rising order: within a millisecond, and where the clock
 * steps back a little, 21 bits behind the time count on, from a random beginning that leaves as much room again.
 */
export function newIds(): () => string {
  const pool = new Uint8Array(RANDOM_POOL_BYTES);
  let used = pool.length;
  let msecs = 0;
  let counter = 0;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + 16);
    used += 16;
    const bits = Buffer.from(random.buffer, random.byteOffset, 4).readUInt32BE();
    const nowMs = Date.now();
    counter++;
    if (nowMs > msecs || nowMs < msecs - AHEAD_MS_MAX || counter === 2 ** COUNTER_BITS) {
      msecs = counter === 2 ** COUNTER_BITS ? msecs + 1 : nowMs;
      counter = bits >>> (SEQ_RANDOM_BITS + 1);
    }
    return uuidv7({ random, msecs, seq: counter * 2 ** SEQ_RANDOM_BITS + (bits % 2 ** SEQ_RANDOM_BITS) });
  };
}
