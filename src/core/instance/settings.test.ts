import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  defaultText,
  findInstanceSetting,
  INSTANCE_SETTINGS,
  makeSnapshot,
  resolveRules,
  resolveSettings,
  SETTINGS_AGE_SECONDS,
  sourceOf,
  textToStore,
} from './settings.ts';

const NOTHING = new Map<string, string>();

test('the environment wins over what is stored, and that over the default', () => {
  const stored = new Map([
    ['product-name', 'Stored'],
    ['reset-second-approver', 'on'],
  ]);
  assert.equal(resolveSettings({}, NOTHING).productName, 'Partner Interface');
  assert.equal(resolveSettings({}, stored).productName, 'Stored');
  assert.equal(resolveSettings({ productName: 'Given' }, stored).productName, 'Given');
  assert.equal(resolveRules({ resetSecondApprover: false }, stored).resetSecondApprover, false, 'off is a value too');
  assert.equal(resolveRules({ resetFreezeHours: 0 }, new Map([['reset-freeze-hours', '48']])).resetFreezeHours, 0);
  assert.deepEqual(
    [{}, { productName: 'Given' }].map((given) => sourceOf('productName', given, stored)),
    ['stored', 'environment'],
  );
  assert.equal(sourceOf('productName', {}, NOTHING), 'default');
  assert.equal(sourceOf('resetSecondApprover', { resetSecondApprover: false }, NOTHING), 'environment');
});

test('a stored rule that cannot be read stops the act, while a name or a colour falls back', () => {
  const broken = new Map([
    ['accent-hue', '999'],
    ['reset-second-approver', 'perhaps'],
  ]);
  assert.throws(() => resolveRules({}, broken), /reset-second-approver cannot be read/);
  assert.equal(resolveSettings({}, broken).accentHue, 262);
  assert.equal(resolveRules({ resetSecondApprover: true }, broken).resetSecondApprover, true);
});

test('a typed value is stored in the one form that reads as itself again', () => {
  assert.equal(textToStore('productName', '  Acme  Portal '), 'Acme Portal');
  assert.equal(textToStore('accessCodeMinutes', ' 090 '), '90');
  assert.equal(textToStore('resetsBy', 'administrators'), 'administrators');
  for (const [key, typed] of [
    ['productName', 'Acme: Portal'],
    ['productName', 'x'.repeat(61)],
    ['accentHue', '361'],
    ['supportContact', 'one\ntwo'],
    ['supportContact', 'x'.repeat(201)],
    ['resetsBy', 'everybody'],
    ['resetSecondApprover', 'yes'],
    ['accessCodeMinutes', '9'],
    ['accessCodeMinutes', '1441'],
    ['resetFreezeHours', '-1'],
    ['resetFreezeHours', '721'],
  ] as const) {
    assert.equal(typeof textToStore(key, typed), 'object', `${key}: ${typed}`);
  }
  fc.assert(
    fc.property(fc.constantFrom(...INSTANCE_SETTINGS), fc.string(), ({ key }, typed) => {
      const text = textToStore(key, typed);
      return typeof text === 'object' || textToStore(key, text) === text;
    }),
  );
});

test('every default is a value that could be typed', () => {
  for (const { key } of INSTANCE_SETTINGS) {
    const text = defaultText(key);
    if (text !== undefined) assert.equal(textToStore(key, text), text);
  }
  assert.equal(findInstanceSetting('productName'), undefined, 'names are those of addresses and commands');
  assert.equal(findInstanceSetting('product-name')?.variable, 'SALLYPORT_PRODUCT_NAME');
});

test('what a process knows is read again after two seconds, and when its clock was set back', () => {
  const snapshot = makeSnapshot({});
  assert.ok(snapshot.isDue(1_000), 'nothing was read yet');
  snapshot.take(new Map([['product-name', 'Acme']]), 1_000);
  assert.equal(snapshot.values().productName, 'Acme');
  assert.equal(snapshot.isDue(1_000 + SETTINGS_AGE_SECONDS - 1), false);
  assert.ok(snapshot.isDue(1_000 + SETTINGS_AGE_SECONDS));
  assert.ok(snapshot.isDue(999));
});
