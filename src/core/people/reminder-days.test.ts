import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_SECONDS } from '#core/time/spans.ts';
import {
  daysOfStage,
  parseReminderDays,
  reminderDaysFrom,
  reminderStages,
  remindersAhead,
  storedReminderDays,
} from './reminder-days.ts';

test('a schedule is read in any order, with commas or spaces, each day once', () => {
  assert.deepEqual(parseReminderDays('1, 14;7 7'), [14, 7, 1]);
  assert.deepEqual(parseReminderDays('  '), []);
  for (const text of ['0', '91', '-1', '1.5', 'soon', '1 2 3 4 5 6 7', '007']) {
    assert.equal(parseReminderDays(text), undefined, text);
  }
});

test('the default is stored as nothing, and no reminders as an empty text', () => {
  assert.equal(storedReminderDays([14, 7, 1]), null);
  assert.equal(storedReminderDays([]), '');
  assert.deepEqual(reminderDaysFrom(null), [14, 7, 1]);
  assert.deepEqual(reminderDaysFrom(''), []);
  assert.deepEqual(reminderDaysFrom('30 3'), [30, 3]);
});

test('the stages of a schedule follow each other without a gap, and the last one comes after the date', () => {
  const stages = reminderStages([30, 3, 1]);
  assert.deepEqual(
    stages.map(({ name, after, until }) => [name, after / DAY_SECONDS, until / DAY_SECONDS]),
    [
      ['30_days', 3, 30],
      ['3_days', 1, 3],
      ['1_day', 0, 1],
      ['overdue', -30, 0],
    ],
  );
  assert.deepEqual(
    stages.map(({ name }) => daysOfStage(name)),
    [30, 3, 1, 0],
  );
});

test('only reminders of a date that is ahead are ahead', () => {
  const partner = { policy: 'required', requiredFrom: 10 * DAY_SECONDS, reminderDays: [14, 7, 1] } as const;
  assert.deepEqual(remindersAhead(partner, 0), [3 * DAY_SECONDS, 9 * DAY_SECONDS]);
  assert.deepEqual(remindersAhead({ ...partner, policy: 'optional' }, 0), []);
  assert.deepEqual(remindersAhead({ ...partner, requiredFrom: undefined }, 0), []);
});
