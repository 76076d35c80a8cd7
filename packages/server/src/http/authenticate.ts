import type { IncomingHttpHeaders } from "node:http";
import type { FastifyRequest, onRequestHookHandler, preValidationHookHandler } from "fastify";
import type { Authenticator } from "../gate/authenticate.js";
import { GateError } from "../gate/errors.js";
import type { Principal } from "../gate/principal.js";

/** What a route asks of who comes in. */
type Access = "key" | "anyone" | "key_or_token";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may come in without a key: nobody unless the route says so. */
    access?: Exclude<Access, "key">;
  }
  interface FastifyRequest {
    /** Who is calling; null where the route lets people in without a key. */
    principal: Principal | null;
    /** The keys' generation when its key was asked for. */
    keyGeneration: number;
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

/**
 * Asks for a key before anything of a request is read. Whose key was seen a moment ago comes in without waiting; that
 * is nearly everybody.
 */
export function askForKey(door: Door, access: Access): onRequestHookHandler {
  if (access === "anyone") return (_request, _reply, next) => next();
  return (request, _reply, next) => {
    request.keyGeneration = door.generation;
    const known = door.knownPrincipal(request);
    if (known !== null) {
      request.principal = known;
      next();
      return;
    }
    void admit(request, door, access, next);
  };
}

/**
 * Asks for the key again where any was changed since: a body may take its time, and a key that opened the door when the
 * headers came may be revoked by the time that its request is complete.
 */
export function askAgain(door: Door, access: Access): preValidationHookHandler {
  if (access === "anyone") return (_request, _reply, next) => next();
  return (request, _reply, next) => {
    if (request.keyGeneration === door.generation) next();
    else void admit(request, door, access, next);
  };
}

async function admit(
  request: FastifyRequest,
  door: Door,
  access: Access,
  next: (error?: Error) => void,
): Promise<void> {
  try {
    request.principal = access === "key" ? await door.principalOf(request) : await door.principalOrNone(request);
  } catch (error) {
    next(error as Error);
    return;
  }
  next();
}

/** What of a request says who is calling. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
}

/** Tells who is calling. */
export interface Door {
  /** Another number after each change to a key: who was let in before is to be asked again. */
  readonly generation: number;
  /** Who is calling, where that is known without asking the store; null says nothing. */
  knownPrincipal(request: Asking): Principal | null;
  /** @throws GateError `unauthorized` */
  readonly principalOf: (request: Asking) => Promise<Principal>;
  /** Who is calling, or null when no key was sent at all. A wrong key is still refused. */
  readonly principalOrNone: (request: Asking) => Promise<Principal | null>;
}

const NO_AUTH: Principal = { id: "no_auth", name: "no-auth", role: "admin", via: "no_auth", agents: [] };

const BEARER = /^Bearer +(\S+)$/i;

/** The door of a gate that asks for keys. */
export function keyDoor(authenticator: Authenticator): Door {
  const principalOrNone = async (request: Asking): Promise<Principal | null> => {
    if (request.headers.authorization === undefined) return null;
    const key = bearerKey(request);
    if (key === null) throw new GateError("unauthorized", "send Authorization: Bearer <key>");
    return authenticator.principalOf(key);
  };
  return {
    get generation() {
      return authenticator.generation;
    },
    knownPrincipal(request) {
      const key = bearerKey(request);
      return key === null ? null : authenticator.known(key);
    },
    principalOrNone,
    async principalOf(request) {
      const principal = await principalOrNone(request);
      if (principal === null) throw new GateError("unauthorized", "send Authorization: Bearer <key>");
      return principal;
    },
  };
}

function bearerKey({ headers: { authorization } }: Asking): string | null {
  if (authorization?.startsWith("Bearer ") === true && !authorization.includes(" ", 7)) return authorization.slice(7);
  return authorization === undefined ? null : (BEARER.exec(authorization)?.[1] ?? null);
}

/** The door of a gate that runs without keys. It relies on {@link assertFromThisMachine} for every request. */
export function openDoor(): Door {
  return {
    generation: 0,
    knownPrincipal: () => NO_AUTH,
    principalOf: async () => NO_AUTH,
    principalOrNone: async () => NO_AUTH,
  };
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
