import { attemptCounter, KINDS } from '#core/limits/counter-kinds.ts';
import { pausedSeconds, stateAt } from '#core/limits/throttle.ts';
import { sum } from '#core/limits/try-window.ts';
import { type PastedFault, type PastedPerson, readPastedEmails } from '#core/people/pasted-emails.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { findTries } from '#store/limits/attempts.ts';
import { createPastedList, findPastedList, listOnList, type PastedList } from '#store/people/pasted-lists.ts';
import { asManager, type Manager } from './colleague.ts';
import { inviteNew } from './invite.ts';

/** Pasted at once. A page and a transaction stay small, and at 60 invitations an hour it is more than a day needs. */
const ADDRESSES_MOST = 200;
const { rule: RULE } = KINDS['team-invitations'];
/** Of one manager. */
const HOURLY = RULE.windows.reduce((least, { limit }) => Math.min(least, limit), ADDRESSES_MOST);
/** Pasted at once. 200 addresses with names take some 12 KB. */
const PASTED_KILOBYTES = 48;
/** What the page says before anything is pasted. */
export const LIMITS = { most: ADDRESSES_MOST, kilobytes: PASTED_KILOBYTES, hourly: HOURLY };
/** How long a pasted list waits for its manager. */
const KEPT_SECONDS = DAY_SECONDS;

export type TypedList = { readonly pasted: string; readonly role: string };

/** Whether it has too much text to be read, however many addresses are in it. */
export function isTooLong(pasted: string): boolean {
  return Buffer.byteLength(pasted, 'utf8') > PASTED_KILOBYTES * 1024;
}

/** Keeps a pasted list for a day and returns its id. Nobody is invited yet. */
export async function keepList(
  env: Env,
  manager: Manager,
  { pasted, role }: TypedList,
  around: Around<string> = plainly,
): Promise<string | Refusal> {
  if (isTooLong(pasted)) return refuse('invalid_request', { reason: 'selection_many' });
  const { people, faults } = readPastedEmails(pasted);
  const pieces = people.length + faults.length;
  if (pieces === 0) return refuse('invalid_request', { reason: 'email' });
  if (pieces > ADDRESSES_MOST) return refuse('invalid_request', { reason: 'selection_many' });
  const [id, now] = [env.newId(), env.now()];
  return asManager<string>(env, manager, around, async (tx, { partner }) => {
    const times = { created_at: now, expires_at: now + KEPT_SECONDS };
    const made = { id, partner_id: partner.id, made_by: manager.session.user.id };
    await createPastedList(tx, { ...made, role: role === 'manager' ? 'manager' : 'member', pasted, ...times });
    return id;
  });
}

/** `new` are invited when the manager confirms; `waits` when the hour has room for them again. */
export type ListedPerson = PastedPerson & {
  readonly state: 'new' | 'waits' | 'invited' | 'listed';
  /** Their row on the team's list. */
  readonly id: string | undefined;
};

export type ShownList = {
  readonly list: PastedList;
  readonly people: readonly ListedPerson[];
  readonly faults: readonly PastedFault[];
  /** The limit of an hour, how many of them are left now, and in how many seconds there is one. */
  readonly hourly: number;
  readonly left: number;
  readonly opensIn: number;
};

/**
 * A list of this manager as it is now. `listed` and `invited` say only who is on the team's own list, and since when.
 * An address of another partner looks like any other.
 */
export async function findList(
  env: Env,
  { session }: Pick<Manager, 'session'>,
  id: string,
): Promise<ShownList | undefined> {
  const { user, partner } = session;
  const now = env.now();
  const { read } = env.db;
  const list = await findPastedList(read, { id, partnerId: partner.id, madeBy: user.id, now });
  if (!list) return undefined;
  const { people, faults } = readPastedEmails(list.pasted);
  const found = await listOnList(
    read,
    partner.id,
    people.map(({ email }) => email),
  );
  const rows = new Map(found.map((row) => [row.email, row]));
  const tries = await findTries(read, attemptCounter('team-invitations', user.id).key);
  const left = Math.max(0, HOURLY - sum(stateAt(RULE, tries, now).windows.flat()));
  let free = left;
  const stateOf = (row: { readonly id: string } | undefined) => {
    // Ids are UUIDv7: a later row has a larger one.
    if (row) return row.id > list.id ? 'invited' : 'listed';
    free -= 1;
    return free >= 0 ? 'new' : 'waits';
  };
  return {
    list,
    people: people.map((one) => {
      const row = rows.get(one.email);
      return { ...one, name: row?.name ?? one.name, state: stateOf(row), id: row?.id };
    }),
    faults,
    ...{ left, hourly: HOURLY, opensIn: pausedSeconds(RULE, tries, now) },
  };
}

/**
 * Invites everyone on the list who is not on the team's list yet, until the hour's limit. One transaction each: a stop
 * in between loses nobody, and sending the list again goes on where it ended.
 */
export async function inviteList(env: Env, manager: Manager, { list, people }: ShownList): Promise<true | Refusal> {
  for (const { email, name, state } of people) {
    if (state !== 'new') continue;
    const invited = await inviteNew(env, manager, { email, name, role: list.role });
    // Somebody else used up the hour meanwhile: the page shows who waits.
    if (isRefusal(invited)) return invited.refused === 'too_many_attempts' ? true : invited;
  }
  return true;
}
