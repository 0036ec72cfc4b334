import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';

/** A page or call that reads many rows, with its most expensive parameters. */
export type Asking = { readonly name: string; readonly path: string; readonly as: 'staff' | 'manager' | 'program' };

const ROLL_OUT = [
  ...['', '?sort=since', '?sort=late&page=20', '?view=due', '?view=mine', '?view=undated', '?view=exempt'].map(
    (query) => `/console/rollout${query}`,
  ),
  ...[
    '/console/rollout.csv',
    '/console/rollout/calendar',
    '/console/reminders?view=overdue&all=yes',
    '/console/find?q=ana',
    '/console/find?q=nobody+at+all',
  ],
];
/** A page of the console without a list, to compare the others with, and the pages that choose many. */
const FORMS = [
  '/console/partners/new',
  ...['/console/bulk', '/console/bulk/new?all=yes', '/console/bulk/upload', '/console/import', '/console/clients'],
  '/console/audit/verify',
];
const OF_PARTNER = [
  ...['people.csv', 'policy?policy=now', 'passkeys', 'passkeys?policy=now', 'passkeys/missing.csv', 'notes', 'look'],
  ...['reminders', 'letter', 'archive', 'trusted-devices', 'resets', 'rename', 'people/new'],
].map((end) => `/${end}`);
const OF_PERSON = [
  ...['', '/reset-mfa', '/edit', '/disable', '/link', '/access-code', '/delete', '/exempt', '/unlock'],
];
const OF_TEAM = [
  ...['', '?q=ana', '?state=missing', '/people.csv', '/activity', '/invite', '/invite-many', '/remind'],
].map((end) => `/team${end}`);
const OF_ADMINISTRATION = [
  ...['settings', 'settings/test-mail', 'settings/product-name', 'staff', 'staff/new', 'api-keys', 'api-keys/new'],
  ...['webhooks', 'webhooks/new', 'clients/new', 'resets', 'audit/export'],
].map((end) => `/console/${end}`);
const PARTNERS = [
  '',
  '?sort=adoption',
  '?sort=people',
  '?q=harbor',
  '?q=nobody+at+all',
  '?policy=off',
  '?policy=optional',
  '?policy=required',
  '?adoption=none',
  '?adoption=some',
  '?adoption=all',
  '?overdue=yes',
  '?overdue=yes&sort=adoption',
  '?archived=yes',
  '?q=harbor&policy=required&adoption=some&sort=people',
];
const PEOPLE = [
  '',
  ...['missing', 'enrolled', 'invited', 'exempt', 'disabled'].map((state) => `?state=${state}`),
  '?q=ana',
];

