import type { z } from 'zod';
import type { Scope } from '#core/api-key.ts';
import type { Client } from '#core/client.ts';
import type { Refusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { ApiKey } from '#store/api-keys.ts';
import type { PendingSignIn } from '#store/pending-sign-ins.ts';
import type { Session } from '#store/sessions.ts';
import type { Partner } from '#store/users.ts';
import type { Reply } from './reply.ts';
import type { View } from './view.ts';

/** Who may call a route. A route without one does not compile; `sallyport routes` prints them. */
export type Guard = PageGuard | ApiKeyGuard;

/** What a person in a browser can pass. */
export type PageGuard = 'public' | 'pendingSignIn' | SessionGuard;

/** A live key of the management API that is good for this scope; no token of a person stands for one, nor the reverse. */
export type ApiKeyGuard = `apiKey:${Scope}`;

/** What asks for a live session, and for more: a role, and with `…SteppedUp` a factor proven recently. */
export type SessionGuard =
  | 'session'
  | 'steppedUp'
  | 'manager'
  | 'managerSteppedUp'
  | 'staff'
  | 'staffSteppedUp'
  | 'staffAdmin'
  | 'staffAdminSteppedUp';

/** What each guard has proven by the time the handler runs. */
export type Granted = {
  public: { readonly pending?: PendingSignIn; readonly session?: Session };
  pendingSignIn: { readonly pending: PendingSignIn };
  session: { readonly session: Session };
  steppedUp: { readonly session: Session };
  manager: { readonly session: ManagerSession };
  managerSteppedUp: { readonly session: ManagerSession };
  staff: { readonly session: Session };
  staffSteppedUp: { readonly session: Session };
  staffAdmin: { readonly session: Session };
  staffAdminSteppedUp: { readonly session: Session };
} & { [G in ApiKeyGuard]: { readonly apiKey: ApiKey } };

/** A manager has a partner: their own, and no other. */
export type ManagerSession = Session & { readonly partner: Partner };

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
};

export type ApiCall<G extends Guard, Input = undefined, Query = undefined> = Request<G, Input, Query> & {
  /** How the caller names this one act, where it may: asked again under the same name, it is not done again. */
  readonly idempotencyKey: string | undefined;
};

type PageDeclaration<G extends PageGuard, Form extends z.ZodType | undefined> = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: G;
  /** The fields of the form; what does not fit reaches the handler as `undefined` fields, never as a 500. */
  readonly form?: Form;
  /** The fields that come back in `view.kept` when the form was sent too late after a proof: none that is a secret. */
  readonly keeps?: Form extends z.ZodType ? readonly (keyof z.output<Form> & string)[] : never;
  readonly handle: (call: PageCall<G, Form extends z.ZodType ? z.output<Form> : undefined>) => Promise<Reply> | Reply;
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
  /** Takes an `Idempotency-Key`: the handler does the act by `doOnce`. */
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
export type Route = PageRoute | ApiRoute;

export type PageRoute = {
  readonly mouth: 'page';
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly guard: PageGuard;
  readonly form: z.ZodType | undefined;
  readonly keeps: readonly string[];
  readonly handle: (call: never) => Promise<Reply> | Reply;
};

export type ApiRoute = {
  readonly mouth: 'api';
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

/** Declares a page: what it is, who may see it, and how it answers, in one place. */
export function page<const G extends PageGuard, Form extends z.ZodType | undefined = undefined>(
  declaration: PageDeclaration<G, Form>,
): PageRoute {
  const { method, path, guard, form, keeps = [], handle } = declaration;
  return { mouth: 'page', method, path, guard, form, keeps, handle };
}

/** Declares a call of the JSON API; the OpenAPI document is made from the same declaration. */
export function api<
  const G extends Guard,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
>(declaration: ApiDeclaration<G, Body, Answer, Query>): ApiRoute {
  const { query, body, answer, idempotent = false, ...rest } = declaration;
  return { mouth: 'api', ...rest, query, body, answer, idempotent };
}
