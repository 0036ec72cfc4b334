import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { sessionIdleSeconds } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { keyIdOf } from '#flows/administration/api-keys.ts';
import { changeOf } from '#flows/bulk/partner-items.ts';
import { checkUndo } from '#flows/bulk/start.ts';
import { type BulkJob, findBulkJob, findUndoOf, listBulkJobs } from '#store/bulk/jobs.ts';
import {
  type BulkPartner,
  type BulkPerson,
  type BulkSums,
  countExemptAt,
  listBulkPartners,
  listBulkPeople,
  listDifferentTodos,
  sumBulk,
} from '#store/bulk/preview.ts';
import { listNames } from '#store/people/people-pages.ts';
import { listKeyNames } from '#store/programs/api-keys.ts';

const ROWS_PER_PAGE = 50;
/** A file can have a change of its own in each row; more are not told apart on a page. */
const CHANGES_SHOWN = 5;

export type ShownJob = BulkJob;
export type ShownItem = Omit<BulkPartner, 'todo'> & {
  readonly change: PartnerChange;
  /** People without an authenticator who are not exempt. */
  readonly missing: number;
};

/** A job, what it does, and who started it. */
export type JobFacts = {
  readonly job: ShownJob;
  /** Each different change, up to a few. */
  readonly changes: readonly PartnerChange[];
  readonly maker: string;
};

/** Jobs over partners. Imports have pages of their own. */
export async function findJob(env: Env, id: string): Promise<JobFacts | undefined> {
  const job = await findBulkJob(env.db.read, id);
  if (!job || job.state === 'draft' || job.kind === 'import' || job.kind === 'invite') return undefined;
  const todos = await listDifferentTodos(env.db.read, id, CHANGES_SHOWN);
  return { job, changes: todos.map((todo) => changeOf({ todo })), maker: await nameOf(env, job.maker) };
}

/** A job of any kind, only to stop it. */
export async function findAnyJob(env: Env, id: string): Promise<JobFacts | undefined> {
  const job = await findBulkJob(env.db.read, id);
  return job && { job, changes: [], maker: await nameOf(env, job.maker) };
}

/** Where a page of a list begins: after an item, and among people after one of them. */
export type JobPage = { readonly show: 'partners' | 'people'; readonly after: number; readonly afterId: string };

export function readJobPage(query: URLSearchParams): JobPage {
  const after = query.get('after') ?? '';
  return {
    show: query.get('show') === 'people' ? 'people' : 'partners',
    after: /^\d{1,7}$/.test(after) ? Number(after) : 0,
    afterId: query.get('id') ?? '',
  };
}

export type Preview = JobFacts & {
  readonly sums: BulkSums;
  readonly page: JobPage;
  readonly items: readonly ShownItem[];
  readonly people: readonly BulkPerson[];
  readonly next: { readonly after: number; readonly id?: string } | undefined;
};

/** Whom a job would change, before it is started. */
export async function readPreview(env: Env, facts: JobFacts, page: JobPage): Promise<Preview> {
  const { read } = env.db;
  const now = env.now();
  const { id } = facts.job;
  const sums = await sumBulk(read, id, { now, idleSince: now - sessionIdleSeconds('member') });
  const limit = ROWS_PER_PAGE + 1;
  const people = page.show === 'people' ? await listBulkPeople(read, id, { ...page, limit, now }) : [];
  const items = page.show === 'people' ? [] : await listItems(env, id, page.after);
  const lastPerson = people.length === limit ? people[ROWS_PER_PAGE - 1] : undefined;
  const lastItem = items.length === limit ? items[ROWS_PER_PAGE - 1] : undefined;
  return {
    ...{ ...facts, sums, page, items: items.slice(0, ROWS_PER_PAGE), people: people.slice(0, ROWS_PER_PAGE) },
    next: lastPerson ? { after: lastPerson.position, id: lastPerson.id } : lastItem && { after: lastItem.position },
  };
}

export type Progress = JobFacts & {
  /** Items that changed nothing, with their reasons. */
  readonly notDone: readonly ShownItem[];
  readonly page: JobPage;
  readonly next: number | undefined;
  readonly undo: ShownJob | undefined;
  readonly mayUndo: boolean;
};

/** How far a started job is, and what it left as it was. */
export async function readProgress(env: Env, facts: JobFacts, page: JobPage): Promise<Progress> {
  const { job } = facts;
  const found = await listItems(env, job.id, page.after, ['failed', 'unchanged']);
  const undo = await findUndoOf(env.db.read, job.id);
  return {
    ...{ ...facts, page, undo, notDone: found.slice(0, ROWS_PER_PAGE) },
    next: found.length > ROWS_PER_PAGE ? found[ROWS_PER_PAGE - 1]?.position : undefined,
    mayUndo: job.done > 0 && !isRefusal(checkUndo(job, undo)),
  };
}

async function listItems(env: Env, id: string, after: number, states?: readonly BulkPartner['state'][]) {
  const rows = await listBulkPartners(env.db.read, id, { after, limit: ROWS_PER_PAGE + 1, states });
  const partnerIds = rows.flatMap(({ partner }) => partner?.id ?? []);
  const exempt = await countExemptAt(env.db.read, partnerIds, env.now());
  return rows.map(({ todo, ...row }) => {
    const { id: partnerId = '', people = 0, enrolled = 0 } = row.partner ?? {};
    return { ...row, change: changeOf({ todo }), missing: people - enrolled - (exempt.get(partnerId) ?? 0) };
  });
}

export type JobList = {
  readonly jobs: readonly (ShownJob & { readonly makerName: string })[];
  readonly next: string | undefined;
};

export async function readJobs(env: Env, before: string | undefined): Promise<JobList> {
  const found = await listBulkJobs(env.db.read, { before, limit: ROWS_PER_PAGE + 1 });
  const jobs: (ShownJob & { makerName: string })[] = [];
  for (const job of found.slice(0, ROWS_PER_PAGE)) jobs.push({ ...job, makerName: await nameOf(env, job.maker) });
  return { jobs, next: found.length > ROWS_PER_PAGE ? jobs.at(-1)?.id : undefined };
}

/** The name of a person or of a key; the code of the command line. */
async function nameOf(env: Env, maker: string): Promise<string> {
  const keyId = keyIdOf(maker);
  const names = keyId === undefined ? await listNames(env.db.read, [maker]) : await listKeyNames(env.db.read, [keyId]);
  return names.get(keyId ?? maker) ?? maker;
}
