import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

/** Random bytes drawn at a time: drawing few at a time costs more than all the rest of making an id. */
const RANDOM_POOL_BYTES = 8_192;

/** Bits behind an id's time that count, and the random ones behind them; together what `uuid` calls `seq`. */
const COUNTER_BITS = 21;
const SEQ_RANDOM_BITS = 32 - COUNTER_BITS;

/**
 * UUIDv7 (RFC 9562, 5.7; its counter as in 6.2, method 1) in rising order: within a millisecond, and when the clock steps
 * back, 21 bits behind the time count on, from a random beginning that leaves as much room again.
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
    if (nowMs > msecs || counter === 2 ** COUNTER_BITS) {
      msecs = Math.max(nowMs, msecs + 1);
      counter = bits >>> (SEQ_RANDOM_BITS + 1);
    }
    return uuidv7({ random, msecs, seq: counter * 2 ** SEQ_RANDOM_BITS + (bits % 2 ** SEQ_RANDOM_BITS) });
  };
}

/** The time in an id, in milliseconds since the epoch. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
