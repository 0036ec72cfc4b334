import { isRefusal, type Refusal } from '#core/values/result.ts';
import { codePage } from '#features/console/resets/reset-pages.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import type { View } from '#ui/view.ts';
import { clientSecretPage } from './clients-page.ts';
import { goneSecretPage, keyUse, secretPage } from './secret-page.ts';
import { forgetSecret, keepSecret, readSecret, type ShownSecret } from './shown-secret.ts';

const ONE = '/console/secrets/:secret';

/** A new secret, for the person who created it. All staff may open the path, but each finds only their own secrets. */
export const secretRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: ONE,
    guard: 'staff',
    async handle(call) {
      const secret = await ownSecret(call);
      return secret ? show(draw(call.view, secret, pathOf(call))) : show(goneSecretPage(call.view), 404);
    },
  }),
  page({
    method: 'POST',
    path: ONE,
    guard: 'staff',
    async handle(call) {
      const secret = await ownSecret(call);
      if (!secret) return show(goneSecretPage(call.view), 404);
      const id = call.params.secret ?? '';
      const done = await idempotentForm(
        call,
        (around) => forgetSecret(call.env, call.session, id, around),
        seeOther(aboveOf(secret)),
      );
      return isRefusal(done) ? show(goneSecretPage(call.view), 404) : done;
    },
  }),
];

type Making<T> = {
  readonly secretOf: (done: T) => ShownSecret | undefined;
  readonly act: (around: Around<T>) => Promise<T | Refusal>;
  /** The redirect target if the act made no secret. */
  readonly otherwise?: string | ((done: T) => string);
};

/** Runs the act of a form once and redirects to the page with the new secret. */
export function makeSecret<T>(
  call: Pick<PageCall<'staffSteppedUp'>, 'env' | 'session' | 'formKey'>,
  { secretOf, act, otherwise = '/console' }: Making<T>,
): Promise<Reply | Refusal> {
  const keeping = { id: call.env.newId(), userId: call.session.user.id, secretOf };
  const elsewhere = (done: T) => (typeof otherwise === 'function' ? otherwise(done) : otherwise);
  const lead = (done: T) => seeOther(secretOf(done) ? ONE.replace(':secret', keeping.id) : elsewhere(done));
  return idempotentForm(call, (around) => act(keepSecret(call.env, keeping, around)), lead);
}

function pathOf({ params }: Pick<PageCall<'staff'>, 'params'>): string {
  return ONE.replace(':secret', params.secret ?? '');
}

/** A secret made as an administrator is not shown after that role was lost. */
async function ownSecret({ env, session, params }: PageCall<'staff'>): Promise<ShownSecret | undefined> {
  const secret = await readSecret(env, session, params.secret ?? '');
  const isOfPeople = secret?.kind === 'access_code' && secret.base === '/console/people';
  return isOfPeople || session.user.role === 'admin' ? secret : undefined;
}

function aboveOf(secret: ShownSecret): string {
  switch (secret.kind) {
    case 'api_key':
      return '/console/api-keys';
    case 'webhook':
      return `/console/webhooks/${secret.id}`;
    case 'client':
      return `/console/clients/${secret.id}`;
    case 'access_code':
      return `${secret.base}/${secret.id}`;
  }
}

function draw(view: View, secret: ShownSecret, action: string) {
  const { t } = view;
  const href = aboveOf(secret);
  switch (secret.kind) {
    case 'api_key': {
      const text = t('apiKeys.made.text', { name: secret.name });
      const above = { href, label: t('console.keys') };
      const [title, also] = [t('apiKeys.made'), keyUse(view)];
      return secretPage(view, { title, part: 'keys', secret: secret.secret, text, also, above, action });
    }
    case 'webhook': {
      const above = { href, label: t('webhooks.back') };
      const { secret: key, url: text } = secret;
      return secretPage(view, { title: t('webhooks.secret'), part: 'webhooks', secret: key, text, above, action });
    }
    case 'client':
      return clientSecretPage(view, secret, { href, action });
    case 'access_code': {
      const { name, sessions, code, isMailed } = secret;
      const part = secret.base === '/console/staff' ? 'staff' : 'partners';
      return codePage(view, { name, part, above: { href, label: name }, sessions, accessCode: code, isMailed, action });
    }
  }
}
