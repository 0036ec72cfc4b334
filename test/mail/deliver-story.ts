import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Mail, queueMail } from '#flows/runtime/mail.ts';
import { deliverMail } from '#mail/deliver.ts';
import { smtpMailer } from '#mail/smtp.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ORIGIN, openWorld } from '../world.ts';
import { openPostOffice } from './post-office.ts';

const TOKEN = 'a'.repeat(43);
export const LINK = `${ORIGIN}/password/${TOKEN}`;
export const RESET: Mail = { kind: 'password_reset', link: LINK };
const PATIENCE = { connectSeconds: 1, silenceSeconds: 1, sendSeconds: 3 };

/** The service with a post office as its mail server. */
export async function openBoth(t: TestContext) {
  const office = await openPostOffice(t);
  const environment = {
    SALLYPORT_SMTP_URL: `smtp://127.0.0.1:${office.port}`,
    SALLYPORT_MAIL_FROM: 'Portal, Inc. <sign-in@portal.example>',
  };
  const world = await openWorld(t, { environment });
  const { env, clock } = world;
  const { smtp, mailFrom } = env.config;
  assert(smtp && mailFrom);
  const mailer = smtpMailer(smtp, mailFrom, PATIENCE);
  t.after(() => mailer.close());
  const write = (mail: Mail = RESET, email = 'ana@acme.example', locale = 'en') =>
    env.db.transaction((tx) => queueMail(env, tx, { email, locale, partnerId: undefined }, mail));
  const deliver = (seconds = 0) => {
    clock.at += seconds;
    return deliverMail(env, mailer);
  };
  const row = async (id: string) => {
    const found = (await listMail(env.db.read, 100)).find((mail) => mail.id === id);
    assert(found);
    return found;
  };
  const readiness = async () =>
    JSON.parse(await (await world.app.fetch(new Request(`${ORIGIN}/readyz`))).text()).reasons;
  return { ...world, office, write, deliver, row, readiness };
}
