import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { type Asking, listAskings } from '../../../bench/console-pages.ts';
import { KIND, openTestDatabase } from '../../databases/open.ts';
import { planOf, watchReads } from '../../databases/plans.ts';
import { openWorld } from '../../world.ts';
import { callWithKey, makeKey } from '../management-api/management-story.ts';
import { enterManager } from '../team/team-story.ts';
import { someJob } from './bulk/bulk-walk.ts';
import { enterStaff, ROBIN } from './console-story.ts';

/** The tables that grow with the people. */
const LARGE = ['users', 'authenticators', 'recovery_codes', 'sessions', 'audit_events'];

/** Indexes of few rows, which are read completely. */
const SMALL = ['audit_events_tail', 'users_disabled', 'users_exempt', 'users_invited'];

/** A search by any part of a name has to look at every key. This index holds nothing else and ends a page early. */
const KEYS_ALONE = 'COVERING INDEX users_search';

/** Few requests wait for an approval, so any join with people may sort them. */
const FEW = '/console/resets';

/** Those of one team who were reminded least recently come first. The largest has some thousand people. */
const TEAM = '/team/remind (of the largest)';

const CHOICE = 'PostgreSQL chooses by what it has counted: npm run bench:console prints its plans';

/** The index of each list, and the order of its rows. */
const INDEXES: Readonly<Record<string, readonly string[]>> = {
  '/console/partners': ['partners_search'],
  '/console/partners?sort=adoption': ['partner_counts_adoption'],
  '/console/partners?sort=people': ['partner_counts_people'],
  '/console/partners/… (the largest)': [
    'users_partner_email',
    'recovery_codes_left',
    'users_exempt',
    'audit_events_partner',
    'audit_events_roll_out',
  ],
  '/console/partners/… (the largest)?state=missing': ['users_partner_email'],
  '/console/adoption': ['users_exempt', 'event_days_day'],
  '/console/find?q=ana': ['users_search'],
  '/console/staff': ['users_staff'],
  '/console/audit?person=…': ['audit_events_about', 'audit_events_actor'],
  '/console/audit?partner=…': ['audit_events_partner'],
  '/console/audit?action=sign_in.code_refused': ['audit_events_action'],
  '/api/v1/users?partner=…': ['users_partner_id'],
  '/api/v1/users?state=invited': ['users_invited'],
  '/api/v1/users?state=disabled&role=manager&mfa=missing': ['users_disabled', 'partners_archived'],
  '/api/v1/audit?subject=…': ['audit_events_about'],
  '/api/v1/audit?partner=…': ['audit_events_partner'],
  '/api/v1/audit?action=user.mfa_reset': ['audit_events_action'],
};

test('no list of console or management API reads a large table from end to end, or puts one in order', async (t) => {
  const { askings, plansOf } = await openLists(t);
  for (const asking of askings) {
    for (const { sql, plan } of await plansOf(asking)) {
      // The newest events without a filter: the page is the end of the table.
      if (!/ where /.test(sql)) continue;
      assert.deepEqual(wholeReads(sql, plan), [], `${asking.name} asks ${sql}`);
      if (![FEW, TEAM].includes(asking.name)) assert.deepEqual(sorted(sql, plan), [], `${asking.name} sorts ${sql}`);
    }
  }
});

test('each list finds its rows by the index that was made for it', {
  skip: KIND === 'postgres' && CHOICE,
}, async (t) => {
  const { askings, plansOf } = await openLists(t);
  for (const [name, indexes] of Object.entries(INDEXES)) {
    const asking = askings.find((one) => one.name === name);
    assert.ok(asking, `${name} is measured`);
    const plans = (await plansOf(asking)).map(({ plan }) => plan.join('\n')).join('\n');
    for (const index of indexes) assert.match(plans, new RegExp(`INDEX ${index}\\b`), name);
  }
});

/** An administrator, a program, and one row of each list. */
async function openLists(t: TestContext) {
  const { db, asked } = watchReads(await openTestDatabase());
  t.after(() => db.close());
  const world = await openWorld(t, { db });
  const partner = await world.addPartner();
  await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const admin = await enterStaff(world, 'admin', ROBIN);
  const { browser: manager } = await enterManager(world, partner.id, 'ole@acme.example');
  const { key } = await makeKey(world);
  await someJob(world, 'checked');

  async function plansOf({ path, as }: Asking) {
    asked.length = 0;
    const { status } =
      as === 'program'
        ? await callWithKey(world, { method: 'GET', path: path.replace('/api/v1', ''), key })
        : await { staff: admin, manager }[as].get(path);
    assert.equal(status, 200, path);
    const queries = asked.splice(0);
    return Promise.all(
      queries.map(async (query) => ({ sql: query.sql, plan: await planOf(db, query, { noScans: true }) })),
    );
  }

  return { askings: await listAskings(world.env), plansOf };
}

/** The lines of a plan that read all of a large table. */
function wholeReads(sql: string, plan: readonly string[]): readonly string[] {
  const whole = KIND === 'sqlite' ? /^SCAN (\w+)/ : /Seq Scan on (\w+)/;
  return plan.filter(
    (line) => isLarge(sql, whole.exec(line)?.[1]) && ![...SMALL, KEYS_ALONE].some((index) => line.includes(index)),
  );
}

/** The lines of a plan that lead to a sort of a large table. */
function sorted(sql: string, plan: readonly string[]): readonly string[] {
  const of = KIND === 'sqlite' ? /^(?:SCAN|SEARCH) (\w+)/ : / on (\w+)(?: \w+)?$/;
  return sources(plan).filter(
    (line) => isLarge(sql, of.exec(line)?.[1]) && ![...SMALL, KEYS_ALONE].some((index) => line.includes(index)),
  );
}

/** SQLite sorts the rows of its outermost loop, PostgreSQL those of the nodes below the sort. */
function sources(plan: readonly string[]): readonly string[] {
  if (KIND === 'sqlite') return plan.includes('USE TEMP B-TREE FOR ORDER BY') ? plan.slice(0, 1) : [];
  const at = plan.findIndex((line) => /^\s*(?:->\s+)?Sort$/.test(line));
  if (at === -1) return [];
  const below = plan.slice(at + 1);
  const end = below.findIndex((line) => depthOf(line) <= depthOf(plan[at]));
  return below.slice(0, end === -1 ? undefined : end);
}

function depthOf(line = ''): number {
  return line.search(/\S/);
}

/** Whether this is a large table, or an alias of one in the query. */
function isLarge(sql: string, name: string | undefined): boolean {
  return LARGE.some((table) => name === table || new RegExp(`\\b${table}"?(?: as)? "?${name}"?(?![\\w.])`).test(sql));
}
