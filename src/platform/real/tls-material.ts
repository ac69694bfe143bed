/**
 * TLS towards other hosts, from tls_config: the files it names are read again for each use, and a context is made anew
 * only when one of them changed. Without `ca` the roots are Node's and the system's, as Go trusts the system's.
 */
import { existsSync, readFileSync } from 'node:fs';
import tls, { createSecureContext, rootCertificates, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsClientConfig } from '../../model/http.ts';
import type { SecretReader } from '../secret-reader.ts';

export type TlsMaterial = {
  /** Changes when the context does: connections made with another one are not used again. */
  readonly version: number;
  readonly options: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean; readonly servername?: string };
};

export class TlsMaterialError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'TlsMaterialError';
  }
}

export class TlsMaterialSource {
  readonly #config: TlsClientConfig;
  readonly #secrets: SecretReader;
  #texts = '';
  #current: TlsMaterial | null = null;

  constructor(config: TlsClientConfig, secrets: SecretReader) {
    this.#config = config;
    this.#secrets = secrets;
  }

  /** Throws TlsMaterialError, which names the file that cannot be read or says what is wrong with its content. */
  current(): TlsMaterial {
    try {
      return this.#currentOrThrow();
    } catch (error) {
      throw new TlsMaterialError((error as Error).message, error);
    }
  }

  #currentOrThrow(): TlsMaterial {
    const { serverName, insecureSkipVerify, minVersion, maxVersion } = this.#config;
    const ca = this.#read(this.#config.ca);
    const cert = this.#read(this.#config.cert);
    const key = this.#config.key === null ? null : this.#secrets.secret(this.#config.key);
    const texts = JSON.stringify([ca, cert, key]);
    if (this.#current !== null && texts === this.#texts) return this.#current;
    const versions = {
      minVersion: minVersion === null ? 'TLSv1.2' : TLS_VERSIONS[minVersion],
      ...(maxVersion === null ? {} : { maxVersion: TLS_VERSIONS[maxVersion] }),
    } as const;
    const secureContext =
      ca === null && cert === null && key === null
        ? commonContext(versions)
        : createSecureContext({
            ca: ca ?? trustedRoots(),
            ...(cert === null ? {} : { cert }),
            ...(key === null ? {} : { key }),
            ...versions,
          });
    this.#texts = texts;
    this.#current = {
      version: (this.#current?.version ?? 0) + 1,
      options: { secureContext, rejectUnauthorized: !insecureSkipVerify, ...(serverName === '' ? {} : { servername: serverName }) },
    };
    return this.#current;
  }

  #read(source: TlsClientConfig['ca']): string | null {
    if (source === null) return null;
    return source.kind === 'inline' ? source.pem : this.#secrets.file(source.path);
  }
}

/** For connections without a pool: what each configuration says now. Throws as `current` does. */
export function tlsOptions(secrets: SecretReader): (config: TlsClientConfig) => TlsMaterial['options'] {
  const sources = new WeakMap<TlsClientConfig, TlsMaterialSource>();
  return (config) => {
    const source = sources.get(config) ?? new TlsMaterialSource(config, secrets);
    sources.set(config, source);
    return source.current().options;
  };
}

export const TLS_VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

/** Where distributions keep the system's roots as one file (Go's crypto/x509/root_linux.go lists the same places). */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

const commonContexts = new Map<string, SecureContext>();

/** A context of all the trusted roots takes megabytes: those who add nothing of their own share one. */
function commonContext(versions: SecureContextOptions): SecureContext {
  const key = JSON.stringify(versions);
  const context = commonContexts.get(key) ?? createSecureContext({ ca: trustedRoots(), ...versions });
  commonContexts.set(key, context);
  return context;
}

let roots: readonly string[] | null = null;

/** Node's own roots and the system's, where a company adds its own. Read once: a new root needs a restart, as with Go. */
function trustedRoots(): string[] {
  if (roots === null) {
    const fromNode = (tls as { getCACertificates?: (type: 'system') => string[] }).getCACertificates?.('system');
    const bundle = process.env['SSL_CERT_FILE'] ?? SYSTEM_BUNDLES.find((path) => existsSync(path));
    const system = fromNode ?? (bundle === undefined ? [] : [readFileSync(bundle, 'utf8')]);
    roots = [...rootCertificates, ...system];
  }
  return [...roots];
}
