/** TLS as our own HTTP server speaks it: texts, not files. */
export type ServerTls = {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** Certificates of the authorities that clients' certificates are checked against. */
  readonly clientCa: string | null;
  readonly clientCertificate: 'none' | 'request' | 'require_any' | 'verify_if_given' | 'require_and_verify';
  /** A client's certificate must be for one of these names (DNS, IP, e-mail, URI), exactly; null: for any. */
  readonly clientAllowedSans: readonly string[] | null;
  readonly minVersion: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13';
  readonly maxVersion: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13' | null;
  /** OpenSSL names; empty for the default. */
  readonly ciphers: readonly string[];
  /** OpenSSL names of elliptic curves, in order of preference; empty for the default. */
  readonly curves: readonly string[];
};
