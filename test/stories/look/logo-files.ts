import { JPEG, png } from '../../pictures.ts';
import type { Person } from '../../world.ts';
import { sendForm } from '../console/bulk/send-file.ts';

type Upload = { readonly scheme?: string; readonly type?: string; readonly fields?: Readonly<Record<string, string>> };

/** Sends a logo as a browser does, from its page; the name and the type of the file are the sender's. */
export async function uploadLogo(browser: Person, page: string, file: Buffer, upload: Upload = {}) {
  const { scheme = 'light', type = 'image/png', fields = {} } = upload;
  const { text } = await browser.get(page);
  const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const form = new FormData();
  for (const [name, value] of Object.entries({ form_token: token, scheme, ...fields })) form.append(name, value);
  form.append('file', new File([file], 'logo.png', { type }));
  return sendForm(browser, `${page}/logo`, form);
}

/** The addresses of the stored logos that a page shows. */
export const logosOn = (text: string) =>
  [...text.matchAll(/<img src="(\/logo\/[\w-]{16})" alt=/g)].map(([, src = '']) => src);

/** Files that are no logo, with the answer. */
export const HOSTILE_LOGOS: readonly (readonly [string, Buffer, number, RegExp])[] = [
  [
    'an SVG with a script under the name of a PNG',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    400,
    /Choose a PNG, JPEG or WebP file/,
  ],
  ['10 MB', Buffer.concat([png(), Buffer.alloc(10 * 1024 * 1024)]), 413, /Too much data was sent/],
  ['2 MB', Buffer.concat([png(), Buffer.alloc(2 * 1024 * 1024)]), 400, /larger than 256 KiB/],
  ['1 by 1', png({ width: 1, height: 1 }), 400, /16 to 2,000 pixels/],
  ['a bomb of 65,535 by 65,535', png({ width: 65_535, height: 65_535 }), 400, /16 to 2,000 pixels/],
  ['half a file', JPEG.subarray(0, 400), 400, /damaged/],
  ['no file', Buffer.alloc(0), 400, /Choose a file/],
];
