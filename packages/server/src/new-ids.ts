import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

/** Random bytes drawn at a time: drawing few at a time costs more than all the rest of making an id. */
const RANDOM_POOL_BYTES = 8_192;

/** UUIDv7 (RFC 9562, 5.7) in rising order: within a millisecond, and when the clock steps back, a counter goes on. */
export function newIds(): () => string {
  const pool = new Uint8Array(RANDOM_POOL_BYTES);
  let used = pool.length;
  let msecs = 0;
  let seq = 0;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + 16);
    used += 16;
    const nowMs = Date.now();
    if (nowMs > msecs) {
      msecs = nowMs;
      // 31 bits, so that the counter has room to rise.
      seq = Buffer.from(random.buffer, random.byteOffset, 4).readUInt32BE() >>> 1;
    } else {
      seq++;
    }
    return uuidv7({ random, msecs, seq });
  };
}
