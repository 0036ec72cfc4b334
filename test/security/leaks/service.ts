import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { makeKeyText } from '#crypto/key-ring.ts';
import type { PasswordHasher } from '#crypto/password-hash.ts';
import type { Env } from '#env.ts';
import { type App, createApp } from '#http/app.ts';
import { ROUTES } from '../../../src/routes.ts';
import { openWorld } from '../../world.ts';
import { keepEveryRow } from './every-row.ts';
import { recoveryCode, type Secret, secretBytes, secretText } from './secrets.ts';

/** An answer with its possible leak places: its address line and its refusal. */
export type Heard = {
  readonly what: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
  /** The values in this request, which a refusal must not repeat. */
  readonly said: readonly Secret[];
};

export type Service = Awaited<ReturnType<typeof openService>>;

/**
 * The whole service on a database that outlives it, with full logging. It records every secret that it draws or
 * receives.
 */
export async function openService(t: { after(work: () => unknown): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'sweep-'));
  const path = join(folder, 'sallyport.db');
  const keyText = makeKeyText(randomBytes);
  const closings: (() => unknown)[] = [];
  const world = await openWorld(
    { after: (work: () => unknown) => void closings.push(work) },
    { database: { path, keyText }, environment: { SALLYPORT_LOCAL_WEBHOOKS: 'on', SALLYPORT_TRUSTED_PROXIES: '1' } },
  );
  await keepEveryRow(path);
  const secrets = new Map<string, Secret>();
  const learn = (secret: Secret) => void secrets.set(String(secret.needles[0]), secret);
  const codes = new Set<string>();
  const heard: Heard[] = [];
  const log: string[] = [];
  const env: Env = {
    ...world.env,
    random: (size) => noteDrawn(learn, world.env.random(size)),
    hasher: notingHasher(world.env.hasher, learn),
    log: pino({ level: 'trace', base: null }, { write: (line: string) => void log.push(line) }),
  };
  for (const key of keySecrets(keyText)) learn(key);
  const close = async () => {
    for (const closing of closings.splice(0)) await closing();
  };
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const app = notingApp(createApp(env, ROUTES), heard, (kind, text) => noteTold(learn, codes, kind, text));
  const tell = (kind: string, text: string) => noteTold(learn, codes, kind, text);
  return { world, env, app, folder, path, log, heard, codes, tell, close, secrets: () => [...secrets.values()] };
}

const DRAWN: Readonly<Record<number, string>> = { 32: 'token', 20: 'one-time-code secret', 10: 'recovery code' };

/** Salts of 16 bytes are no secrets. */
function noteDrawn(learn: (secret: Secret) => void, bytes: Buffer): Buffer {
  const kind = DRAWN[bytes.length];
  if (kind !== undefined) learn(secretBytes(kind, bytes));
  return bytes;
}

/** Password hashes must be sealed. Those of recovery codes may be plain, because a code has 80 random bits. */
function notingHasher(hasher: PasswordHasher, learn: (secret: Secret) => void): PasswordHasher {
  return {
    ...hasher,
    inTurn: (asker, kind, job) =>
      hasher.inTurn(asker, kind, (hashing) =>
        job({
          ...hashing,
          async hash(password) {
            const phc = await hashing.hash(password);
            learn(secretText('password hash', phc));
            return phc;
          },
        }),
      ),
  };
}

function keySecrets(keyText: string): readonly Secret[] {
  const encoded = keyText.slice(keyText.indexOf(':') + 1);
  return [secretBytes('key of the ring', Buffer.from(encoded, 'base64')), secretText('key of the ring', encoded)];
}

function noteTold(learn: (secret: Secret) => void, codes: Set<string>, kind: string, text: string): void {
  if (/^\d{6}$/.test(text)) codes.add(text);
  else if (text.length >= 8)
    learn(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/.test(text) ? recoveryCode(text) : secretText(kind, text));
}

