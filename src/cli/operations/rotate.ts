import { command, JSON_OPTION, type Output } from '#cli/command.ts';
import { ACTOR, ringPlace, withEnv } from '#cli/open.ts';
import { isRefusal } from '#core/values/result.ts';
import { counted } from '#core/values/text.ts';
import { keepRetiredKey, readOrMakeKeyFile, replaceKeyFile } from '#crypto/key-file.ts';
import { randomBytes } from '#crypto/random.ts';
import { entryOf, newEntry, nextKeyId, withActive, withEntry, withoutKey } from '#crypto/ring-text.ts';
import { announceKey, type Env } from '#env.ts';
import { type KeyStatus, keyStatus, needOf, resealable } from '#features/operate/key-status.ts';
import { renameCounters, resealRows } from '#features/operate/reseal.ts';
import { recordActivation, recordReseal, retireKey } from '#features/operate/retire-key.ts';
import { serversWithout } from '#features/operate/servers.ts';
import { takeFileLock } from '#store/engine/file-lock.ts';
import { listRingKeys } from '#store/operations/ring-keys.ts';
import { listServers } from '#store/operations/servers.ts';

export const rotate = command({
  words: 'keys rotate',
  args: [],
  options: JSON_OPTION,
  summary:
    'Activates a new key and reseals every row with it while the servers run. If interrupted, it continues where it stopped.',
  run: () =>
    withEnv(async (env) => {
      const path = keyFileOf(env);
      return path === undefined ? rotateGivenRing(env) : withKeyFile(env, path, () => rotateKeyFile(env, path));
    }),
});

export const retire = command({
  words: 'keys retire',
  args: ['ID'],
  options: {
    'void-recovery-codes': { about: 'also void the recovery codes that only this key finds' },
    ...JSON_OPTION,
  },
  summary: 'Retires a key permanently; refused while a row needs it.',
  run: ({ args, options }) =>
    withEnv(async (env) => {
      const call = { keyId: args.ID, voidCodes: options['void-recovery-codes'] };
      const path = keyFileOf(env);
      return path === undefined ? retireKnown(env, call) : withKeyFile(env, path, () => retireKnown(env, call, path));
    }),
});

/** The key file, if we may write it. A ring from the environment belongs to the operator. */
function keyFileOf({ config }: Env): string | undefined {
  return config.keysText === undefined ? config.keysPath : undefined;
}

async function withKeyFile<T>(env: Env, path: string, work: () => Promise<T>): Promise<T> {
  const lock = takeFileLock(`${path}.lock`);
  if (lock === undefined) throw new Error('another command is changing the keys: wait until it has ended');
  try {
    // The previous holder of the lock may have changed the file.
    env.keys.renew?.();
    return await work();
  } finally {
    lock.release();
  }
}

async function rotateKeyFile(env: Env, path: string): Promise<Output> {
  const before = await keyStatus(env);
  const isUnfinished = before.some((key) => key.state === 'older' && resealable(key) > 0);
  const next = before.find(({ state }) => state === 'new')?.id ?? (isUnfinished ? undefined : await addKey(env, path));
  if (next !== undefined) {
    await serversHave(env, next, { asActive: false });
    await announceKey(env.db, env.keys, next, env.now());
    replaceKeyFile(path, withActive(ringText(path), next));
    env.keys.renew?.();
  }
  await recordActivation(env, { actor: ACTOR });
  await serversHave(env, env.keys.activeKeyId, { asActive: true });
  return reseal(env);
}

async function addKey(env: Env, path: string): Promise<string> {
  const entry = await makeEntry(env);
  replaceKeyFile(path, withEntry(ringText(path), entry));
  env.keys.renew?.();
  return idOf(entry);
}

async function makeEntry(env: Env): Promise<string> {
  const noted = (await listRingKeys(env.db.read)).map(({ id }) => id);
  return newEntry(nextKeyId([...noted, ...env.keys.keyIds]), randomBytes);
}

const idOf = (entry: string): string => entry.split(':')[0] ?? '';

function ringText(path: string): string {
  const text = readOrMakeKeyFile(path, { create: false });
  if (typeof text !== 'string') throw new Error(text.problem);
  return text;
}

