/**
 * Undoes the Content-Encoding of a body, never making more than a stated number of bytes of it: gzip and deflate, one
 * layer. What follows complete gzip members is ignored, as Go and browsers do. No zstd or brotli: we never offer them.
 */
import { gunzip, gunzipSync, inflate, inflateRaw, inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib';

export type DecodedBody =
  | { readonly kind: 'decoded'; readonly body: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'bad_encoding'; readonly message: string };

/** Bodies up to this size are decoded in place: handing one to a thread costs more. A bomb of this size makes 16 MiB at most. */
export const DECODE_IN_PLACE_BYTES = 16 * 1024;

type Codec = {
  readonly inPlace: (bytes: Uint8Array, options: ZlibOptions) => Uint8Array;
  readonly inThread: (bytes: Uint8Array, options: ZlibOptions, done: (error: Error | null, result: Uint8Array) => void) => void;
};
const GZIP: Codec = { inPlace: gunzipSync, inThread: gunzip };
const ZLIB: Codec = { inPlace: inflateSync, inThread: inflate };
const RAW_DEFLATE: Codec = { inPlace: inflateRawSync, inThread: inflateRaw };
/** The largest maxOutputLength that zlib takes on every platform. */
const OUTPUT_BYTES_LIMIT = 2 ** 31 - 1;

export async function decodeBody(
  encoding: string,
  bytes: Uint8Array,
  options: { readonly bytesMax: number; readonly inPlaceBytesMax: number },
): Promise<DecodedBody> {
  const codec = codecOf(encoding, bytes);
  if (codec === null) return { kind: 'bad_encoding', message: `content-encoding "${encoding}" is not one of gzip, deflate, identity` };
  if (codec === 'identity' || bytes.length === 0) {
    return bytes.length > options.bytesMax ? { kind: 'too_large' } : { kind: 'decoded', body: bytes };
  }
  const limit: ZlibOptions = { maxOutputLength: Math.max(1, Math.min(options.bytesMax, OUTPUT_BYTES_LIMIT)) };
  try {
    if (bytes.length <= options.inPlaceBytesMax) return { kind: 'decoded', body: plain(codec.inPlace(bytes, limit)) };
    const body = await new Promise<Uint8Array>((resolve, reject) => {
      codec.inThread(bytes, limit, (error, result) => (error === null ? resolve(result) : reject(error)));
    });
    return { kind: 'decoded', body: plain(body) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return { kind: 'too_large' };
    return { kind: 'bad_encoding', message: `the body is not valid ${encoding}: ${message}` };
  }
}

function codecOf(encoding: string, bytes: Uint8Array): Codec | 'identity' | null {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return 'identity';
    case 'gzip':
    case 'x-gzip':
      return GZIP;
    case 'deflate': {
      // By the standard it has a zlib header; many send it without.
      const [first = 0, second = 0] = bytes;
      return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0 ? ZLIB : RAW_DEFLATE;
    }
    default:
      return null;
  }
}

/** A Buffer's `slice` shares its bytes, a Uint8Array's copies them: callers get what the type says. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
