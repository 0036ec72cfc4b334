import { z } from 'zod';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { missingPage, refusedWords } from '#features/console/frame-page.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import {
  addWebhook,
  type MadeWebhook,
  replay,
  resumeWebhook,
  rotateWebhookSecret,
  stopWebhook,
} from '#flows/administration/webhooks.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findDelivery, listDeliveries } from '#store/queue/webhook-deliveries.ts';
import { findWebhook, listWebhooks, type Webhook } from '#store/queue/webhooks.ts';
import { makeSecret } from './secret-routes.ts';
import { webhookFormPage, webhookPage, webhooksPage } from './webhooks-page.ts';

const WEBHOOKS = '/console/webhooks';
const ONE = `${WEBHOOKS}/:webhook`;
const DELIVERIES_SHOWN = 50;

// One field per event, because our forms never send the same field twice.
const webhookForm = z.record(typed('word'), typed('address'));

const NOTHING_TYPED = { url: '', events: WEBHOOK_EVENTS };

type AdminCall = PageCall<'staffAdminSteppedUp'>;

export const webhookRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: WEBHOOKS,
    guard: 'staffAdmin',
    handle: async ({ env, view, query }) => show(webhooksPage(view, await listWebhooks(env.db.read), doneOf(query))),
  }),
  page({
    method: 'GET',
    path: `${WEBHOOKS}/new`,
    guard: 'staffAdminSteppedUp',
    handle: ({ view }) => show(webhookFormPage(view, view.restored ? typedOf(view.restored) : NOTHING_TYPED)),
  }),
  page({
    method: 'POST',
    path: `${WEBHOOKS}/new`,
    guard: 'staffAdminSteppedUp',
    form: webhookForm,
    keeps: ['url', ...WEBHOOK_EVENTS],
    handle: submitNew,
  }),
  page({ method: 'GET', path: ONE, guard: 'staffAdmin', handle: showOne }),
  ...act('disable', (call, id) =>
    idempotentForm(
      call,
      (around) => stopWebhook(call.env, actorOf(call), id, around),
      seeOther(`${WEBHOOKS}/${id}?done=disabled`),
    ),
  ),
  ...act('enable', (call, id) =>
    idempotentForm(
      call,
      (around) => resumeWebhook(call.env, actorOf(call), id, around),
      seeOther(`${WEBHOOKS}/${id}?done=enabled`),
    ),
  ),
  ...act('rotate', (call, id) =>
    makeSecret(call, { secretOf, act: (around) => rotateWebhookSecret(call.env, actorOf(call), id, around) }),
  ),
  page({
    method: 'POST',
    path: `${ONE}/replay/:delivery`,
    guard: 'staffAdminSteppedUp',
    async handle(call) {
      const { webhook = '', delivery = '' } = call.params;
      const found = await findDelivery(call.env.db.read, delivery);
      if (found?.webhook_id !== webhook) return missing(call.view);
      const outcome = await idempotentForm(
        call,
        (around) => replay(call.env, actorOf(call), delivery, around),
        // A delivery that still waits shows this in its row.
        (done: true | 'waiting') => seeOther(`${WEBHOOKS}/${webhook}${done === true ? '?done=replayed' : ''}`),
      );
      return isRefusal(outcome) ? showRefusal(await drawOne(call, webhook, outcome), outcome) : outcome;
    },
  }),
];

/** An act on a webhook: the page that explains it, and its button. */
function act(
  name: 'disable' | 'enable' | 'rotate',
  work: (call: ActCall<'staffAdminSteppedUp'>, id: string) => Promise<Reply | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'staffAdminSteppedUp',
    missing,
    find: ({ env, params }) => findWebhook(env.db.read, params.webhook ?? ''),
    draw({ view }, { id, url }) {
      const { host } = new URL(url);
      const title = view.t(`act.${name}.button`, { name: host });
      const above = { href: `${WEBHOOKS}/${id}`, label: url };
      const text = view.t(`webhooks.${name}.text`, { name: host });
      const action = `${above.href}/${name}`;
      const isGrave = name === 'disable';
      return questionPage(view, { title, text, action, above, isGrave, part: 'webhooks' });
    },
    act: (call, { id }) => work(call, id),
    refused: ({ view }) => missing(view),
  });
}

function typedOf(fields: z.output<typeof webhookForm>) {
  return { url: fields.url ?? '', events: WEBHOOK_EVENTS.filter((event) => fields[event] === 'yes') };
}

async function submitNew(call: PageCall<'staffAdminSteppedUp', z.output<typeof webhookForm>>): Promise<Reply> {
  const { view, input } = call;
  const typed = typedOf(input);
  const made = await makeSecret(call, {
    secretOf,
    act: (around) => addWebhook(call.env, actorOf(call), { ...typed, url: typed.url.trim() }, around),
  });
  return isRefusal(made) ? showRefusal(webhookFormPage(view, typed, refusedWords(view, made)), made) : made;
}

function secretOf({ webhook: { id, url }, secret }: MadeWebhook) {
  return { kind: 'webhook', id, url, secret } as const;
}

async function showOne({ env, view, params, query }: PageCall<'staffAdmin'>): Promise<Reply> {
  const webhook = await findWebhook(env.db.read, params.webhook ?? '');
  if (!webhook) return missing(view);
  return show(webhookPage(view, { ...(await readOne(env, webhook)), done: doneOf(query) }));
}

async function drawOne({ env, view }: Pick<AdminCall, 'env' | 'view'>, id: string, refusal: Refusal) {
  const webhook = await findWebhook(env.db.read, id);
  if (!webhook) return missingPage(view);
  return webhookPage(view, { ...(await readOne(env, webhook)), refusal: refusedWords(view, refusal) });
}

async function readOne(env: Env, webhook: Webhook) {
  return { webhook, deliveries: await listDeliveries(env.db.read, webhook.id, DELIVERIES_SHOWN) };
}
