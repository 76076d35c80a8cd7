import { request as httpRequest } from "node:http";
import type { ActionEvent } from "@faramesh/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORES } from "../places.js";
import { ADMIN, LS, REFUND, RunningGate } from "../running-gate.js";

interface Received {
  id: string;
  event: string;
  data: ActionEvent;
}

describe.each(STORES)("on %s", (store) => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await RunningGate.start({ store });
  });
  afterAll(() => gate.stop());

  /** An open event stream that is read as it comes. */
  function open(
    path: string,
    headers: Record<string, string> = {},
    key = ADMIN,
  ): { events: Received[]; opened: Promise<number>; close(): void } {
    const events: Received[] = [];
    let text = "";
    const outgoing = httpRequest(`${gate.server.url}${path}`, {
      headers: { authorization: `Bearer ${key}`, ...headers },
    });
    const opened = new Promise<number>((resolve, reject) => {
      outgoing.on("error", reject);
      outgoing.on("response", (response) => {
        resolve(response.statusCode ?? 0);
        response.on("error", () => {});
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          const blocks = text.split("\n\n");
          text = blocks.pop() ?? "";
          for (const block of blocks) {
            const fields = Object.fromEntries(
              block.split("\n").map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
            );
            if (fields["id"] !== undefined && fields["data"] !== undefined) {
              events.push({
                id: fields["id"],
                event: fields["event"] ?? "",
                data: JSON.parse(fields["data"]) as ActionEvent,
              });
            }
          }
        });
      });
    });
    outgoing.end();
    return { events, opened, close: () => outgoing.destroy() };
  }

  describe("the event stream", () => {
    it("names every change of status, in the order of the ledger", async () => {
      const stream = open("/v1/events");
      expect(await stream.opened).toBe(200);
      const { body: action } = await gate.submit(REFUND);
      await gate.step(action.id, "approval", { approve: true });
      await gate.step(action.id, "start");
      await gate.step(action.id, "result", { success: true });
      await expect.poll(() => stream.events.length).toBe(4);
      expect(stream.events.map(({ event }) => event)).toEqual([
        "action.pending_approval",
        "action.approved",
        "action.executing",
        "action.succeeded",
      ]);
      expect(
        stream.events.every(({ id, data }) => Number(id) === data.ledger_index && data.action_id === action.id),
      ).toBe(true);
      stream.close();
    });

    it("resumes behind Last-Event-ID without loss and without repeats", async () => {
      const before = await gate.submit(LS);
      const missed = await Promise.all(Array.from({ length: 300 }, () => gate.submit(LS)));
      const stream = open("/v1/events", { "last-event-id": String(before.body.ledger_index) });
      const later = await gate.submit(LS);
      await expect.poll(() => stream.events.length).toBe(301);
      const ids = stream.events.map(({ id }) => Number(id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(new Set(stream.events.map(({ data }) => data.action_id))).toEqual(
        new Set([...missed, later].map(({ body }) => body.id)),
      );
      stream.close();
    });

    it("carries only what its filters ask for", async () => {
      const stream = open("/v1/events?agent_id=only-me&status=allowed");
      await stream.opened;
      await gate.submit(LS);
      await gate.submit({ ...REFUND, agent_id: "only-me" });
      const { body } = await gate.submit({ ...LS, agent_id: "only-me" });
      await expect.poll(() => stream.events.length).toBe(1);
      expect(stream.events[0]?.data.action_id).toBe(body.id);
      stream.close();
    });

    it("shows an agent its own actions only", async () => {
      const key = await gate.key("agent");
      const stream = open("/v1/events", {}, key);
      await stream.opened;
      await gate.submit(LS);
      const { body } = await gate.submit(LS, key);
      await expect.poll(() => stream.events.length).toBe(1);
      expect(stream.events[0]?.data.action_id).toBe(body.id);
      stream.close();
    });

    it("is refused without a key and with a place it does not know", async () => {
      expect(await open("/v1/events", {}, "wrong").opened).toBe(401);
      expect(await open("/v1/events", { "last-event-id": "x" }).opened).toBe(400);
      expect(await open("/v1/events?status=nonsense").opened).toBe(400);
    });

    it("ends when the server closes, so that closing is quick", async () => {
      const own = await RunningGate.start({ store });
      const response = await fetch(`${own.server.url}/v1/events`, { headers: { authorization: `Bearer ${ADMIN}` } });
      const { body: held } = await own.submit(REFUND);
      const waiting = own.send("GET", `/v1/actions/${held.id}?wait=60s`);
      const metrics = async (): Promise<string> => (await fetch(`${own.server.url}/metrics`)).text();
      await expect.poll(metrics).toContain("faramesh_waiting 2");
      const begun = performance.now();
      await own.server.close();
      expect(performance.now() - begun).toBeLessThan(3_000);
      await response.text();
      expect((await waiting).status).toBe(200);
    });
  });
});
