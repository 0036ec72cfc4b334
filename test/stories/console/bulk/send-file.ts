import { type Answer, ORIGIN, type Person } from '../../../world.ts';

/** Sends a file with the form of a page, as a browser does. */
export async function sendFile(
  browser: Person,
  path: string,
  file: string | Buffer,
  fields: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const page = await browser.get(path);
  const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const form = new FormData();
  for (const [name, value] of Object.entries({ form_token: token, csv: '', ...fields })) form.append(name, value);
  form.append('file', new File([Buffer.from(file)], 'partners.csv', { type: 'text/csv' }));
  return sendForm(browser, path, form);
}

/** As bytes, because the server reads only a part of what is too large. */
export async function sendForm(browser: Person, path: string, form: FormData): Promise<Answer> {
  const encoded = new Response(form);
  const headers = { origin: ORIGIN, 'content-type': encoded.headers.get('content-type') ?? '' };
  return browser.send(path, { method: 'POST', body: Buffer.from(await encoded.arrayBuffer()), headers });
}
