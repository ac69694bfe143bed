/** Identity of an alert: FNV-1a 64 over name FF value FF of the sorted labels (prometheus/common model/signature.go). */
import { Fnv1a64 } from '../lib/fnv1a.ts';
import type { Labels } from './labels.ts';

/** Sixteen hexadecimal digits. */
export type Fingerprint = string & { readonly __unit: 'Fingerprint' };

export function fingerprintOf(labels: Labels): Fingerprint {
  const hash = new Fnv1a64();
  for (const part of labels.flat) hash.text(part).byte(0xff);
  return hash.hex() as Fingerprint;
}
