/** Go's net.SplitHostPort and net.ParseIP, as far as templates need them. */

/** Null where the text is not host:port, [host]:port or [host%zone]:port. */
export function splitHostPort(text: string): { readonly host: string; readonly port: string } | null {
  const lastColon = text.lastIndexOf(':');
  if (lastColon < 0) return null;
  let host: string;
  let rest: string;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0 || close + 1 !== lastColon) return null;
    host = text.slice(1, close);
    rest = text.slice(1, close) + text.slice(close + 1);
  } else {
    host = text.slice(0, lastColon);
    rest = text;
    if (host.includes(':')) return null;
  }
  return /[[\]]/.test(rest) ? null : { host, port: text.slice(lastColon + 1) };
}

/** An IPv4 or IPv6 address without a zone. */
export const isIpAddress = (text: string): boolean => (text.includes(':') ? isIpv6(text) : isIpv4(text));

const isIpv4 = (text: string): boolean => /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const lastGroup = groups.at(-1) ?? '';
  const endsInIpv4 = lastGroup.includes('.');
  if (endsInIpv4 && (!isIpv4(lastGroup) || text.endsWith('::'))) return false;
  const hexadecimal = endsInIpv4 ? groups.slice(0, -1) : groups;
  if (!hexadecimal.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = hexadecimal.length + (endsInIpv4 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
