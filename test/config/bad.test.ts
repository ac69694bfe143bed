/**
 * Faulty configurations and what their author is told: bad/NAME.yml and bad/NAME.txt. The first word of the name says
 * who reads the file. UPDATE_GOLDEN=1 writes the .txt files anew; read the diff.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPrometheusConfig } from '../../src/app/config/prometheus-config.ts';
import { renderAll } from '../../src/config/diagnostic.ts';
import { DiagnosticSink } from '../../src/config/diagnostic-sink.ts';
import { sourceFile } from '../../src/config/source.ts';
import { parseYaml, type YamlNode } from '../../src/config/yaml-document.ts';

const READERS: Readonly<Record<string, (root: YamlNode, sink: DiagnosticSink) => void>> = {
  prometheus: (root, sink) => {
    readPrometheusConfig(root, { environment: () => undefined, glob: () => [], readFile: () => ({ error: 'no such file' }) }, sink);
  },
};

const DIRECTORY = 'test/config/bad';
const names = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith('.yml'))
  .map((file) => file.slice(0, -'.yml'.length));

test.each(names)('%s is explained as before', (name) => {
  const read = READERS[name.split('-')[0] ?? ''];
  if (read === undefined) throw new Error(`no reader for ${name}`);
  const document = parseYaml(sourceFile(`${name}.yml`, readFileSync(`${DIRECTORY}/${name}.yml`, 'utf8')));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  if (document.root !== null) read(document.root, sink);
  const got = renderAll(sink.diagnostics(), sink.sources());
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(`${DIRECTORY}/${name}.txt`, got);
  expect(got).toBe(readFileSync(`${DIRECTORY}/${name}.txt`, 'utf8'));
  expect(got).not.toContain('topsecret');
});
