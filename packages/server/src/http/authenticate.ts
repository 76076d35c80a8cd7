import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Authenticator } from "../gate/authenticate.js";
import { GateError } from "../gate/errors.js";
import type { Principal } from "../gate/principal.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may come in without a key: nobody unless the route says so. */
    access?: "anyone" | "key_or_token";
  }
  interface FastifyRequest {
    /** Who is calling; null where the route lets people in without a key. */
    principal: Principal | null;
  }
}

/**
 * Who is calling, on a route that asks for a key.
 *
 * @throws Error on a route that does not; a mistake of ours that must not become a way in.
 */
export function callerOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error("a route used its caller without asking for a key");
  return request.principal;
}

/** Asks everybody for a key before anything of the request is read, but where a route says otherwise. */
export function askForKeys(app: FastifyInstance, door: Door): void {
  app.decorateRequest("principal", null);
  app.addHook("onRequest", async (request) => {
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    if (access === "anyone") return;
    request.principal =
      access === "key_or_token" ? await door.principalOrNone(request) : await door.principalOf(request);
  });
}

/** Tells who is calling. */
export interface Door {
  /** @throws GateError `unauthorized` */
  principalOf(request: FastifyRequest): Promise<Principal>;
  /** Who is calling, or null when no key was sent at all. A wrong key is still refused. */
  principalOrNone(request: FastifyRequest): Promise<Principal | null>;
}

const NO_AUTH: Principal = { id: "no_auth", name: "no-auth", role: "admin", via: "no_auth", agents: [] };

const BEARER = /^Bearer +(\S+)$/i;

/** The door of a gate that asks for keys. */
export function keyDoor(authenticator: Authenticator): Door {
  const principalOrNone = async (request: FastifyRequest): Promise<Principal | null> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return null;
    const key = BEARER.exec(authorization)?.[1];
    if (key === undefined) throw new GateError("unauthorized", "send Authorization: Bearer <key>");
    return authenticator.principalOf(key);
  };
  return {
    principalOrNone,
    async principalOf(request) {
      const principal = await principalOrNone(request);
      if (principal === null) throw new GateError("unauthorized", "send Authorization: Bearer <key>");
      return principal;
    },
  };
}

/** The door of a gate that runs without keys. It relies on {@link assertFromThisMachine} for every request. */
export function openDoor(): Door {
  return { principalOf: async () => NO_AUTH, principalOrNone: async () => NO_AUTH };
}

const LOOPBACK_AUTHORITY = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/**
 * Refuses what a web page could send to a gate without keys: a foreign `Origin`, or a `Host` that some domain was
 * pointed at this machine with (DNS rebinding).
 *
 * @throws GateError `forbidden`
 */
export function assertFromThisMachine(request: FastifyRequest): void {
  const { host, origin } = request.headers;
  const fromHere = host !== undefined && LOOPBACK_AUTHORITY.test(host);
  if (!fromHere) throw new GateError("forbidden", "without keys the gate answers to loopback host names only");
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new GateError("forbidden", "without keys the gate answers to its own pages only");
  }
}
