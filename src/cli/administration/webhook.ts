import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import {
  addWebhook,
  type MadeWebhook,
  replay,
  resumeWebhook,
  rotateWebhookSecret,
  stopWebhook,
} from '#flows/administration/webhooks.ts';
import { findDelivery, listDeliveries } from '#store/queue/webhook-deliveries.ts';
import { findWebhook, listWebhooks, type Webhook } from '#store/queue/webhooks.ts';
import { deliveryRecord, webhookRecord } from '#wire/records.ts';

const MOST_LISTED = 200;

const add = command({
  words: 'webhook add',
  args: ['URL'],
  options: {
    events: { value: 'EVENT,…', about: `what it gets; else all: ${WEBHOOK_EVENTS.join(', ')}` },
    ...JSON_OPTION,
  },
  summary: 'Adds a webhook and prints its secret once.',
  run: ({ args, options }) =>
    withEnv(async (env) => {
      const events = options.events?.split(',').map((event) => event.trim()) ?? WEBHOOK_EVENTS;
      return shownOnce(await addWebhook(env, ACTOR, { url: args.URL, events }));
    }),
});

const list = command({
  words: 'webhook list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the webhooks, and which of them are disabled or fail.',
  run: () =>
    withEnv(async (env) => {
      const records = (await listWebhooks(env.db.read)).map(webhookRecord);
      const rows = records.map(({ id, url, state, since, events }) => [
        ...[id, since === null ? state : `${state} since ${since}`, url, events.join(',')],
      ]);
      return { data: records, lines: columns(rows) };
    }),
});

const deliveries = command({
  words: 'webhook deliveries',
  args: ['ID'],
  options: JSON_OPTION,
  summary: `Lists the deliveries of a webhook, newest first (at most ${MOST_LISTED}).`,
  run: ({ args }) =>
    withEnv(async (env) => {
      const webhook = await findWebhook(env.db.read, args.ID);
      if (!webhook) return refuse('not_found', { reason: 'webhook' });
      const isDisabled = webhook.disabledAt !== undefined;
      const rowsOf = await listDeliveries(env.db.read, args.ID, MOST_LISTED);
      const records = rowsOf.map((row) => deliveryRecord(row, isDisabled));
      const rows = records.map(({ id, at, type, state, tries, fault }) => [
        id,
        at,
        type,
        state,
        `${tries}`,
        fault ?? '',
      ]);
      return { data: records, lines: columns(rows) };
    }),
});

const rotate = command({
  words: 'webhook rotate',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Prints a new secret once; for a day, deliveries are also signed with the old one.',
  run: ({ args }) => withEnv(async (env) => shownOnce(await rotateWebhookSecret(env, ACTOR, args.ID))),
});

const again = command({
  words: 'webhook replay',
  args: ['DELIVERY'],
  options: JSON_OPTION,
  summary: 'Sends a delivery again, under the same id.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const done = await replay(env, ACTOR, args.DELIVERY);
      if (isRefusal(done)) return done;
      const delivery = await findDelivery(env.db.read, args.DELIVERY);
      const record = delivery ? deliveryRecord(delivery, false) : null;
      const waits = `It was not taken yet: the next try is at ${record?.nextTryAt}, without a replay.`;
      return { data: record, lines: [done === true ? 'It goes out again.' : waits] };
    }),
});

export const commands = [
  add,
  list,
  deliveries,
  rotate,
  again,
  change('disable', 'Disables a webhook: it receives nothing more.', stopWebhook),
  change('enable', 'Enables a disabled webhook: it receives events again.', resumeWebhook),
];

function change(
  verb: string,
  summary: string,
  act: (env: Env, actor: Actor, id: string) => Promise<Webhook | Refusal>,
) {
  return command({
    words: `webhook ${verb}`,
    args: ['ID'],
    options: JSON_OPTION,
    summary,
    run: ({ args }) =>
      withEnv(async (env) => {
        const webhook = await act(env, ACTOR, args.ID);
        if (isRefusal(webhook)) return webhook;
        const record = webhookRecord(webhook);
        return { data: record, lines: [`${record.url}: ${record.state}.`] };
      }),
  });
}

function shownOnce(made: MadeWebhook | Refusal) {
  if (isRefusal(made)) return made;
  const { webhook, secret } = made;
  const hears =
    webhook.disabledAt === undefined
      ? `${webhook.url} gets ${webhook.events.join(', ')}.`
      : `${webhook.url} is disabled: it gets nothing until "sallyport webhook enable ${webhook.id}".`;
  const lines = [`${hears} Its secret is not shown again:`, secret];
  return { data: { ...webhookRecord(webhook), secret }, lines };
}
