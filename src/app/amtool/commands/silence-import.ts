/**
 * `amtool silence import`: silences from JSON, several at a time. The JSON is read to its end before the first silence is
 * posted, so that a damaged file imports nothing; amtool posts what comes before the damage.
 */
import { decodeUtf8 } from '../../../lib/utf8-bytes.ts';
import { type AlertmanagerClient, RefusedError } from '../client.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import { readBytes } from '../settings-file.ts';

type Silence = Readonly<Record<string, unknown>>;

export const silenceImport: Command = {
  name: 'import',
  help: `Adds silences from a JSON file, or from standard input where no file is named.

  amtool silence query -o json HighLoad > silences.json
  amtool silence import silences.json

A silence that the server has, by its id, is changed instead of added.`,
  flags: [
    { name: 'force', short: 'f', kind: 'switch', help: 'Add every silence as a new one, with an id of its own' },
    { name: 'worker', short: 'w', kind: 'int', fallback: '8', help: 'How many silences to send at a time' },
  ],
  argument: { name: 'input-file', kind: 'existing_file', help: 'File of silences in JSON' },
  run: async (values, { client, ports }) => {
    const [file] = values.positionals;
    const silences = silencesIn(file === undefined ? await ports.input.read() : readBytes(file, ports.disk), values.isOn('force'));
    const connected = await client();
    let failed = 0;
    const queue = silences.values();
    // The workers share the iterator: each takes the next silence when it is done with one.
    const work = async (): Promise<void> => {
      for (const silence of queue) {
        try {
          ports.print(`${await post(connected, silence)}\n`);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          ports.printError(`Error adding silence id='${String(silence['id'] ?? '')}': ${error.message}\n`);
          failed++;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Math.min(values.int('worker'), WORKERS_MAX)) }, work));
    if (failed > 0) throw new Failure(`couldn't import ${failed} out of ${silences.length} silences`);
    return 0;
  },
};
const WORKERS_MAX = 256;

/** What a silence is made of; the rest (status, updatedAt) is the server's. */
const FIELDS = ['id', 'matchers', 'startsAt', 'endsAt', 'createdBy', 'comment', 'annotations'];

function silencesIn(bytes: Uint8Array, asNew: boolean): readonly Silence[] {
  const broken = (why: string, cause?: unknown): Failure => new Failure(`couldn't unmarshal input data, is it JSON?: ${why}`, cause);
  let json: unknown;
  try {
    json = JSON.parse(decodeUtf8(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw broken(error.message, error);
    throw error;
  }
  if (!Array.isArray(json)) throw broken('it is not a list of silences');
  return json.map((item: unknown, i) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw broken(`item ${i + 1} is not a silence`);
    return Object.fromEntries(Object.entries(item).filter(([name]) => FIELDS.includes(name) && !(asNew && name === 'id')));
  });
}

/** An id that the server does not know, because it forgot the silence or never had it, is given up. */
async function post(client: AlertmanagerClient, silence: Silence): Promise<string> {
  try {
    return await client.postSilence(silence);
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 404)) throw error;
    const { id: _, ...withoutId } = silence;
    return client.postSilence(withoutId);
  }
}
