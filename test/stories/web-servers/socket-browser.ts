import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import { ANA } from '../../story.ts';
import { PASSWORD } from '../../world.ts';

/** A browser's headers when it opens a page. */
export const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };
/** A page script's headers. */
export const SCRIPT = { accept: '*/*', 'sec-fetch-mode': 'cors' };

export type Got = {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
};
export type Shown = Got & { readonly url: string };
type Sent = {
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
};

export type SocketBrowser = ReturnType<typeof openSocketBrowser>;

/** One cookie jar for every port of this machine, like a browser. Headers keep their spelling. */
export function openSocketBrowser() {
  const jar = new Map<string, string>();

  function ask(url: string, { method = 'GET', headers = Object.entries(PAGE), body = '' }: Sent = {}): Promise<Got> {
    const { port, pathname, search, host } = new URL(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = [['host', host], ...headers, ...(cookie === '' ? [] : [['cookie', cookie]])];
    if (body !== '') all.push(['content-length', String(Buffer.byteLength(body))]);
    return new Promise((resolve, reject) => {
      const asked = send(
        { host: '127.0.0.1', port, method, path: pathname + search, headers: all.flat(), agent: false },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () => {
            keepCookies(jar, answer.headers['set-cookie'] ?? []);
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
          });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }

  /** Follows redirects, and the page between a form and another origin, up to a page. */
  async function follow(start: string): Promise<Shown> {
    let url = start;
    for (let hop = 0; hop < 12; hop++) {
      const got = await ask(url);
      const next = got.headers.location ?? /http-equiv="refresh" content="0; url=([^"]+)"/.exec(got.text)?.[1];
      if (next === undefined) return { ...got, url };
      url = new URL(String(next).replaceAll('&amp;', '&'), url).href;
    }
    throw new Error(`redirected for ever from ${start}`);
  }

  /** Sends the page's form with this action. Answers its target. */
  async function submit(page: Pick<Shown, 'url' | 'text'>, action: string, fields: Readonly<Record<string, string>>) {
    const form = page.text.slice(page.text.indexOf(`action="${action}"`));
    const hidden = [
      ...form.slice(0, form.indexOf('</form>')).matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g),
    ];
    const all = { ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])), ...fields };
    const { origin } = new URL(page.url);
    const type = ['content-type', 'application/x-www-form-urlencoded'] as const;
    const got = await ask(origin + action, {
      method: 'POST',
      body: new URLSearchParams(all).toString(),
      headers: [...Object.entries(PAGE), type, ['origin', origin]],
    });
    assert.equal(got.status, 303, got.text);
    return new URL(String(got.headers.location), origin).href;
  }

  const submitPassword = (page: Pick<Shown, 'url' | 'text'>) =>
    submit(page, '/sign-in', { email: ANA, password: PASSWORD });

  return { jar, ask, follow, submit, submitPassword };
}

function keepCookies(jar: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') jar.delete(key);
    else jar.set(key, value);
  }
}

/** The headers that the portal received, by lower-case name, each with all its values. */
export function toldOf(got: Got): ReadonlyMap<string, readonly string[]> {
  const { rawHeaders } = JSON.parse(got.text);
  const told = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    told.set(name, [...(told.get(name) ?? []), rawHeaders[i + 1]]);
  }
  return told;
}