/** Records the traffic: each incoming password, code or token, and every answer. */
function notingApp(app: App, heard: Heard[], tell: (kind: string, text: string) => void): Pick<App, 'fetch'> {
  return {
    async fetch(request, arrival) {
      // The header as the outermost proxy writes it.
      request.headers.set('x-forwarded-for', arrival?.remoteAddress ?? '192.0.2.1');
      const sent = await request.clone().text();
      const told = [...cookiesOf(request), ...fieldsOf(request, sent)];
      for (const [kind, text] of told) tell(kind, text);
      const response = await app.fetch(request, arrival);
      const body = await response.clone().text();
      for (const [kind, text] of tokensIn(response, body)) tell(kind, text);
      const { pathname } = new URL(request.url);
      heard.push({
        what: `${request.method} ${pathname.replace(/[\w-]{43}/, ':token')}`,
        status: response.status,
        location: response.headers.get('location') ?? undefined,
        body,
        said: told
          .filter(([kind, text]) => kind !== 'form token' && text.length >= 6)
          .map((said) => secretText(...said)),
      });
      return response;
    },
  };
}

type Told = readonly [kind: string, text: string];

function cookiesOf({ headers }: Request): Told[] {
  const cookies = (headers.get('cookie') ?? '').split('; ').map((pair): Told => {
    const name = pair.slice(0, pair.indexOf('='));
    return [`${name.split('-').at(-1)} token`, pair.slice(pair.indexOf('=') + 1)];
  });
  const bearer = /^(?:Bearer|Basic) (.+)$/.exec(headers.get('authorization') ?? '')?.[1];
  return [...cookies, ...(bearer === undefined ? [] : [['bearer token', bearer] as const])];
}

const SECRET_FIELDS: Readonly<Record<string, string>> = {
  ...{ password: 'password', current: 'password', new: 'password', code: 'code', form_token: 'form token' },
  ...{ refresh_token: 'refresh token', token: 'token', client_secret: 'client secret', code_verifier: 'verifier' },
};

function fieldsOf({ headers }: Request, sent: string): Told[] {
  const isJson = headers.get('content-type') === 'application/json';
  const fields = isJson && sent.startsWith('{') ? Object.entries(JSON.parse(sent)) : [...new URLSearchParams(sent)];
  return fields.flatMap(([name, value]): Told[] => {
    const kind = SECRET_FIELDS[String(name)];
    return kind === undefined ? [] : [[kind, String(value)]];
  });
}

/** The secrets in an answer, at any place. */
function tokensIn(response: Response, body: string): Told[] {
  const cookies = response.headers.getSetCookie().map((line): Told => {
    const [pair = ''] = line.split(';');
    return ['cookie', pair.slice(pair.indexOf('=') + 1)];
  });
  const found = [
    ['form token', /name="form_token" value="([^"]+)"/g],
    ['one-time-code secret', /secret=([A-Z2-7]{32})/g],
    ['recovery code', /\b([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3})\b/g],
    ['token', /"(?:token|pendingToken)":"([^"]+)"/g],
    ['link token', /"invitationUrl":"[^"]*\/([\w-]{43})"/g],
    ['API key', /<code>(sp_[\w-]{49})<\/code>/g],
    ['client secret', /<code>(spc_[\w-]{43})<\/code>/g],
    ['access token', /"access_token":"([^"]+)"/g],
    ['refresh token', /"refresh_token":"([^"]+)"/g],
    ['ID token', /"id_token":"([^"]+)"/g],
    ['pushed request', /"request_uri":"[^"]+:([^":]+)"/g],
    ['webhook secret', /<code>(whsec_[\w+/]{43}=)<\/code>/g],
  ] as const;
  const code = /[?&]code=([^&]+)/.exec(response.headers.get('location') ?? '')?.[1];
  return [
    ...cookies,
    ...(code === undefined ? [] : [['authorization code', code] as const]),
    ...found.flatMap(([kind, pattern]) => [...body.matchAll(pattern)].map((m): Told => [kind, m[1] ?? ''])),
  ];
}
