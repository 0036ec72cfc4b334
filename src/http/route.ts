import type { z } from 'zod';
import type { SessionGuard } from '#core/people/authority.ts';
import type { Scope } from '#core/portals/api-key.ts';
import type { Client } from '#core/sessions/client.ts';
import type { IdempotencyKey } from '#core/values/idempotency.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Reply } from '#http/pages/reply.ts';
import type { Partner } from '#store/people/users.ts';
import type { GrantedApiKey, GrantedSession } from '#store/sessions/granted.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import type { View } from '#ui/view.ts';
import type { Arrival } from './client.ts';
import type { Form } from './parse.ts';

/** Who may call a route. A route without one does not compile; `sallyport routes` prints them. */
export type Guard = PageGuard | ApiKeyGuard;

/** What `sallyport routes` prints beside a path. */
export type AnyGuard = Guard | ProtocolGuard;

/** What a person in a browser can pass. */
export type PageGuard = 'public' | 'pendingSignIn' | SessionGuard;

/** A live key of the management API that is good for this scope; no token of a person stands for one, nor the reverse. */
export type ApiKeyGuard = `apiKey:${Scope}`;

/** What each guard has proven by the time the handler runs. */
export type Granted = {
  public: { readonly pending?: PendingSignIn; readonly session?: Session };
  pendingSignIn: { readonly pending: PendingSignIn };
  session: { readonly session: GrantedSession };
  steppedUp: { readonly session: GrantedSession };
  manager: { readonly session: ManagerSession };
  managerSteppedUp: { readonly session: ManagerSession };
  staff: { readonly session: GrantedSession };
  staffSteppedUp: { readonly session: GrantedSession };
  staffAdmin: { readonly session: GrantedSession };
  staffAdminSteppedUp: { readonly session: GrantedSession };
} & { [G in ApiKeyGuard]: { readonly apiKey: GrantedApiKey } };

/** A manager has a partner: their own, and no other. */
type ManagerSession = GrantedSession & { readonly partner: Partner };

type Request<G extends Guard, Input, Query> = Granted[G] & {
  readonly env: Env;
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly input: Input;
};

/** A page asked for, or a form sent to one. */
export type PageCall<G extends PageGuard, Input = undefined> = Request<G, Input, URLSearchParams> & {
  readonly view: View;
  /** Names the form that was sent, if one was: sent twice, it acts once. */
  readonly formKey: IdempotencyKey | undefined;
  /** Path and query of the page of ours on which the link or the form was. */
  readonly cameFrom: string | undefined;
};

export type ApiCall<G extends Guard, Input = undefined, Query = undefined> = Request<G, Input, Query> & {
  /** The `Idempotency-Key` of the request, where the route takes one. */
  readonly idempotencyKey: string | undefined;
};

type PageDeclaration<G extends PageGuard, F extends Form | undefined> = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: G;
  /** The fields of the form, each optional: what is missing or too long is refused by the rule for its field. */
  readonly form?: F;
  /** The fields that come back in `view.kept` when the form was sent too late after a proof: none that is a secret. */
  readonly keeps?: F extends Form ? readonly (keyof z.output<F> & string)[] : never;
  readonly handle: (call: PageCall<G, F extends Form ? z.output<F> : undefined>) => Promise<Reply> | Reply;
};

type ApiDeclaration<
  G extends Guard,
  Body extends z.ZodType | undefined,
  Answer extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
> = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly guard: G;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /** A strict object; absent for a bodyless call. */
  readonly body?: Body;
  /** A strict object of texts; absent for a call that takes no query. */
  readonly query?: Query;
  /** The 200 answer; absent for 204. */
  readonly answer?: Answer;
  /** Takes an `Idempotency-Key`: the handler calls the act through `idempotent`. */
  readonly idempotent?: true;
  /** Refusal codes that the call may answer, beside those of its guard; for the document. */
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (
    call: ApiCall<
      G,
      Body extends z.ZodType ? z.output<Body> : undefined,
      Query extends z.ZodType ? z.output<Query> : undefined
    >,
  ) => Promise<(Answer extends z.ZodType ? z.output<Answer> : undefined) | Refusal>;
};

/** A route with its types erased, as the table holds it. */
export type Route = PageRoute | ApiRoute | ProtocolRoute;

export type PageRoute = {
  readonly channel: 'page';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: PageGuard;
  readonly form: Form | undefined;
  readonly keeps: readonly string[];
  readonly handle: (call: never) => Promise<Reply> | Reply;
};

export type ApiRoute = {
  readonly channel: 'api';
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly guard: Guard;
  readonly summary: string;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly answer: z.ZodType | undefined;
  readonly idempotent: boolean;
  readonly refusals: readonly Refusal['refused'][];
  readonly handle: (call: never) => Promise<unknown>;
};

/**
 * Who may call a route of a protocol: `oidcClient` proves itself as the protocol says, `trustedProxy` is a proxy of the
 * settings that asks on behalf of a browser. The handler checks it; the guard names it for the table of routes.
 */
export type ProtocolGuard = 'public' | 'oidcClient' | 'trustedProxy';

/** A request of a program or a proxy, by a protocol that is not ours. */
export type ProtocolCall = {
  readonly env: Env;
  readonly request: globalThis.Request;
  readonly arrival: Arrival;
  readonly client: Client;
  readonly params: Readonly<Record<string, string>>;
  /** With its question mark, or empty. */
  readonly search: string;
  /** Empty for GET. At most 64 KiB. */
  readonly body: Buffer;
  readonly view: View;
  /** The hash that this browser has and no other, as `client.browser` of a page: what belongs to one browser is bound to it. */
  readonly browser: string;
  /** Whose browser it is, where it is one of ours. */
  readonly session: Session | undefined;
  readonly pending: PendingSignIn | undefined;
};

/** An answer of a protocol: a page of ours, or what the protocol says, with its own headers. */
export type ProtocolReply = Reply | RawReply;

export type RawReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
};

export type ProtocolRoute = {
  readonly channel: 'protocol';
  /** `ALL` is every method that the server takes. */
  readonly methods: readonly string[];
  readonly path: string;
  readonly guard: ProtocolGuard;
  readonly handle: (call: ProtocolCall) => Promise<ProtocolReply> | ProtocolReply;
};

/** Declares a route of a protocol: neither its bodies nor its errors are of our JSON API, and its forms come from elsewhere. */
export function protocol(declaration: Omit<ProtocolRoute, 'channel'>): ProtocolRoute {
  return { channel: 'protocol', ...declaration };
}

/** Declares a page: what it is, who may see it, and how it answers, in one place. */
export function page<const G extends PageGuard, F extends Form | undefined = undefined>(
  declaration: PageDeclaration<G, F>,
): PageRoute {
  const { method, path, guard, form, keeps = [], handle } = declaration;
  return { channel: 'page', method, path, guard, form, keeps, handle };
}

/** Declares a call of the JSON API; the OpenAPI document is made from the same declaration. */
export function api<
  const G extends Guard,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
>(declaration: ApiDeclaration<G, Body, Answer, Query>): ApiRoute {
  const { query, body, answer, idempotent = false, ...rest } = declaration;
  return { channel: 'api', ...rest, query, body, answer, idempotent };
}
