import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import url from 'node:url';
import { z } from 'zod';
import { TEXT_BYTES } from '#core/values/text.ts';
import { typedKinds } from '#http/typed.ts';
import { OWN_ROUTES } from '../own-routes.ts';
import { openSender, PLACES } from './places.ts';

test('every text that a route takes is of a kind with a cap', () => {
  const faults: string[] = [];
  for (const route of OWN_ROUTES) {
    const schemas = route.channel === 'page' ? { form: route.form } : { body: route.body, query: route.query };
    for (const [what, schema] of Object.entries(schemas)) {
      if (schema !== undefined) collectUncapped(schema, `${route.method} ${route.path} ${what}`, faults);
    }
  }
  assert.deepEqual(faults, []);
});

/** A schema that accepts any text must be declared here. An unknown kind of schema is a fault too. */
function collectUncapped(schema: z.ZodType, where: string, faults: string[]): void {
  const within = (inner: unknown, name: string) => collectUncapped(inner as z.ZodType, `${where}.${name}`, faults);
  if (typedKinds.get(schema as z.ZodString) !== undefined) return;
  if (schema instanceof z.ZodObject) {
    for (const [name, inner] of Object.entries(schema.shape)) within(inner, name);
  } else if (schema instanceof z.ZodRecord) {
    within(schema.keyType, 'key');
    within(schema.valueType, 'value');
  } else if (schema instanceof z.ZodArray) {
    within(schema.element, 'element');
  } else if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    within(schema.unwrap(), 'value');
  } else if (schema instanceof z.ZodPipe) {
    within(schema.in, 'in');
  } else if (schema instanceof z.ZodUnion) {
    for (const [number, option] of schema.options.entries()) within(option, `option ${number}`);
  } else if (
    !(
      schema instanceof z.ZodEnum ||
      schema instanceof z.ZodLiteral ||
      schema instanceof z.ZodNumber ||
      schema instanceof z.ZodBoolean
    )
  ) {
    faults.push(where);
  }
}

/** A NUL alone and inside, half of a surrogate pair, an apparent escape, and a number out of range. */
const ODD = ['\0', 'a\0b', 'a\ud800', '%00', '9'.repeat(40)];

test('an odd text is never a fault of ours, wherever it is sent', async (t) => {
  const { world, send } = await openSender(t);
  for (const place of PLACES) {
    for (const text of place.in === 'path' ? ODD.map((odd) => odd.toWellFormed()) : ODD) {
      const { status, text: answer } = await send(place, text);
      const what = `${place.route.method} ${place.route.path}, ${place.in} ${place.name}: ${JSON.stringify(text)}`;
      assert.ok(status < 500 || (status === 503 && !answer.includes('internal')), `${what}: ${status}`);
    }
  }
  assert.deepEqual(
    world.log.filter((line) => line.includes('request failed')),
    [],
  );
});

/** Work whose cost grows faster than its text, and its limit in bytes. */
type Work = { readonly name: string; readonly most: number; readonly given: string[] };

/** Records its calls from now to the end of the test. */
function watchWork(t: { after(work: () => void): void }): readonly Work[] {
  const works: Work[] = [];
  const watch = (owner: object, name: string, most: number, textOf: (self: unknown, args: unknown[]) => unknown) => {
    const work: Work = { name, most, given: [] };
    works.push(work);
    const original = Reflect.get(owner, name);
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
      work.given.push(String(textOf(this, args)));
      return original.apply(this, args);
    });
    t.after(() => void Reflect.set(owner, name, original));
  };
  const self = (me: unknown) => me;
  const first = (_: unknown, args: unknown[]) => args[0];
  watch(String.prototype, 'normalize', TEXT_BYTES.password, self);
  watch(String.prototype, 'localeCompare', TEXT_BYTES.name, self);
  watch(String.prototype, 'toLocaleLowerCase', TEXT_BYTES.name, self);
  watch(url, 'domainToASCII', TEXT_BYTES.email, first);
  watch(url, 'domainToUnicode', 4 * TEXT_BYTES.email, first);
  watch(URL, 'canParse', TEXT_BYTES.address, first);
  watch(Intl.Segmenter.prototype, 'segment', TEXT_BYTES.name, first);
  syncBuiltinESMExports();
  t.after(() => syncBuiltinESMExports());
  return works;
}

/** As long as a form may be: an email and a name, the address of a webhook, and one of our paths. */
const LONG = ['a@a', 'https://a', '/'].map((start) => start + '\u0315\u0300'.repeat(4_500));

test('nothing over its cap reaches work that costs more than its length', async (t) => {
  const { world, send } = await openSender(t);
  const works = watchWork(t);
  const hashed = watchHasher(world.env);
  for (const place of PLACES) {
    for (const text of place.in === 'path' ? LONG.slice(0, 1) : LONG) {
      const { status } = await send(place, text);
      const what = `${place.route.method} ${place.route.path}, ${place.in} ${place.name}`;
      assert.ok(status < 500 || status === 503, `${what}: ${status}`);
      for (const { name, most, given } of [...works, hashed]) {
        const long = given.splice(0).find((one) => Buffer.byteLength(one) > most);
        assert.equal(long?.length, undefined, `${name} got ${long?.length} characters from ${what}`);
      }
    }
  }
});

function watchHasher(env: Awaited<ReturnType<typeof openSender>>['world']['env']): Work {
  const work: Work = { name: 'the password hash', most: TEXT_BYTES.password, given: [] };
  const { inTurn } = env.hasher;
  const noted = (text: string) => {
    work.given.push(text);
    return text;
  };
  const watched: typeof inTurn = (asker, kind, job) =>
    inTurn(asker, kind, (hashing) =>
      job({
        ...hashing,
        hash: (password) => hashing.hash(noted(password)),
        verify: (phc, password) => hashing.verify(phc, noted(password)),
        verifyCode: (phc, code) => hashing.verifyCode(phc, noted(code)),
      }),
    );
  Object.assign(env.hasher, { inTurn: watched });
  return work;
}
