import { setTimeout as wait } from 'node:timers/promises';
import { callApi } from '../test/world.ts';
import { FAILPOINTS } from './hooks/failpoint.ts';
import { killNode } from './process.ts';
import type { Chance } from './random.ts';
import type { Service } from './service.ts';

/**
 * A fault during a round. It strikes, and resolves when the service can answer again.
 *
 * @param driven settles when everyone has finished
 * @returns how often it struck: a failpoint that no process reached strikes zero times
 */
export type Fault = (service: Service, chance: Chance, driven: Promise<void>) => Promise<number>;

/** A fault that exists before a round begins. */
export type Before = (service: Service, chance: Chance) => Promise<void>;

/** The moment when a fault strikes. */
type Moment = (chance: Chance, driven: Promise<void>) => Promise<void>;

export const anyMoment: Moment = async (chance) => {
  await wait(chance.between(1, 500));
};
/** As soon as the last request is answered: a change that is not durable by then was acknowledged too early. */
export const onceAnswered: Moment = (_chance, driven) => driven;

/** No request waits in the hash queue more often: a password change compares one hash and creates one. */
const HASHES_IN_A_ROW = 3;
/** The audit log is sealed every second, so no process goes longer without a sync. */
const SYNC_MS = 2_000;

/** Only load, for the breakages that parallel requests reveal. */
export const noFault: Fault = async (_service, _chance, driven) => {
  await driven;
  return 0;
};

/** kill -9 of one node or of all: no handler runs, no buffer of the process is written. */
export function kill(moment: Moment): Fault {
  return async (service, chance, driven) => {
    await moment(chance, driven);
    const nodes = service.nodes();
    const struck = chance.below(2) === 0 ? nodes : [chance.pick(nodes)];
    await Promise.all(struck.map(killNode));
    await service.start();
    return struck.length;
  };
}

/** kill -9 at a moment that a random one rarely hits. */
export const killAtFailpoint: Fault = async (service, chance, driven) => {
  const name = chance.pick(FAILPOINTS);
  service.armFailpoint(name, chance.between(1, name.includes('commit') ? 12 : 6));
  const nodes = service.nodes();
  await Promise.race([...nodes.map(({ ended }) => ended), driven]);
  // If the last answer hits the failpoint, the process dies a moment later.
  await wait(20);
  const struck = nodes.filter(({ child }) => child.signalCode === 'SIGKILL').length;
  await Promise.all(nodes.map(killNode));
  service.disarmFailpoint();
  await service.start();
  return struck;
};

/** kill -STOP, and resume after every caller has given up. Their requests may still be carried out. */
export const freeze: Fault = async (service, chance, driven) => {
  service.setPatience(() => ({ timeoutMs: 1_000 }));
  await anyMoment(chance, driven);
  for (const { child } of service.nodes()) child.kill('SIGSTOP');
  await wait(chance.between(1_100, 2_000));
  for (const { child } of service.nodes()) child.kill('SIGCONT');
  await driven;
  service.setPatience(() => ({}));
  await finishForTheGone(service);
  return service.nodes().length;
};

/** Every second connection is destroyed during use. */
export const cutConnections: Fault = async (service, chance, driven) => {
  let cuts = 0;
  service.setPatience(() => {
    if (chance.below(2) === 0) return {};
    cuts += 1;
    return { cutAfterMs: chance.between(0, 60) };
  });
  await driven;
  service.setPatience(() => ({}));
  await finishForTheGone(service);
  return cuts;
};

let strangers = 0;

/** Waits until no work for closed connections is left, because hashes are made in order of arrival. */
async function finishForTheGone(service: Service): Promise<void> {
  await wait(500);
  for (let hashes = 0; hashes < HASHES_IN_A_ROW; hashes += 1) {
    strangers += 1;
    const body = { email: `nobody-${strangers}@acme.example`, password: 'nobody has this one' };
    const address = `10.255.${strangers >> 8}.${strangers & 255}`;
    await callApi(service, { method: 'POST', path: '/api/v1/sign-in', body, address });
  }
  await wait(500);
}

/** The disk is full for a while. The service is not restarted. */
export const fillDisk: Fault = async (service, chance, driven) => {
  await anyMoment(chance, driven);
  diskOf(service).setFull(true);
  await wait(chance.between(200, 800));
  diskOf(service).setFull(false);
  await driven;
  return 1;
};

