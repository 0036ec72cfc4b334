/** Plausible names for made-up companies and people. */

const FIRST_WORDS =
  `Nordlicht Harbor Cobalt Borealis Juniper Fjord Isar Meridian Alder Kestrel Lumen Ostara Pinnacle Quarz Rhein
Sable Tamarind Umbra Vantage Wester Xenon Yarrow Zephyr Amber Brook Cedar Delta Ember Falcon Granit Helio Indigo Jura Kairos
Linden Monsun Nova Opal Perlen Quill Rowan Saphir Terra Ulmen Vela Weser Acacia Birken Citrin Dorn`.split(/\s+/);
const TRADES =
  `Telecom Logistics Energy Freight Data Medical Retail Insurance Foods Systems Works Chemie Optik Marine Textil
Mobility Packaging Timber Steel Glass`.split(/\s+/);
const FORMS = ['GmbH', 'AG', 'Ltd', 'SE', 'Group', 'KG'];
const GIVEN =
  `Ana Bo Chloé Dmitri Eva Farid Greta Hugo Ines Jonas Katya Leo Mira Nils Olga Pavel Queenie Rosa Samir Tove Uwe
Vera Wim Ximena Yusuf Zoë Anton Bea Carl Dora Emil Fiona Gustav Hana Ivo Judith Karim Lena Marc Nora`.split(/\s+/);
const FAMILY =
  `Silva Lind Martin Orlov Krause Haddad Berg Duarte Novak Weber Petrov Rossi Meyer Johansen Kaya Dubois Fischer
Costa Horvat Janssen Keller Lopez Moreau Nielsen Okafor Peters Ricci Schmidt Takeda Ulrich Vogel Wagner Yilmaz Zeman Baker
Carter Doyle Evans Fuchs Gruber`.split(/\s+/);

/** The name of partner `number`. Each one is different. */
export function partnerName(number: number): string {
  const scattered = (number * 2_654_435_761) % (FIRST_WORDS.length * TRADES.length * FORMS.length);
  const first = FIRST_WORDS[scattered % FIRST_WORDS.length] ?? '';
  const trade = TRADES[Math.floor(scattered / FIRST_WORDS.length) % TRADES.length] ?? '';
  const form = FORMS[Math.floor(scattered / (FIRST_WORDS.length * TRADES.length))] ?? '';
  const round = Math.floor(number / (FIRST_WORDS.length * TRADES.length * FORMS.length));
  return [first, trade, form, ...(round > 0 ? [String(round + 1)] : [])].join(' ');
}

/** The name of person `number`. Many people share a name, as in reality. */
export function personName(number: number): string {
  const scattered = (number * 40_503) % (GIVEN.length * FAMILY.length);
  return `${GIVEN[scattered % GIVEN.length]} ${FAMILY[Math.floor(scattered / GIVEN.length)]}`;
}

/** Whether no person with a lower number has the same name. */
export function isFirstOfName(number: number): boolean {
  return number < GIVEN.length * FAMILY.length;
}

const plain = new Map<string, string>();

/** The part before the `@`, or a slug: letters without accents, and hyphens. */
export function plainWord(text: string): string {
  const known = plain.get(text) ?? withoutMarks(text);
  plain.set(text, known);
  return known;
}

function withoutMarks(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
}