/** A server reads the file every two seconds. A busy one may be late. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 250;

/** Waits until every running server holds a key, or seals with it. */
async function serversHave(env: Env, keyId: string, how: { asActive: boolean }): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const [late] = serversWithout(await listServers(env.db.read, env.now()), keyId, how);
    if (late === undefined) return;
    if (performance.now() > endMs) {
      throw new Error(`the server ${late.name} does not take up the key ${keyId}: restart it, then run this again`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * The operator manages the ring: the same three steps, each with the value to set, and a rolling restart in between.
 * Each step reseals everything that it can.
 */
async function rotateGivenRing(env: Env): Promise<Output> {
  const keys = await keyStatus(env);
  const servers = await listServers(env.db.read, env.now());
  const next = keys.find(({ state }) => state === 'new')?.id;
  if (next !== undefined) {
    await announceKey(env.db, env.keys, next, env.now());
    const order = [next, ...env.keys.keyIds.filter((id) => id !== next)];
    return {
      data: { step: 'activate', keyId: next, order },
      lines: [
        `Step 2 of 3: every running server holds ${next}, and none starts without it any more.`,
        `Now put ${next} first in ${ringPlace(env.config)} (the order is then ${order.join(', ')}) and restart the servers one by one.`,
        'Then run "sallyport keys rotate" again, with the same setting.',
      ],
    };
  }
  const [late] = serversWithout(servers, env.keys.activeKeyId, { asActive: true });
  if (late !== undefined) {
    throw new Error(
      `the server ${late.name} still seals with ${late.keyIds[0]}: restart it with ${env.keys.activeKeyId} in front, then run this again`,
    );
  }
  if (keys.some((key) => key.state === 'older' && resealable(key) > 0)) return reseal(env);
  const entry = await makeEntry(env);
  return {
    data: { step: 'add', keyId: idOf(entry), entry },
    lines: [
      `Step 1 of 3: here is a new key. Put it at the end of ${ringPlace(env.config)}, behind a comma, and restart the servers one by one.`,
      entry,
      'Store it with the other keys. Then run "sallyport keys rotate" again, with the same setting.',
    ],
  };
}

/** The last step, repeated until nothing can be resealed any more. */
async function reseal(env: Env): Promise<Output> {
  const counters = await renameCounters(env);
  const { rows, broken } = await resealRows(env);
  if (rows > 0) await recordReseal(env, { rows, actor: ACTOR });
  const keys = await keyStatus(env);
  const data = { step: 'reseal', active: env.keys.activeKeyId, rows, counters, broken, keys };
  const older = keys.filter(({ state }) => state === 'older');
  const lines = [
    `${env.keys.activeKeyId} is active; rows resealed with it: ${rows}.`,
    ...older.map((key) => needOf(key) ?? `Nothing needs ${key.id} any more: "sallyport keys retire ${key.id}".`),
  ];
  if (broken === 0) return { data, lines };
  return {
    data,
    lines,
    failed: `${counted(broken, 'row does', 'rows do')} not open with the ring and stayed unchanged: the lines above name them; a key is missing, or someone wrote to the database`,
  };
}

type Retiring = { readonly keyId: string; readonly voidCodes: boolean };

async function retireKnown(env: Env, { keyId, voidCodes }: Retiring, path?: string): Promise<Output> {
  const key = (await keyStatus(env)).find(({ id }) => id === keyId);
  if (key === undefined) throw new Error(`the ring holds no key ${keyId}: "sallyport keys status" shows them`);
  await mayBeRetired(env, key, voidCodes);
  const outcome =
    key.state === 'retired' ? { codesVoided: 0 } : await retireKey(env, { keyId, voidCodes, actor: ACTOR });
  if (isRefusal(outcome)) throw new Error(`rows need ${keyId} again: run "sallyport keys rotate" once more`);
  const where =
    path === undefined
      ? `Take it out of ${ringPlace(env.config)} and restart the servers one by one.`
      : `It is in ${takeOut(path, keyId)} now.`;
  return {
    data: { keyId, retired: true, codesVoided: outcome.codesVoided },
    lines: [
      `${keyId} is retired: no row needs it.${voidCodes ? ` Recovery codes voided: ${outcome.codesVoided}.` : ''}`,
      `${where} Backups made before now still need it: keep it with them, and nowhere else.`,
    ],
  };
}

/** Removes a key from the file but keeps a copy of it. Answers the path of the copy. */
function takeOut(path: string, keyId: string): string {
  const text = ringText(path);
  const file = keepRetiredKey(path, { keyId, entry: entryOf(text, keyId) ?? '' });
  replaceKeyFile(path, withoutKey(text, keyId));
  return file;
}

async function mayBeRetired(env: Env, key: KeyStatus, voidCodes: boolean): Promise<void> {
  const { id, state } = key;
  if (state === 'active') throw new Error(`${id} is the active key: run "sallyport keys rotate" first`);
  const sealing = (await listServers(env.db.read, env.now())).find(({ keyIds }) => keyIds[0] === id);
  if (sealing)
    throw new Error(`the server ${sealing.name} still seals with ${id}: restart it with another key in front`);
  const need = needOf(key);
  if (need !== undefined && !(voidCodes && resealable(key) === 0)) throw new Error(need);
}
