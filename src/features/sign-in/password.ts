import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent, emailHashOf } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { type BegunSignIn, beginSignIn, type ProvenPassword } from '#flows/sign-in/begin-sign-in.ts';
import { checkPasswordTry, type PasswordRefused } from '#flows/sign-in/check-password.ts';
import { strangerAt } from '#flows/sign-in/hash-turn.ts';
import { findKnownDevice } from '#flows/sign-in/know-device.ts';
import { noteRefusal, refusalKey } from '#flows/sign-in/note-refusal.ts';
import { warnOfPasswords } from '#flows/sign-in/warn-of-passwords.ts';
import type { Queries } from '#store/engine/database.ts';
import { findPersonByEmail, type Person } from '#store/people/users.ts';
import type { Channel } from '#store/sessions/tables.ts';

export type PasswordAttempt = {
  /** Canonical. */
  readonly email: string;
  readonly password: string;
  readonly channel: Channel;
  readonly returnTo: string | undefined;
  readonly client: Client;
  readonly held?: NonNullable<ProvenPassword['held']>;
};

/** Checks the password. Answers a session if the policy requires nothing more, otherwise a pending sign-in. */
export async function signInWithPassword(
  env: Env,
  attempt: PasswordAttempt,
  around: Around<BegunSignIn> = plainly,
): Promise<BegunSignIn | Refusal> {
  const { email, password, client } = attempt;
  const person = await findPersonByEmail(env.db.read, email);
  const deviceId = await knownDevice(env, attempt, person);
  const outcome = await checkPasswordTry(
    env,
    { email, password, person, deviceId, client, asker: strangerAt(client) },
    (tx, proven) => around(tx, () => begin(env, tx, { ...attempt, person: proven, deviceId })),
  );
  if ('opened' in outcome) return outcome.opened;
  await recordRefusal(env, attempt, person, outcome);
  return outcome.refusal;
}

async function knownDevice(
  env: Env,
  { client, channel }: PasswordAttempt,
  person: Person | undefined,
): Promise<string | undefined> {
  return channel === 'api' ? undefined : findKnownDevice(env, client, person?.user.id ?? '');
}

async function begin(env: Env, tx: Queries, proven: ProvenPassword): Promise<BegunSignIn | Refusal> {
  const begun = await beginSignIn(env, tx, proven, env.now());
  if ('refused' in begun) return begun;
  const { user } = proven.person;
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  const detail = { knownDevice: proven.deviceId !== undefined, state: begun.state };
  await appendEvent(env, tx, { action: 'sign_in.password_accepted', ...whose, detail }, proven.client);
  return begun;
}

async function recordRefusal(
  env: Env,
  { email, client }: PasswordAttempt,
  person: Person | undefined,
  { fault: reason, refusal }: PasswordRefused,
): Promise<void> {
  const detail = person ? { reason } : { reason, emailHash: emailHashOf(env, email) };
  const whose = { subject: person?.user.id, partner: person?.user.partnerId };
  const event = { action: 'sign_in.password_refused', ...whose, detail } as const;
  const key = refusalKey(env, refusal, client);
  if (key !== undefined) return noteRefusal(env, { event, client, key });
  const isOwner = reason === 'wrong_password' && person !== undefined && !isShutOut(person);
  await env.db.transaction(async (tx) => {
    await appendEvent(env, tx, event, client);
    await warnOfPasswords(env, tx, { email, person: isOwner ? person : undefined, client });
  });
}
