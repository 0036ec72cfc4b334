import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Config, loadConfig } from '#config.ts';
import { settingsAndBrand } from '#core/brand/brand.ts';
import { translator } from '#messages/messages.ts';
import { brandCss } from '#ui/assets.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { copyButton, form, submitButton } from '#ui/parts/actions.ts';
import { codeList, doors, secretBlock } from '#ui/parts/codes.ts';
import { checkbox, codeField, textField, usernameField } from '#ui/parts/fields.ts';
import { html } from '#ui/parts/html.ts';
import { duration, span, table, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

const view: View = {
  config: defaults(),
  brand: settingsAndBrand(defaults()).brand(),
  locale: 'en',
  t: translator('en'),
  now: 1_800_000_000,
  path: '/sign-in',
  formToken: 'token',
};
const CODE = { id: 'code', name: 'code', label: 'One-time code' };

test('a refusal is said in the title, takes the focus without a script and leads to its field', () => {
  const refusal = { title: 'Code expired', text: 'Enter the one that your app shows now.', fieldId: 'code' };
  const page = String(layout(view, { title: 'Step 2', width: 'form', refusal, body: codeField(CODE) }));
  assert.match(page, /<title>Error: Step 2 – Partner Interface<\/title>/);
  assert.match(page, /<div class="refusal" id="refusal" tabindex="-1" autofocus><div role="alert">/);
  assert.match(page, /<a href="#code">Code expired<\/a>/);
  assert.ok(page.indexOf('id="refusal"') < page.indexOf('id="code"'), 'the first autofocus of a page wins');
});

test('a form that was out of date is shown again with that as its error', () => {
  const page = String(layout({ ...view, staleForm: true }, { title: 'Sign in', width: 'form', body: '' }));
  assert.match(page, /<title>Error: Sign in/);
  assert.match(page, /This page was out of date/);
});

test('signed-in pages carry sign out and the way to security, others neither', () => {
  const signedIn = { ...view, signedIn: { name: 'Dana', email: 'dana@acme.example' } };
  const page = (seen: View) => String(layout(seen, { title: 'Home', width: 'wide', body: '' }));
  assert.match(page(signedIn), /href="\/security"[\s\S]*<form method="post" action="\/sign-out"[^>]*>.*value="token"/);
  assert.doesNotMatch(page(view), /\/security|\/sign-out/);
});

test('the language switch is a form that comes back to the same page and marks the language in force', () => {
  const page = String(layout({ ...view, path: '/help/a"b' }, { title: 'Help', width: 'wide', body: '' }));
  assert.match(page, /action="\/language"/);
  assert.match(page, /name="return_to" value="\/help\/a&quot;b"/);
  assert.match(page, /name="language" value="en" lang="en" aria-current="true">English</);
  assert.match(page, /name="language" value="de" lang="de">Deutsch</);
});

test('nothing that a person or an operator wrote becomes markup', () => {
  fc.assert(
    fc.property(fc.constantFrom('<b x>', '"><i x>', "'><u x>", '</title><b x>', '" onfocus="x'), (text) => {
      const brand = { ...view.brand, name: text, supportContact: text };
      const field = { id: 'f', name: 'f', label: text, hint: text, error: text, value: text };
      const body = html`${textField({ ...field, autocomplete: 'off' })}${codeField(field)}${usernameField(view, text)}
${checkbox(field)}${codeList([text])}${secretBlock(text)}${table({ caption: text, columns: [text], rows: [[text]] })}
${copyButton({ text, label: text, copiedLabel: text })}${form(view, text, submitButton(text))}
${doors({ first: 'open', second: 'here', label: text }, true)}`;
      const page = layout({ ...view, brand }, { title: text, width: 'form', refusal: { title: text, text }, body });
      assert.doesNotMatch(String(page), /<[biu] x|" onfocus="/);
    }),
  );
});

test('pages have no inline script and no inline style: the content security policy would drop both', () => {
  const page = layout(view, { title: 'Sign in', width: 'form', body: html`${signInForm()}${codeList(['AAAA-BBBB'])}` });
  const error = errorPage(view, { status: 404, title: 'Nothing here', text: 'Check the address.' });
  for (const drawn of [String(page), String(error)]) {
    assert.doesNotMatch(drawn, /\sstyle=|<style|\son\w+=|<script(?! src=)|https?:\/\//);
  }
});

test('a field names its hint and its error, and says that it is wrong', () => {
  const field = String(codeField({ ...CODE, hint: '6 digits', error: 'Code expired' }));
  assert.match(field, /aria-describedby="code-hint code-error" aria-invalid="true"/);
  assert.match(field, /id="code-hint"[\s\S]*id="code-error"/);
  assert.doesNotMatch(String(codeField(CODE)), /aria-/);
});

test('a one-time code is one text field that takes a pasted code with spaces', () => {
  const field = String(codeField(CODE));
  assert.match(field, /type="text" inputmode="numeric" autocomplete="one-time-code"/);
  assert.doesNotMatch(field, /maxlength|pattern/);
});

test('codes and secrets are selected as they are typed: gaps are style, not text', () => {
  const text = (drawn: unknown) => String(drawn).replace(/<[^>]+>/g, '');
  assert.equal(text(codeList(['7KQ2-M9XT-BD4H-FVA8'])), '7KQ2-M9XT-BD4H-FVA8');
  assert.equal(text(secretBlock('R22YLKJ4QWPAM7TZ')), 'R22YLKJ4QWPAM7TZ');
});

test('a wait is told in the unit that fits, and never shorter than it is', () => {
  const told = (seconds: number) => duration(view.t, seconds);
  assert.equal(told(0), 'in 0 seconds');
  assert.equal(told(1), 'in 1 second');
  assert.equal(told(60), 'in 1 minute');
  assert.equal(told(61), 'in 2 minutes');
  assert.equal(told(5400), 'in 90 minutes');
  assert.equal(told(5401), 'in 2 hours');
  assert.equal(told(172_801), 'in 3 days');
  assert.equal(duration(translator('de'), 172_801), 'in 3 Tagen');
  assert.equal(span(translator('de'), 172_801), '3 Tage');
});

test('a time is UTC and says so until a script knows the zone', () => {
  const drawn = String(timeElement(1_800_000_000, 'en'));
  // The kind of space before AM depends on the language data of Node.
  assert.match(drawn, /^<time datetime="2027-01-15T08:00:00Z" data-local>Jan 15, 2027, 8:00\sAM UTC<\/time>$/);
});

test('everything that the sign-in page loads is under 40 kB, uncompressed', () => {
  const page = String(layout(view, { title: 'Sign in', width: 'form', body: signInForm() }));
  const files = ['style.css', 'page.js'].map((name) => readFileSync(new URL(`../../public/${name}`, import.meta.url)));
  const bytes = files.reduce((sum, file) => sum + file.length, Buffer.byteLength(page + brandCss(262)));
  assert.ok(bytes < 40_000, `${bytes} bytes`);
});

function signInForm() {
  const email = textField({ id: 'email', name: 'email', label: 'Email', type: 'email', autocomplete: 'username' });
  return form(view, '/sign-in', html`${email}${submitButton('Sign in')}`);
}

function defaults(): Config {
  const config = loadConfig({}, { root: '/' });
  assert.ok(!('problem' in config));
  return config;
}
