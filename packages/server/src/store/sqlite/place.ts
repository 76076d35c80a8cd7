/** Bits of an id behind its time that a place holds: those that `newIds` counts in. */
const COUNTER_BITS = 21;

/** A place has 63 bits; what is left holds times up to the year 2109. */
const TIME_MAX = 2 ** (63 - COUNTER_BITS) - 1;

/**
 * An action's place among all: a whole number in the order of the ids (UUIDv7, RFC 9562, 5.7), made of the id's time and
 * of the 21 bits behind it, which ids of one millisecond differ in.
 */
export function placeOf(id: string): bigint {
  const high = Number.parseInt(id.slice(15, 18), 16);
  const low = Number.parseInt(id.slice(19, 23), 16) & 0x3fff;
  return place(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), (high << 9) | (low >>> 5));
}

/** The least place of actions that came in at a time or later. */
export function firstPlaceAt(ms: number): bigint {
  return place(ms, 0);
}

function place(ms: number, counter: number): bigint {
  return (BigInt(Math.min(Math.max(0, ms), TIME_MAX)) << BigInt(COUNTER_BITS)) | BigInt(counter);
}
