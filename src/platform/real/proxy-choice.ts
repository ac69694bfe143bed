/**
 * Which proxy a URL is fetched through: the rules of golang.org/x/net/http/httpproxy, which Prometheus' proxy_url,
 * no_proxy and proxy_from_environment follow.
 */
import { BlockList, isIP } from 'node:net';
import type { HttpProxy } from '../../model/http.ts';

/** The proxy's URL, or null to go straight. */
export function chooseProxy(proxy: HttpProxy, url: URL, environment: (name: string) => string | undefined): URL | null {
  switch (proxy.kind) {
    case 'none':
      return null;
    case 'url': {
      // Without no_proxy the proxy takes everything, even this host; with it the rules of the environment hold.
      const isDirect = proxy.noProxy !== '' && goesDirect(url, proxy.noProxy);
      return isDirect ? null : proxyUrl(proxy.url.reveal());
    }
    case 'environment': {
      const read = (name: string): string => environment(name) ?? environment(name.toLowerCase()) ?? '';
      const text = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
      return text === '' || goesDirect(url, read('NO_PROXY')) ? null : proxyUrl(text);
    }
  }
}

/** A host without a scheme is an http proxy. Throws for what is no URL. */
function proxyUrl(text: string): URL {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  try {
    return new URL(url);
  } catch {
    throw new Error('the proxy URL is not a URL'); // not shown: it may hold a password
  }
}

function goesDirect(url: URL, noProxy: string): boolean {
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
    .replace(/\.$/, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const family = isIP(host);
  if (host === 'localhost' || (family !== 0 && isLoopback(host, family))) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && covers(entry, host, port, family));
}

/** One entry of no_proxy: '*', an address, a CIDR range, or a domain; all but a range may end in a port. */
function covers(entry: string, host: string, port: string, family: number): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return family !== 0 && inRange(entry, host, family);
  const { name, port: onlyPort } = splitPort(entry);
  if (onlyPort !== '' && onlyPort !== port) return false;
  if (isIP(name) !== 0) return family !== 0 && sameAddress(name, host);
  // "example.com" is the domain and all below it; ".example.com" and "*.example.com" only what is below.
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  if (name.startsWith('.')) return host.endsWith(name);
  return host === name || host.endsWith(`.${name}`);
}

function splitPort(entry: string): { readonly name: string; readonly port: string } {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  const plain = /^([^:]*):(\d+)$/.exec(entry);
  return plain === null ? { name: entry, port: '' } : { name: plain[1] ?? '', port: plain[2] ?? '' };
}

function inRange(range: string, host: string, family: number): boolean {
  const [network = '', bits = ''] = range.split('/');
  const rangeFamily = isIP(network);
  if (rangeFamily === 0 || rangeFamily !== family || !/^\d+$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function sameAddress(a: string, b: string): boolean {
  const family = isIP(a);
  if (family !== isIP(b)) return false;
  return inRange(`${a}/${family === 4 ? 32 : 128}`, b, family);
}

const isLoopback = (host: string, family: number): boolean => inRange(family === 4 ? '127.0.0.0/8' : '::1/128', host, family);
