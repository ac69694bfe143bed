/** The templates that match some patterns, beside the built-in ones. */
import { upstreamText } from '../../config/diagnostic.ts';
import { decodeUtf8 } from '../../lib/utf8-bytes.ts';
import type { Disk } from '../../model/disk.ts';
import { NotificationTemplates, parseNotificationTemplates } from '../../template/notification-templates.ts';
import { isGlob, matchingFiles } from '../config/glob.ts';
import { Failure } from './failure.ts';
import { readBytes } from './settings-file.ts';

/** Throws a Failure with Go's words for the first template that does not parse. */
export function readTemplateFiles(patterns: readonly string[], disk: Pick<Disk, 'read' | 'list' | 'stat'>): NotificationTemplates {
  if (!patterns.every(isGlob)) throw new Failure('syntax error in pattern');
  const paths = patterns.flatMap((pattern) => matchingFiles(disk, pattern));
  const templates = parseNotificationTemplates(paths.map((name) => ({ name, text: decodeUtf8(readBytes(name, disk)) })));
  if (templates instanceof NotificationTemplates) return templates;
  const [first] = templates.diagnostics;
  throw new Failure(first === undefined ? 'a template does not parse' : upstreamText(first));
}
