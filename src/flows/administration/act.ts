import type { AuditAction, AuditDetail, AuditEvent } from '#core/audit/actions.ts';
import { staffReason } from '#core/audit/detail.ts';
import type { StaffReason } from '#core/audit/values.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { type Acting, checkAct, type PersonAct } from '#core/people/permissions.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { findPerson, findPersonByEmail, type Person } from '#store/people/users.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

/** The subject of an act: by email as typed, by id, or by a function that finds the id in the transaction. */
export type Whom =
  | { readonly email: string }
  | { readonly id: string }
  | { readonly find: (tx: Queries) => Promise<string | undefined> };

/** The subject of an act, and its actor. */
type How = Whom & { readonly actor: Actor };

/** An actor, and what they may do now: read in the transaction that acts. */
export type By = { readonly actor: Actor; readonly acting: Acting };

/** A person whom this transaction has locked, and an actor whom it has confirmed. */
export type Held = By & { readonly tx: Queries; readonly person: Person };

/** The input of an act's `does`. */
export type Doing<Input, Event extends AuditAction> = Held & {
  readonly env: Env;
  readonly input: Input;
  /** Appends an event of the act to the audit log: by the actor, about the person. */
  readonly note: <E extends Event>(action: E, detail: AuditDetail<E>) => Promise<void>;
};

type Declaration<Typed, Input, Event extends AuditAction, Done> = {
  /** The row of `core/people/permissions.ts` that says who may do it. */
  readonly name: PersonAct;
  /** The events that it writes into the audit log about the person. */
  readonly events: readonly Event[];
  /** Reads what was typed, before the transaction begins. */
  readonly needs: (typed: Typed, env: Env) => Input | Refusal;
  /** Makes the changes. A refusal rolls all of them back. */
  readonly does: (doing: Doing<Input, Event>) => Promise<Done | Refusal>;
};

/**
 * Calling an act finds the person and runs it in its own transaction; `around` adds statements to that. All channels
 * call this.
 */
export type Act<Typed, Done> = {
  (env: Env, how: How & Typed, around?: Around<Done>): Promise<Done | Refusal>;
  /** Runs the act in the caller's transaction, which has already locked the person. */
  readonly within: (env: Env, held: Held, typed: Typed) => Promise<Done | Refusal>;
};

/** Declares an act on one person, once for console, team, API and command line. */
export function personAct<Typed, Input, Event extends AuditAction, Done>(
  declaration: Declaration<Typed, Input, Event, Done>,
): Act<Typed, Done> {
  const carryOut = (env: Env, held: Held, input: Input) => {
    const refused = checkAct(held.acting, declaration.name, subjectOf(held.person));
    return refused ?? declaration.does({ ...held, env, input, note: noteBy(env, held) });
  };
  const act = async (env: Env, how: How & Typed, around?: Around<Done>) => {
    const input = declaration.needs(how, env);
    if (isRefusal(input)) return input;
    return onPerson(env, { ...how, around }, async (held) => carryOut(env, held, input));
  };
  const within = async (env: Env, held: Held, typed: Typed) => {
    const input = declaration.needs(typed, env);
    return isRefusal(input) ? input : carryOut(env, held, input);
  };
  return Object.assign(act, { within });
}

/** Finds and locks a person in a transaction that confirms the actor; runs `otherwise` if there is no such person. */
export async function onPerson<T>(
  env: Env,
  how: How & { readonly around?: Around<T> | undefined },
  work: (held: Held) => Promise<T | Refusal>,
  otherwise: (tx: Queries, by: By) => Promise<T | Refusal> = async () => refuse('not_found', { reason: 'user' }),
): Promise<T | Refusal> {
  const { actor, around } = how;
  return actingOn(env, { actor, subject: idOf(how), around }, async (tx, acting, id) => {
    const person = id === undefined ? undefined : await findPerson(tx, id);
    return person ? work({ tx, person, actor, acting }) : otherwise(tx, { actor, acting });
  });
}

function idOf(whom: Whom) {
  if ('id' in whom) return whom.id;
  if ('find' in whom) return whom.find;
  const email = canonicalEmail(whom.email);
  return async (tx: Queries) => (email === undefined ? undefined : (await findPersonByEmail(tx, email))?.user.id);
}

function subjectOf({ user }: Person) {
  return { id: user.id, role: user.role, partnerId: user.partnerId };
}

function noteBy(env: Env, { tx, person: { user }, actor }: Held) {
  const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
  return <E extends AuditAction>(action: E, detail: AuditDetail<E>) =>
    // A cast boundary: the signature above ties the detail to the action, which the union of events cannot express.
    appendEvent(env, tx, { action, ...who, detail } as AuditEvent, actorClient(actor));
}

/** The input of an act that requires a reason. */
export type Why = { readonly reason: string };

/** The reason in the form that the audit log stores. */
export function needReason({ reason: typed }: Why): { readonly reason: StaffReason } | Refusal {
  const reason = staffReason(typed);
  return reason === undefined ? refuse('invalid_request', { reason: 'reason_missing' }) : { reason };
}
