import type { Action, PermitClaims } from "@faramesh/protocol";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../src/config.js";
import { startServer } from "../src/main.js";
import { newPlace, type Place } from "./places.js";
import { LS, REFUND, RunningGate } from "./running-gate.js";

let place: Place;
let here: RunningGate;
let there: RunningGate;
beforeAll(async () => {
  place = await newPlace("PostgreSQL");
  [here, there] = await Promise.all([RunningGate.start({ place }), RunningGate.start({ place })]);
});
afterAll(async () => {
  await Promise.all([here.server.close(), there.server.close()]);
  await place.remove();
});

describe("two gates that start at once on one empty database", () => {
  it("publish the same keys", async () => {
    const published = [here, there].map((gate) => gate.send("GET", "/.well-known/jwks.json", { key: null }));
    const [one, other] = await Promise.all(published);
    expect(one?.body).toMatchObject({ keys: [{ kty: "OKP" }] });
    expect(other?.body).toEqual(one?.body);
  });

  it("trust each other's permits: one signs it, the other's keys verify it, and it is used up on both", async () => {
    const { body: action } = await here.submit(LS);
    const { permit = "" } = (await here.step(action.id, "start")).body;
    const keys = createRemoteJWKSet(new URL(`${there.server.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify<PermitClaims>(permit, keys, { audience: "faramesh-executor" });
    expect(payload.act.id).toBe(action.id);
    const consume = (gate: RunningGate) => gate.send("POST", "/v1/permits/consume", { body: { permit } });
    expect((await consume(there)).status).toBe(200);
    expect((await consume(here)).body).toMatchObject({ code: "permit_consumed" });
  });

  it("trust each other's approval tokens: one shows it, the other takes it, once", async () => {
    const { body: held } = await here.submit(REFUND);
    expect((await there.get(held.id)).approval_token).toBe(held.approval_token);
    const decide = (gate: RunningGate) =>
      gate.step(held.id, "approval", { approve: true, token: held.approval_token }, null);
    expect((await decide(there)).body).toMatchObject({ status: "approved" });
    expect((await decide(here)).body).toMatchObject({ code: "already_decided" });
  });

  it("wake who waits at one of them for what was decided at the other", async () => {
    const { body: held } = await here.submit(REFUND);
    const waiting = here.send<Action>("GET", `/v1/actions/${held.id}?wait=20s`);
    await there.step(held.id, "approval", { approve: false });
    expect((await waiting).body).toMatchObject({ status: "denied", reason_code: "HUMAN_REJECTED" });
  });
});

describe("a gate with another FARAMESH_SECRET than the database's", () => {
  it("does not start, says so in a sentence that names neither, and changes nothing", async () => {
    const own = await RunningGate.start({ store: "PostgreSQL" });
    await own.submit(REFUND);
    await own.server.close();
    const before = await own.place.content();
    const secret = "another-secret-of-the-tests-0123456789";
    const config = { ...own.place.config, secret, host: "127.0.0.1", port: 0, logLevel: "silent" } as const;
    const start = startServer({ ...config, policySource: "version: 1\nname: other\nrules: []\n" });
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(/^FARAMESH_SECRET is not the one that this database's keys are sealed with$/);
    expect(await own.place.content()).toBe(before);
    const again = await RunningGate.start({ place: own.place });
    expect((await again.submit(LS)).body).toMatchObject({ outcome: "EXECUTE", policy_version: 1 });
    await again.stop();
  });
});
