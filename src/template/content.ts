/** html/template's typed strings: text that its author vouches for in one context. */
import type { GoType } from '../lib/go-value.ts';

export const HTML_CONTENT: GoType = { name: 'template.HTML', kind: 'string' };
export const URL_CONTENT: GoType = { name: 'template.URL', kind: 'string' };
