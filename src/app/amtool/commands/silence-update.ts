/** `amtool silence update` */
import { formatTime, RFC3339_NANO } from '../../../lib/go-time.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import { checkOrder, endAfter, instant } from '../instants.ts';
import type { SilencePayload } from '../payload.ts';
import { printSilences } from '../silence-output.ts';
import type { Values } from '../values.ts';

export const silenceUpdate: Command = {
  name: 'update',
  help: `Changes silences: when they begin, when they end, the comment.
A duration counts from the silence's start. A silence that is over comes back
as a new one, with another id.`,
  flags: [
    { name: 'quiet', short: 'q', kind: 'switch', help: 'Print ids only' },
    { name: 'duration', short: 'd', kind: 'text', help: 'How long the silence lasts: 30m, 1d, 2h30m' },
    { name: 'start', kind: 'text', help: 'When the silence begins, as 2006-01-02T15:04:05-07:00' },
    { name: 'end', kind: 'text', help: 'When the silence ends, as 2006-01-02T15:04:05-07:00; goes before --duration' },
    { name: 'comment', short: 'c', kind: 'text', help: 'Why' },
  ],
  argument: { name: 'update-ids', kind: 'texts', help: 'Ids of the silences' },
  run: async (values, context) => {
    if (values.positionals.length === 0) throw new Failure('no silence IDs specified');
    const client = await context.client();
    const updated: SilencePayload[] = [];
    for (const id of values.positionals) {
      const silence = changed(await client.silence(id), values);
      const { annotations, matchers, startsAt, endsAt, createdBy, comment } = silence;
      const body = {
        id: silence.id,
        matchers,
        startsAt: formatTime(startsAt, RFC3339_NANO),
        endsAt: formatTime(endsAt, RFC3339_NANO),
        createdBy,
        comment,
        ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
      };
      updated.push({ ...silence, id: await client.postSilence(body) });
    }
    context.ports.print(values.isOn('quiet') ? updated.map(({ id }) => `${id}\n`).join('') : printSilences(updated, context));
    return 0;
  },
};

function changed(silence: SilencePayload, values: Values): SilencePayload {
  const startsAt = values.text('start') === '' ? silence.startsAt : instant(values.text('start'));
  let { endsAt } = silence;
  if (values.text('end') !== '') endsAt = instant(values.text('end'));
  else if (values.text('duration') !== '') endsAt = endAfter(startsAt, values.text('duration'));
  checkOrder(startsAt, endsAt);
  return { ...silence, startsAt, endsAt, comment: values.text('comment') === '' ? silence.comment : values.text('comment') };
}
