/** The name of a label as it stands in a path: /api/v1/label/<name>/values. */
import { queryUnescape } from '../../lib/query-escape.ts';
import { unescapeName } from '../../model/name-escaping.ts';

/** Null where the URL is broken there. Bytes that are no UTF-8 are kept, for whoever checks the name. */
export function labelNameOf(written: string): string | null {
  const decoded = queryUnescape(written.replaceAll('+', '%2B')); // in a path + is itself
  return 'error' in decoded ? null : unescapeName(decoded.text);
}
