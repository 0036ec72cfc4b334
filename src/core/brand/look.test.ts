import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import type { Brand } from './brand.ts';
import { changedParts, type PartnerLook, partnerBrand, readLook, withLogo } from './look.ts';
import { accentContrast, SCHEMES, TEXT_CONTRAST } from './palette.ts';

const SERVICE: Brand = {
  name: 'Portal',
  issuer: 'Portal',
  hue: 262,
  logo: { light: '/logo?v=1', dark: undefined },
  supportContact: 'help@portal.example',
};
const NOTHING = { name: '', hue: '', help: '', helpHref: '' };

test('every hue keeps the text of buttons and links readable in both schemes', () => {
  for (const scheme of SCHEMES) {
    for (let hue = 0; hue <= 360; hue++) {
      const { button, link } = accentContrast(scheme, hue);
      assert.ok(Math.min(button, link) >= TEXT_CONTRAST, `${scheme} ${hue}: ${button} ${link}`);
    }
  }
});

test('a look replaces what it has, and the name of entries in apps never', () => {
  assert.equal(partnerBrand(SERVICE, undefined), SERVICE);
  assert.deepEqual(partnerBrand(SERVICE, { hue: 0 }), { ...SERVICE, hue: 0 });
  const look = {
    name: 'Acme',
    hue: 25,
    help: 'IT desk',
    helpHref: 'mailto:it@acme.example',
    logo: { light: 'a', dark: 'b' },
  };
  assert.deepEqual(partnerBrand(SERVICE, look), {
    name: 'Acme',
    issuer: 'Portal',
    hue: 25,
    logo: { light: '/logo/a', dark: '/logo/b' },
    supportContact: 'IT desk',
    supportHref: 'mailto:it@acme.example',
  });
});

test('the logo of the service never stands beside the name of a partner', () => {
  assert.equal(partnerBrand(SERVICE, { name: 'Acme' }).logo, undefined);
  assert.equal(partnerBrand(SERVICE, { help: 'IT desk' }).logo, SERVICE.logo);
});

test('one logo serves both schemes until the other is there', () => {
  const logoOf = (look: PartnerLook) => partnerBrand(SERVICE, look).logo;
  assert.deepEqual(logoOf({ logo: { light: 'a' } }), { light: '/logo/a', dark: undefined });
  assert.deepEqual(logoOf({ logo: { dark: 'b' } }), { light: '/logo/b', dark: '/logo/b' });
  assert.deepEqual(withLogo({ hue: 1 }, 'dark', 'b'), { hue: 1, logo: { dark: 'b' } });
  assert.deepEqual(withLogo({ logo: { dark: 'b' } }, 'light', 'a'), { logo: { dark: 'b', light: 'a' } });
  assert.deepEqual(withLogo({ hue: 1, logo: { dark: 'b' } }, 'dark', undefined), { hue: 1 });
});

test('nothing typed is no look, and every field is read', () => {
  assert.deepEqual(readLook(NOTHING), {});
  assert.deepEqual(
    readLook({ name: ' Acme  GmbH ', hue: '007', help: ' IT desk ', helpHref: 'https://acme.example' }),
    {
      name: 'Acme GmbH',
      hue: 7,
      help: 'IT desk',
      helpHref: 'https://acme.example/',
    },
  );
  assert.deepEqual(readLook({ ...NOTHING, help: 'x', helpHref: 'mailto:it@acme.example' }), {
    help: 'x',
    helpHref: 'mailto:it@acme.example',
  });
});

test('all that does not fit is named at once', () => {
  const refused = readLook({ name: 'x'.repeat(61), hue: '361', help: 'a\nb', helpHref: 'javascript:alert(1)' });
  assert.deepEqual(refused, {
    refused: 'invalid_request',
    reason: 'look_name',
    also: ['look_hue', 'look_help', 'look_link'],
  });
});

for (const hue of ['361', '-1', '1.5', '1e2', 'red', '0x10', '1;}', '٣']) {
  test(`a hue is no ${hue}`, () => {
    assert.deepEqual(readLook({ ...NOTHING, hue }), { refused: 'invalid_request', reason: 'look_hue' });
  });
}

const LINKS = [
  ...['http://acme.example', 'javascript:alert(1)', 'data:text/html,x', '//acme.example', '/help', 'tel:4711'],
  ...[
    'https://user:pw@acme.example',
    'https://user@acme.example',
    'mailto:',
    'mailto:a@b.example?subject=x&bcc=c@d.example',
  ],
  ...[
    'mailto:a@b.example,c@d.example',
    'mailto:a@b@c.example',
    'https://acme.example/\u202e',
    'https://',
    'ftp://acme.example',
  ],
  `https://acme.example/${'x'.repeat(300)}`,
];
for (const helpHref of LINKS) {
  test(`a link of the help line is no ${helpHref.slice(0, 60)}`, () => {
    assert.deepEqual(readLook({ ...NOTHING, help: 'x', helpHref }), {
      refused: 'invalid_request',
      reason: 'look_link',
    });
  });
}

test('a link without a text leads from nothing', () => {
  const refused = readLook({ ...NOTHING, helpHref: 'https://acme.example' });
  assert.deepEqual(refused, { refused: 'invalid_request', reason: 'look_help' });
});

test('whatever is typed, a look is within its bounds', () => {
  const typed = fc.record({ name: fc.string(), hue: fc.string(), help: fc.string(), helpHref: fc.webUrl() });
  fc.assert(
    fc.property(typed, (fields) => {
      const look = readLook(fields);
      if (isRefusal(look)) return;
      assert.ok(look.hue === undefined || (look.hue >= 0 && look.hue <= 360));
      assert.ok(look.helpHref === undefined || (look.helpHref.startsWith('https://') && look.help !== undefined));
      assert.doesNotMatch(`${look.name}${look.help}`, /[\p{Cc}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('the log names the parts that differ', () => {
  assert.deepEqual(changedParts(undefined, undefined), []);
  assert.deepEqual(changedParts({ name: 'a' }, { name: 'b', hue: 0 }), ['name', 'hue']);
  assert.deepEqual(changedParts({ help: 'a' }, { help: 'a', helpHref: 'https://acme.example/' }), ['help']);
  assert.deepEqual(changedParts({ logo: { light: 'a' } }, { logo: { dark: 'a' } }), ['logo_light', 'logo_dark']);
});
