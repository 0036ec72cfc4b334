import { hash } from 'node:crypto';

/** An event as it is stored, except for its client: of that only the digest is in the chain, so that it can be erased. */
export type SealableEvent = {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  readonly outcome: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly partner: string | null;
  readonly requestId: string | null;
  /** JSON, the very text that is stored. */
  readonly detail: string;
  readonly clientDigest: string;
};

/** Where a request came from, of unknown origin: lengths and characters are as they were received. */
export type ClientFacts = { readonly ip: string | undefined; readonly userAgent: string | undefined };

// Longer ones carry nothing that helps an inquiry.
const USER_AGENT_LENGTH = 256;

/** The client of an event as JSON text. The salt keeps an erased one from being guessed back from its digest. */
export function clientText(salt: Uint8Array, client: ClientFacts): string {
  return JSON.stringify({
    salt: Buffer.from(salt).toString('base64url'),
    ip: client.ip ?? null,
    userAgent: client.userAgent === undefined ? null : printable(client.userAgent.slice(0, USER_AGENT_LENGTH)),
  });
}

function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** SHA-256 of the stored client text, base64url. */
export function clientDigest(text: string): string {
  return hash('sha256', text, 'base64url');
}

/**
 * SHA-256 of an event's canonical text, base64url.
 *
 * The text is a JSON array in one fixed order: no two different events have the same one.
 */
export function eventDigest(event: SealableEvent): string {
  const { id, at, action, outcome, actor, subject, partner, requestId, detail, clientDigest: client } = event;
  const text = JSON.stringify([id, at, action, outcome, actor, subject, partner, requestId, detail, client]);
  return hash('sha256', text, 'base64url');
}

/** The text whose MAC proves that the service wrote an event. Another kind of text than that of a batch. */
export function eventProofText(event: SealableEvent): string {
  return JSON.stringify(['event', eventDigest(event)]);
}

/** An event, and whether the one who seals it has found the proof of the service on it. */
export type CheckedEvent = SealableEvent & { readonly isProven: boolean };

// The line has no space, so a version that knows no proofs reads no event in it.
const WITH_PROOFS = 'v2';
const UNPROVEN = 'unproven';

/**
 * The events of a batch, one line each, ordered by id: the id, the digest, and `unproven` where the proof is missing or
 * wrong. It lets a check name the row that was changed or deleted.
 */
export function manifestOf(events: readonly CheckedEvent[]): string {
  const ordered = events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const lines = ordered.map((event) => `${event.id} ${eventDigest(event)}${event.isProven ? '' : ` ${UNPROVEN}`}\n`);
  return [`${WITH_PROOFS}\n`, ...lines].join('');
}

/** What a manifest says of one event. */
export type ManifestEntry = { readonly digest: string; readonly isProven: boolean };

export type Manifest = {
  /** Whether its sealer looked at proofs; a version without proofs did not. */
  readonly checksProofs: boolean;
  /** By event id. */
  readonly entries: Map<string, ManifestEntry>;
};

export function readManifest(manifest: string): Manifest {
  const lines = manifest.split('\n');
  const checksProofs = lines[0] === WITH_PROOFS;
  const entries = new Map<string, ManifestEntry>();
  for (const line of lines) {
    const [id, digest, mark] = line.split(' ');
    if (id === undefined || digest === undefined) continue;
    entries.set(id, { digest, isProven: checksProofs && mark !== UNPROVEN });
  }
  return { checksProofs, entries };
}

/** SHA-256 of a manifest, hex. */
export function manifestDigest(manifest: string): string {
  return hash('sha256', manifest, 'hex');
}

/** What the head of a batch stands for. */
export type BatchFacts = {
  readonly number: number;
  readonly sealedAt: number;
  readonly eventCount: number;
  readonly eventsDigest: string;
};

/** The head after a batch, hex: SHA-256 over the head before it and all that the batch says. `''` comes before the first. */
export function headAfter(previousHead: string, batch: BatchFacts): string {
  const { number, sealedAt, eventCount, eventsDigest } = batch;
  const text = JSON.stringify(['sallyport audit 1', previousHead, number, sealedAt, eventCount, eventsDigest]);
  return hash('sha256', text, 'hex');
}

/** The text whose MAC is a batch's seal. */
export function batchSealText(number: number, head: string): string {
  return JSON.stringify(['batch', number, head]);
}

/** The text whose MAC seals a checkpoint. Another kind of text than a batch's: neither seal passes for the other. */
export function checkpointSealText(checkpoint: BatchFacts & { readonly head: string }): string {
  return JSON.stringify(['checkpoint', checkpoint.number, checkpoint.head, checkpoint.eventCount, checkpoint.sealedAt]);
}
