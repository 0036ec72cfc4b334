import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayBegun, dayText, instant, lastDay, lastDayBefore, parseBegin, parseEnd } from './day.ts';

test('a day on which something begins has begun everywhere on earth', () => {
  const at = parseBegin('2026-12-15') ?? 0;
  assert.equal(instant(at), '2026-12-15T12:00:00Z');
  for (const timeZone of ['Etc/GMT+12', 'America/Los_Angeles', 'UTC', 'Asia/Tokyo', 'Pacific/Kiritimati']) {
    const local = new Intl.DateTimeFormat('sv', { timeZone }).format(new Date(at * 1000));
    assert.ok(local >= '2026-12-15', `${timeZone} is at ${local}`);
  }
  assert.equal(dayText(dayBegun(at) ?? 0), '2026-12-15');
});

test('a day until which something holds has ended everywhere on earth', () => {
  const at = parseEnd('2027-01-31') ?? 0;
  assert.equal(instant(at), '2027-02-01T12:00:00Z');
  for (const timeZone of ['Etc/GMT+12', 'America/Los_Angeles', 'UTC', 'Asia/Tokyo', 'Pacific/Kiritimati']) {
    const local = new Intl.DateTimeFormat('sv', { timeZone }).format(new Date(at * 1000));
    assert.ok(local > '2027-01-31', `${timeZone} is at ${local}`);
  }
  assert.equal(dayText(lastDay(at) ?? 0), '2027-01-31');
});

test('an instant that a program gives is kept, and stands for no day', () => {
  for (const time of ['2026-12-15T00:00:00Z', '2026-12-15T12:00:01Z']) {
    const at = parseBegin(time) ?? 0;
    assert.equal(instant(at), time);
    assert.equal(parseEnd(time), at);
    assert.deepEqual([dayBegun(at), lastDay(at)], [undefined, undefined]);
  }
  assert.deepEqual([parseBegin('2026-02-30'), parseEnd('soon')], [undefined, undefined]);
});

test('the last day that may be typed ends no later than the limit', () => {
  for (const limit of ['2027-11-30T08:00:00Z', '2027-11-30T12:00:00Z', '2027-11-30T11:59:59Z']) {
    const at = parseEnd(limit) ?? 0;
    const day = lastDayBefore(at);
    assert.ok((parseEnd(dayText(day)) ?? 0) <= at, limit);
    assert.ok((parseEnd(dayText(day + 24 * 60 * 60)) ?? 0) > at, limit);
  }
});
