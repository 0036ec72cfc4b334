import { RESUME_FIELD, readResume } from '#core/sessions/resume.ts';
import { type MultipartForm, parseMultipart } from '#http/large-bodies.ts';
import { type FormFields, fitForm, isMediaType, isProblem, parseForm, readBody } from '#http/parse.ts';
import { type Problem, problem } from '#http/problem.ts';
import type { PageRoute } from '#http/route.ts';
import type { RequestContext } from '#http/server-context.ts';
import { FORM_TOKEN_FIELD } from './form.ts';

/** A sent form: its token, and the fields that its route declares, each within its length limit. */
export type SentForm = {
  readonly token: string | undefined;
  /** The request of another program that this browser tab signs in for. */
  readonly resume: string | undefined;
  readonly fields: FormFields;
  readonly upload?: Buffer | undefined;
  readonly fileHash?: string | undefined;
};
/** The sent form, or why it could not be read. */
export type Form = SentForm | Problem;

/** @param most bytes; undefined: the limit of every form */
export async function readForm(
  { request, arrival }: RequestContext,
  { form, uploadBytes }: PageRoute,
  most: number | undefined,
): Promise<Form> {
  const body = await readBody(request, arrival.incoming, most);
  if (isProblem(body)) return body;
  const type = request.headers.get('content-type') ?? '';
  const isPlain = isMediaType(type, 'application/x-www-form-urlencoded');
  if (!isPlain && uploadBytes === undefined) return problem('unsupported_media_type');
  const sent = isPlain ? plainForm(body.bytes) : await parseMultipart(body.bytes, type);
  if (isProblem(sent)) return sent;
  const { fields, ...file } = sent;
  const fitted = form === undefined ? { value: {} } : fitForm(form, fields);
  if (isProblem(fitted)) return fitted;
  return { token: fields[FORM_TOKEN_FIELD], resume: readResume(fields[RESUME_FIELD]), fields: fitted.value, ...file };
}

function plainForm(bytes: Buffer): MultipartForm | Problem {
  const sent = parseForm(bytes);
  return isProblem(sent) ? sent : { fields: sent.value, upload: undefined };
}
