/** The only source of chance outside the shell; seeded in tests and simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Fresh random bytes, fit for tokens and ids. */
  bytes(length: number): Uint8Array;
}

/** A version 4 UUID. */
export function uuid(random: Pick<Random, 'bytes'>): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += HEX[bytes[i] ?? 0];
  }
  return text;
}

/** Whether Alertmanager's API takes it for one: hyphens all there or all left out, any version. */
export const isUuid = (text: string): boolean =>
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/i.test(text);

/** "00" … "ff" */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
