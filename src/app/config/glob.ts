/** Files that match a pattern, as Go's filepath.Glob finds them: `*` and `?` in any element of the path, [a-z] classes. */
import type { Disk } from '../../model/disk.ts';

const IS_PATTERN = /[*?[]/;

/** Sorted. A pattern without wildcards is the file itself, where it exists. */
export function matchingFiles(disk: Pick<Disk, 'list' | 'stat'>, pattern: string): readonly string[] {
  if (!IS_PATTERN.test(pattern)) return disk.stat(pattern)?.kind === 'file' ? [pattern] : [];
  const isAbsolute = pattern.startsWith('/');
  let found: string[] = [isAbsolute ? '/' : ''];
  const parts = pattern.split('/').filter((part) => part !== '');
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    found = found.flatMap((directory) => {
      const path = (name: string): string => (directory === '' ? name : directory === '/' ? `/${name}` : `${directory}/${name}`);
      if (!IS_PATTERN.test(part)) return disk.stat(path(part)) === null ? [] : [path(part)];
      const expression = elementExpression(part);
      if (disk.stat(directory === '' ? '.' : directory)?.kind !== 'directory') return [];
      return disk
        .list(directory === '' ? '.' : directory)
        .filter(({ name, kind }) => expression.test(name) && (isLast ? kind === 'file' : kind === 'directory'))
        .map(({ name }) => path(name));
    });
  });
  return found.sort();
}

/**
 * Whether Go's filepath.Match can read it: a class has a member and is closed, each of its ranges has both ends, no
 * backslash ends the pattern.
 */
export const isGlob = (pattern: string): boolean =>
  /^(?:\\[\s\S]|[^\\[]|\[(?:\^|(?!\^))(?:(?:\\[\s\S]|[^\\\]-])(?:-(?:\\[\s\S]|[^\\\]-]))?)+\])*$/.test(pattern);

/** Only stars, question marks and classes are more than themselves: no backtracking that grows with the name. */
function elementExpression(part: string): RegExp {
  const source = part.replace(/\[\^?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '[^/]*';
    if (piece === '?') return '[^/]';
    return piece.length > 1 ? piece : piece.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
