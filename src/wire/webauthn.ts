import { z } from 'zod';
import type { Assertion, Creation, CreationOptions, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { typed } from '#http/typed.ts';

/**
 * The JSON of WebAuthn Level 3 (§5.1, `toJSON`). Browsers add fields with every version, so unknown ones are dropped
 * instead of refused.
 */
const base64url = typed('base64url').regex(/^[\w-]*$/);
const credentialId = typed('base64url').regex(/^[\w-]{1,1364}$/);

const answer = {
  id: credentialId,
  rawId: credentialId,
  type: z.literal('public-key'),
};

export const creationSchema = z.object({
  ...answer,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(typed('word').regex(/^[a-z-]{1,16}$/))
      .max(16)
      .optional(),
  }),
});

export const assertionSchema = z.object({
  ...answer,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.nullish().transform((value) => value ?? undefined),
  }),
});

/** The answer of a browser in a form field; `undefined` if it is not of this shape. */
export function readCreation(text: string | undefined): Creation | undefined {
  return read(creationSchema, text);
}

export function readAssertion(text: string | undefined): Assertion | undefined {
  return read(assertionSchema, text);
}

function read<T>(schema: z.ZodType<T>, text = ''): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const descriptor = z.strictObject({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()),
});

/** What `PublicKeyCredential.parseRequestOptionsFromJSON` takes. */
export const requestOptionsSchema = z.strictObject({
  challenge: z.string(),
  rpId: z.string(),
  timeout: z.int(),
  allowCredentials: z.array(descriptor),
  userVerification: z.enum(['required', 'preferred']),
}) satisfies z.ZodType<RequestOptions>;

/** What `PublicKeyCredential.parseCreationOptionsFromJSON` takes. */
export const creationOptionsSchema = z.strictObject({
  rp: z.strictObject({ id: z.string(), name: z.string() }),
  user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
  challenge: z.string(),
  pubKeyCredParams: z.array(z.strictObject({ alg: z.int(), type: z.literal('public-key') })),
  timeout: z.int(),
  excludeCredentials: z.array(descriptor),
  authenticatorSelection: z.strictObject({
    residentKey: z.literal('required'),
    requireResidentKey: z.literal(true),
    userVerification: z.literal('preferred'),
  }),
  attestation: z.literal('none'),
  extensions: z.strictObject({ credProps: z.literal(true) }),
}) satisfies z.ZodType<CreationOptions>;
