/** `/brand.css`: the one thing about colour that a portal sets. `style.css` derives every colour from it. */
export function brandCss(hue: number): string {
  return `:root{--hue:${hue}}\n`;
}
