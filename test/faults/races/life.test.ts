import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { makeEmailLink } from '#flows/administration/make-link.ts';
import type { WireAnswer } from './at-once.ts';
import { formOf, openRace, type Racer, ROUNDS, times } from './race-world.ts';

const race = await openRace({ after });

/** A manager of the team. Sign them in after all racers were created, because each racer moves the clock by hours. */
async function newManager(): Promise<Racer> {
  const racer = await race.newRacer();
  await race.env.db.transaction((tx) =>
    tx.updateTable('users').set({ role: 'manager' }).where('id', '=', racer.id).execute(),
  );
  return racer;
}

async function rounds(work: () => Promise<void>): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) await work();
}

function assertNoFaults(answers: readonly WireAnswer[]): void {
  assert.ok(
    answers.every(({ status, text }) => status > 0 && status < 500 && !text.includes('out of date')),
    answers.map(({ status }) => status).join(' '),
  );
}

describe('at once', () => {
  test('C20 two people who confirm one email: one has it, and the other keeps the old one', async () => {
    await rounds(async () => {
      const racers = [await race.newRacer(), await race.newRacer()];
      const email = `wanted-${race.clock.at}@acme.example`;
      const forms = [];
      for (const racer of racers) {
        const browser = await race.signedIn(racer);
        const link = { purpose: 'confirm', userId: racer.id, email } as const;
        const url = await race.env.db.transaction((tx) => makeEmailLink(race.env, tx, link));
        forms.push(await formOf(browser, new URL(url).pathname, {}));
      }
      const answers = await race.send(times(20, ...forms));
      assertNoFaults(answers);
      // A form that is sent again leads to the same page.
      const winners = [...answers.entries()].filter(([, { status }]) => status === 303).map(([index]) => index % 2);
      assert.deepEqual([new Set(winners).size, winners.length], [1, 10]);
      const { read } = race.env.db;
      const having = await read.selectFrom('users').select('id').where('email', '=', email).execute();
      assert.equal(having.length, 1);
    });
  });

  test('C20 one person who confirms one of two emails never ends between them', async () => {
    await rounds(async () => {
      const racer = await race.newRacer();
      const browser = await race.signedIn(racer);
      const emails = [`one-${race.clock.at}@acme.example`, `two-${race.clock.at}@acme.example`];
      const asked = await Promise.all(
        emails.map((email) => formOf(browser, '/security/email', { email, current: 'lantern otter velvet 9' })),
      );
      assertNoFaults(await race.send(times(10, ...asked)));
      const { read } = race.env.db;
      const waiting = await read.selectFrom('email_links').select('email').where('user_id', '=', racer.id).execute();
      assert.equal(waiting.length, 1, 'one change waits, under one token');
    });
  });

  test('C19 two managers who demote each other: one stays', async () => {
    await rounds(async () => {
      const [one, other] = [await newManager(), await newManager()];
      const forms = [
        await formOf(await race.signedIn(one), `/team/people/${other.id}/role`, {}),
        await formOf(await race.signedIn(other), `/team/people/${one.id}/role`, {}),
      ];
      assertNoFaults(await race.send(forms));
      const { read } = race.env.db;
      const roles = await read.selectFrom('users').select('role').where('id', 'in', [one.id, other.id]).execute();
      assert.deepEqual(roles.map(({ role }) => role).toSorted(), ['manager', 'member']);
    });
  });

  test('fifty reminders of one person are one mail', async () => {
    await rounds(async () => {
      const [boss, racer] = [await newManager(), await race.newUser()];
      const form = await formOf(await race.signedIn(boss), `/team/people/${racer.id}/remind`, {});
      assertNoFaults(await race.send(times(50, form)));
      assert.equal((await race.eventsOf(racer.id, 'user.reminded')).length, 1);
    });
  });

  test('fifty invitations of one email make one person', async () => {
    await rounds(async () => {
      const boss = await newManager();
      const email = `guest-${race.clock.at}@acme.example`;
      const form = await formOf(await race.signedIn(boss), '/team/invite', { email, name: 'Guest', role: 'member' });
      const answers = await race.send(times(50, form));
      assertNoFaults(answers);
      const { read } = race.env.db;
      assert.equal((await read.selectFrom('users').select('id').where('email', '=', email).execute()).length, 1);
      assert.equal((await read.selectFrom('outside_invitations').select('id').execute()).length, 0);
    });
  });
});
