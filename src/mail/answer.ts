/**
 * The result of a delivery. `refused`: this mail can never be delivered (the recipient does not exist). `deferred`:
 * this mail can be delivered later. `unavailable`: the server accepts no mail now. A `fault` is only codes, because the
 * server's text may repeat what it received. `isHeld`: retrying helps only after someone changes a setting, here or at
 * the server.
 */
export type Delivery =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'refused'; readonly fault: string }
  | { readonly outcome: 'deferred' | 'unavailable'; readonly fault: string; readonly isHeld: boolean };

export type NotSent = Exclude<Delivery, { outcome: 'sent' }>;

/** The commands about one mail. A refusal of any other command concerns the server or our settings. */
const OF_ONE_MAIL = ['RCPT TO', 'DATA'];

/** TLS failed, the host is unknown, or the login failed: waiting alone fixes none of these. */
const OF_SETTINGS = ['ETLS', 'EDNS', 'EAUTH', 'ENOAUTH', 'ECONFIG', 'EOAUTH2'];

/**
 * Classifies the error of the SMTP client. Only a refusal of this recipient or this message fails a mail for good. A
 * refusal because of a policy or our settings holds it, because the same mail can be sent after a fix.
 */
export function notSent(error: unknown): NotSent {
  const { code, command, responseCode, response } = Object(error);
  const said = typeof response === 'string' ? response : '';
  // RFC 2034: the enhanced status code precedes the text.
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(said)?.[1];
  const fault = [code, command, responseCode, status].filter(isCode).join(' ') || 'unknown';
  if (typeof responseCode !== 'number') return { outcome: 'unavailable', fault, isHeld: OF_SETTINGS.includes(code) };
  const isOfOne = OF_ONE_MAIL.includes(command);
  if (responseCode < 500) {
    // With 454 4.7.1 a relay refuses us until a setting changes. 450 and 451 mean "later", as in greylisting.
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

/**
 * Whether the server refuses the recipient or the message, and not us: RFC 3463 if it sends such codes, else RFC 5321
 * §4.2.
 */
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
      // The message is too large.
      return detail === 4;
    case 4:
      // Exchange Online reports an unknown recipient like this.
      return detail === 1 && command === 'RCPT TO';
    case 5:
      return detail === 0 && responseCode === 550;
    case 0:
      return FINAL[command]?.includes(responseCode) === true && !POLICY.test(said);
    default:
      return false;
  }
}

/** The codes that fail a mail for good without an enhanced code. Relays use 554 for a recipient to refuse us. */
const FINAL: Readonly<Record<string, readonly number[]>> = {
  'RCPT TO': [521, 550, 551, 552, 553, 556],
  DATA: [550, 552, 554],
};

/** Words of servers without enhanced codes. A wrong guess costs some retries, but loses no mail. */
const POLICY =
  /relay|authenti|not permitted|not allowed|denied|polic|block|blacklist|spam|reputation|\b(?:spf|dkim|dmarc|tls)\b/i;

function isCode(part: unknown): boolean {
  return (
    typeof part === 'number' || (typeof part === 'string' && /^(?:[A-Z_0-9]{2,20}(?: [A-Z]{2,12})?|[\d.]+)$/.test(part))
  );
}
