/** GSM 03.38: what a phone sends in seven bits a character, and what takes two of these. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const EXTENDED = new Set('\f^{}\\[~]|€');

const septetsOf = (character: string): number => (BASIC.has(character) ? 1 : EXTENDED.has(character) ? 2 : Infinity);

/** Whether a text can be sent in seven bits a character; one character that cannot makes all of it cost twice. */
export const isGsm7 = (text: string): boolean => [...text].every((character) => septetsOf(character) < Infinity);

/** How many messages a text is sent as, which is what it costs. */
export function segmentsOf(text: string): number {
  const isShort = isGsm7(text);
  const sizes = [...text].map((character) => (isShort ? septetsOf(character) : character.length));
  const [alone, joined] = isShort ? [160, 153] : [70, 67];
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return 1;
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    // No character is split.
    if (used + size > joined) {
      segments++;
      used = 0;
    }
    used += size;
  }
  return segments;
}
