import { afterEach, describe, expect, it, vi } from "vitest";
import { AHEAD_MS_MAX, newIds } from "../src/new-ids.js";
import { firstPlaceAt, placeOf } from "../src/store/sqlite/place.js";

const NOW = Date.UTC(2026, 4, 1);

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

afterEach(() => {
  vi.useRealTimers();
});

describe("ids", () => {
  it("are UUIDv7 with the time in them", () => {
    vi.useFakeTimers({ now: NOW });
    const id = newIds()();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(timeOf(id)).toBe(NOW);
  });

  it("rise within a millisecond, when the clock steps back a little, and when a millisecond is full", () => {
    vi.useFakeTimers({ now: NOW });
    const next = newIds();
    let last = "";
    for (let n = 0; n < 2 ** 21 + 10; n++) {
      if (n === 1_000) vi.setSystemTime(NOW - AHEAD_MS_MAX + 10);
      const id = next();
      if (!(id > last)) throw new Error(`${id} came after ${last}`);
      last = id;
    }
    expect(timeOf(last) - NOW).toBeLessThanOrEqual(2);
    expect(timeOf(last)).toBeGreaterThan(NOW);
  });

  it("trap: a clock that was a day ahead does not give a day of ids its time", () => {
    vi.useFakeTimers({ now: NOW + 86_400_000 });
    const next = newIds();
    next();
    vi.setSystemTime(NOW);
    expect(timeOf(next())).toBe(NOW);
  });

  it("of two processes that start in one millisecond are unlike", () => {
    vi.useFakeTimers({ now: NOW });
    const ids = new Set(Array.from({ length: 100 }, () => newIds()()));
    expect(ids.size).toBe(100);
  });
});

describe("the place of an action in SQLite", () => {
  it("is another one for each id of a process, in the order of the ids", () => {
    vi.useFakeTimers({ now: NOW });
    const next = newIds();
    let last = firstPlaceAt(NOW) - 1n;
    for (let n = 0; n < 20_000; n++) {
      if (n % 1_000 === 999) vi.setSystemTime(NOW + n);
      const place = placeOf(next());
      if (place <= last) throw new Error(`place ${place} came after ${last}`);
      last = place;
    }
    expect(last).toBeLessThan(firstPlaceAt(NOW + 20_000));
  });

  it("is a whole number that SQLite can hold, whatever the id or the time", () => {
    const greatest = placeOf("ffffffff-ffff-7fff-bfff-ffffffffffff");
    expect(greatest).toBe(2n ** 63n - 1n);
    expect(firstPlaceAt(Date.UTC(9999, 11, 31)) <= greatest).toBe(true);
    expect([placeOf("00000000-0000-7000-8000-000000000000"), firstPlaceAt(-5)]).toEqual([0n, 0n]);
  });
});
