/** Whether a form comes from Twilio: signed with a token of the account that it names, over the address that Twilio was given. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { signedForms, signedText } from '../../notify/twilio/signature.ts';

export function isSigned(options: {
  /** The header. */
  readonly signature: string | null;
  readonly url: string;
  readonly params: URLSearchParams;
  /** One of them; none: never. */
  readonly tokens: readonly string[];
}): boolean {
  const { signature, url, params, tokens } = options;
  if (signature === null) return false;
  const given = Buffer.from(signature);
  return tokens.some((token) =>
    signedForms(url).some((form) => {
      const right = Buffer.from(
        createHmac('sha1', token)
          .update(signedText(form, [...params]), 'utf8')
          .digest('base64'),
      );
      return right.length === given.length && timingSafeEqual(right, given);
    }),
  );
}
