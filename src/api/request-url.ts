/**
 * Parts of the URL of a request. A URL parser wrote it, or would write it the same: cutting it is enough, and costs a
 * small query nothing.
 */

export function pathnameOf(url: string): string {
  const from = url.indexOf('/', url.indexOf('//') + 2);
  return url.slice(from, endOfPath(url, from));
}

/** Without the question mark. */
export function searchOf(url: string): string {
  const from = endOfPath(url, 0);
  const hash = url.indexOf('#', from);
  return url.slice(from + 1, hash < 0 ? url.length : hash);
}

function endOfPath(url: string, from: number): number {
  const question = url.indexOf('?', from);
  const hash = url.indexOf('#', from);
  if (question < 0) return hash < 0 ? url.length : hash;
  return hash < 0 ? question : Math.min(question, hash);
}
