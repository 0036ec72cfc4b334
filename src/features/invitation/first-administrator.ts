import { canonicalEmail } from '#core/people/email.ts';
import { cleanName } from '#core/people/name.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly, transactionOrRefusal } from '#flows/runtime/transaction.ts';
import { beginSignIn } from '#flows/sign-in/begin-sign-in.ts';
import { checkNewPassword, hashNewPassword, type PasswordOwner } from '#flows/sign-in/new-password.ts';
import { knowByLink, linkTry } from '#flows/sign-in/password-by-link.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockAdministrators } from '#store/engine/locks.ts';
import { claimLink, revokeFirstAdministratorLinks } from '#store/people/links.ts';
import { administratorExists, createUser, findPerson, findPersonByEmail } from '#store/people/users.ts';
import type { Accepted, Answered, Faults } from './accept.ts';

type NewAdministrator = PasswordOwner;

/** Creates the first administrator, once, and continues with enrollment. `not_found` if someone else was faster. */
export async function createFirstAdministrator(
  env: Env,
  linkId: string,
  answered: Answered,
  around: Around<Accepted> = plainly,
): Promise<Accepted | { readonly faults: Faults } | Refusal> {
  const checked = await check(env, answered);
  if ('faults' in checked) return checked;
  const { client } = answered;
  const outcome = await hashNewPassword(env, checked, answered.password, linkTry(linkId, client), (sealed) =>
    transactionOrRefusal(env.db, (tx) =>
      around(tx, () => accept(env, tx, { linkId, administrator: checked, sealed }, answered)),
    ),
  );
  return outcome === EMAIL_TAKEN ? { faults: { email: 'taken' } } : outcome;
}

type ByLink = { readonly linkId: string; readonly administrator: NewAdministrator; readonly sealed: string };

async function accept(
  env: Env,
  tx: Queries,
  { linkId, administrator, sealed }: ByLink,
  answered: Answered,
): Promise<Accepted | Refusal> {
  const now = env.now();
  await lockAdministrators(tx);
  if (!(await claimLink(tx, linkId, now)) || (await administratorExists(tx))) return refuse('not_found');
  if (!(await create(env, tx, administrator, sealed, answered))) return EMAIL_TAKEN;
  const person = await findPerson(tx, administrator.id);
  if (!person) throw new Error('a user just made is not there');
  const { client, held } = answered;
  const { deviceId, deviceToken } = await knowByLink(env, tx, administrator.id, client);
  const proven = { person, channel: 'page', deviceId, returnTo: undefined, client, held } as const;
  const begun = await beginSignIn(env, tx, proven, now);
  return isRefusal(begun) ? begun : { begun, deviceToken };
}

const EMAIL_TAKEN = refuse('invalid_request', { reason: 'email_taken' });

async function check(env: Env, answered: Answered): Promise<NewAdministrator | { readonly faults: Faults }> {
  const email = canonicalEmail(answered.email);
  const name = cleanName(answered.name);
  const isTaken = email !== undefined && (await findPersonByEmail(env.db.read, email)) !== undefined;
  const owner = { id: env.newId(), email: email ?? '', name: name ?? '', partner: undefined };
  if (email !== undefined && !isTaken && name !== undefined) return owner;
  return {
    faults: {
      email: email === undefined ? 'malformed' : isTaken ? 'taken' : undefined,
      name: name === undefined ? 'malformed' : undefined,
      password: await checkNewPassword(env, owner, answered.password),
    },
  };
}

async function create(
  env: Env,
  tx: Queries,
  { id, email, name }: NewAdministrator,
  sealed: string,
  { locale, client }: Answered,
): Promise<boolean> {
  const created = await createUser(tx, {
    id,
    email,
    name,
    locale,
    role: 'admin',
    partner_id: null,
    sealed_password: sealed,
    created_at: env.now(),
    password_set_at: env.now(),
    disabled_at: null,
    mfa_skipped_at: null,
  });
  if (!created) return false;
  await revokeFirstAdministratorLinks(tx);
  await appendEvent(env, tx, { action: 'administrator.created', actor: id, subject: id, detail: {} }, client);
  return true;
}
