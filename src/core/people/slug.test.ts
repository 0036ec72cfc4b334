import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSlug, numberedSlug, slugOf } from './slug.ts';

test('a slug is the name in Latin letters and digits', () => {
  const slugs = [
    ['Acme Telecom', 'acme-telecom'],
    ['  Müller & Söhne (Straße) ', 'muller-sohne-strasse'],
    ['ООО Ромашка', 'ooo-romashka'],
    ['Ελλάδα Α.Ε.', 'ellada-a-e'],
    ['Łódź Żak', 'lodz-zak'],
    ['株式会社日本', 'partner'],
    ['株式会社 NTT 東日本', 'ntt'],
    ['شركة', 'partner'],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
  ] as const;
  for (const [name, slug] of slugs) {
    assert.equal(slugOf(name), slug);
    assert.ok(isSlug(slugOf(name)), name);
  }
});

test('a slug that is taken gets the next number, and stays a slug', () => {
  assert.equal(numberedSlug('acme', []), 'acme-2');
  assert.equal(numberedSlug('acme', ['acme-2', 'acme-9', 'acme-corp']), 'acme-10');
  const long = numberedSlug('a'.repeat(60), ['a-99']);
  assert.equal(long, `${'a'.repeat(56)}-100`);
  assert.ok(isSlug(long));
});

test('a slug has no capitals, no underscore and no hyphen at an end', () => {
  for (const slug of ['acme', 'a-1', '4you']) assert.equal(isSlug(slug), true, slug);
  for (const slug of ['', 'Acme', 'a_b', '-a', 'a-', 'a--b', 'a b', 'ä', 'a'.repeat(61)]) {
    assert.equal(isSlug(slug), false, slug);
  }
});
