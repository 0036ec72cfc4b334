import { reminderDaysFrom, remindersAhead } from '#core/people/reminder-days.ts';
import type { Env } from '#env.ts';
import { previewMfaPolicy } from '#flows/administration/policy-preview.ts';
import { subjectOf, wordsOf } from '#mail/words.ts';
import { findSchedule } from '#store/partners/reminding.ts';
import { listPeoplePage } from '#store/people/people-pages.ts';
import type { PolicyChoice } from './policy-choice.ts';

const LISTED = 20;

/** The language and the names that the words of a mail need. */
type Place = Parameters<typeof wordsOf>[0];

/** Whom a policy would affect: how many, who they are, and the mails that they get. */
export async function previewOf(env: Env, place: Place, partnerId: string, choice: PolicyChoice) {
  const { read } = env.db;
  const now = env.now();
  const filter = { partnerId, search: undefined, state: 'missing' } as const;
  return {
    choice,
    counts: await previewMfaPolicy(env, partnerId, choice),
    missing: await listPeoplePage(read, filter, { after: undefined, limit: LISTED, now }),
    mails: mailsOf(place, choice, await findSchedule(read, partnerId), now),
  };
}

/** The first reminder of the schedule, and the mail when the date has come. Without a date nobody is reminded. */
function mailsOf(place: Place, { policy, requiredFrom }: PolicyChoice, schedule: string | null, now: number) {
  if (policy !== 'required' || requiredFrom === undefined) return [];
  const reminderDays = reminderDaysFrom(schedule);
  const [first] = remindersAhead({ policy, requiredFrom, reminderDays }, now).toSorted((one, other) => one - other);
  const words = (kind: 'mfa_reminder' | 'mfa_overdue', at: number) => ({
    at,
    subject: subjectOf(place, kind),
    text: wordsOf(place, { kind, requiredFrom }, at).text,
  });
  return [...(first === undefined ? [] : [words('mfa_reminder', first)]), words('mfa_overdue', requiredFrom)];
}
