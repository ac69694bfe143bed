import { expect, test } from 'vitest';
import { Secret } from '../../model/secret.ts';
import { chooseProxy } from './proxy-choice.ts';

test.each([
  { noProxy: '', url: 'http://example.com/', direct: false },
  { noProxy: '', url: 'http://localhost/', direct: true },
  { noProxy: '', url: 'http://127.1.2.3/', direct: true },
  { noProxy: '', url: 'http://[::1]:9090/', direct: true },
  { noProxy: '*', url: 'http://example.com/', direct: true },
  { noProxy: 'example.com', url: 'http://example.com/', direct: true },
  { noProxy: 'example.com', url: 'http://EXAMPLE.com./', direct: true },
  { noProxy: 'example.com', url: 'http://api.example.com/', direct: true },
  { noProxy: 'example.com', url: 'http://notexample.com/', direct: false },
  { noProxy: '.example.com', url: 'http://example.com/', direct: false },
  { noProxy: '.example.com', url: 'http://api.example.com/', direct: true },
  { noProxy: '*.example.com', url: 'http://api.example.com/', direct: true },
  { noProxy: 'a, example.com ,b', url: 'http://example.com/', direct: true },
  { noProxy: 'example.com:8080', url: 'http://example.com:8080/', direct: true },
  { noProxy: 'example.com:8080', url: 'http://example.com/', direct: false },
  { noProxy: 'example.com:80', url: 'http://example.com/', direct: true },
  { noProxy: 'example.com:443', url: 'https://example.com/', direct: true },
  { noProxy: '10.0.0.0/8', url: 'http://10.1.2.3/', direct: true },
  { noProxy: '10.0.0.0/8', url: 'http://11.1.2.3/', direct: false },
  { noProxy: '10.0.0.0/8', url: 'http://ten.example.com/', direct: false },
  { noProxy: '10.0.0.0/99,10.0.0.0/', url: 'http://10.1.2.3/', direct: false },
  { noProxy: '10.1.2.3', url: 'http://10.1.2.3:9090/', direct: true },
  { noProxy: '10.1.2.3:9090', url: 'http://10.1.2.3:9091/', direct: false },
  { noProxy: 'fd00::/8', url: 'http://[fd00::1]/', direct: true },
  { noProxy: '[fd00::1]:9090', url: 'http://[fd00:0:0::1]:9090/', direct: true },
  { noProxy: 'fd00::1', url: 'http://10.1.2.3/', direct: false },
])('with no_proxy "$noProxy", $url goes direct: $direct', ({ noProxy, url, direct }) => {
  const environment = (name: string): string | undefined => ({ HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'p:2', NO_PROXY: noProxy })[name];
  expect(chooseProxy({ kind: 'environment' }, new URL(url), environment) === null).toBe(direct);
});

test('the environment has one proxy per scheme, in capitals or small letters', () => {
  const variables: Readonly<Record<string, string>> = { HTTP_PROXY: 'http://p:1', https_proxy: 'q.test:2' };
  const environment = (name: string): string | undefined => variables[name];
  expect(chooseProxy({ kind: 'environment' }, new URL('http://x.test/'), environment)?.href).toBe('http://p:1/');
  expect(chooseProxy({ kind: 'environment' }, new URL('https://x.test/'), environment)?.href).toBe('http://q.test:2/');
});

test('a configured proxy takes this host too, unless no_proxy is set', () => {
  const proxy = { kind: 'url', url: new Secret('http://p:1'), noProxy: '', connectHeaders: {} } as const;
  const local = new URL('http://localhost/');
  expect(chooseProxy(proxy, local, () => undefined)?.host).toBe('p:1');
  expect(chooseProxy({ ...proxy, noProxy: 'x' }, local, () => undefined)).toBeNull();
  expect(chooseProxy({ kind: 'none' }, local, () => undefined)).toBeNull();
});

test('a proxy URL that is none is refused without showing it', () => {
  const proxy = { kind: 'url', url: new Secret('http://user:hunter2@:x'), noProxy: '', connectHeaders: {} } as const;
  expect(() => chooseProxy(proxy, new URL('http://a/'), () => undefined)).toThrow(/^the proxy URL is not a URL$/);
});
