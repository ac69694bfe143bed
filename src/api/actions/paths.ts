/**
 * The paths that are their own permission: a token in them, or a signature with the request, says who may use them.
 * People and providers come to them from the internet and cannot log in, so the guard lets exactly these pass.
 */

const TOKEN = '[A-Za-z0-9_-]{40,60}';
const CAPABILITIES = new RegExp(`^(?:/act/${TOKEN}|/twilio/texts|/twilio/${TOKEN}/(?:voice|call|text|keys/\\d/\\d))$`);

/** `path`: without the route prefix. */
export const isCapability = (path: string): boolean => CAPABILITIES.test(path);

/** Forms of a telephone or a page: short. */
export const CAPABILITY_BODY_BYTES_MAX = 65_536;
