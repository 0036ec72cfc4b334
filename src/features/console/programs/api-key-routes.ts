import { z } from 'zod';
import { API_KEY_DAYS_MOST, SCOPES } from '#core/portals/api-key.ts';
import { dayText, lastDayBefore, parseEnd } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { addApiKey, endApiKey, type MadeApiKey } from '#flows/administration/api-keys.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findApiKey, listApiKeys } from '#store/programs/api-keys.ts';
import { type KeyTyped, keyFormPage, keysPage } from './api-keys-page.ts';
import { makeSecret } from './secret-routes.ts';

const KEYS = '/console/api-keys';

// One field per scope, because our forms never send the same field twice.
const keyForm = z.record(typed('word'), typed('name'));

type AdminCall = PageCall<'staffAdminSteppedUp'>;

export const apiKeyRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: KEYS,
    guard: 'staffAdmin',
    handle: async ({ env, view, query }) => show(keysPage(view, await listApiKeys(env.db.read), doneOf(query))),
  }),
  page({
    method: 'GET',
    path: `${KEYS}/new`,
    guard: 'staffAdminSteppedUp',
    handle: ({ view }) => show(keyFormPage(view, typedOf(view.restored ?? {}), daysFrom(view.now))),
  }),
  page({
    method: 'POST',
    path: `${KEYS}/new`,
    guard: 'staffAdminSteppedUp',
    form: keyForm,
    keeps: ['name', 'expires', ...SCOPES],
    handle: submitKey,
  }),
  ...actPages({
    path: `${KEYS}/:key/revoke`,
    guard: 'staffAdminSteppedUp',
    missing,
    find: ({ env, params }) => findApiKey(env.db.read, params.key ?? ''),
    draw({ view }, { id, name }) {
      const { t } = view;
      return questionPage(view, {
        title: t('act.revoke.button', { name }),
        text: t('apiKeys.revoke.text', { name }),
        action: `${KEYS}/${id}/revoke`,
        above: { href: KEYS, label: t('console.keys') },
        isGrave: true,
        part: 'keys',
      });
    },
    async act(call, { id }) {
      const ended = await endApiKey(call.env, actorOf(call), id);
      return isRefusal(ended) ? ended : seeOther(`${KEYS}?done=revoked`);
    },
    refused: ({ view }) => missing(view),
  }),
];

function typedOf(fields: z.output<typeof keyForm>): KeyTyped {
  const { name = '', expires = '' } = fields;
  return { name, scopes: SCOPES.filter((scope) => fields[scope] === 'yes'), expires };
}

async function submitKey(call: PageCall<'staffAdminSteppedUp', z.output<typeof keyForm>>): Promise<Reply> {
  const typed = typedOf(call.input);
  const { name, scopes, expires } = typed;
  // An empty day means the latest possible expiry. An invalid day becomes 0, which is in the past and so refused.
  const expiresAt = expires.trim() === '' ? undefined : (parseEnd(typedDay(expires) ?? '') ?? 0);
  const made = await makeSecret(call, {
    secretOf: ({ key, apiKey }: MadeApiKey) => ({ kind: 'api_key', name: apiKey.name, secret: key }),
    act: (around) => addApiKey(call.env, actorOf(call), { name, scopes, expiresAt }, around),
  });
  return isRefusal(made) ? showRefusal(refusedForm(call, typed, made), made) : made;
}

function daysFrom(now: number) {
  return { min: dayText(now), max: dayText(lastDayBefore(now + API_KEY_DAYS_MOST * DAY_SECONDS)) };
}

function refusedForm({ view }: Pick<AdminCall, 'view'>, typed: KeyTyped, refusal: Refusal) {
  return keyFormPage(view, typed, daysFrom(view.now), refusedWords(view, refusal));
}
