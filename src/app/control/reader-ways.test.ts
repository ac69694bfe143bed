import { describe, expect, test } from 'vitest';
import type { GroupId, OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import { openDatabase } from '../../db/database.ts';
import { installationSecretRepository } from '../../db/installation-secret-repository.ts';
import { replyCodeRepository } from '../../db/reply-code-repository.ts';
import { silentLog } from '../../model/log.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';
import { type PublicAddress, publicAddress, ReaderWays } from './reader-ways.ts';
import { ReplyCodes } from './reply-codes.ts';

const ID = '0b5c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3' as OutboxId;
const OTHER = '0b5c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c4' as OutboxId;
const ADDRESS: PublicAddress = { page: 'https://alerts.example.org', callback: 'https://hooks.example.org' };

const ways = (key = 'key', address: PublicAddress | null = ADDRESS): ReaderWays =>
  new ReaderWays({ key: new TextEncoder().encode(key), codes: { codeOf: () => 12 }, address: () => address });
const lastSegment = (url = ''): string => url.slice(url.lastIndexOf('/') + 1);

describe('a token', () => {
  const { page = '', callback = '' } = ways().links(ID) ?? {};

  test('is part of an address, and leads back to its notification for its purpose alone', () => {
    expect(page).toMatch(/^https:\/\/alerts\.example\.org\/act\/[\w-]{43}$/);
    expect(callback).toMatch(/^https:\/\/hooks\.example\.org\/twilio\/[\w-]{43}$/);
    expect(ways().idOf(lastSegment(page), 'page')).toBe(ID);
    expect(ways().idOf(lastSegment(callback), 'callback')).toBe(ID);
    expect(ways().idOf(lastSegment(page), 'callback')).toBeNull();
    expect(ways().idOf(lastSegment(callback), 'page')).toBeNull();
  });

  test('is the same at every attempt, and another for another notification or installation', () => {
    expect(ways().links(ID)).toEqual(ways().links(ID));
    expect(ways('other key').idOf(lastSegment(page), 'page')).toBeNull();
    expect(ways().links(OTHER)?.page).not.toBe(page);
  });

  test('with any bit changed leads nowhere', () => {
    const token = lastSegment(page);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // Of the last character only four bits are in use.
    for (let i = 0; i < token.length - 1; i++) {
      const changed = alphabet.charAt(alphabet.indexOf(token.charAt(i)) ^ 1);
      expect(ways().idOf(token.slice(0, i) + changed + token.slice(i + 1), 'page')).toBeNull();
    }
  });

  test.each(['', 'x', '../../etc', 'A'.repeat(43), 'A'.repeat(5000), '🔥'.repeat(20)])('%j leads nowhere', (token) => {
    expect(ways().idOf(token, 'page')).toBeNull();
  });
});

test.each([
  { given: null, externalUrl: 'http://machine:9099', callbackUrl: '', address: null },
  { given: 'http://localhost:9099', externalUrl: 'http://localhost:9099', callbackUrl: '', address: null },
  { given: 'http://127.0.0.1', externalUrl: 'http://127.0.0.1', callbackUrl: '', address: null },
  { given: 'http://[::1]:9099', externalUrl: 'http://[::1]:9099', callbackUrl: '', address: null },
  {
    given: 'https://a.example',
    externalUrl: 'https://a.example',
    callbackUrl: '',
    address: { page: 'https://a.example', callback: 'https://a.example' },
  },
  {
    given: null,
    externalUrl: 'http://machine:9099',
    callbackUrl: 'https://b.example',
    address: { page: 'https://b.example', callback: 'https://b.example' },
  },
  {
    given: 'http://localhost:9099',
    externalUrl: 'http://localhost:9099',
    callbackUrl: 'https://b.example/tocsin',
    address: { page: 'https://b.example/tocsin', callback: 'https://b.example/tocsin' },
  },
  {
    given: 'https://a.example',
    externalUrl: 'https://a.example',
    callbackUrl: 'https://b.example',
    address: { page: 'https://a.example', callback: 'https://b.example' },
  },
])('--web.external-url $given with twilio_callback_url "$callbackUrl": $address', ({ address, ...given }) => {
  expect(publicAddress(given)).toEqual(address);
});

test('where nobody outside reaches this server there are no ways back', () => {
  const none = ways('key', null);
  expect([none.links(ID), none.replyCode({ integration: 'sms', groupId: 'g' } as OutboxRow, unixMs(0)), none.callbackBase]).toEqual([
    null,
    null,
    null,
  ]);
});

test('only texts get a number', () => {
  const code = (integration: string) => ways().replyCode({ integration, groupId: 'g' } as OutboxRow, unixMs(0));
  expect([code('sms'), code('phone'), code('email')]).toEqual([12, null, null]);
});

describe('reply codes', () => {
  const DAY = 86_400_000;
  const at = (ms: number): UnixMs => unixMs(ms);
  const group = (name: string): GroupId => name as GroupId;
  const opened = async (database = openDatabase(':memory:', 'migrations/sqlite')) => {
    const repository = replyCodeRepository(database);
    return { database, codes: await ReplyCodes.open(repository, silentLog) };
  };

  test('are small, one a group, and the same over a restart', async () => {
    const { database, codes } = await opened();
    expect(['a', 'b', 'a'].map((name) => codes.codeOf(group(name), at(0)))).toEqual([11, 12, 11]);
    const again = await opened(database);
    expect(['c', 'b', 'a'].map((name) => again.codes.codeOf(group(name), at(1)))).toEqual([13, 12, 11]);
  });

  test('go to others a day after their group was told of last, but not while it lives', async () => {
    const { database, codes } = await opened();
    for (const name of ['gone', 'living', 'recent']) codes.codeOf(group(name), at(name === 'recent' ? DAY : 0));
    const columns = 'group_key, route_id, receiver, labels, created_at_ms, next_flush_at_ms, flush_count, muted_by, integrations';
    database.connection.exec(`INSERT INTO alert_group (id, ${columns}) VALUES ('living', '', '', '', '', 0, 0, 0, '', '')`);
    await codes.recycle(at(DAY + 1));
    expect(['new', 'living', 'recent'].map((name) => codes.codeOf(group(name), at(DAY + 2)))).toEqual([11, 12, 13]);
  });
});

test('the key of an installation is made once', async () => {
  const database = openDatabase(':memory:', 'migrations/sqlite');
  const secrets = installationSecretRepository(database);
  expect(await secrets.secret('a', () => 'first')).toBe('first');
  expect(await secrets.secret('a', () => 'second')).toBe('first');
  expect(await secrets.secret('b', () => 'third')).toBe('third');
});
