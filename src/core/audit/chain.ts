import { hash } from 'node:crypto';

/** An event as it is stored. The chain has only a digest of its client, so that the client can be erased. */
export type SealableEvent = {
  readonly id: string;
  readonly at: number;
  readonly action: string;
  readonly outcome: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly partner: string | null;
  readonly requestId: string | null;
  /** JSON, exactly the stored text. */
  readonly detail: string;
  readonly clientDigest: string;
};

/** Where a request came from. Anybody can send these values, so length and characters are unchecked. */
export type ClientFacts = { readonly ip: string | undefined; readonly userAgent: string | undefined };

// Longer ones do not help an investigation.
const USER_AGENT_LENGTH = 256;

/** The client of an event as JSON text. The salt prevents guessing an erased client from its digest. */
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
 * The text is a JSON array in a fixed order, so two different events never have the same text.
 */
export function eventDigest(event: SealableEvent): string {
  const { id, at, action, outcome, actor, subject, partner, requestId, detail, clientDigest: client } = event;
  const text = JSON.stringify([id, at, action, outcome, actor, subject, partner, requestId, detail, client]);
  return hash('sha256', text, 'base64url');
}

/** The text whose MAC proves that the service wrote an event. It differs from the text of a batch. */
export function eventProofText(event: SealableEvent): string {
  return JSON.stringify(['event', eventDigest(event)]);
}

/** An event, and whether it had a valid proof of the service when it was sealed. */
export type CheckedEvent = SealableEvent & { readonly isProven: boolean };

// The line has no space, so a version without proofs does not read it as an event.
const WITH_PROOFS = 'v2';
const UNPROVEN = 'unproven';

/**
 * The events of a batch, one line each, ordered by id: the id, the digest, and `unproven` if the proof is missing or
 * wrong. With it a check can name the row that was changed or deleted.
 */
export function manifestOf(events: readonly CheckedEvent[]): string {
  const ordered = events.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const lines = ordered.map((event) => `${event.id} ${eventDigest(event)}${event.isProven ? '' : ` ${UNPROVEN}`}\n`);
  return [`${WITH_PROOFS}\n`, ...lines].join('');
}

/** The facts about one event in a manifest. */
export type ManifestEntry = { readonly digest: string; readonly isProven: boolean };

export type Manifest = {
  /** Whether proofs were checked at sealing; a version without proofs did not. */
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

/** The facts that the head of a batch covers. */
export type BatchFacts = {
  readonly number: number;
  readonly sealedAt: number;
  readonly eventCount: number;
  readonly eventsDigest: string;
};

/** The head after a batch, hex: SHA-256 over the previous head (at first `''`) and all fields of the batch. */
export function headAfter(previousHead: string, batch: BatchFacts): string {
  const { number, sealedAt, eventCount, eventsDigest } = batch;
  const text = JSON.stringify(['sallyport audit 1', previousHead, number, sealedAt, eventCount, eventsDigest]);
  return hash('sha256', text, 'hex');
}

/** The text whose MAC is a batch's seal. */
export function batchSealText(number: number, head: string): string {
  return JSON.stringify(['batch', number, head]);
}

/** The text whose MAC seals a checkpoint. It differs from a batch's text, so one seal is never valid as the other. */
export function checkpointSealText(checkpoint: BatchFacts & { readonly head: string }): string {
  return JSON.stringify(['checkpoint', checkpoint.number, checkpoint.head, checkpoint.eventCount, checkpoint.sealedAt]);
}
