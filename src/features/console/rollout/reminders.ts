import { partnerBrand } from '#core/brand/look.ts';
import type { Env } from '#env.ts';
import { REMINDER_PAUSE_SECONDS } from '#flows/administration/partner-plan.ts';
import { subjectOf, wordsOf } from '#mail/words.ts';
import { findLook } from '#store/partners/looks.ts';
import { listSelection, type Selection, type SelectionSum, sumSelection } from '#store/partners/reminding.ts';

const LISTED = 20;

export type ReminderPreview = SelectionSum & {
  /** The partners with most people missing. */
  readonly listed: readonly {
    readonly id: string;
    readonly name: string;
    readonly missing: number;
    readonly remindedAt: number | undefined;
  }[];
  /** The mail in the reader's language and the look of the first partner of the list. */
  readonly mail:
    | { readonly partner: string; readonly subject: string; readonly text: string; readonly after: string }
    | undefined;
};

/** What "remind now" would do: whom it reaches, who is left out, and the mail. */
export async function previewReminders(env: Env, place: Place, selection: Selection): Promise<ReminderPreview> {
  const now = env.now();
  const listed = await listSelection(env.db.read, selection, { now, limit: LISTED });
  const sum = await sumSelection(env.db.read, selection, { now, remindedBefore: now - REMINDER_PAUSE_SECONDS });
  const [first] = listed;
  if (first === undefined) return { ...sum, listed, mail: undefined };
  const brand = partnerBrand(place.brand, await findLook(env.db.read, first.id));
  return { ...sum, listed, mail: { partner: first.name, ...mailTo({ ...place, brand }, first.since, now) } };
}

/** The language and the names that the words of the mail need. */
type Place = Parameters<typeof wordsOf>[0];

function mailTo(place: Place, since: number, now: number) {
  const kind = since > now ? 'mfa_reminder' : 'mfa_overdue';
  const { text, after } = wordsOf(place, { kind, requiredFrom: since }, now);
  return { subject: subjectOf(place, kind), text, after };
}
