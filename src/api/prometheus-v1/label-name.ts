/** The name of a label as it stands in a path: /api/v1/label/<name>/values. */
import { queryUnescape } from '../../lib/query-escape.ts';

/** Null where the URL is broken there. Bytes that are no UTF-8 are kept, for whoever checks the name. */
export function labelNameOf(written: string): string | null {
  const decoded = queryUnescape(written.replaceAll('+', '%2B')); // in a path + is itself
  return 'error' in decoded ? null : unescapeLabelName(decoded.text);
}

/** U__http_2e_status → http.status, as common/model UnescapeName: what is not so escaped is meant as it stands. */
function unescapeLabelName(name: string): string {
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
