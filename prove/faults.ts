import { setTimeout as wait } from 'node:timers/promises';
import { callApi } from '../test/world.ts';
import { FAILPOINTS } from './hooks/failpoint.ts';
import { killNode } from './process.ts';
import type { Chance } from './random.ts';
import type { Service } from './service.ts';

/**
 * What happens to the service in the middle of a round: strikes, and answers when the service can be asked again.
 *
 * @param driven settles when everybody has played
 * @returns how often it struck: a failpoint that nobody passed strikes not at all
 */
export type Fault = (service: Service, chance: Chance, driven: Promise<void>) => Promise<number>;

/** What is wrong with the service when a round begins. */
export type Before = (service: Service, chance: Chance) => void;

/** The moment at which a fault strikes. */
type Moment = (chance: Chance, driven: Promise<void>) => Promise<void>;

export const anyMoment: Moment = async (chance) => {
  await wait(chance.between(1, 500));
};
/** As soon as the last one has got an answer: whatever is not durable by then was acknowledged too early. */
export const onceAnswered: Moment = (_chance, driven) => driven;

/** No request waits in the queue of password hashes more often: a change of password compares one and makes one. */
const HASHES_IN_A_ROW = 3;
/** The audit log is sealed every second: no process is without a sync for longer. */
const SYNC_MS = 2_000;

/** Nothing but the load itself: for the breakages that parallel requests bring to light. */
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

/** kill -9 in a moment that chance seldom meets. */
export const killAtFailpoint: Fault = async (service, chance, driven) => {
  const name = chance.pick(FAILPOINTS);
  service.armFailpoint(name, chance.between(1, name.includes('commit') ? 12 : 6));
  const nodes = service.nodes();
  await Promise.race([...nodes.map(({ ended }) => ended), driven]);
  // A hit in the last answer ends the process a moment later.
  await wait(20);
  const struck = nodes.filter(({ child }) => child.signalCode === 'SIGKILL').length;
  await Promise.all(nodes.map(killNode));
  service.disarmFailpoint();
  await service.start();
  return struck;
};

/** kill -STOP, and on again after every caller has given up: what they asked for may still be done. */
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

/** Every second connection is destroyed while it is in use. */
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

/** Waits until nothing is done any more for callers who have hung up: hashes are made in the order of their asking. */
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

/** No byte of room on the disk for a while; the service is not started again. */
export const fillDisk: Fault = async (service, chance, driven) => {
  await anyMoment(chance, driven);
  diskOf(service).setFull(true);
  await wait(chance.between(200, 800));
  diskOf(service).setFull(false);
  await driven;
  return 1;
};

/** kill -9 of every process of the database server; the nodes go on and find their way back by themselves. */
export function killDatabase(moment: Moment): Fault {
  return async (service, chance, driven) => {
    await moment(chance, driven);
    await serverOf(service).kill();
    await serverOf(service).start();
    await driven;
    return 1;
  };
}

/** kill -STOP of the database server, past the patience of the nodes: what was given up may be committed later. */
export const freezeDatabase: Fault = async (service, chance, driven) => {
  await anyMoment(chance, driven);
  serverOf(service).signal('SIGSTOP');
  await wait(chance.between(9_000, 11_000));
  serverOf(service).signal('SIGCONT');
  await driven;
  await finishForTheGone(service);
  return 1;
};

/** Every connection to the database is ended from its other side, again and again. */
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

/** Everything dies at once, most of the time in a sync, and what was not synced is gone or half there. */
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
/** What is prepared for people lasts six hours. */
const AHEAD_SECONDS = [30 * MINUTE, 2 * HOUR, 5 * HOUR] as const;
/** A server looks at its clock each second. */
const CLOCK_NOTICED_MS = 3_000;
/** What a wrong clock has left is looked for every ten seconds; a loaded server is late. */
const CLOCK_PUT_RIGHT_MS = 20_000;
const STEP_SECONDS = 30;

/** The clock of every node is ahead when people come. To be set right by {@link setClockRight}. */
export const aheadBefore: Before = (service, chance) => {
  service.setClock(chance.pick(AHEAD_SECONDS));
};

/** After everybody was served by the wrong clock it is right; the service is not started again. */
export const setClockRight: Fault = async (service, _chance, driven) => {
  await driven;
  service.setClock(0);
  await wait(CLOCK_NOTICED_MS);
  const latest = Date.now() + CLOCK_PUT_RIGHT_MS;
  while (Date.now() < latest && (await hasStepsAhead(service))) await wait(200);
  return 1;
};

/** Whether somebody's last used step is still in the future. What a product that is broken leaves so is found afterwards. */
async function hasStepsAhead({ storage }: Service): Promise<boolean> {
  const next = Math.floor(Date.now() / 1000 / STEP_SECONDS) + 2;
  const [row] = await storage.rows(`select count(*) as people from authenticators where last_used_step > ${next}`);
  return Number(row?.people) > 0;
}

/** As soon as everybody was served the clock goes back, for some seconds: long enough to be noticed. */
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
