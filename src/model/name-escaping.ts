/** How names that are not [a-zA-Z_:][a-zA-Z0-9_:]* are told to readers that know no others (common/model EscapeName). */
import { isLegacyMetricName } from './labels.ts';

export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** The name of a metric or of a label. One of the old kind stays as it is. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  if (scheme === 'allow-utf-8' || name === '' || isLegacyMetricName(name)) return name;
  const escaped = Array.from(name, (char, i) => escapeChar(char, scheme, { isFirst: i === 0 })).join('');
  return scheme === 'values' ? `U__${escaped}` : escaped;
}

function escapeChar(char: string, scheme: Exclude<EscapingScheme, 'allow-utf-8'>, { isFirst }: { readonly isFirst: boolean }): string {
  const isPlain = isFirst ? /[a-zA-Z_:]/.test(char) : /[a-zA-Z0-9_:]/.test(char);
  switch (scheme) {
    case 'underscores':
      return isPlain ? char : '_';
    case 'dots':
      if (char === '.') return '_dot_';
      return isPlain && char !== '_' ? char : '__';
    case 'values':
      if (char === '_') return '__';
      return isPlain ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`;
  }
}

/** U__http_2e_status → http.status, the way back from `values` (common/model UnescapeName). What is not so escaped stays as it is. */
export function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  let broken = false;
  const plain = name.slice(3).replace(/__|_([0-9a-fA-F]{1,5})_|_/g, (found, hex: string | undefined) => {
    if (found === '__') return '_';
    const rune = Number.parseInt(hex ?? '', 16);
    if (Number.isNaN(rune) || (rune >= 0xd800 && rune < 0xe000)) broken = true;
    return broken ? found : String.fromCodePoint(rune);
  });
  return broken ? name : plain;
}
