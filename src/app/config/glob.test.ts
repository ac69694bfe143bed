import { expect, test } from 'vitest';
import { writeFiles } from '../../../test/support/sim-app.ts';
import { unixMs } from '../../model/time.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';
import { isGlob, matchingFiles } from './glob.ts';

const world = new SimWorld({ seed: 1, start: unixMs(0) });
writeFiles(
  world,
  Object.fromEntries(
    ['/r/a.yml', '/r/b.yml', '/r/b.yaml', '/r/c+.yml', '/r/x/a.yml', '/r/y/a.yml', '/r/y/z/a.yml'].map((path) => [path, '']),
  ),
);
const disk = world.process().ports.disk;

test.each([
  ['/r/a.yml', ['/r/a.yml']],
  ['/r/*.yml', ['/r/a.yml', '/r/b.yml', '/r/c+.yml']],
  ['/r/?.yml', ['/r/a.yml', '/r/b.yml']],
  ['/r/[ab].y*', ['/r/a.yml', '/r/b.yaml', '/r/b.yml']],
  ['/r/[^a].yml', ['/r/b.yml']],
  ['/r/c+.y*', ['/r/c+.yml']],
  ['/r/*/a.yml', ['/r/x/a.yml', '/r/y/a.yml']],
  ['/r/missing.yml', []],
  ['/missing/*.yml', []],
  ['/r', []],
])('%s matches %j', (pattern, files) => {
  expect(matchingFiles(disk, pattern)).toEqual(files);
});

test.each([
  ['*.tmpl', true],
  ['a[bc]d', true],
  ['[^a-z]', true],
  ['[\\]]', true],
  ['a]', true],
  ['[', false],
  ['[]', false],
  ['[^]', false],
  ['[]a]', false],
  ['[a-]', false],
  ['[-a]', false],
  ['a\\', false],
])('%s is a pattern: %s', (pattern, isOne) => {
  expect(isGlob(pattern)).toBe(isOne);
});