/** kill -9 of every process of the database server. The nodes continue and reconnect by themselves. */
export function killDatabase(moment: Moment): Fault {
  return async (service, chance, driven) => {
    await moment(chance, driven);
    await serverOf(service).kill();
    await serverOf(service).start();
    await driven;
    return 1;
  };
}

/** kill -STOP of the database server for longer than the nodes wait. Abandoned work may be committed later. */
export const freezeDatabase: Fault = async (service, chance, driven) => {
  await anyMoment(chance, driven);
  serverOf(service).signal('SIGSTOP');
  await wait(chance.between(9_000, 11_000));
  serverOf(service).signal('SIGCONT');
  await driven;
  await finishForTheGone(service);
  return 1;
};

/** Every database connection is closed from the other side, again and again. */
export const cutDatabaseConnections: Fault = async (service, chance, driven) => {
  let [cuts, isDriven] = [0, false];
  void driven.then(() => {
    isDriven = true;
  });
  while (!isDriven) {
    await wait(chance.between(1, 200));
    const ended = await service.storage.rows(END_OTHER_CONNECTIONS);
    cuts += ended.length;
  }
  return cuts;
};

const END_OTHER_CONNECTIONS =
  'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';

function serverOf({ storage }: Service) {
  if (storage.server === undefined) throw new Error('this fault needs a database server');
  return storage.server;
}

/** All processes die at once, mostly during a sync. Unsynced data is lost or half written. */
export function cutPower(moment: Moment): Fault {
  return async (service, chance, driven) => {
    const disk = diskOf(service);
    await moment(chance, driven);
    if (moment === anyMoment && chance.below(4) > 0) {
      disk.dieAtNextSync();
      await Promise.race([...service.nodes().map(({ ended }) => ended), wait(SYNC_MS)]);
    }
    await service.kill();
    disk.cut(chance);
    disk.settle();
    await service.start();
    return 1;
  };
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** The rows prepared for people last six hours. */
const AHEAD_SECONDS = [30 * MINUTE, 2 * HOUR, 5 * HOUR] as const;
/** The processes read the clock's file every ten milliseconds. Until then a code of the new time is wrong. */
const CLOCK_READ_MS = 100;
/** A server checks its clock each second. */
const CLOCK_NOTICED_MS = 3_000;
/** A server looks for the traces of a wrong clock every ten seconds. A busy server is late. */
const CLOCK_PUT_RIGHT_MS = 20_000;
const STEP_SECONDS = 30;

/** The clock of every node is ahead when people arrive. {@link setClockRight} corrects it. */
export const aheadBefore: Before = async (service, chance) => {
  service.setClock(chance.pick(AHEAD_SECONDS));
  await wait(CLOCK_READ_MS);
};

/** The clock is corrected after everyone was served with the wrong one. The service is not restarted. */
export const setClockRight: Fault = async (service, _chance, driven) => {
  await driven;
  service.setClock(0);
  await wait(CLOCK_NOTICED_MS);
  const latest = Date.now() + CLOCK_PUT_RIGHT_MS;
  while (Date.now() < latest && (await hasStepsAhead(service))) await wait(200);
  return 1;
};

/** Whether any person's last used step is in the future. The later checks find it if a broken product leaves one. */
async function hasStepsAhead({ storage }: Service): Promise<boolean> {
  const next = Math.floor(Date.now() / 1000 / STEP_SECONDS) + 2;
  const [row] = await storage.rows(`select count(*) as people from authenticators where last_used_step > ${next}`);
  return Number(row?.people) > 0;
}

/** As soon as everyone was served, the clock goes back for some seconds: long enough to be noticed. */
export const clockBack: Fault = async (service, chance, driven) => {
  await driven;
  service.setClock(-chance.between(2 * MINUTE, HOUR));
  await wait(CLOCK_NOTICED_MS);
  return setClockRight(service, chance, driven);
};

/** The clock jumps ahead under load, and is right again some seconds later. */
export const clockAhead: Fault = async (service, chance, driven) => {
  await anyMoment(chance, driven);
  service.setClock(chance.pick(AHEAD_SECONDS));
  await wait(chance.between(50, 2_000));
  return setClockRight(service, chance, Promise.resolve());
};

function diskOf({ disk }: Service) {
  if (disk === undefined) throw new Error('this fault needs the disk that forgets: set onDisk');
  return disk;
}
