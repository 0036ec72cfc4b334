import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columns } from '#cli/help.ts';
import { STOP_SIGNALS, stopped } from '#cli/stop.ts';
import { isRefusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import { devMailRoutes } from '#features/dev-mail/routes.ts';
import { addPerson, type NewPerson } from '#flows/add-person.ts';
import { addPartner } from '#flows/partner-acts.ts';
import { serve } from './main.ts';
import { ROUTES } from './routes.ts';

const PORT = 3000;
const ACTOR = 'system';

/** A server with made-up people in a folder that is gone afterwards; answers when it was stopped. */
export async function demo(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // At whatever end: a crash and a signal during the start come by here too.
  process.on('exit', remove);
  for (const signal of SIGNALS) process.on(signal, leave);
  const people: Cast[] = [];
  const server = await serve({
    environment: await demoEnvironment(folder),
    routes: [...ROUTES, ...devMailRoutes],
    prepare: async (env) => void people.push(...(await seed(env))),
  });
  process.stdout.write(`${welcome(server.url, people)}\n`);
  for (const signal of STOP_SIGNALS) process.off(signal, leave);
  await stopped(server);
  remove();
}

/** A terminal that is closed sends SIGHUP. */
const SIGNALS = [...STOP_SIGNALS, 'SIGHUP'] as const;

function leave(): void {
  process.exit(1);
}

/** Settings for looks and for the port are taken over; nothing that points at real data is. */
const TAKEN_OVER = [
  'SALLYPORT_PRODUCT_NAME',
  'SALLYPORT_ACCENT_HUE',
  'SALLYPORT_LOGO_FILE',
  'SALLYPORT_SUPPORT_CONTACT',
  'SALLYPORT_TOTP_WINDOW',
  'SALLYPORT_LOG_LEVEL',
];

async function demoEnvironment(folder: string): Promise<Record<string, string>> {
  const taken = TAKEN_OVER.flatMap((name) => {
    const value = process.env[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    // The screen is for the table of people.
    SALLYPORT_LOG_LEVEL: 'warn',
    ...Object.fromEntries(taken),
    HOST: '127.0.0.1',
    PORT: process.env.PORT || String(await choosePort()),
    SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'demo.db')}`,
  };
}

/** The usual port, or where something listens there already, one that is free. */
async function choosePort(): Promise<number> {
  return (await findFree(PORT)) ?? (await findFree(0)) ?? PORT;
}

function findFree(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      const found = typeof address === 'object' && address !== null ? address.port : undefined;
      probe.close(() => resolve(found));
    });
  });
}

type Cast = { readonly part: string; readonly email: string; readonly password: string };

const CAST = [
  { part: 'User of Acme Telecom', email: 'ana@acme-telecom.example', name: 'Ana Silva', role: 'member' },
  { part: 'Customer success manager', email: 'chris@portal.example', name: 'Chris Meyer', role: 'csm' },
  { part: 'Administrator', email: 'robin@portal.example', name: 'Robin Weber', role: 'admin' },
] as const;

async function seed(env: Env): Promise<Cast[]> {
  const partner = await addPartner(env, ACTOR, { name: 'Acme Telecom', slug: undefined, mfa: { policy: 'required' } });
  if (isRefusal(partner)) throw new Error(`the demo's partner was refused: ${partner.reason}`);
  return Promise.all(
    CAST.map(async ({ part, ...person }) => {
      const slug = person.role === 'member' ? partner.slug : undefined;
      return { part, email: person.email, password: await addWithPassword(env, { ...person, partner: slug }) };
    }),
  );
}

async function addWithPassword(env: Env, person: Omit<NewPerson, 'password'>): Promise<string> {
  const password = drawPassword(env);
  const added = await addPerson(env, ACTOR, { ...person, password });
  if (isRefusal(added)) throw new Error(`the demo's ${person.role} was refused: ${added.reason ?? added.refused}`);
  return password;
}

// 64 words that nobody mistypes; four of them satisfy the rule and stand behind the limits of every sign-in.
const WORDS = (
  'amber apple arrow autumn barley basket beacon birch bottle bridge butter candle canyon carpet castle cedar ' +
  'cherry clover cobalt copper cotton desert eagle ember falcon feather forest garden ginger granite harbor hazel ' +
  'island jacket kettle ladder lantern lemon linen magnet maple marble meadow mirror museum needle ocean olive ' +
  'orchard paper pebble pepper pillow pocket quartz ribbon river saddle silver spring thunder valley velvet window'
).split(' ');

function drawPassword(env: Env): string {
  // 256 is a multiple of 64: each word is as likely as any other.
  return [...env.random(4)].map((byte) => WORDS[byte % WORDS.length]).join('-');
}

function welcome(url: string, people: readonly Cast[]): string {
  const rows = people.map(({ part, email, password }) => [part, email, password]);
  return [
    '',
    `The demo is at ${url}`,
    '',
    ...columns([['Who', 'Email', 'Password'], ...rows]).map((line) => `  ${line}`),
    '',
    'Acme Telecom requires MFA and nobody has set it up yet: sign in and see.',
    `Mail that would be sent: ${url}/dev/mail`,
    'Everything is gone when you press Ctrl-C.',
    '',
  ].join('\n');
}
