import { authenticatorName } from '#core/authenticators/factors.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { confirmEnrollment } from '#flows/authenticators/enrollment.ts';
import { furtherPlace } from '#flows/authenticators/places.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { factorsOf, renameAuthenticator } from '#store/authenticators/authenticators.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { addFirst, enrolleeOf, findConnecting, tellEnded, whose } from './authenticator.ts';
import { checkFreeze } from './freeze.ts';

/** Confirms the shown secret as another app. The apps before it keep working, and so do the recovery codes. */
export async function addApp(
  env: Env,
  session: GrantedSession,
  code: string,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const { user } = session;
  const frozen = checkFreeze(env, session, await factorsOf(env.db.read, user.id));
  if (frozen) return frozen;
  return confirmEnrollment<undefined, true>(env, enrolleeOf(session, client), code, {
    place: (tx) => furtherPlace(tx, user.id),
    draw: async () => undefined,
    open: (tx, { authenticatorId }) =>
      around(tx, async () => {
        await appendEvent(env, tx, { action: 'totp.enrolled', ...whose(session), detail: { authenticatorId } }, client);
        return (await tellEnded(env, tx, session, client, 'app_added')) || refuse('sign_in_expired');
      }),
  });
}

/** What an API caller gets for a confirmed secret: recovery codes with the first authenticator. */
export type ConfirmedByApi = { readonly recoveryCodes: readonly string[] | undefined };

/** Confirms the secret that this session was shown, by its id. A program keeps its token. */
export async function confirmByApi(
  env: Env,
  session: GrantedSession,
  { id, code }: { readonly id: string; readonly code: string },
  client: Client,
): Promise<ConfirmedByApi | Refusal> {
  const open = await findConnecting(env, session);
  if (open?.id !== id) return refuse('enrollment_expired');
  if (!(await factorsOf(env.db.read, session.user.id))) {
    return addFirst(env, session, { code, client }, { answer: (recoveryCodes) => ({ recoveryCodes }) });
  }
  const added = await addApp(env, session, code, client);
  return isRefusal(added) ? added : { recoveryCodes: undefined };
}

/** Gives an authenticator of this person another name. Nothing about signing in changes, so nothing ends. */
export function renameApp(
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
      return true;
    }),
  );
}
