import { isRefusal } from '#core/values/result.ts';
import { mapColumns, prepareImport, startImport } from '#flows/bulk/import-job.ts';
import { prepareBulk, startBulk, undoBulk } from '#flows/bulk/start.ts';
import { workOff } from '#flows/bulk/work.ts';
import { type Picture, type Stage, submit } from '../ways.ts';
import { openScene } from './console-gallery.ts';

const COMPANIES = [
  'Nordlicht Versicherungsgesellschaft für Schifffahrt',
  'Acme Telecom',
  'Ömer & Söhne',
  'Blue Harbor',
];

type Ready = { readonly job: string };

/** A job over four partners, one of which is gone meanwhile. */
async function openJob(stage: Stage, state: 'checked' | 'running' | 'finished' | 'undone'): Promise<Ready> {
  const { world } = stage.site;
  const { partner } = await openScene(stage);
  const items = [{ position: 1, subject: partner }];
  for (const name of COMPANIES) {
    const { id } = await world.addPartner({ name, slug: `bulk-${world.env.newId()}`, policy: 'off' });
    await world.addUser({ email: `${world.env.newId()}@bulk.example`, name: 'Ana Silva', partnerId: id });
    items.push({ position: items.length + 1, subject: id });
  }
  items.push({ position: items.length + 1, subject: 'gone' });
  const requiredFrom = world.clock.at + 40 * 86_400;
  const todo = JSON.stringify({ act: 'policy', policy: 'required', requiredFrom });
  const all = items.map((item) => ({ ...item, todo, effect: 'date' as const }));
  const prepared = await prepareBulk(world.env, 'command_line', { kind: 'policy' }, all);
  if (isRefusal(prepared)) throw new Error('a job is refused');
  const { id } = prepared;
  if (state === 'checked') return { job: id };
  await startBulk(world.env, 'command_line', { id, reason: 'Roll-out of spring, as agreed with all partners' });
  if (state === 'running') return { job: id };
  await workOff(world.env);
  if (state === 'undone') await undoBulk(world.env, 'command_line', { id, reason: 'too early' });
  return { job: id };
}

function job(state: Parameters<typeof openJob>[1], more = ''): Picture {
  return async (stage) => stage.page.goto(`/console/bulk/${(await openJob(stage, state)).job}${more}`);
}

async function uploadWithFaults(stage: Stage): Promise<void> {
  await openScene(stage);
  await stage.page.goto('/console/bulk/upload');
  await stage.page.locator('#csv').fill('slug,policy,from\nnobody,off,\nacme,maybe,\n');
  await submit(stage.page);
}

const ROWS = [
  'Kürzel;Firma;Adresse;Rolle',
  'nordlicht;Nordlicht Versicherungsgesellschaft für Schifffahrt;eine.sehr.lange.adresse@nordlicht-versicherung.example;',
  'nordlicht;;bo@nordlicht.example;manager',
  'nordlicht;;no email;',
  'nordlicht;;bo@nordlicht.example;',
];

/** An import that waits for its columns, for its start, or is at work. */
async function openImport(stage: Stage, state: 'draft' | 'checking' | 'checked' | 'running'): Promise<string> {
  const { env } = stage.site.world;
  await openScene(stage);
  const prepared = await prepareImport(env, 'command_line', Buffer.from(ROWS.join('\n')), 'draft');
  if (isRefusal(prepared)) throw new Error('an import is refused');
  const { id } = prepared;
  if (state === 'draft') return id;
  await mapColumns(env, 'command_line', { id, columns: { partner: 0, partner_name: 1, email: 2, role: 3 } });
  if (state !== 'checking') await workOff(env);
  const invite = { at: env.now() + 9_000_000 };
  if (state === 'running') await startImport(env, 'command_line', { id, reason: 'Contract of spring', invite });
  return id;
}

function importAt(state: Parameters<typeof openImport>[1], more = ''): Picture {
  return async (stage) => stage.page.goto(`/console/import/${await openImport(stage, state)}${more}`);
}

export const BULK_GALLERY: Readonly<Record<string, Picture>> = {
  'bulk-jobs': async (stage) => {
    await openJob(stage, 'undone');
    await stage.page.goto('/console/bulk');
  },
  'bulk-new': async (stage) => {
    const { partner } = await openScene(stage);
    await stage.page.goto(`/console/bulk/new?partner=${partner}`);
  },
  'bulk-new-refused': async (stage) => {
    const { partner } = await openScene(stage);
    await stage.page.goto(`/console/bulk/new?partner=${partner}`);
    await submit(stage.page);
  },
  'bulk-upload': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/bulk/upload');
  },
  'bulk-upload-faults': uploadWithFaults,
  'bulk-preview': job('checked', '/start'),
  'bulk-preview-people': job('checked', '/start?show=people'),
  'bulk-preview-refused': async (stage) => {
    await job('checked', '/start')(stage);
    await submit(stage.page);
  },
  'bulk-running': job('running'),
  'bulk-finished': job('finished'),
  'bulk-undone': job('undone'),
  'bulk-undo': job('finished', '/undo'),
  'bulk-stop': job('running', '/stop'),
  'import-file': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/import');
  },
  'import-file-refused': async (stage) => {
    await openScene(stage);
    await stage.page.goto('/console/import');
    await submit(stage.page);
  },
  'import-columns': importAt('draft', '/columns'),
  'import-checking': importAt('checking'),
  'import-checked': importAt('checked', '/start'),
  'import-checked-refused': async (stage) => {
    await importAt('checked', '/start')(stage);
    await stage.page.locator('#invite-date').check();
    await submit(stage.page);
  },
  'import-running': importAt('running'),
};

const ONE = '/console/bulk/:job';

/** The pictures that show each page of the acts on many. */
export const BULK_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/console/bulk': ['bulk-jobs'],
  '/console/bulk/new': ['bulk-new', 'bulk-new-refused'],
  '/console/bulk/upload': ['bulk-upload', 'bulk-upload-faults'],
  [ONE]: ['bulk-running', 'bulk-finished', 'bulk-undone'],
  [`${ONE}/start`]: ['bulk-preview', 'bulk-preview-people', 'bulk-preview-refused'],
  [`${ONE}/undo`]: ['bulk-undo'],
  [`${ONE}/stop`]: ['bulk-stop'],
  '/console/import': ['import-file', 'import-file-refused'],
  '/console/import/:job': ['import-checking', 'import-running'],
  '/console/import/:job/columns': ['import-columns'],
  '/console/import/:job/start': ['import-checked', 'import-checked-refused'],
};
