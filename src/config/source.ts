/** A text file that a person wrote, with its line index: what every position in a diagnostic is counted in. */

export type SourceFile = {
  /** As the user named it: it is printed in diagnostics, and relative paths in the file are seen from its directory. */
  readonly path: string;
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
  /** Offset of the first bytes that are not UTF-8; null when all are. */
  readonly brokenAt: number | null;
};

/** 1-based, as editors count; columns in UTF-16 units. */
export type Position = { readonly line: number; readonly col: number };

export function sourceFile(path: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lineStarts.push(i + 1);
  return { path, text, lineStarts, brokenAt: null };
}

/** A file as it is on disk: UTF-8, a byte order mark is dropped. */
export function sourceFromBytes(path: string, bytes: Uint8Array): SourceFile {
  const source = sourceFile(path, new TextDecoder('utf-8').decode(bytes));
  return isUtf8(bytes) ? source : { ...source, brokenAt: source.text.indexOf('\ufffd') };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

export function positionAt(source: SourceFile, offset: number): Position {
  const { lineStarts } = source;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, col: offset - (lineStarts[low] ?? 0) + 1 };
}

/** A line without its line break; '' beyond the end. */
export function lineText(source: SourceFile, line: number): string {
  const from = source.lineStarts[line - 1];
  if (from === undefined) return '';
  const next = source.lineStarts[line];
  return source.text.slice(from, next === undefined ? undefined : next - 1).replace(/\r$/, '');
}
