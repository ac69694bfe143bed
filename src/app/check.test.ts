import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkConfig } from './check.ts';

const RULES = 'groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n';
const BAD_RULES = 'groups:\n  - name: g\n    rules: [{alert: A, expr: up ==}]\n';
const OPERATOR = `kind: PrometheusRule\napiVersion: monitoring.coreos.com/v1\nmetadata: {name: x}\nspec: {${RULES.trim()}}\n`;
const CONFIG = 'rule_files: [rules.yml]\nroute: {receiver: a}\nreceivers: [{name: a}]\n';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tocsin-check-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Paths are shown without the folder. */
async function check(files: Readonly<Record<string, string>>, args: readonly string[]) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const { code, text } = await checkConfig(args.map((name) => join(dir, name)));
  return { code, text: text.replaceAll(`${dir}/`, '') };
}

describe('check', () => {
  test.each([
    ['a rule file alone', { 'r.yml': RULES }, ['r.yml'], 0, 'ok: 1 rules in 1 file'],
    ['an object of the Prometheus Operator', { 'r.yml': OPERATOR }, ['r.yml'], 0, 'ok: 1 rules in 1 file'],
    [
      'a configuration and its rules',
      { 'rules.yml': RULES, 'c.yml': CONFIG },
      ['c.yml'],
      0,
      'ok: 0 scrape jobs, 1 rules in 1 file, 1 receivers',
    ],
    [
      'both, a file once',
      { 'rules.yml': RULES, 'c.yml': CONFIG },
      ['c.yml', 'rules.yml'],
      0,
      'ok: 0 scrape jobs, 1 rules in 1 file, 1 receivers',
    ],
    ['a bad rule file', { 'r.yml': BAD_RULES }, ['r.yml'], 1, /^r\.yml:3:35: error: in the expression: unexpected end of input/],
    ['a file that is not there', {}, ['no.yml'], 1, /^no\.yml:1:1: error: cannot read the file/],
  ] as const)('%s', async (_what, files, args, code, text) => {
    const result = await check(files, args);
    expect(result.code).toBe(code);
    expect(result.text).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
  });
});
