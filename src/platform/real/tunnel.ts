/** Connections to https servers through an HTTP proxy's CONNECT (RFC 9110 §9.3.6), for undici's Agent. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { basicHeader } from '../oauth2-token.ts';
import type { TlsMaterial } from './tls-material.ts';

export type TunnelOptions = {
  readonly proxy: URL;
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
  readonly tls: Partial<TlsMaterial['options']>;
  readonly timeoutMs: number;
};

export function tunnelConnector({ proxy, connectHeaders, tls, timeoutMs }: TunnelOptions): buildConnector.connector {
  const secure = buildConnector({ ...tls, timeout: timeoutMs });
  return (target, callback) => {
    let isOpen = true;
    const finish = (error: Error | null, socket: Socket | null): void => {
      if (!isOpen) return;
      isOpen = false;
      if (error === null && socket !== null) secure({ ...target, httpSocket: socket }, callback);
      else callback(error ?? new Error('no connection'), null);
    };
    const authority = `${target.hostname}:${target.port === '' ? '443' : target.port}`;
    const request = (proxy.protocol === 'https:' ? https : http).request({
      ...(proxy.protocol === 'https:' ? { ...tls, servername: proxy.hostname } : {}),
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy), ...mutable(connectHeaders) },
      agent: false,
      timeout: timeoutMs,
    });
    request.once('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) {
        finish(null, socket);
        return;
      }
      socket.destroy();
      finish(new Error(`answered CONNECT with ${response.statusCode}`), null);
    });
    // A proxy that answers without opening the tunnel: its body is of no use.
    request.once('response', (response) => {
      response.destroy();
      finish(new Error(`answered CONNECT with ${response.statusCode}`), null);
    });
    request.once('timeout', () => request.destroy(new Error('did not answer CONNECT in time')));
    request.once('error', (error) => finish(error, null));
    request.end();
  };
}

export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {};
  return { 'proxy-authorization': basicHeader(decodeURIComponent(proxy.username), decodeURIComponent(proxy.password)) };
}

const mutable = (headers: TunnelOptions['connectHeaders']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
