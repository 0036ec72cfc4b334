import { openForToken, sealForToken } from '#crypto/token-seal.ts';

/**
 * Seals the refresh token that replaced another one, for a client that sends the old one again within the grace period.
 */
export const sealSuccessor = (token: string, successor: string): string => sealForToken(token, successor);

/** Throws if it was sealed for another token. */
export const openSuccessor = (token: string, sealed: string): string => openForToken(token, sealed);
