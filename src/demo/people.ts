import { DAY_SECONDS } from '#core/time/spans.ts';
import { rowSearchKey } from '#core/values/search-key.ts';
import type { Env } from '#env.ts';
import { sealPassword } from '#flows/sign-in/passwords.ts';
import type { NewAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Schema } from '#store/engine/database.ts';
import type { NewPartner } from '#store/partners/partners.ts';
import type { NewUser } from '#store/people/users.ts';
import { isFirstOfName, personName, plainWord } from './names.ts';

/** A number from 0 to 1, always the same for the same `number` (Mulberry32). */
export function chance(number: number): number {
  let mixed = (number + 0x6d2b79f5) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** `adoption`: how likely its people are to have an authenticator. */
export type MadePartner = { readonly row: NewPartner; readonly adoption: number };

export type MadePerson = {
  readonly user: NewUser & {
    last_sign_in_at: number | null;
    exempt_until: number | null;
    exempt_reason: string | null;
    search_key: string;
  };
  readonly authenticator: NewAuthenticator | undefined;
  readonly codes: Schema['recovery_code_sets'] | undefined;
};

type Making = {
  readonly now: number;
  /** The PHC string of the password that they all share. */
  readonly phc: string;
  /** How many days ago the first people set up an authenticator. */
  readonly rollOutDays: number;
};

/** A person of a partner, in one of the possible states. */
export function makePerson(
  env: Env,
  partner: MadePartner,
  number: number,
  { now, phc, rollOutDays }: Making,
): MadePerson {
  const draw = (salt: number) => chance(number * 31 + salt);
  const [id, name] = [env.newId(), personName(number)];
  const isInvited = draw(1) < 0.03;
  const createdAt = now - Math.floor((30 + draw(2) * 370) * DAY_SECONDS);
  const isEnrolled = !isInvited && draw(3) < partner.adoption;
  // A few people set up first, then many, then the last few.
  const enrolledAt = Math.max(createdAt, now - Math.floor(rollOutDays * (1 - draw(4) ** 0.6) * DAY_SECONDS));
  const isExempt = !isEnrolled && !isInvited && draw(5) < 0.1;
  const email = `${plainWord(name).replace('-', '.')}${isFirstOfName(number) ? '' : `.${number}`}@${partner.row.slug}.example`;
  const user = {
    id,
    partner_id: partner.row.id,
    email,
    search_key: rowSearchKey(name, email),
    name,
    role: draw(6) < 0.04 ? ('manager' as const) : ('member' as const),
    locale: null,
    created_at: createdAt,
    sealed_password: isInvited ? null : sealPassword(env, id, phc),
    disabled_at: draw(7) < 0.02 ? now - Math.floor(draw(8) * 90 * DAY_SECONDS) : null,
    mfa_skipped_at: null,
    last_sign_in_at: isInvited ? null : now - Math.floor(draw(9) ** 2 * 60 * DAY_SECONDS),
    exempt_until: isExempt ? now + Math.floor(draw(10) * 90 * DAY_SECONDS) : null,
    exempt_reason: isExempt ? 'on leave' : null,
  };
  return {
    user,
    ...(isEnrolled ? possessionsOf(env, id, enrolledAt) : { authenticator: undefined, codes: undefined }),
  };
}

function possessionsOf(env: Env, userId: string, at: number) {
  const [id, setId] = [env.newId(), env.newId()];
  const sealed = env.keys.seal('totp', { table: 'authenticators', rowId: id, userId }, env.random(20));
  return {
    authenticator: {
      id,
      user_id: userId,
      sealed_secret: sealed,
      last_used_step: -1,
      created_at: at,
      last_used_at: null,
      last_refusal: null,
    },
    codes: { id: setId, user_id: userId, created_at: at, sealed_copy: null, copy_expires_at: null },
  };
}
