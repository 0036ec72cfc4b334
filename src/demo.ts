import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columns } from '#cli/help.ts';
import { STOP_SIGNALS, stopped } from '#cli/operations/stop.ts';
import { addPortal, type PortalClient, startPortal } from '#demo/portal.ts';
import { type Login, seedDemo } from '#demo/seed.ts';
import { devMailRoutes } from '#features/dev-mail/routes.ts';
import { serve } from './main.ts';
import { ROUTES } from './routes.ts';

const PORT = 3000;
const PORTAL_PORT = 4000;

/** Runs a portal and the server for its sign-ins, in a temporary folder; returns after they were stopped. */
export async function demo(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Runs after a normal end, a crash, and a signal during the start.
  process.on('exit', remove);
  for (const signal of SIGNALS) process.on(signal, leave);
  const made: { logins: readonly Login[]; client?: PortalClient } = { logins: [] };
  const portalUrl = `http://localhost:${await choosePort(PORTAL_PORT)}`;
  const server = await serve({
    environment: await demoEnvironment(folder, portalUrl),
    routes: [...ROUTES, ...devMailRoutes],
    async prepare(env) {
      made.logins = await seedDemo(env);
      made.client = await addPortal(env, portalUrl);
    },
  });
  const portal = made.client && (await startPortal(made.client, { url: portalUrl, issuer: server.url }));
  process.stdout.write(`${welcome({ portal: portalUrl, signIn: server.url }, made.logins)}\n`);
  for (const signal of STOP_SIGNALS) process.off(signal, leave);
  await stopped(server);
  portal?.close();
  remove();
}

/** Closing a terminal sends SIGHUP. */
const SIGNALS = [...STOP_SIGNALS, 'SIGHUP'] as const;

function leave(): void {
  process.exit(1);
}

/** Settings for the appearance and the port are used; settings that point at real data are ignored. */
const TAKEN_OVER = [
  'SALLYPORT_PRODUCT_NAME',
  'SALLYPORT_ACCENT_HUE',
  'SALLYPORT_LOGO_FILE',
  'SALLYPORT_SUPPORT_CONTACT',
  'SALLYPORT_TOTP_WINDOW',
  'SALLYPORT_LOG_LEVEL',
];

async function demoEnvironment(folder: string, portalUrl: string): Promise<Record<string, string>> {
  const taken = TAKEN_OVER.flatMap((name) => {
    const value = process.env[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    // Keeps the screen free for the table of people.
    SALLYPORT_LOG_LEVEL: 'warn',
    ...Object.fromEntries(taken),
    HOST: '127.0.0.1',
    PORT: process.env.PORT || String(await choosePort(PORT)),
    SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'demo.db')}`,
    // A sign-in that did not begin at the portal also leads there.
    SALLYPORT_PORTAL_URL: portalUrl,
  };
}

/** The usual port, or a free one if the usual one is in use. */
async function choosePort(usual: number): Promise<number> {
  return (await findFree(usual)) ?? (await findFree(0)) ?? usual;
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

/** The portal is first, because its people begin there. */
function welcome({ portal, signIn }: { portal: string; signIn: string }, logins: readonly Login[]): string {
  const addresses = [
    ['Console, for staff', `${signIn}/console`],
    ['Team page, for managers', `${signIn}/team`],
    ['Mail that would be sent', `${signIn}/dev/mail`],
  ];
  const people = logins.map(({ part, email, password }) => [part, email, password]);
  return [
    '',
    `Begin here. The Partner Interface is at ${portal}`,
    `It sends you to Sallyport to sign in:   ${signIn}`,
    '',
    ...columns([['Who', 'Email', 'Password'], ...people]).map((line) => `  ${line}`),
    '',
    'Acme Telecom requires MFA and nobody there has it yet: sign in as its member and set it up with your phone.',
    'Then be somebody else, in a private window:',
    '',
    ...columns(addresses).map((line) => `  ${line}`),
    '',
    'Everything is gone when you press Ctrl-C.',
    '',
  ].join('\n');
}
