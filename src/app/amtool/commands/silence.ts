/** `amtool silence` */
import type { Command } from '../command.ts';
import { silenceAdd } from './silence-add.ts';
import { silenceExpire } from './silence-expire.ts';
import { silenceImport } from './silence-import.ts';
import { silenceQuery } from './silence-query.ts';
import { silenceUpdate } from './silence-update.ts';

export const silence: Command = {
  name: 'silence',
  help: 'Show silences, add, change, end or import them.',
  commands: [silenceAdd, silenceExpire, silenceImport, silenceQuery, silenceUpdate],
};
