import { AsyncLocalStorage } from 'node:async_hooks';
import type { NextStep } from '#core/portals/authorization.ts';
import type { Env } from '#env.ts';
import type { AuthorizationRequest } from '#store/oidc/requests.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** What the protocol library keeps of one of its objects. */
export type Payload = Readonly<Record<string, unknown>>;

/** The validated parameters of an authorization request. */
export type Params = Readonly<Record<string, string>>;

/** A row that the library wants to be there: its own id is the token, the code or the grant. */
export type Save = {
  readonly kind: string;
  readonly id: string;
  readonly payload: Payload;
  readonly expiresAt: number;
};

/**
 * One request of a client or a browser to the protocol library.
 *
 * The library asks its adapter several times and expects each write to be there. Here they are collected, and
 * `commit.ts` makes them in one transaction, or none of them, before the answer leaves.
 */
export type Work = {
  readonly env: Env;
  /** Unix seconds by the clock of the machine, which the library reads by itself. */
  readonly machineNow: () => number;
  /** Whose browser asks, at the authorization endpoint. */
  readonly session: Session | undefined;
  /** The request that goes on after the person was asked. */
  readonly request: AuthorizationRequest | undefined;
  /** The person went back to the client. */
  readonly isCancelled: boolean;
  /** The secret that the caller showed, to be compared by its hash. */
  readonly secret: string | undefined;
  /** A refresh token that is asked for again within its grace: it is not exchanged a second time. */
  readonly keepsRefreshToken: boolean;
  /** The client has proven itself in this request already: the library is asked once more. */
  readonly isProven: boolean;
  readonly saves: Save[];
  /** The one-time values in what the client proved itself by. */
  readonly proofs: Save[];
  /** Ids of codes and refresh tokens that are used up. */
  readonly consumes: { readonly kind: string; readonly id: string }[];
  /** Rows that go: tokens that are revoked, pushed requests that were used. */
  readonly destroys: { readonly kind: string; readonly id: string }[];
  /** Grants that end. */
  readonly revokes: Set<string>;
  /** What the person is to be asked next, once that was looked at. */
  step: NextStep | undefined;
  /** The person whom an ID token of the client names. */
  hintedSub: string | undefined;
  /** The validated parameters of a request that has to wait for the person. */
  waiting: Readonly<Record<string, string>> | undefined;
};

export function newWork(env: Env, machineNow: () => number, more: Partial<Work> = {}): Work {
  return {
    ...{ env, machineNow },
    ...{ session: undefined, request: undefined, isCancelled: false, secret: undefined, keepsRefreshToken: false },
    ...{
      isProven: false,
      saves: [],
      proofs: [],
      consumes: [],
      destroys: [],
      revokes: new Set<string>(),
      step: undefined,
      hintedSub: undefined,
      waiting: undefined,
    },
    ...more,
  };
}

const current = new AsyncLocalStorage<Work>();

export function inWork<T>(work: Work, run: () => Promise<T>): Promise<T> {
  return current.run(work, run);
}

/** The work of the request that the library is busy with. */
export function currentWork(): Work {
  const work = current.getStore();
  if (work === undefined) throw new Error('the protocol library was asked outside a request');
  return work;
}
