import { expect, test } from 'vitest';
import { PLAIN_HTTP } from '../model/http.ts';
import { decode } from './decode.ts';
import { upstreamText } from './diagnostic.ts';
import { DiagnosticSink } from './diagnostic-sink.ts';
import { httpConfig } from './http-config.ts';
import { sourceFile } from './source.ts';
import { parseYaml } from './yaml-document.ts';

function read(text: string) {
  const { root } = parseYaml(sourceFile('dir/f.yml', text));
  const sink = new DiagnosticSink();
  const config = root === null ? null : decode(root, httpConfig, sink);
  return { config, errors: sink.diagnostics().map(upstreamText) };
}

test('an empty section is the plain client', () => {
  expect(read('{}')).toEqual({ config: PLAIN_HTTP, errors: [] });
});

test.each([
  ['bearer_token: x', { auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'inline' } } }],
  ['bearer_token_file: t', { auth: { kind: 'authorization', type: 'Bearer', credentials: { kind: 'file', path: 'dir/t' } } }],
  ['authorization: {type: " Token ", credentials_env: X}', { auth: { type: 'Token', credentials: { kind: 'env', name: 'X' } } }],
  ['basic_auth: {username: u, password_file: /p}', { auth: { kind: 'basic', username: 'u', password: { kind: 'file', path: '/p' } } }],
  ['oauth2: {client_id: i, token_url: "http://t", scopes: [a]}', { auth: { kind: 'oauth2', clientId: 'i', scopes: ['a'] } }],
  ['tls_config: {ca_file: c, cert: a, key: b, min_version: TLS12}', { tls: { ca: { kind: 'file', path: 'dir/c' }, minVersion: 'TLS12' } }],
  ['proxy_url: "http://p"\nno_proxy: x', { proxy: { kind: 'url', noProxy: 'x' } }],
  ['proxy_from_environment: true', { proxy: { kind: 'environment' } }],
  ['http_headers: {x-a: {values: [1], files: [h]}}', { headers: [{ name: 'x-a', values: ['1'], files: ['dir/h'] }] }],
])('%s', (text, expected) => {
  const { config, errors } = read(text);
  expect(errors).toEqual([]);
  expect(config).toMatchObject(expected);
});

test.each([
  ['bearer_token: x\nbearer_token_file: y', 'at most one of bearer_token & bearer_token_file must be configured'],
  ['bearer_token: x\nbasic_auth: {}', 'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured'],
  ['bearer_token: x\nauthorization: {}', 'authorization is not compatible with bearer_token & bearer_token_file'],
  ['basic_auth: {}\nauthorization: {}', 'at most one of basic_auth, oauth2 & authorization must be configured'],
  ['basic_auth: {username: a, username_file: b}', 'at most one of basic_auth username, username_file & username_ref must be configured'],
  ['basic_auth: {password: a, password_file: b}', 'at most one of basic_auth password, password_file & password_ref must be configured'],
  ['authorization: {type: Basic}', 'authorization type cannot be set to "basic", use "basic_auth" instead'],
  ['oauth2: {token_url: x}', 'oauth2 client_id must be configured'],
  ['tls_config: {cert: a}', 'exactly one of key or key_file must be configured when a client certificate is configured'],
  ['tls_config: {ca: a, ca_file: b}', 'at most one of ca, ca_file & ca_ref must be configured'],
  ['tls_config: {min_version: 1.2}', 'unknown TLS version: 1.2'],
  ['proxy_connect_header: {a: [b]}', 'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured'],
  ['proxy_from_environment: true\nproxy_url: "http://p"', 'if proxy_from_environment is configured, proxy_url must not be configured'],
  ['no_proxy: x', 'if no_proxy is configured, proxy_url must also be configured'],
  ['http_headers: {authorization: {values: [x]}}', 'setting header "Authorization" is not allowed'],
])('%s is refused in the reference words', (text, message) => {
  expect(read(text).errors).toEqual([message]);
});
