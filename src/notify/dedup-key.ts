/** What providers know a group by: Alertmanager's hash of the group key, so that what it opened is closed by us. */
import { hexOf, sha256 } from '../lib/sha256.ts';

export const dedupKey = (groupKey: string): string => hexOf(sha256(new TextEncoder().encode(groupKey)));
