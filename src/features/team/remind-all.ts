import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { subjectOf, wordsOf } from '#mail/words.ts';
import { countMissing, listMissing, type MissingPerson } from '#store/people/missing-people.ts';
import { remindColleague } from './acts.ts';
import type { Manager } from './colleague.ts';

/** Each is a transaction of its own, so a request sends no more. The people who waited longest come first. */
export const REMINDED_AT_ONCE = 200;

const LISTED = 50;

export type Reminding = {
  /** Without an authenticator, and not exempt. */
  readonly people: number;
  /** Those among them who were not reminded within a day. */
  readonly due: number;
  readonly listed: readonly MissingPerson[];
  readonly mail: { readonly subject: string; readonly text: string; readonly after: string };
};

/** The language and the names that the words of the mail need. */
type Place = Parameters<typeof wordsOf>[0];

/** Whom "remind everyone" reaches now, who was reminded when, and the mail. */
export async function readReminding(env: Env, place: Place, partnerId: string): Promise<Reminding> {
  const now = env.now();
  const { text, after } = wordsOf(place, { kind: 'set_up_asked' }, now);
  return {
    ...(await countMissing(env.db.read, partnerId, { now, before: now - DAY_SECONDS })),
    listed: await listMissing(env.db.read, partnerId, now, LISTED),
    mail: { subject: subjectOf(place, 'set_up_asked'), text, after },
  };
}

/**
 * Reminds everyone without an authenticator whose last reminder is a day old; returns how many.
 *
 * One act for each person, so that it locks as the act on one person does, and reads again whether the manager is still
 * one. A person whom somebody else reminds meanwhile gets no second mail: the act refuses.
 */
export async function remindMissing(env: Env, manager: Manager): Promise<number> {
  const now = env.now();
  const people = await listMissing(env.db.read, manager.session.partner.id, now, REMINDED_AT_ONCE);
  let count = 0;
  for (const { id, remindedAt = 0 } of people) {
    if (remindedAt > now - DAY_SECONDS) continue;
    const reminded = await remindColleague(env, manager, id);
    if (!isRefusal(reminded)) count += 1;
  }
  return count;
}
