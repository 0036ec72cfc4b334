import assert from 'node:assert/strict';
import { isRefusal } from '#core/values/result.ts';
import { prepareImport } from '#flows/bulk/import-job.ts';
import { prepareBulk, startBulk } from '#flows/bulk/start.ts';
import { workOff } from '#flows/bulk/work.ts';
import type { World } from '../../../world.ts';
import { enterStaff } from '../console-story.ts';

let made = 0;

/** A job over one new partner: only prepared, running, or finished. */
export async function someJob(world: World, state: 'checked' | 'running' | 'finished'): Promise<string> {
  const { env } = world;
  made += 1;
  const { id: subject } = await world.addPartner({ slug: `bulk${made}`, policy: 'off' });
  const todo = JSON.stringify({ act: 'policy', policy: 'optional' });
  const prepared = await prepareBulk(env, 'command_line', { kind: 'policy' }, [{ position: 1, subject, todo }]);
  assert.ok(!isRefusal(prepared));
  if (state === 'checked') return prepared.id;
  assert.ok(!isRefusal(await startBulk(env, 'command_line', { id: prepared.id, reason: 'roll-out' })));
  if (state === 'finished') await workOff(env);
  return prepared.id;
}

/** An import of one row into a new partner, before its columns are chosen or after its check. */
export async function someImport(world: World, state: 'draft' | 'checked'): Promise<string> {
  made += 1;
  await world.addPartner({ slug: `import${made}`, policy: 'off' });
  const file = Buffer.from(`partner,email\nimport${made},new${made}@import.example\n`);
  const prepared = await prepareImport(world.env, 'command_line', file, state === 'draft' ? 'draft' : 'checking');
  assert.ok(!isRefusal(prepared));
  await workOff(world.env);
  return prepared.id;
}

const WHY = { reason: 'roll-out' };
const COLUMNS = { partner: '0', email: '1' };
const INVITE = { invite: 'never', from: '', ...WHY };
const FILE = { csv: 'partner,email\nacme,a@acme.example\n' };

function withImport(state: Parameters<typeof someImport>[1], fields: Readonly<Record<string, string>>) {
  return async (world: World) => ({ params: { job: await someImport(world, state) }, fields });
}

function withJob(state: Parameters<typeof someJob>[1], fields: Readonly<Record<string, string>> = {}) {
  return async (world: World) => ({ params: { job: await someJob(world, state) }, fields });
}

/** The acts on many. */
export const BULK_ACTS = {
  'POST /console/bulk/new': async (world: World) => {
    made += 1;
    const { id } = await world.addPartner({ slug: `bulk${made}`, policy: 'off' });
    return { fields: { partners: id, filter: '', policy: 'optional', from: '' } };
  },
  'POST /console/bulk/upload': async (world: World) => {
    made += 1;
    await world.addPartner({ slug: `bulk${made}`, policy: 'off' });
    return { fields: { csv: `slug,policy\nbulk${made},optional\n` } };
  },
  'POST /console/import': () => ({ fields: FILE }),
  'POST /console/import/:job/columns': withImport('draft', COLUMNS),
  'POST /console/import/:job/start': withImport('checked', INVITE),
  'POST /console/bulk/:job/start': withJob('checked', WHY),
  'POST /console/bulk/:job/stop': withJob('running'),
  'POST /console/bulk/:job/undo': withJob('finished', WHY),
  'POST /api/v1/bulk-jobs': async (world: World) => {
    made += 1;
    await world.addPartner({ slug: `bulk${made}`, policy: 'off' });
    return { fields: { csv: `slug,policy\nbulk${made},optional\n`, ...WHY } };
  },
  'POST /api/v1/bulk-jobs/:job/stop': withJob('running'),
  'POST /api/v1/bulk-jobs/:job/undo': withJob('finished', WHY),
};

function jobForm(act: string, state: Parameters<typeof someJob>[1], fields: Readonly<Record<string, string>> = {}) {
  return async (world: World) => {
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/bulk/${await someJob(world, state)}/${act}`, fields };
  };
}

function importForm(act: string, state: Parameters<typeof someImport>[1], fields: Readonly<Record<string, string>>) {
  return async (world: World) => {
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: `/console/import/${await someImport(world, state)}/${act}`, fields };
  };
}

/** The forms of the acts on many. */
export const BULK_FORMS = {
  '/console/bulk/new': async (world: World) => {
    const { id } = await world.addPartner({ slug: 'acme', policy: 'off' });
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    const fields = { partners: id, filter: '', policy: 'optional', from: '' };
    return { browser, action: '/console/bulk/new', from: `/console/bulk/new?partner=${id}`, fields };
  },
  '/console/bulk/upload': async (world: World) => {
    await world.addPartner({ slug: 'acme', policy: 'off' });
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: '/console/bulk/upload', fields: { csv: 'slug,policy\nacme,optional\n' } };
  },
  '/console/import': async (world: World) => {
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: '/console/import', fields: FILE };
  },
  '/console/import/:job/columns': importForm('columns', 'draft', COLUMNS),
  '/console/import/:job/start': importForm('start', 'checked', INVITE),
  '/console/bulk/:job/start': jobForm('start', 'checked', WHY),
  '/console/bulk/:job/stop': jobForm('stop', 'running'),
  '/console/bulk/:job/undo': jobForm('undo', 'finished', WHY),
};
