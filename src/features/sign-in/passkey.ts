import type { Assertion, PasskeyFault, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { checkPasskey } from '#flows/authenticators/check-passkey.ts';
import { relyingPartyOf, spendChallenge } from '#flows/authenticators/passkey-challenge.ts';
import { askForPasskey } from '#flows/authenticators/passkey-options.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { challengeCounters, strangerCounters } from '#flows/sign-in/attempt-counters.ts';
import { takeHeldSession } from '#flows/sign-in/begin-sign-in.ts';
import { finishSignIn, type NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { findKnownDevice } from '#flows/sign-in/know-device.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { findPasskey } from '#store/authenticators/authenticators.ts';
import type { ChallengeBinding } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { Channel } from '#store/sessions/tables.ts';

/** A sign-in with nothing but a passkey. */
export type PasskeySignIn = {
  readonly channel: Channel;
  readonly client: Client;
  readonly returnTo: string | undefined;
  /** The session that this browser already has. */
  readonly session?: Session | undefined;
};

/** What a browser needs to sign in with a passkey alone. Anybody may ask, so each network has a limit. */
export function askForAnyPasskey(env: Env, client: Client): Promise<RequestOptions | Refusal> {
  return env.db.transaction(async (tx) => {
    const limit = await reserveTries(tx, challengeCounters(env, client), env.now());
    if (isRefusal(limit)) return limit;
    return askForPasskey(env, tx, { binding: bindingOf(client), userVerification: 'required' });
  });
}

/**
 * Signs in the person whose passkey it is. It counts as both factors, so the device must have checked who holds it.
 *
 * A passkey that nobody has, one of a person who cannot sign in, and a wrong signature get the same answer.
 */
export async function signInWithPasskeyAlone(
  env: Env,
  signIn: PasskeySignIn,
  assertion: Assertion,
  around: Around<NewSession> = plainly,
): Promise<NewSession | Refusal> {
  const { channel, client } = signIn;
  const person = await findOwner(env, assertion);
  if (!person) return refuseStranger(env, client, assertion, 'unknown_passkey');
  if (isShutOut(person) || !kindsFor(env, person).includes('passkey')) {
    return refuseStranger(env, client, assertion, 'not_allowed');
  }
  const { user } = person;
  const deviceId = channel === 'api' ? undefined : await findKnownDevice(env, client, user.id);
  const attempt = {
    user,
    deviceId,
    client,
    binding: bindingOf(client),
    userVerification: 'required',
    isAlone: true,
  } as const;
  return checkPasskey(env, attempt, assertion, (tx, factor) =>
    around(tx, async () => {
      // Read again: between the signature and this transaction staff can have disabled the person or passkeys.
      const current = await findPerson(tx, user.id);
      if (!current || isShutOut(current) || !kindsFor(env, current).includes('passkey')) {
        return refuse('passkey_refused');
      }
      const replacedSessionId = await takeHeldSession(tx, signIn.session, user.id);
      const { returnTo } = signIn;
      return finishSignIn(
        env,
        tx,
        { person: current, channel, factor, deviceId, returnTo, replacedSessionId, client },
        env.now(),
      );
    }),
  );
}

async function findOwner(env: Env, assertion: Assertion): Promise<Person | undefined> {
  const passkey = await findPasskey(env.db.read, assertion.id);
  return passkey && findPerson(env.db.read, passkey.userId);
}

/** Uses the challenge up and counts the try for the network, because there is nobody to count it for. */
async function refuseStranger(env: Env, client: Client, assertion: Assertion, fault: PasskeyFault): Promise<Refusal> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) return rp;
  const counted = await env.db.transaction(async (tx: Queries) => {
    const spent = await spendChallenge(env, tx, assertion, bindingOf(client));
    return spent ? reserveTries(tx, strangerCounters(env, client), env.now()) : refuse('challenge_expired');
  });
  if (isRefusal(counted) && counted.refused === 'challenge_expired') return counted;
  const refusal = isRefusal(counted) ? counted : refuse('passkey_refused');
  const event = { action: 'sign_in.passkey_refused', detail: { reason: refusal.refused, fault } } as const;
  await noteRefusal(env, { event, client, key: isRefusal(counted) ? counted.limitedBy : undefined });
  return refusal;
}

function bindingOf({ browser }: Client): ChallengeBinding {
  return { purpose: 'sign_in', owner_id: null, browser: browser ?? null };
}
