import { z } from 'zod';
import { ACCESS_CODE_MINUTES } from '#core/authenticators/access-code.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { countOpenSessions } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { makeSecret } from '#features/console/programs/secret-routes.ts';
import type { ShownSecret } from '#features/console/programs/shown-secret.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import type { Actor } from '#flows/administration/actor.ts';
import type { CodeTyped, ResetOutcome, ResetTyped } from '#flows/administration/reset-requests.ts';
import type { ResetDone } from '#flows/administration/take-authenticators.ts';
import type { NewAccessCode } from '#flows/authenticators/access-code.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type ActCall, actPages, type Fields } from '#http/pages/act-pages.ts';
import { seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { View } from '#ui/view.ts';
import { codeFormPage, type ResetForm, resetPage } from './reset-pages.ts';

/** Two kinds of reset: any staff member resets a person of a partner, an administrator resets a member of staff. */
type Kind = {
  readonly base: '/console/people' | '/console/staff';
  readonly guard: 'staffSteppedUp' | 'staffAdminSteppedUp';
  readonly find: (env: Env, id: string) => Promise<Whom | undefined>;
  /** Whether a second member of staff must approve. */
  readonly needsSecond: (view: View) => boolean;
  /** Whether the rules of the service let this member of staff reset. The act asks again. */
  readonly isOpenTo: (view: View) => boolean;
  readonly reset: (env: Env, how: On & ResetTyped, around: Around<ResetOutcome>) => Promise<ResetOutcome | Refusal>;
  readonly renew: (env: Env, how: On & CodeTyped, around: Around<NewAccessCode>) => Promise<NewAccessCode | Refusal>;
};

type On = { readonly id: string; readonly actor: Actor };

type Whom = { readonly id: string; readonly name: string; readonly withCode: boolean };

const RESET_FIELDS = ['reason', 'checked_by', 'check_note', 'minutes'] as const;

const resetForm = z.object({
  reason: typed('reason').optional(),
  checked_by: typed('word').optional(),
  check_note: typed('reason').optional(),
  minutes: typed('word').optional(),
});
const codeForm = z.object({ minutes: typed('word').optional() });

type StaffCall = ActCall<'staffSteppedUp' | 'staffAdminSteppedUp'>;

/** The MFA reset and its access code: each is a form and its submit. */
export function resetActs(kind: Kind): readonly Route[] {
  const { base, guard } = kind;
  const same = { guard, missing, find: ({ env, params }: StaffCall) => kind.find(env, params.person ?? '') } as const;
  return [
    ...actPages({
      ...same,
      path: `${base}/:person/reset-mfa`,
      form: resetForm,
      keeps: RESET_FIELDS,
      // Nobody resets themselves, or what only administrators may. The page says who can do it.
      elsewhere: ({ session, view }, { id }) =>
        id === session.user.id || !kind.isOpenTo(view) ? seeOther(`${base}/${id}`) : undefined,
      draw: (call, whom, typed, refusal) => drawReset(kind, call, whom, typedOf(call.view, typed), refusal),
      act: (call, whom, typed) => reset(kind, call, whom, typedOf(call.view, typed)),
    }),
    ...actPages({
      ...same,
      path: `${base}/:person/access-code`,
      form: codeForm,
      keeps: ['minutes'],
      // If a code needs two approvals, a new code needs a new reset.
      elsewhere: ({ view }, { id }) =>
        kind.needsSecond(view) || !kind.isOpenTo(view) ? seeOther(`${base}/${id}/reset-mfa`) : undefined,
      draw({ view }, { id, name }, typed) {
        const above = { href: `${base}/${id}`, label: name };
        const action = `${above.href}/access-code`;
        return codeFormPage(view, { name, action, part: partOf(kind), above, minutes: minutesOf(view, typed) });
      },
      act: (call, whom, typed) => renew(kind, call, whom, minutesOf(call.view, typed)),
      refused: (_call, { id }) => seeOther(`${base}/${id}`),
    }),
  ];
}

async function drawReset(
  kind: Kind,
  { env, view }: Pick<StaffCall, 'env' | 'view'>,
  { id, name, withCode }: Whom,
  typed: ResetForm,
  refusal?: Refusal,
) {
  const above = { href: `${kind.base}/${id}`, label: name };
  return resetPage(view, {
    name,
    part: partOf(kind),
    action: `${above.href}/reset-mfa`,
    above,
    typed,
    withCode,
    needsSecond: kind.needsSecond(view),
    sessions: await countOpenSessions(env, id),
    refusal: refusal && refusedWords(view, refusal),
  });
}

function partOf({ base }: Pick<Kind, 'base'>) {
  return base === '/console/staff' ? 'staff' : 'partners';
}

function typedOf(view: View, fields: Fields): ResetForm {
  const { reason = '', checked_by: checkedBy, check_note: checkNote = '' } = fields;
  return { reason, checkedBy, checkNote, minutes: minutesOf(view, fields) };
}

/** As typed, else the usual life of a code, or the longest one that the rules allow. */
function minutesOf({ rules }: View, { minutes }: Fields): string {
  return minutes ?? String(Math.min(ACCESS_CODE_MINUTES.usual, rules?.accessCodeMinutes ?? ACCESS_CODE_MINUTES.most));
}

function reset(kind: Kind, call: StaffCall, { id }: Whom, typed: ResetForm) {
  const codeMinutes = Number(typed.minutes);
  return makeSecret(call, {
    secretOf: (outcome: ResetOutcome) => ('waits' in outcome ? undefined : codeOf(kind, outcome)),
    act: (around) => kind.reset(call.env, { ...typed, id, actor: actorOf(call), codeMinutes }, around),
    otherwise: `${kind.base}/${id}?done=requested`,
  });
}

function renew(kind: Kind, call: StaffCall, { id, name }: Whom, minutes: string) {
  return makeSecret(call, {
    secretOf: (code: NewAccessCode) => ({ kind: 'access_code', base: kind.base, id, name, code }),
    act: (around) => kind.renew(call.env, { id, actor: actorOf(call), codeMinutes: Number(minutes) }, around),
  });
}

/** What the page shows after a reset: the access code, or that the next set-up needs none. */
export function codeOf({ base }: Pick<Kind, 'base'>, { person, sessions, accessCode }: ResetDone): ShownSecret {
  const { id, name } = person.user;
  const isMailed = !isShutOut(person);
  return { kind: 'access_code', base, id, name, sessions, code: accessCode, isMailed };
}
