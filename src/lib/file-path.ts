/** File paths with '/', as text only: what Go's path/filepath does on Unix. Touches no disk. */

const isAbsolutePath = (path: string): boolean => path.startsWith('/');

/** The path without its last element; '.' when it has but one. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

/** `path` seen from `directory`; an empty or absolute path stays as it is. */
export function joinPath(directory: string, path: string): string {
  if (path === '' || isAbsolutePath(path)) return path;
  return cleanPath(directory === '' ? path : `${directory}/${path}`);
}

/** Without '.', doubled slashes and the '..' that can be resolved. */
export function cleanPath(path: string): string {
  const isAbsolute = isAbsolutePath(path);
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!isAbsolute) parts.push('..');
  }
  const joined = parts.join('/');
  if (isAbsolute) return `/${joined}`;
  return joined === '' ? '.' : joined;
}
