import { openForToken, sealForToken } from '#crypto/token-seal.ts';

/** Seals the refresh token that replaced another, for a client that sends the old one again in the grace period. */
export const sealSuccessor = (token: string, successor: string): string => sealForToken(token, successor);

/** Throws if it was sealed for another token. */
export const openSuccessor = (token: string, sealed: string): string => openForToken(token, sealed);
