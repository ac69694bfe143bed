/** Targets that misbehave over real connections, beside healthy ones: each has its error, the healthy miss nothing, the process stays small. */
import { expect } from 'vitest';
import { freePort } from '../support/e2e/ports.ts';
import { test } from '../support/e2e/staged-test.ts';
import { until } from '../support/e2e/until.ts';
import type { TargetBehaviour } from '../support/fake-target.ts';

const TOO_SLOW = 'Get "http://TARGET/metrics": context deadline exceeded: no complete answer within 1s500ms';
const TOO_LARGE = 'body size limit exceeded: more than 1048575 bytes';

/** What a target must be told about; '': it is up. */
const ERRORS = {
  ok: '',
  gzip: '',
  garbage: 'expected a valid start token, got "\\x00" ("INVALID") while parsing: "\\x00"',
  login_page: 'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
  error: 'server returned HTTP status 500 Internal Server Error',
  hang: TOO_SLOW,
  one_byte_per_second: TOO_SLOW,
  infinite: TOO_LARGE,
  huge: TOO_LARGE,
  gzip_bomb: TOO_LARGE,
  bad_gzip: 'Get "http://TARGET/metrics": the body is not valid gzip: unexpected end of file',
  redirect_loop: 'Get "http://TARGET/metrics": stopped after 10 redirects',
} as const satisfies Partial<Record<TargetBehaviour, string>>;

const SCRAPES = 3;

type Target = {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
  readonly labels: { readonly instance: string };
};

test('each bad target is down with its error, and no healthy one misses a scrape', async ({ stage }) => {
  const tocsin = await stage.tocsin();
  const addresses = new Map<string, string>();
  for (const behaviour of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
    const { target, address } = await stage.target();
    target.behaviour = behaviour;
    addresses.set(behaviour, address);
  }
  addresses.set('nobody', `127.0.0.1:${await freePort()}`);
  const job = (name: string, address: string, limit: string): string =>
    `  - {job_name: ${name}, body_size_limit: ${limit}, static_configs: [{targets: ['${address}']}]}\n`;
  stage.write({
    'tocsin.yml': `global: {scrape_interval: 2s, scrape_timeout: 1500ms}
scrape_configs:
${[...addresses].map(([name, address]) => job(name, address, '1MB')).join('')}
${job('infinite_without_limit', addresses.get('infinite') ?? '', '0')}
${job('tocsin', `127.0.0.1:${tocsin.port}`, '0')}`,
  });
  await tocsin.start();
  await until(
    `${SCRAPES} scrapes of every target`,
    async () => {
      const scrapes = await tocsin.instant('count_over_time(up[1h])');
      return scrapes.size === addresses.size + 2 && [...scrapes.values()].every((count) => count >= SCRAPES);
    },
    100,
  );

  const { activeTargets } = await tocsin.data<{ readonly activeTargets: readonly Target[] }>('/api/v1/targets');
  const told = activeTargets.map(({ scrapePool, health, lastError, labels }) => [
    scrapePool,
    [health, lastError.replaceAll(labels.instance, 'TARGET')],
  ]);
  expect(Object.fromEntries(told)).toEqual({
    ...Object.fromEntries(Object.entries(ERRORS).map(([name, error]) => [name, [error === '' ? 'up' : 'down', error]])),
    // Whichever bound it meets first on this machine.
    infinite_without_limit: ['down', expect.stringMatching(/context deadline exceeded|body size limit exceeded/)],
    nobody: ['down', 'Get "http://TARGET/metrics": connection to TARGET refused'],
    tocsin: ['up', ''],
  });
  const isHealthy = (name: string): boolean => ['ok', 'gzip', 'tocsin'].includes(name);
  const up = await tocsin.instant(
    'min by (job) (min_over_time(up[1h]) == bool max_over_time(up[1h])) * avg by (job) (avg_over_time(up[1h]))',
  );
  for (const { scrapePool } of activeTargets)
    expect([scrapePool, up.get(`job=${scrapePool}`)]).toEqual([scrapePool, isHealthy(scrapePool) ? 1 : 0]);
  // What a target sends without end is not kept beyond its second.
  const [residentBytes = Number.NaN] = (await tocsin.instant('max_over_time(process_resident_memory_bytes[1h])')).values();
  expect(residentBytes).toBeLessThan(800e6);
});
