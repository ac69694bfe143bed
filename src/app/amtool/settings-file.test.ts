import { expect, test } from 'vitest';
import { encodeUtf8 } from '../../lib/utf8-bytes.ts';
import type { Disk } from '../../model/disk.ts';
import { unixMs } from '../../model/time.ts';
import { Failure } from './failure.ts';
import { readSettings, settingsPaths } from './settings-file.ts';

const disk = (files: Readonly<Record<string, string>>): Pick<Disk, 'read' | 'stat'> => ({
  read: (path) => encodeUtf8(files[path] ?? ''),
  stat: (path) => (path in files ? { kind: 'file', bytes: 1, modifiedAt: unixMs(0) } : null),
});

test.each([
  { given: 'no file', files: {}, settings: {} },
  { given: 'an empty file', files: { a: '' }, settings: {} },
  {
    given: 'texts, numbers and booleans, all read as text',
    files: { a: 'output: json\ntimeout: 5\nrequire-comment: false\n' },
    settings: { output: 'json', timeout: '5', 'require-comment': 'false' },
  },
  {
    given: 'two files, of which the first counts',
    files: { a: 'output: json\n', b: 'output: simple\nauthor: ana\n' },
    settings: { output: 'json', author: 'ana' },
  },
  { given: 'an older name', files: { a: 'comment_required: false\n' }, settings: { 'require-comment': 'false' } },
  {
    given: 'an older name beside the newer one',
    files: { a: 'require-comment: true\ncomment_required: false\n' },
    settings: { 'require-comment': 'true' },
  },
])('reads $given', ({ files, settings }) => {
  expect(Object.fromEntries(readSettings(['a', 'b'], disk(files)))).toEqual(settings);
});

test('a file that is no map of texts is named', () => {
  expect(() => readSettings(['a'], disk({ a: 'output: [json]\n' }))).toThrow(Failure);
  expect(() => readSettings(['a'], disk({ a: 'output: [json]\n' }))).toThrow('could not load config file: a:1: ');
});

test('the files stand where amtool looks', () => {
  expect(settingsPaths('/home/ana')).toEqual(['/home/ana/.config/amtool/config.yml', '/etc/amtool/config.yml']);
});
