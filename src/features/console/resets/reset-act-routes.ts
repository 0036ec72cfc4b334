import { z } from 'zod';
import { ACCESS_CODE_MINUTES } from '#core/authenticators/access-code.ts';
import { isShutOut } from '#core/people/state.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { makeSecret } from '#features/console/programs/secret-routes.ts';
import type { ShownSecret } from '#features/console/programs/shown-secret.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import type { ResetDone } from '#flows/administration/reset-mfa.ts';
import type { CodeTyped, ResetOutcome, ResetTyped } from '#flows/administration/reset-requests.ts';
import type { NewAccessCode } from '#flows/authenticators/access-code.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { codeFormPage, type ResetForm, resetPage } from './reset-pages.ts';

/** Whose MFA is reset: somebody of a partner by any of the staff, or a member of staff by an administrator. */
type Kind = {
  readonly base: '/console/people' | '/console/staff';
  readonly guard: 'staffSteppedUp' | 'staffAdminSteppedUp';
  readonly find: (env: Env, id: string) => Promise<Whom | undefined>;
  /** Whether a second member of staff has to agree. */
  readonly needsSecond: (env: Env) => boolean;
  readonly reset: (env: Env, typed: ResetTyped) => Promise<ResetOutcome | Refusal>;
  readonly renew: (env: Env, typed: CodeTyped) => Promise<NewAccessCode | Refusal>;
};

type Whom = { readonly id: string; readonly name: string; readonly withCode: boolean };

const RESET_FIELDS = ['reason', 'checked_by', 'check_note', 'minutes'] as const;

const resetForm = z.object({
  reason: typed('reason').optional(),
  checked_by: typed('word').optional(),
  check_note: typed('reason').optional(),
  minutes: typed('word').optional(),
});
const codeForm = z.object({ minutes: typed('word').optional() });

type StaffCall<Input = undefined> = PageCall<'staffSteppedUp', Input>;

/** The reset of MFA and the code that goes with it, each a form and what its button does. */
export function resetActs(kind: Kind): readonly Route[] {
  const { base, guard } = kind;
  const [reset, code] = [`${base}/:person/reset-mfa`, `${base}/:person/access-code`];
  return [
    page({ method: 'GET', path: reset, guard, handle: (call) => showReset(kind, call) }),
    page({
      ...{ method: 'POST', path: reset, guard, form: resetForm, keeps: RESET_FIELDS },
      handle: (call) => submitReset(kind, call),
    }),
    page({ method: 'GET', path: code, guard, handle: (call) => showCode(kind, call) }),
    page({
      ...{ method: 'POST', path: code, guard, form: codeForm, keeps: ['minutes'] },
      handle: (call) => submitCode(kind, call),
    }),
  ];
}

async function showReset(kind: Kind, call: StaffCall): Promise<Reply> {
  const whom = await kind.find(call.env, call.params.person ?? '');
  if (!whom) return missing(call.view);
  // Their own page says who can.
  if (whom.id === call.session.user.id) return seeOther(`${kind.base}/${whom.id}`);
  return show(drawReset(kind, call, whom, typedOf(call.view.kept ?? {})));
}

function drawReset(
  kind: Kind,
  { env, view }: Pick<StaffCall, 'env' | 'view'>,
  { id, name, withCode }: Whom,
  typed: ResetForm,
  refusal?: Refusal,
) {
  const above = { href: `${kind.base}/${id}`, label: name };
  return resetPage(view, {
    ...{ name, part: partOf(kind), action: `${above.href}/reset-mfa`, above, typed, withCode },
    needsSecond: kind.needsSecond(env),
    refusal: refusal && refusedWords(view, refusal),
  });
}

function partOf({ base }: Pick<Kind, 'base'>) {
  return base === '/console/staff' ? 'staff' : 'partners';
}

function typedOf(fields: z.output<typeof resetForm>): ResetForm {
  const { reason = '', checked_by: checkedBy, check_note: checkNote = '' } = fields;
  return { reason, checkedBy, checkNote, minutes: minutesOf(fields) };
}

function minutesOf({ minutes = String(ACCESS_CODE_MINUTES.usual) }: z.output<typeof codeForm>): string {
  return minutes;
}

async function submitReset(kind: Kind, call: StaffCall<z.output<typeof resetForm>>): Promise<Reply> {
  const whom = await kind.find(call.env, call.params.person ?? '');
  if (!whom) return missing(call.view);
  const typed = typedOf(call.input);
  const codeMinutes = Number(typed.minutes);
  const reset = await makeSecret(call, {
    act: (env) => kind.reset(env, { ...typed, personId: whom.id, actor: actorOf(call), codeMinutes }),
    secretOf: (outcome) => ('waits' in outcome ? undefined : codeOf(kind, outcome)),
    otherwise: `${kind.base}/${whom.id}?done=requested`,
  });
  return isRefusal(reset) ? showRefusal(drawReset(kind, call, whom, typed, reset), reset) : reset;
}

/** What a reset has to show: its code, or that the next set-up needs none. */
export function codeOf({ base }: Pick<Kind, 'base'>, { person, sessions, accessCode }: ResetDone): ShownSecret {
  const { id, name } = person.user;
  const isTold = !isShutOut(person);
  return { kind: 'access_code', base, id, name, sessions, code: accessCode, isTold };
}

async function showCode(kind: Kind, { env, view, params }: StaffCall): Promise<Reply> {
  const whom = await kind.find(env, params.person ?? '');
  if (!whom) return missing(view);
  const above = { href: `${kind.base}/${whom.id}`, label: whom.name };
  // Where two have to agree to a code, another one is another reset.
  if (kind.needsSecond(env)) return seeOther(`${above.href}/reset-mfa`);
  const action = `${above.href}/access-code`;
  return show(codeFormPage(view, { action, part: partOf(kind), above, minutes: minutesOf(view.kept ?? {}) }));
}

async function submitCode(kind: Kind, call: StaffCall<z.output<typeof codeForm>>): Promise<Reply> {
  const whom = await kind.find(call.env, call.params.person ?? '');
  if (!whom) return missing(call.view);
  const codeMinutes = Number(minutesOf(call.input));
  const { id, name } = whom;
  const made = await makeSecret(call, {
    act: (env) => kind.renew(env, { personId: id, actor: actorOf(call), codeMinutes }),
    secretOf: (code) => ({ kind: 'access_code', base: kind.base, id, name, code }),
  });
  return isRefusal(made) ? seeOther(`${kind.base}/${id}`) : made;
}
