import { renderSVG } from 'uqr';

/** The white border of the code in modules (ISO/IEC 18004: at least four). */
const QUIET_ZONE = 4;

/** A QR code as SVG. It is black on white whatever the colours of the page, because scanners need that. */
export function drawQr(text: string): string {
  return renderSVG(text, { border: QUIET_ZONE, ecc: 'M' });
}
