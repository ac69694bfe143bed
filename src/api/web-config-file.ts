/**
 * --web.config.file as it is on disk now: looked at for every request and every connection, read again when it or a file
 * that it names has changed. A version that is wrong does not go live: the last good one stays, and the log says why, once.
 */
import { createSecureContext } from 'node:tls';
import { decode } from '../config/decode.ts';
import { isError, renderAll } from '../config/diagnostic.ts';
import { DiagnosticSink } from '../config/diagnostic-sink.ts';
import { sourceFromBytes } from '../config/source.ts';
import { parseYaml } from '../config/yaml-document.ts';
import { type Disk, DiskError } from '../model/disk.ts';
import type { Log } from '../model/log.ts';
import type { ServerTls } from '../model/server-tls.ts';
import { NO_WEB_CONFIG, type PemSource, type WebConfig, webConfig } from './web-config.ts';

/** The message names the place and what to do. */
export class WebConfigError extends Error {}

type Ports = { readonly disk: Pick<Disk, 'read' | 'stat'>; readonly log: Log };

export class WebConfigFile {
  readonly #path: string;
  readonly #ports: Ports;
  #config: WebConfig;
  #tls: ServerTls | null;
  /** Of the files as they were when they were last read, well or not. */
  #stamp: string;

  /** Throws WebConfigError where the file, or one that it names, cannot be used. */
  constructor(path: string, ports: Ports) {
    this.#path = path;
    this.#ports = ports;
    this.#config = this.#readConfig();
    this.#tls = this.#readTls(this.#config);
    this.#stamp = this.#stampOf(this.#config);
  }

  current(): WebConfig {
    this.#refresh();
    return this.#config;
  }

  /** Whether nobody passes unknown: by name and password, or by a certificate that an authority of ours signed. */
  asksWhoCalls(): boolean {
    return this.#config.users.size > 0 || this.#tls?.clientCertificate === 'require_and_verify';
  }

  /** The same object while nothing has changed; null: plain HTTP. */
  tls(): ServerTls | null {
    this.#refresh();
    return this.#tls;
  }

  #refresh(): void {
    const stamp = this.#stampOf(this.#config);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      const config = this.#readConfig();
      // Whether TLS is spoken cannot change under a listening socket.
      const tls = this.#readTls(config);
      if ((tls === null) !== (this.#tls === null)) throw new WebConfigError('TLS can be switched on or off at a start only');
      if (JSON.stringify(tls) !== JSON.stringify(this.#tls)) this.#tls = tls;
      this.#config = config;
      this.#stamp = this.#stampOf(config);
      this.#ports.log.info('the web configuration was read again', { file: this.#path });
    } catch (error) {
      if (!(error instanceof WebConfigError)) throw error;
      this.#ports.log.error('the web configuration is wrong and not used; the last good one stays', {
        file: this.#path,
        error: error.message,
      });
    }
  }

  #readConfig(): WebConfig {
    const path = this.#path;
    const document = parseYaml(sourceFromBytes(path, this.#read(path)));
    const sink = new DiagnosticSink();
    sink.addDocument(document);
    const config = document.root === null ? NO_WEB_CONFIG : decode(document.root, webConfig, sink);
    const diagnostics = sink.diagnostics();
    if (diagnostics.some(isError)) throw new WebConfigError(renderAll(diagnostics, sink.sources()).trimEnd());
    for (const { file, line, message } of diagnostics) this.#ports.log.warn(message, { file, line });
    return config;
  }

  #readTls({ tls }: WebConfig): ServerTls | null {
    if (tls === null) return null;
    const text = (source: PemSource): string => (source.kind === 'inline' ? source.pem : new TextDecoder().decode(this.#read(source.path)));
    const { cert, key, clientCa, settings } = tls;
    return checkPair({ ...settings, cert: text(cert), key: text(key), clientCa: clientCa === null ? null : text(clientCa) });
  }

  #read(path: string): Uint8Array {
    try {
      return this.#ports.disk.read(path);
    } catch (error) {
      if (error instanceof DiskError) throw new WebConfigError(error.message, { cause: error });
      throw error;
    }
  }

  #stampOf({ tls }: WebConfig): string {
    const paths = [this.#path];
    for (const source of [tls?.cert, tls?.key, tls?.clientCa]) if (source?.kind === 'file') paths.push(source.path);
    return paths.map((path) => this.#stampOfFile(path)).join();
  }

  #stampOfFile(path: string): string {
    try {
      const stat = this.#ports.disk.stat(path);
      return stat === null ? 'missing' : `${stat.modifiedAt}/${stat.bytes}`;
    } catch (error) {
      if (error instanceof DiskError) return error.code;
      throw error;
    }
  }
}

/** As Go's tls.X509KeyPair: the certificate and the key are what they should be, and belong together. */
function checkPair(tls: ServerTls): ServerTls {
  try {
    createSecureContext({ cert: tls.cert, key: tls.key, ...(tls.clientCa === null ? {} : { ca: tls.clientCa }) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WebConfigError(`failed to load X509KeyPair: ${why}: cert_file and key_file must be PEM and belong together`, {
      cause: error,
    });
  }
  return tls;
}
