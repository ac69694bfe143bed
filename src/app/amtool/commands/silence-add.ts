/** `amtool silence add` */
import { toApiMatcher } from '../../../alerts/matcher-text.ts';
import { formatTime, type GoTime, RFC3339_NANO, timeFromUnixMs } from '../../../lib/go-time.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import { checkOrder, endAfter, instant } from '../instants.ts';
import { matchersOf, pairsOf, withAlertname } from '../label-arguments.ts';

const written = (time: GoTime): string => formatTime(time, RFC3339_NANO);

export const silenceAdd: Command = {
  name: 'add',
  help: `Adds a silence for alerts that all matchers match, and prints its id.

  amtool silence add HighLoad node=db1 --duration=2h --comment="disk swap"
  amtool silence add alertname=~"High.*" --comment="load test"

A first argument that is not a matcher is taken for the name of the alert.`,
  flags: [
    { name: 'author', short: 'a', kind: 'text', help: 'Who makes the silence; your user name, if left out' },
    { name: 'require-comment', kind: 'switch', fallback: 'true', isHidden: true, help: 'Refuse a silence without a comment' },
    { name: 'duration', short: 'd', kind: 'text', fallback: '1h', help: 'How long the silence lasts: 30m, 1d, 2h30m' },
    { name: 'start', kind: 'text', help: 'When the silence begins, as 2006-01-02T15:04:05-07:00; now, if left out' },
    { name: 'end', kind: 'text', help: 'When the silence ends, as 2006-01-02T15:04:05-07:00; goes before --duration' },
    { name: 'comment', short: 'c', kind: 'text', help: 'Why' },
    { name: 'annotation', kind: 'texts', help: 'An annotation, name=value; may be repeated' },
  ],
  argument: { name: 'matcher-groups', kind: 'texts', help: 'Matchers, all of which an alert must match' },
  run: async (values, { client, matchers: mode, ports }) => {
    const matchers = matchersOf(withAlertname(values.positionals, mode), mode);
    if (matchers.length === 0) throw new Failure('no matchers specified');
    const startsAt = values.text('start') === '' ? timeFromUnixMs(ports.clock.now()) : instant(values.text('start'));
    const endsAt = values.text('end') === '' ? endAfter(startsAt, values.text('duration')) : instant(values.text('end'));
    checkOrder(startsAt, endsAt);
    const comment = values.text('comment');
    if (values.isOn('require-comment') && comment === '') throw new Failure('comment required by config');
    const annotations = pairsOf(values.texts('annotation'), mode, 'annotations must be specified as key=value pairs');
    const silence = {
      matchers: matchers.map(toApiMatcher),
      startsAt: written(startsAt),
      endsAt: written(endsAt),
      createdBy: values.isGiven('author') ? values.text('author') : ports.username(),
      comment,
      ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    };
    ports.print(`${await (await client()).postSilence(silence)}\n`);
    return 0;
  },
};
