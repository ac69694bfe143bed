/** From --alertmanager.url and --http.config.file to a client, and the look at the server's version that amtool takes first. */
import { decode } from '../../config/decode.ts';
import { isError, upstreamText } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { httpConfig } from '../../config/http-config.ts';
import { sourceFromBytes } from '../../config/source.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { cleanPath } from '../../lib/file-path.ts';
import { type GoUrl, parseGoUrl } from '../../lib/go-url.ts';
import type { Disk } from '../../model/disk.ts';
import { type HttpClientConfig, PLAIN_HTTP } from '../../model/http.ts';
import { Secret } from '../../model/secret.ts';
import { AlertmanagerClient } from './client.ts';
import type { AmtoolPorts } from './context.ts';
import { Failure, orFail } from './failure.ts';
import { readBytes } from './settings-file.ts';
import type { Values } from './values.ts';

/** Where Tocsin listens unless told otherwise; amtool itself has no default. */
const DEFAULT_HOST = '127.0.0.1:9099';
export const DEFAULT_URL = `http://${DEFAULT_HOST}`;

/** `remainingMs`: what is left of --timeout. `level`: the release of amtool that this one keeps to. Throws a Failure. */
export async function connect(values: Values, ports: AmtoolPorts, remainingMs: () => number, level: string): Promise<AlertmanagerClient> {
  const text = values.text('alertmanager.url');
  const url = orFail(parseGoUrl(text));
  const scheme = url.scheme === '' ? 'http' : url.scheme;
  if (scheme !== 'http' && scheme !== 'https')
    throw new Failure(`unsupported protocol scheme "${scheme}" in --alertmanager.url "${text}": write it as ${DEFAULT_URL}`);
  const base = `${scheme}://${url.host === '' ? DEFAULT_HOST : url.host}${cleanPath(`/${url.path}/api/v2`)}`;
  const client = new AlertmanagerClient(ports.http.open(clientConfig(url, values.text('http.config.file'), ports.disk)), base, remainingMs);
  if (values.isOn('version-check')) await compareVersions(client, ports, level);
  return client;
}

function clientConfig({ user }: GoUrl, file: string, disk: Pick<Disk, 'read'>): HttpClientConfig {
  if (user !== null && file !== '') throw new Failure('basic authentication and http.config.file are mutually exclusive');
  if (file !== '') return readHttpConfig(file, disk);
  if (user === null) return PLAIN_HTTP;
  const password = { kind: 'inline', secret: new Secret(unescaped(user.password ?? '')) } as const;
  return { ...PLAIN_HTTP, auth: { kind: 'basic', username: unescaped(user.name), usernameFile: null, password } };
}

function readHttpConfig(path: string, disk: Pick<Disk, 'read'>): HttpClientConfig {
  const sink = new DiagnosticSink();
  const document = parseYaml(sourceFromBytes(path, readBytes(path, disk)));
  sink.addDocument(document);
  const config = document.root === null ? PLAIN_HTTP : decode(document.root, httpConfig, sink);
  const wrong = sink.diagnostics().find(isError);
  if (wrong !== undefined) throw new Failure(`failed to load HTTP config file: ${path}:${wrong.line}: ${upstreamText(wrong)}`);
  return config;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new Failure('the user or password in --alertmanager.url has a wrong percent escape', error);
  }
}

/** Warns where the server is of another release. A server that cannot say is no reason to stop. */
async function compareVersions(client: AlertmanagerClient, ports: AmtoolPorts, level: string): Promise<void> {
  let version: string;
  try {
    ({ version } = (await client.status()).version);
  } catch (error) {
    if (error instanceof Failure) return;
    throw error;
  }
  if (version !== '' && release(version) !== release(level))
    ports.printError(`Warning: this is amtool ${level}, the server is Alertmanager ${version}.\n`);
}

const release = (version: string): string => /^\d+\.\d+/.exec(version)?.[0] ?? '';
