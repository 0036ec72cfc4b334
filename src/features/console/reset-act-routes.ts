import { z } from 'zod';
import { ACCESS_CODE_MINUTES } from '#core/access-code.ts';
import { isRefusal, type Refusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { NewAccessCode } from '#flows/access-code.ts';
import type { ResetDone } from '#flows/reset-mfa.ts';
import type { CodeTyped, ResetOutcome, ResetTyped } from '#flows/reset-requests.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import type { View } from '#http/view.ts';
import { refusedWords } from './frame-page.ts';
import { codeFormPage, codePage, type ResetForm, resetPage } from './reset-pages.ts';
import { actorOf, missing } from './shared-routes.ts';

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
  reason: z.string().optional(),
  checked_by: z.string().optional(),
  check_note: z.string().optional(),
  minutes: z.string().optional(),
});
const codeForm = z.object({ minutes: z.string().optional() });

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
  const outcome = await kind.reset(call.env, { ...typed, personId: whom.id, actor: actorOf(call), codeMinutes });
  if (isRefusal(outcome)) return showRefusal(drawReset(kind, call, whom, typed, outcome), outcome);
  return 'waits' in outcome ? seeOther(`${kind.base}/${whom.id}?done=requested`) : shownCode(call.view, kind, outcome);
}

/** Drawn in the answer to the form itself: the code is in no address, and nowhere a second time. */
export function shownCode(view: View, kind: Pick<Kind, 'base'>, { person, sessions, accessCode }: ResetDone): Reply {
  const { id, name } = person.user;
  const above = { href: `${kind.base}/${id}`, label: name };
  return show(codePage(view, { name, part: partOf(kind), above, sessions, accessCode }));
}

async function showCode(kind: Kind, { env, view, params }: StaffCall): Promise<Reply> {
  const whom = await kind.find(env, params.person ?? '');
  if (!whom) return missing(view);
  const above = { href: `${kind.base}/${whom.id}`, label: whom.name };
  const action = `${above.href}/access-code`;
  return show(codeFormPage(view, { action, part: partOf(kind), above, minutes: minutesOf(view.kept ?? {}) }));
}

async function submitCode(kind: Kind, call: StaffCall<z.output<typeof codeForm>>): Promise<Reply> {
  const whom = await kind.find(call.env, call.params.person ?? '');
  if (!whom) return missing(call.view);
  const codeMinutes = Number(minutesOf(call.input));
  const made = await kind.renew(call.env, { personId: whom.id, actor: actorOf(call), codeMinutes });
  const above = { href: `${kind.base}/${whom.id}`, label: whom.name };
  if (isRefusal(made)) return seeOther(above.href);
  const page = { name: whom.name, part: partOf(kind), above, sessions: undefined, accessCode: made } as const;
  return show(codePage(call.view, page));
}
