/**
 * What Twilio signs of a request with a form (HMAC-SHA-1 under the account's token, in X-Twilio-Signature): the address as
 * it was given to it, and all parameters by name without any separator; of one given twice its values, each once, in order.
 */

export function signedText(url: string, params: readonly (readonly [name: string, value: string])[]): string {
  const byName = new Map<string, Set<string>>();
  for (const [name, value] of params) byName.set(name, (byName.get(name) ?? new Set()).add(value));
  // By code unit, as both sides sort.
  const names = [...byName.keys()].sort();
  return url + names.flatMap((name) => [...(byName.get(name) ?? [])].sort().map((value) => name + value)).join('');
}

/** An address as it may have been signed: with its port, and without it or with the scheme's own. */
export function signedForms(url: string): readonly string[] {
  const match = /^(https?):\/\/([^/?#]*?)(:\d+)?([/?#].*)?$/.exec(url);
  if (match === null) return [url];
  const [, scheme = '', host = '', port, rest = ''] = match;
  const other = port === undefined ? (scheme === 'https' ? ':443' : ':80') : '';
  return [url, `${scheme}://${host}${other}${rest}`];
}
