import { expect, test } from 'vitest';
import { signAws } from './sigv4.ts';

const credentials = { accessKey: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: '' };
const scope = { region: 'us-east-1', service: 'service', unixMs: Date.UTC(2015, 7, 30, 12, 36) };
const NO_BODY = new Uint8Array();

// AWS' Signature Version 4 test suite: get-vanilla, get-vanilla-query-order-key-case, post-x-www-form-urlencoded.
test.each([
  ['GET', 'https://example.amazonaws.com/', {}, NO_BODY, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'GET',
    'https://example.amazonaws.com/?Param2=value2&Param1=value1',
    {},
    NO_BODY,
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'POST',
    'https://example.amazonaws.com/',
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    new TextEncoder().encode('Param1=value1'),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
])('%s %s is signed as AWS does', (method, url, headers, body, signature) => {
  const signed = signAws({ method, url, headers, body }, credentials, scope);
  expect(signed['X-Amz-Date']).toBe('20150830T123600Z');
  expect(signed['Authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20150830\/us-east-1\/service\/aws4_request, /);
  expect(signed['Authorization']?.split('Signature=')[1]).toBe(signature);
});

test('a session token is sent, and signed', () => {
  const signed = signAws(
    { method: 'GET', url: 'https://example.amazonaws.com/', headers: {}, body: NO_BODY },
    { ...credentials, sessionToken: 'token' },
    scope,
  );
  expect(signed['X-Amz-Security-Token']).toBe('token');
  expect(signed['Authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token');
});