export async function listAskings({ db: { read }, now }: Env): Promise<readonly Asking[]> {
  const largest = await largestPartner(read);
  const last = await read
    .selectFrom('partners')
    .select(['id', 'name'])
    .orderBy('name', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  // A person of a partner, because the events of staff are on another page.
  const somebody = await read
    .selectFrom('users')
    .select(['id', 'email'])
    .where('partner_id', '=', largest.id)
    .orderBy('email', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const lastEvent = await read.selectFrom('audit_events').select('id').orderBy('id').limit(1).executeTakeFirstOrThrow();
  const [partner, person] = [`/console/partners/${largest.id}`, `/console/people/${somebody.id}`];
  const day = (ago: number) => new Date((now() - ago * 86_400) * 1000).toISOString().slice(0, 10);
  const end = new URLSearchParams({ after: last.name.toLowerCase().slice(0, 3), id: '0' });
  return [
    ...[...FORMS, ...ROLL_OUT, ...PARTNERS.map((query) => `/console/partners${query}`)].map((path) => asking(path)),
    asking('/console/partners?after=… (the end)', `/console/partners?${end}`),
    asking('/console/partners?q= (an email)', `/console/partners?${new URLSearchParams({ q: somebody.email })}`),
    asking('/console/partners.csv'),
    ...PEOPLE.map((query) => asking(`/console/partners/… (the largest)${query}`, `${partner}${query}`)),
    asking('/console/partners/…?after=… (the end)', `${partner}?after=v`),
    ...ends('/console/partners/…', partner, OF_PARTNER),
    ...ends('/console/people/…', person, OF_PERSON),
    asking('/console/adoption'),
    asking('/console/adoption?days=365'),
    asking('/console/adoption/days.csv'),
    asking('/console/adoption/sign-ins.csv'),
    asking('/console/adoption/overdue.csv (all of it)', '/console/adoption/overdue.csv'),
    asking('/console/audit'),
    asking('/console/audit?person=…', `/console/audit?person=${somebody.id}`),
    asking('/console/audit?partner=…', `/console/audit?partner=${largest.slug}`),
    asking('/console/audit?action=sign_in.code_refused'),
    asking('/console/audit?action=user.mfa_reset'),
    asking('/console/audit?from=…&until=… (a day)', `/console/audit?from=${day(10)}&until=${day(10)}`),
    asking('/console/audit?action=…&partner=…', `/console/audit?action=sign_in.code_refused&partner=${largest.slug}`),
    asking(
      '/console/audit?action=user.mfa_reset&partner=…',
      `/console/audit?action=user.mfa_reset&partner=${largest.slug}`,
    ),
    asking('/console/audit?from=2020-01-01&until=2020-02-01'),
    asking('/console/audit?before=… (the end)', `/console/audit?before=${lastEvent.id}`),
    ...OF_ADMINISTRATION.map((path) => asking(path)),
    ...(await ofLastJob(read)),
    ...OF_TEAM.map((path) => ({ name: `${path} (of the largest)`, path, as: 'manager' as const })),
    { name: '/team/people/…', path: `/team/people/${somebody.id}`, as: 'manager' },
    ...calls(largest, somebody, new Date((now() - 3600) * 1000)),
  ];
}

/** The partner with the most people. */
export async function largestPartner(read: Queries): Promise<{ readonly id: string; readonly slug: string }> {
  return await read
    .selectFrom('partner_counts as c')
    .innerJoin('partners as p', 'p.id', 'c.partner_id')
    .select(['p.id', 'p.slug'])
    .orderBy('c.people', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
}

/** The preview of many partners is a page of a job. */
async function ofLastJob(read: Queries): Promise<readonly Asking[]> {
  const job = await read
    .selectFrom('bulk_jobs')
    .select('id')
    .where('state', '=', 'checked')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return job ? ends('/console/bulk/…', `/console/bulk/${job.id}`, ['/start', '/start?show=people']) : [];
}

function ends(name: string, path: string, all: readonly string[]): readonly Asking[] {
  return all.map((end) => asking(`${name}${end}`, `${path}${end}`));
}

function asking(name: string, path = name): Asking {
  return { name, path, as: 'staff' };
}

function calls(
  largest: { readonly id: string; readonly slug: string },
  somebody: { readonly id: string; readonly email: string },
  since: Date,
): readonly Asking[] {
  const paths = {
    '/api/v1/partners': '',
    '/api/v1/partners?policy=optional&limit=200': '',
    '/api/v1/partners?archived=true': '',
    '/api/v1/users': '',
    '/api/v1/users?limit=200': '',
    '/api/v1/users?email=…': `/api/v1/users?${new URLSearchParams({ email: somebody.email })}`,
    '/api/v1/users?partner=…': `/api/v1/users?partner=${largest.slug}`,
    '/api/v1/users?partner=…&mfa=missing': `/api/v1/users?partner=${largest.slug}&mfa=missing`,
    '/api/v1/users?state=invited': '',
    '/api/v1/users?state=disabled&role=manager&mfa=missing': '',
    '/api/v1/audit': '',
    '/api/v1/audit?action=user.mfa_reset': '',
    '/api/v1/audit?action=sign_in.code_refused&outcome=refusal': '',
    '/api/v1/audit?subject=…': `/api/v1/audit?subject=${somebody.id}`,
    '/api/v1/audit?partner=…': `/api/v1/audit?partner=${largest.id}`,
    '/api/v1/audit?since=… (the last hour)': `/api/v1/audit?since=${since.toISOString().slice(0, 19)}Z`,
  };
  return Object.entries(paths).map(([name, path]) => ({ name, path: path || name, as: 'program' }));
}
