import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tallyEvents } from './tally.ts';

const DAY = 86_400;

test('sign-ins are counted by how they were proven and refusals by their reason, day by day', () => {
  const events = [
    { at: DAY, action: 'sign_in.completed', detail: '{"amr":["pwd","otp","mfa"]}' },
    { at: 2 * DAY - 1, action: 'sign_in.completed', detail: '{"amr":["pwd","otp","mfa"]}' },
    { at: 2 * DAY, action: 'sign_in.completed', detail: '{"amr":["pwd"]}' },
    { at: 2 * DAY, action: 'sign_in.code_refused', detail: '{"reason":"code_expired","ageSeconds":3}' },
    { at: 2 * DAY, action: 'session.ended', detail: '{"reason":"sign_out"}' },
  ];
  assert.deepEqual(tallyEvents(events), [
    { day: DAY, action: 'sign_in.completed', reason: 'pwd otp mfa', count: 2 },
    { day: 2 * DAY, action: 'sign_in.completed', reason: 'pwd', count: 1 },
    { day: 2 * DAY, action: 'sign_in.code_refused', reason: 'code_expired', count: 1 },
  ]);
});

test('what somebody broke is counted as other, and stops nothing', () => {
  for (const detail of [
    '',
    '{',
    'null',
    '7',
    '{"reason":7}',
    '{"reason":"Zoë <b>"}',
    `{"reason":"${'x'.repeat(99)}"}`,
  ]) {
    const [count] = tallyEvents([{ at: 5, action: 'sign_in.password_refused', detail }]);
    assert.deepEqual(count, { day: 0, action: 'sign_in.password_refused', reason: 'other', count: 1 }, detail);
  }
});

test('an event that stands for a number of refusals counts as that number', () => {
  const times = (repeated: unknown) => {
    const detail = JSON.stringify({ reason: 'too_many_attempts', repeated });
    return tallyEvents([{ at: 5, action: 'sign_in.password_refused', detail }])[0]?.count;
  };
  assert.equal(times(299), 299);
  for (const broken of [undefined, 0, -1, 1.5, '7', 1e300]) assert.equal(times(broken), 1, String(broken));
});
