import { AsyncLocalStorage } from 'node:async_hooks';
import type { NextStep } from '#core/portals/authorization.ts';
import type { Env } from '#env.ts';
import type { AuthorizationRequest } from '#store/oidc/requests.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** The content of one of the protocol library's objects. */
export type Payload = Readonly<Record<string, unknown>>;

/** The validated parameters of an authorization request. */
export type Params = Readonly<Record<string, string>>;

/** A row that the library wants to store. Its own id is the token, the code or the grant. */
export type Save = {
  readonly kind: string;
  readonly id: string;
  readonly payload: Payload;
  readonly expiresAt: number;
};

/**
 * One request of a client or a browser to the protocol library. The library calls its adapter several times and expects
 * to read its own writes. They are collected here, and `commit.ts` writes all of them in one transaction before the
 * answer is sent.
 */
export type Work = {
  readonly env: Env;
  /** Unix seconds on the machine clock, which the library reads itself. */
  readonly machineNow: () => number;
  /** The browser's session, at the authorization endpoint. */
  readonly session: Session | undefined;
  /** The stored request that continues after a page for the person. */
  readonly request: AuthorizationRequest | undefined;
  /** The person cancelled and returns to the client. */
  readonly isCancelled: boolean;
  /** The secret that the caller sent, to compare with the stored hash. */
  readonly secret: string | undefined;
  /** The refresh token was sent again within its grace time, so it is not exchanged a second time. */
  readonly keepsRefreshToken: boolean;
  /** The client has already authenticated in this request. The library only runs a second time. */
  readonly isProven: boolean;
  readonly saves: Save[];
  /** The one-time ids in the client's proofs. */
  readonly proofs: Save[];
  /** Ids of codes and refresh tokens to use up. */
  readonly consumes: { readonly kind: string; readonly id: string }[];
  /** Rows to delete: revoked tokens, used pushed requests. */
  readonly destroys: { readonly kind: string; readonly id: string }[];
  /** Grants to revoke. */
  readonly revokes: Set<string>;
  /** The next step for the person, once it was computed. */
  step: NextStep | undefined;
  /** The person whom the client's ID token names. */
  hintedSub: string | undefined;
  /** The validated parameters of a request that must wait for the person. */
  waiting: Readonly<Record<string, string>> | undefined;
};

export function newWork(env: Env, machineNow: () => number, more: Partial<Work> = {}): Work {
  return {
    env,
    machineNow,
    session: undefined,
    request: undefined,
    isCancelled: false,
    secret: undefined,
    keepsRefreshToken: false,
    isProven: false,
    saves: [],
    proofs: [],
    consumes: [],
    destroys: [],
    revokes: new Set<string>(),
    step: undefined,
    hintedSub: undefined,
    waiting: undefined,
    ...more,
  };
}

const current = new AsyncLocalStorage<Work>();

export function inWork<T>(work: Work, run: () => Promise<T>): Promise<T> {
  return current.run(work, run);
}

/** The work of the request that the library handles now. */
export function currentWork(): Work {
  const work = current.getStore();
  if (work === undefined) throw new Error('the protocol library was asked outside a request');
  return work;
}
