import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HUE_MAX, hueSheetPath, readHueSheet, serviceBrand, settingsAndBrand } from '#core/brand/brand.ts';
import { createApp } from '#http/app.ts';
import { openServer } from './server.ts';

const YEAR = 'public, max-age=31536000, immutable';
const REVALIDATED = 'public, max-age=0, must-revalidate';

describe('the brand of the service', () => {
  it('is made from the settings alone', () => {
    const logo = { bytes: Buffer.from('<svg></svg>') };
    const brand = serviceBrand({ productName: 'Acme', accentHue: 140, logo, supportContact: 'help@acme.example' });
    assert.deepEqual(
      { ...brand, logo: undefined },
      { name: 'Acme', issuer: 'Acme', hue: 140, logo: undefined, supportContact: 'help@acme.example' },
    );
    assert.match(brand.logo?.light ?? '', /^\/logo\?v=[\w-]{16}$/);
  });

  it('is the only source of name, hue and contact: nothing else reads these settings', () => {
    const paths = globSync('src/**/*.ts').filter((path) => !/^src\/(config|core\/brand)\//.test(path));
    assert.ok(paths.includes('src/mail/words.ts'));
    const settings = /\bconfig\b[\w.]*\.(?:productName|accentHue|supportContact)\b/;
    assert.deepEqual(
      paths.filter((path) => settings.test(readFileSync(path, 'utf8'))),
      [],
    );
  });

  it('names the sheet of every hue by an address that is read back, and reads nothing else', () => {
    for (let hue = 0; hue <= HUE_MAX; hue++) {
      assert.deepEqual(readHueSheet(new URL(hueSheetPath(hue), 'http://localhost').search), { hue, of: 'hue' });
    }
    const others = fc.string().filter((text) => !/^(0|[1-9]\d{0,2})$/.test(text) || Number(text) > HUE_MAX);
    fc.assert(fc.property(others, (text) => assert.equal(readHueSheet(`?hue=${text}`), undefined)));
    assert.equal(readHueSheet(''), undefined);
  });

  it('is served as /brand.css, and for a hue at an address that a browser keeps', async () => {
    const { get } = await openServer([], { environment: { SALLYPORT_ACCENT_HUE: '123' } });
    const sheet = async (path: string) => {
      const response = await get(path);
      return [response.status, await response.text(), response.headers.get('cache-control')];
    };
    assert.deepEqual(await sheet('/brand.css?hue=40'), [200, ':root{--hue:40}\n', YEAR]);
    assert.deepEqual(await sheet('/brand.css'), [200, ':root{--hue:123}\n', REVALIDATED]);
    for (const query of ['hue=361', 'hue=1;}body{color:red', 'hue=007', 'hue=', 'hue=40&x']) {
      assert.deepEqual(await sheet(`/brand.css?${query}`), [200, ':root{--hue:123}\n', REVALIDATED], query);
    }
  });

  it('serves the logo of the settings at the address that the brand names', async () => {
    const { env } = await openServer([]);
    const config = { ...env.config, logo: { bytes: Buffer.from('<svg></svg>'), type: 'image/svg+xml' as const } };
    const app = createApp({ ...env, config }, []);
    const fetch = (path: string) => app.fetch(new Request(`https://sign-in.example.com${path}`));
    const logo = await fetch(settingsAndBrand(config).brand().logo?.light ?? '');
    assert.equal(logo.headers.get('cache-control'), YEAR);
    assert.match(logo.headers.get('content-security-policy') ?? '', /sandbox/);
    assert.equal((await fetch('/logo')).headers.get('cache-control'), REVALIDATED);
  });
});
