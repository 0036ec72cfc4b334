import { authenticatorName } from '#core/authenticators/factors.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Confirmation, confirmNew } from '#flows/authenticators/confirm-new.ts';
import { type StartedPasskey, startPasskey } from '#flows/authenticators/enroll-passkey.ts';
import { furtherPlace } from '#flows/authenticators/places.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { factorsOf, renameAuthenticator } from '#store/authenticators/authenticators.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { addFirst, enrolleeOf, findConnecting, tellEnded, whose } from './authenticator.ts';
import { checkFreeze } from './freeze.ts';

/** What the browser needs to create a passkey for this session. */
export async function startAddingPasskey(
  env: Env,
  session: GrantedSession,
  client: Client,
  name?: string,
): Promise<StartedPasskey | Refusal> {
  const frozen = await checkFreeze(env, env.db.read, session, await factorsOf(env.db.read, session.user.id));
  return frozen ?? startPasskey(env, enrolleeOf(session, client), name);
}

/** Confirms another authenticator. Those before it keep working, and so do the recovery codes. */
export async function addAnother(
  env: Env,
  session: GrantedSession,
  by: Confirmation,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const { user } = session;
  const factors = await factorsOf(env.db.read, user.id);
  const frozen = await checkFreeze(env, env.db.read, session, factors);
  if (frozen) return frozen;
  return confirmNew<undefined, true>(env, enrolleeOf(session, client), by, {
    place: (tx) => furtherPlace(tx, user.id, by.kind),
    draw: async () => undefined,
    open: (tx, { event }) =>
      around(tx, async () => {
        const frozenNow = await checkFreeze(env, tx, session, factors);
        if (frozenNow) return frozenNow;
        await appendEvent(env, tx, { ...event, ...whose(session) }, client);
        const change = by.kind === 'totp' ? 'app_added' : 'passkey_added';
        return (await tellEnded(env, tx, session, client, change)) || refuse('sign_in_expired');
      }),
  });
}

/** What an API caller gets for a confirmed authenticator: recovery codes with the first one. */
export type ConfirmedByApi = { readonly recoveryCodes: readonly string[] | undefined };

/** Confirms what this session began, by its id. A program keeps its token. */
export async function confirmByApi(
  env: Env,
  session: GrantedSession,
  { id, by }: { readonly id: string; readonly by: Confirmation },
  client: Client,
): Promise<ConfirmedByApi | Refusal> {
  if (by.kind === 'totp' && (await findConnecting(env, session))?.id !== id) return refuse('enrollment_expired');
  const named = by.kind === 'totp' ? by : { ...by, id };
  if (!(await factorsOf(env.db.read, session.user.id))) {
    return addFirst(env, session, { by: named, client }, { answer: (recoveryCodes) => ({ recoveryCodes }) });
  }
  const added = await addAnother(env, session, named, client);
  return isRefusal(added) ? added : { recoveryCodes: undefined };
}

/** Gives an authenticator of this person another name. Nothing about signing in changes, so nothing ends. */
export function renameOne(
  env: Env,
  session: GrantedSession,
  { id, name: typed }: { readonly id: string; readonly name: string },
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  return ownTransaction<true>(env, session, (tx) =>
    around(tx, async () => {
      const name = authenticatorName(typed);
      if (name === undefined) return refuse('invalid_request', { reason: 'authenticator_name' });
      if (!(await renameAuthenticator(tx, session.user.id, id, name))) {
        return refuse('not_found', { reason: 'authenticator' });
      }
      const event = { action: 'authenticator.renamed' as const, ...whose(session), detail: { authenticatorId: id } };
      await appendEvent(env, tx, event, client);
      await queueMail(env, tx, session.user, { kind: 'authenticator_renamed', ...whereFrom(client) });
      return true;
    }),
  );
}
