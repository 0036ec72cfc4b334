import { z } from 'zod';
import { authenticatorName } from '#core/authenticators/factors.ts';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { json, type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal, statusOf } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { readCreation } from '#wire/webauthn.ts';
import { type Connected, connectFirst } from './authenticator.ts';
import { addAnother, startAddingPasskey } from './authenticators.ts';
import { addPasskeyPage } from './passkey-page.ts';

const ADD = PATHS.addPasskey;

const passkeyForm = z.object({
  credential: typed('credential').optional(),
  name: typed('name').optional(),
  next: typed('word').optional(),
});

type Sent = PageCall<'steppedUp', z.output<typeof passkeyForm>>;

/** Adds a passkey, as the first authenticator or as another one. */
export const passkeyRoutes: readonly Route[] = [
  page({ method: 'GET', path: ADD, guard: 'steppedUp', handle: (call) => showAdding(call) }),
  page({ method: 'POST', path: ADD, guard: 'steppedUp', form: passkeyForm, handle: submitPasskey }),
  page({ method: 'POST', path: `${ADD}/options`, guard: 'steppedUp', form: passkeyForm, handle: startOptions }),
];

async function startOptions({ env, session, client, input }: Sent): Promise<Reply> {
  const name = input.name?.trim() ? authenticatorName(input.name) : '';
  const started =
    name === undefined
      ? refuse('invalid_request', { reason: 'authenticator_name' })
      : await startAddingPasskey(env, session, client, name || undefined);
  return isRefusal(started) ? json({ code: started.refused }, statusOf(started.refused)) : json(started.options);
}

type Shown = Pick<PageCall<'steppedUp'>, 'env' | 'view' | 'session'>;

async function showAdding({ env, view, session }: Shown, again?: { typed: string; refusal: Refusal }): Promise<Reply> {
  if (!kindsFor(env, session).includes('passkey')) return seeOther(PATHS.authenticators);
  const drawn = addPasskeyPage(view, again ?? { typed: '' });
  return again ? showRefusal(drawn, again.refusal) : show(drawn);
}

async function submitPasskey(call: Sent): Promise<Reply> {
  const { env, session, client, input } = call;
  const typedName = input.name ?? '';
  if (typedName.trim() && authenticatorName(typedName) === undefined) {
    return showAdding(call, { typed: typedName, refusal: refuse('invalid_request', { reason: 'authenticator_name' }) });
  }
  const creation = readCreation(input.credential);
  if (!creation) return showAdding(call, { typed: typedName, refusal: refuse('challenge_expired') });
  const by = { kind: 'passkey', creation } as const;
  const isFirst = (await factorsOf(env.db.read, session.user.id)) === undefined;
  const added = isFirst
    ? await connectFirst(
        env,
        session,
        by,
        client,
        idempotentAround<Connected>(call, (done) => wayOf(afterFirst(done))),
      )
    : await addAnother(
        env,
        session,
        by,
        client,
        idempotentAround<true>(call, () => afterAnother(call)),
      );
  if (!isRefusal(added)) return added === true ? afterAnother(call) : afterFirst(added);
  return added.refused === 'sign_in_expired'
    ? seeOther(PATHS.signIn)
    : showAdding(call, { typed: typedName, refusal: added });
}

/** To the portal that wanted it, or where a sign-in that offered it leads. */
function afterAnother({ view, session, input }: Sent): Reply {
  const isOffer = input.next === 'continue';
  return seeOther(view.resume ?? (isOffer ? session.continueTo : PATHS.security));
}

function afterFirst({ token }: Connected): Reply {
  return seeOther(PATHS.newRecoveryCodes, [{ cookie: 'session', value: token }]);
}
