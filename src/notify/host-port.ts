/** Reads Alertmanager's HostPort: host:port, an IPv6 host in brackets; '' is none (config/config.go HostPort). */
import type { Decoder } from '../config/decode.ts';
import { scalar } from '../config/scalars.ts';

export type HostPort = { readonly host: string; readonly port: string };

export const hostPort: Decoder<HostPort | null> = scalar<HostPort | null>({
  goType: 'config.HostPort',
  readsAs: 'string',
  expects: 'host:port',
  zero: null,
  parse: (text, fail) => {
    if (text === '') return null;
    const match = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
    const hint = 'write host:port, such as smtp.example.org:587';
    if (match === null) {
      const why = text.includes(':') ? 'too many colons in address' : 'missing port in address';
      return fail({ code: 'bad_value', message: `"${text}" is not host:port: ${why}`, hint, upstream: `address ${text}: ${why}` });
    }
    const port = match[3] ?? '';
    if (port === '')
      return fail({ code: 'bad_value', message: `"${text}" has no port`, hint, upstream: `address ${text}: port cannot be empty` });
    return { host: match[1] ?? match[2] ?? '', port };
  },
});

export const printHostPort = ({ host, port }: HostPort): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
