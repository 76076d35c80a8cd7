import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { EventParser } from "../src/event-parser.js";
import type { StreamOptions } from "../src/index.js";
import {
  actionOf,
  type FakeGate,
  problem,
  type Reply,
  rejection,
  type Seen,
  startFakeGate,
  until,
} from "./fake-gate.js";

let gate: FakeGate;
afterEach(() => gate.close());

async function gateThat(reply: (seen: Seen, count: number) => Reply): Promise<void> {
  gate = await startFakeGate(reply);
}

function frame(index: number): string {
  const action = actionOf();
  const event = { ledger_index: index, type: "action.allowed", action_id: action.id, status: "allowed", tool: "shell" };
  return `id: ${index}\nevent: action.allowed\ndata: ${JSON.stringify(event)}\n\n`;
}

/** An open stream that says this, and then ends, breaks off, or stays open. */
function stream(text: string, then: "ends" | "breaks" | "stays" = "stays"): Reply {
  return {
    raw: (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      response.write(`: hello\n\n${text}`);
      if (then === "ends") response.end();
      if (then === "breaks") setTimeout(() => response.destroy(), 10);
    },
  };
}

async function take(count: number, options: StreamOptions = {}): Promise<number[]> {
  const indexes: number[] = [];
  for await (const event of gate.client.streamEvents(options)) {
    indexes.push(event.ledger_index);
    if (indexes.length === count) break;
  }
  return indexes;
}

function resumedBehind(): (string | undefined)[] {
  return gate.seen.map((seen) => seen.headers["last-event-id"] as string | undefined);
}

describe("the event stream", () => {
  it("is made again behind the last event seen, whether it ended or broke off", async () => {
    await gateThat((_, count) => {
      if (count === 1) return stream(frame(4) + frame(5), "breaks");
      if (count === 2) return { fault: "drop" };
      return count === 3 ? stream(frame(7), "ends") : stream(frame(9));
    });
    expect(await take(4, { tool: ["shell", "http"], status: "allowed" })).toEqual([4, 5, 7, 9]);
    expect(resumedBehind()).toEqual([undefined, "5", "5", "7"]);
    expect(gate.seen[0]?.query.toString()).toBe("tool=shell&tool=http&status=allowed");
  });

  it("starts behind the event that the caller names", async () => {
    await gateThat(() => stream(frame(12)));
    await take(1, { after: 11 });
    expect(resumedBehind()).toEqual(["11"]);
  });

  it("an event that comes twice over a reconnection is yielded once", async () => {
    await gateThat((_, count) => (count === 1 ? stream(frame(1) + frame(2), "ends") : stream(frame(2) + frame(3))));
    expect(await take(3)).toEqual([1, 2, 3]);
  });

  it("a place that the gate names without an event is where a broken stream goes on", async () => {
    await gateThat((_, count) => (count === 1 ? stream("id: 41\n\n", "breaks") : stream(frame(42))));
    expect(await take(1)).toEqual([42]);
    expect(resumedBehind()).toEqual([undefined, "41"]);
  });

  it("a connection that falls silent is given up and made again", async () => {
    await gateThat((_, count) => (count === 1 ? stream(frame(1)) : stream(frame(2))));
    expect(await take(2, { silenceMs: 50 })).toEqual([1, 2]);
  });

  it("a reader that takes its time is not a silent gate", async () => {
    await gateThat(() => stream(frame(1) + frame(2)));
    const seen: number[] = [];
    for await (const event of gate.client.streamEvents({ silenceMs: 100 })) {
      seen.push(event.ledger_index);
      if (seen.length === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(seen).toEqual([1, 2]);
    expect(gate.seen).toHaveLength(1);
  });

  it("leaving the loop closes the connection", async () => {
    let closed = false;
    await gateThat(() => ({
      raw: (response) => {
        response.on("close", () => {
          closed = true;
        });
        stream(frame(1)).raw?.(response);
      },
    }));
    await take(1);
    await until(() => closed);
  });

  it("the caller's signal ends it, with the caller's own reason", async () => {
    await gateThat(() => stream(frame(1)));
    const controller = new AbortController();
    const reason = new Error("enough");
    const events = gate.client.streamEvents({ signal: controller.signal });
    await events.next();
    const next = rejection(events.next());
    controller.abort(reason);
    expect(await next).toBe(reason);
  });

  it("a refusal is thrown and not tried again", async () => {
    await gateThat(() => problem(403, "forbidden"));
    expect(await rejection(take(1))).toMatchObject({ name: "ForbiddenError", code: "forbidden" });
    expect(gate.seen).toHaveLength(1);
  });

  it("a key that is revoked while it is open ends it", async () => {
    await gateThat((_, count) => (count === 1 ? stream(frame(1), "ends") : problem(401, "unauthorized")));
    expect(await rejection(take(2))).toMatchObject({ name: "UnauthorizedError" });
  });

  it("a gate that was never there is thrown after the usual attempts", async () => {
    await gateThat(() => ({ fault: "drop" }));
    expect(await rejection(take(1))).toMatchObject({ code: "unreachable" });
    expect(gate.seen).toHaveLength(4);
  });

  it("a gate that stays away longer than the caller bears is thrown", async () => {
    await gateThat((_, count) => (count === 1 ? stream(frame(1), "ends") : problem(503, "store_unavailable")));
    expect(await rejection(take(2, { reconnectSeconds: 0.1 }))).toMatchObject({ code: "store_unavailable" });
  });

  const odd: [string, Reply][] = [
    ["a page", { text: "<html>" }],
    ["an event that is not JSON", stream("data: {\n\n")],
    ["an event without an index", stream('data: {"type":"action.allowed","action_id":"a","status":"allowed"}\n\n')],
    ["an event without end", stream(`data: ${"x".repeat(1_100_000)}`)],
  ];
  for (const [name, reply] of odd) {
    it(`what is not understood is thrown, not skipped: ${name}`, async () => {
      await gateThat(() => reply);
      expect(await rejection(take(1))).toMatchObject({ code: "bad_response" });
      expect(gate.seen).toHaveLength(1);
    });
  }
});

describe("text/event-stream", () => {
  const text = `: comment\r\nid: 7\r\nevent: x\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:no space\n\nid: not-a-number\ndata\n\nid:8\rdata: last\r\r: end\n`;
  const expected = ['{"a":\n1}', "no space", "", "last"];

  it("reads the same events in whatever pieces they come", async () => {
    await gateThat(() => ({}));
    for (let size = 1; size <= text.length; size++) {
      const parser = new EventParser();
      const data: string[] = [];
      for (let at = 0; at < text.length; at += size) data.push(...parser.feed(text.slice(at, at + size)));
      expect(data).toEqual(expected);
      expect(parser.lastId).toBe("8");
    }
  });

  it("an event that never ends is refused at its bound, however small its pieces", async () => {
    await gateThat(() => ({}));
    const parser = new EventParser();
    const feed = (): void => {
      for (let count = 0; count < 2_000; count++) Array.from(parser.feed(`data: ${"x".repeat(1_000)}\n`));
    };
    expect(feed).toThrowError(/larger than 1 MiB/);
  });
});
