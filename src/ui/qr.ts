import { renderSVG } from 'uqr';

/** Modules of white around the code (ISO/IEC 18004: at least four). */
const QUIET_ZONE = 4;

/** A QR code as SVG, black on white whatever the page's colours: scanners need it so. */
export function drawQr(text: string): string {
  return renderSVG(text, { border: QUIET_ZONE, ecc: 'M' });
}
