import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenHash } from '#core/values/token.ts';
import { makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { type Mail, mailBinding } from '#flows/runtime/mail.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { listMail } from '#store/queue/outbox.ts';
import { createSession } from '#store/sessions/sessions.ts';
import { sessionRow } from '../../bench/seed.ts';
import { settled } from '../databases/settled.ts';
import { addSite } from '../stories/forward-auth/forward-auth-story.ts';
import { callWithKey } from '../stories/management-api/management-story.ts';
import { addPortal } from '../stories/openid/openid-story.ts';
import { type Answer, type ApiAnswer, type Clock, ORIGIN, openWorld, START, type World } from '../world.ts';
import type { Model } from './model.ts';
import type { Browser, Factor } from './rows.ts';
import { HOSTS, type PortalClient } from './rows.ts';

/** The node that gets the request. */
export type NodeIndex = 0 | 1;

type Node = { readonly world: World; stop(): Promise<void> };

export type Real = Awaited<ReturnType<typeof openReal>>;

/** Two nodes of one service that share only a database, a key ring and a clock. */
export async function openReal() {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-model-'));
  const database = { path: join(folder, 'model.db'), keyText: makeKeyText(randomBytes) };
  const clock: Clock = { at: START };
  const start = () => startNode({ database, clock, isBehindProxy: true });
  const nodes: [Node, Node] = [await start(), await start()];
  const world = (index: NodeIndex) => nodes[index].world;
  // So that a member of staff who becomes an administrator is never the last one.
  await world(0).addUser({ email: 'admin@portal.example', role: 'admin' });
  for (const host of HOSTS) await addSite(world(0), host);

  return {
    clock,
    world,
    /** A program that introspects the tokens of others, and is never disabled. */
    watcher: await newClient(world(0)),
    async restart(index: NodeIndex): Promise<void> {
      await nodes[index].stop();
      nodes[index] = await start();
    },
    async stop(): Promise<void> {
      for (const node of nodes) await node.stop();
      rmSync(folder, { recursive: true });
    },
    ...requestsTo(world),
    ...inside(world),
  };
}

type WorldOf = (index: NodeIndex) => World;

/** The requests of people and programs to a node. */
function requestsTo(world: WorldOf) {
  return {
    call: (model: Model, node: NodeIndex, call: ApiCall): Promise<ApiAnswer> =>
      world(node).api(call.method ?? 'POST', `/api/v1${call.path}`, call.body, call.token, model.apiAddress),
    get: (node: NodeIndex, browser: Cookies, path: string): Promise<Answer> => browse(world(node), browser, path),
    post: (node: NodeIndex, browser: Browser, path: string, fields: Record<string, string> = {}) =>
      submit(world(node), browser, path, fields),
    /** The management API, with the program's key. */
    manage: (model: Model, node: NodeIndex, path: string, body?: object): Promise<ApiAnswer> =>
      callWithKey(world(node), { method: 'POST', path, body, key: model.partner.key }),
    /** Sends a form of the team's pages as a manager who has just signed in. */
    async asManager({ partner, apiAddress }: Model, node: NodeIndex, path: string): Promise<Answer> {
      const { env, person } = world(node);
      const token = randomBytes(32).toString('base64url');
      const row = { ...sessionRow(env, partner.managerId, token), channel: 'page' as const };
      await env.db.transaction((tx) => createSession(tx, row));
      const manager = person(apiAddress);
      manager.cookies.set('__Host-sallyport-session', token);
      return manager.post(path);
    },
  };
}

/** Reads from the database of a node. */
function inside(world: WorldOf) {
  return {
    /** The session's id on the page that lists sessions. */
    async sessionId(node: NodeIndex, token: string): Promise<string> {
      const { read } = world(node).env.db;
      const hash = tokenHash(token);
      return (await read.selectFrom('sessions').select('id').where('token_hash', '=', hash).executeTakeFirstOrThrow())
        .id;
    },
    /** The authenticator's id on the pages of the security settings. */
    async authenticatorId(node: NodeIndex, userId: string, { kind, slot }: Factor): Promise<string> {
      const found = await factorsOf(world(node).env.db.read, userId);
      const one = found?.all.find((row) => row.kind === kind && row.slot === slot);
      assert(one);
      return one.id;
    },
    /** The last mailed link of that kind. */
    async mailedLink(node: NodeIndex, wanted: Mail['kind']): Promise<string> {
      const { db, keys } = world(node).env;
      const mail = (await listMail(db.read, 1_000)).find(({ kind }) => kind === wanted);
      assert(mail);
      const parameters = JSON.parse(keys.open('mail', mailBinding(mail), mail.sealed_parameters).toString());
      return new URL(parameters.link).pathname;
    },
    /** Waits for the writes that run beside an answer, such as the last use of a session. */
    async settle(node: NodeIndex): Promise<void> {
      await settled(world(node).env.db);
    },
  };
}

/** An OpenID Connect client with its credentials. */
export async function newClient(world: World): Promise<PortalClient> {
  const { client, secret } = await addPortal(world);
  return { id: client.id, secret: String(secret), isDisabled: false };
}

async function startNode(options: Parameters<typeof openWorld>[1]): Promise<Node> {
  const ends: (() => unknown)[] = [];
  const world = await openWorld({ after: (end: () => unknown) => void ends.push(end) }, options);
  return {
    world,
    async stop() {
      for (const end of ends.toReversed()) await end();
    },
  };
}

export type ApiCall = {
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
  readonly token?: string | undefined;
};

/** A browser, or only its cookies. */
type Cookies = {
  readonly address: string;
  readonly form?: string | undefined;
  readonly device?: string | undefined;
  readonly trust?: string | undefined;
  readonly pending?: { readonly token: string } | undefined;
  readonly session?: { readonly token: string } | undefined;
};

export type PageAnswer = Answer & {
  /** The values of our cookies afterwards. Undefined if there is none. */
  readonly cookies: { readonly [name in 'device' | 'pending' | 'session']: string | undefined };
};

async function browse(world: World, cookies: Cookies, path: string): Promise<Answer> {
  return personWith(world, cookies).get(path);
}

/** The forms of an unfinished sign-in. If a session is live too, only their own pages have a token for them. */
const OF_PENDING = /^\/(?:sign-in\/(?:one-time-code|recovery-code|passkey(?!\/alone))|enroll(?!\/recovery-codes))/;

/** Otherwise one page is enough, because its form token is valid for every form of the same sign-in. */
async function submit(
  world: World,
  browser: Browser,
  path: string,
  fields: Record<string, string>,
): Promise<PageAnswer> {
  const person = personWith(world, browser);
  const pages = ['/forgot-password', ...(OF_PENDING.test(path) ? ['/sign-in/recovery-code', '/enroll'] : [])];
  let token = '';
  for (const page of pages) {
    const { text } = await person.get(page);
    token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? token;
  }
  const body = new URLSearchParams({ form_token: token, ...fields });
  const answer = await person.send(path, { method: 'POST', body, headers: { origin: ORIGIN } });
  assert.ok(!answer.text.includes('This page was out of date'), `${path} took the form token`);
  const cookie = (name: string) => person.cookies.get(`__Host-sallyport-${name}`);
  const cookies = { device: cookie('device'), pending: cookie('pending'), session: cookie('session') };
  browser.form = cookie('form');
  browser.device = cookies.device;
  browser.trust = cookie('trust');
  if (cookies.pending !== browser.pending?.token) browser.pending = undefined;
  if (cookies.session !== browser.session?.token) browser.session = undefined;
  return { ...answer, cookies };
}

function personWith(world: World, { address, form, device, trust, pending, session }: Cookies) {
  const person = world.person(address);
  const values = { form, device, trust, pending: pending?.token, session: session?.token };
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) person.cookies.set(`__Host-sallyport-${name}`, value);
  }
  return person;
}
