import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiRoute, PageRoute } from '#http/route.ts';
import type { Database } from '#store/engine/database.ts';
import { OWN_ROUTES } from '../own-routes.ts';
import {
  changed,
  everything,
  openStage,
  type Revocation,
  revocationsFor,
  type Sent,
  type Stage,
  send,
} from './acting.ts';
import { ACTS, ACTS_TWICE, READS, WITHOUT_AUTHENTICATOR } from './acts.ts';

/** Every guarded route with another method than GET. */
const GUARDED = OWN_ROUTES.filter(({ method, guard }) => method !== 'GET' && guard !== 'public');

let stage: Stage;

/** A stage per route, so that comparisons stay small. */
function openAround(): void {
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    stage = await openStage({
      after: (work: unknown) => void (typeof work === 'function' && cleanups.push(() => work())),
    });
  });
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });
}

const nameOf = ({ method, path }: PageRoute | ApiRoute) => `${method} ${path}`;

/** A sender that the guard allows, and a request of theirs with an effect. */
async function prepare(route: PageRoute | ApiRoute) {
  const sender = await stage.enter(route, !WITHOUT_AUTHENTICATOR.includes(nameOf(route)));
  const { params = {}, fields = {}, ...more } = (await ACTS[nameOf(route)]?.(stage.world, sender)) ?? {};
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? `no-${name}`);
  return { sender, request: { path, fields, ...more } };
}

function assertRefused(route: PageRoute | ApiRoute, { status, location, text }: Sent, what: string): void {
  // A deleted pending sign-in has no attempts left: the answer is "sign in again".
  if (status === 429 && /\/sign-in\/(one-time-code|recovery-code|passkey)$/.test(route.path)) return;
  const isElsewhere = status === 303 && /^\/(?:sign-in(?:\?ended|\?resume=\S+)?|enroll\?ended|step-up)$/.test(location);
  assert.ok([401, 403].includes(status) || isElsewhere, `${what}: ${status} ${location} ${text.slice(0, 200)}`);
}

/** Runs `happen` before the `nth` transaction from now on. Answers the number of transactions. */
function atTransaction(nth: number, happen: () => Promise<void>): { readonly count: () => number } {
  const { env } = stage.world;
  const { db } = env;
  let count = 0;
  const transaction: Database['transaction'] = async (work) => {
    count += 1;
    if (count === nth) {
      Object.assign(env, { db });
      await happen();
    }
    return db.transaction(work);
  };
  Object.assign(env, { db: { ...db, transaction } });
  return {
    count() {
      Object.assign(env, { db });
      return count;
    },
  };
}

/** Sends the request and runs `revoke` before its `nth` transaction. Answers the changes afterwards. */
async function race(route: PageRoute | ApiRoute, revoke: Revocation, nth: number) {
  const { sender, request } = await prepare(route);
  let revoked: ReadonlyMap<string, string> | undefined;
  const watch = atTransaction(nth, async () => {
    await revoke(stage, sender);
    revoked = await everything(stage);
  });
  const answer = await send(stage, route, sender, request);
  watch.count();
  return { answer, changes: revoked && changed(revoked, await everything(stage)) };
}

describe('the walk of those who are revoked', () => {
  it('has a request for every guarded route that changes something, and for no other', () => {
    const names = GUARDED.map(nameOf).filter((name) => !READS.includes(name));
    assert.deepEqual(Object.keys(ACTS).toSorted(), names.toSorted());
  });
});

for (const route of GUARDED.filter((one) => !READS.includes(nameOf(one)))) {
  describe(nameOf(route), () => {
    openAround();
    let transactions = 0;

    it('does what it is for, for a sender whom nobody revokes', async () => {
      const { sender, request } = await prepare(route);
      const start = await everything(stage);
      const watch = atTransaction(0, async () => undefined);
      const answer = await send(stage, route, sender, request);
      transactions = watch.count();
      assert.ok(answer.status < 400, `${answer.status} ${answer.text.slice(0, 300)}`);
      assert.ok(changed(start, await everything(stage)).length > 0, 'changes something');
    });

    for (const [name, revoke] of revocationsFor(route.guard)) {
      it(`changes nothing for a sender who is ${name} before the last byte`, async () => {
        const { sender, request } = await prepare(route);
        let revoked: ReadonlyMap<string, string> = new Map();
        const answer = await send(stage, route, sender, request, async () => {
          await revoke(stage, sender);
          revoked = await everything(stage);
        });
        assert.ok(revoked.size > 0);
        assertRefused(route, answer, name);
        assert.deepEqual(changed(revoked, await everything(stage)), []);
      });

      it(`changes nothing for a sender who is ${name} between the guard and the act`, async () => {
        assert.ok(transactions > 0);
        for (let nth = 1; nth <= transactions; nth++) {
          const { answer, changes } = await race(route, revoke, nth);
          assert.ok(changes, `no transaction ${nth}`);
          assert.deepEqual(changes, [], `transaction ${nth} of ${transactions}`);
          if (nth === 1 || !ACTS_TWICE.includes(nameOf(route)))
            assertRefused(route, answer, `transaction ${nth} of ${transactions}`);
        }
      });
    }
  });
}
