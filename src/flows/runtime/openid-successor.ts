import { openForToken, sealForToken } from '#crypto/token-seal.ts';

/** The refresh token that took the place of another one, for a client that shows that one again within its grace. */
export const sealSuccessor = (token: string, successor: string): string => sealForToken(token, successor);

/** Throws when it was sealed for another token. */
export const openSuccessor = (token: string, sealed: string): string => openForToken(token, sealed);
