/** CollectedClientData of WebAuthn Level 3, section 5.8.1. */
export type ClientData = {
  readonly type: string;
  /** Base64url without padding. */
  readonly challenge: string;
  readonly origin: string;
  readonly crossOrigin: boolean;
  readonly topOrigin?: string | undefined;
  /** Level 1 and 2 had it, Level 3 only reserves the name. */
  readonly tokenBinding?: { readonly status: string; readonly id?: string } | undefined;
  /** Members that a later version of the specification may add. */
  readonly others?: Readonly<Record<string, string>> | undefined;
};

/** What a browser never sends. `second-origin` and `second-challenge` lie first and name the true value later. */
export type ClientDataFault =
  | 'byte-order-mark'
  | 'trailing-bytes'
  | 'second-origin'
  | 'second-challenge'
  | 'second-type'
  | 'spaces'
  | 'other-order'
  | 'not-json';

/** The JSON-compatible serialization of section 5.8.1.1, whose order a verifier may rely on. */
export function serializeClientData(data: ClientData, fault?: ClientDataFault): Buffer {
  const members = membersOf(data);
  const text = `{${members.join(',')}}`;
  switch (fault) {
    case undefined:
      return Buffer.from(text);
    case 'byte-order-mark':
      return Buffer.from(`\uFEFF${text}`);
    case 'trailing-bytes':
      return Buffer.from(`${text}{}`);
    case 'second-origin':
      return Buffer.from(`{"origin":"https://evil.example",${text.slice(1)}`);
    case 'second-challenge':
      return Buffer.from(`{"challenge":"${Buffer.alloc(32).toString('base64url')}",${text.slice(1)}`);
    case 'second-type':
      return Buffer.from(`{"type":"payment.get",${text.slice(1)}`);
    case 'spaces':
      return Buffer.from(`\n { ${members.join(' , ')} } `);
    case 'other-order':
      return Buffer.from(`{${members.toReversed().join(',')}}`);
    case 'not-json':
      return Buffer.from(text.slice(0, -1));
  }
}

function membersOf({
  type,
  challenge,
  origin,
  crossOrigin,
  topOrigin,
  tokenBinding,
  others = {},
}: ClientData): string[] {
  return [
    `"type":${quoted(type)}`,
    `"challenge":${quoted(challenge)}`,
    `"origin":${quoted(origin)}`,
    `"crossOrigin":${crossOrigin}`,
    ...(topOrigin === undefined ? [] : [`"topOrigin":${quoted(topOrigin)}`]),
    ...(tokenBinding === undefined ? [] : [`"tokenBinding":${JSON.stringify(tokenBinding)}`]),
    ...Object.entries(others).map(([name, value]) => `${quoted(name)}:${quoted(value)}`),
  ];
}

/** CCDToString: it writes every control character as four hexadecimal digits, where JSON.stringify has `\n`. */
function quoted(text: string): string {
  const escaped = Array.from(text, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return character < ' ' ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character;
  });
  return `"${escaped.join('')}"`;
}
