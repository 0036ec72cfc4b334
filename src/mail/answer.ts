/**
 * What became of a mail at the server.
 *
 * `refused`: this mail never (a recipient that does not exist). `deferred`: this mail later. `unavailable`: no mail now.
 * A `fault` is codes and nothing of what the server said, which may repeat what it was sent. `isHeld`: trying again does
 * not help until somebody changes a setting, here or at the server.
 */
export type Delivery =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'refused'; readonly fault: string }
  | { readonly outcome: 'deferred' | 'unavailable'; readonly fault: string; readonly isHeld: boolean };

export type NotSent = Exclude<Delivery, { outcome: 'sent' }>;

/** The commands that are about one mail; a refusal of any other is about the server or about our settings. */
const OF_ONE_MAIL = ['RCPT TO', 'DATA'];

/** No TLS, no such server, no password that fits: time alone puts none of them right. */
const OF_SETTINGS = ['ETLS', 'EDNS', 'EAUTH', 'ENOAUTH', 'ECONFIG', 'EOAUTH2'];

/**
 * Reads what the SMTP client threw. Only a refusal of this recipient or of this message ends a mail; what a relay says
 * about policy or about our settings holds it, because the same mail goes out once that is put right.
 */
export function notSent(error: unknown): NotSent {
  const { code, command, responseCode, response } = Object(error);
  const said = typeof response === 'string' ? response : '';
  // RFC 2034: the enhanced status code stands before the text.
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(said)?.[1];
  const fault = [code, command, responseCode, status].filter(isCode).join(' ') || 'unknown';
  if (typeof responseCode !== 'number') return { outcome: 'unavailable', fault, isHeld: OF_SETTINGS.includes(code) };
  const isOfOne = OF_ONE_MAIL.includes(command);
  if (responseCode < 500) {
    // 454 4.7.1 is how a relay refuses us that may be put right; 450 and 451 say "later", as greylisting does.
    return { outcome: isOfOne ? 'deferred' : 'unavailable', fault, isHeld: responseCode === 454 };
  }
  if (!isOfOne) return { outcome: 'unavailable', fault, isHeld: true };
  const isFinal = isAboutTheMail({ command, responseCode, status, said });
  return isFinal ? { outcome: 'refused', fault } : { outcome: 'deferred', fault, isHeld: true };
}

type Refused = {
  readonly command: string;
  readonly responseCode: number;
  readonly status: string | undefined;
  readonly said: string;
};

/** Whether the recipient or the message is refused, and not us: RFC 3463 where the server speaks it, else RFC 5321 §4.2. */
function isAboutTheMail({ command, responseCode, status, said }: Refused): boolean {
  const [, subject, detail] = (status ?? '5.0.0').split('.').map(Number);
  switch (subject) {
    case 1:
      // 5.1.7 and 5.1.8 are about the sender.
      return detail !== 7 && detail !== 8;
    case 2:
    case 6:
      return true;
    case 3:
      // The message is too big.
      return detail === 4;
    case 4:
      // How Exchange Online says that it knows no such recipient.
      return detail === 1 && command === 'RCPT TO';
    case 5:
      return detail === 0 && responseCode === 550;
    case 0:
      return FINAL[command]?.includes(responseCode) === true && !POLICY.test(said);
    default:
      return false;
  }
}

/** The codes that end a mail where no enhanced code says more. 554 to a recipient is how relays refuse us. */
const FINAL: Readonly<Record<string, readonly number[]>> = {
  'RCPT TO': [521, 550, 551, 552, 553, 556],
  DATA: [550, 552, 554],
};

/** Words of servers that send no enhanced code. A wrong guess costs a mail some tries, never a mail. */
const POLICY =
  /relay|authenti|not permitted|not allowed|denied|polic|block|blacklist|spam|reputation|\b(?:spf|dkim|dmarc|tls)\b/i;

function isCode(part: unknown): boolean {
  return (
    typeof part === 'number' || (typeof part === 'string' && /^(?:[A-Z_0-9]{2,20}(?: [A-Z]{2,12})?|[\d.]+)$/.test(part))
  );
}
