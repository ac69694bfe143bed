/** Text as content or attribute value of HTML and XML. What XML 1.0 cannot hold at all becomes the replacement character. */
export const escapeMarkup = (text: string): string => text.replace(NOT_XML, '\uFFFD').replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);

/** Control characters, half a surrogate pair, and what is no character. */
const NOT_XML = /(?![\t\n\r])\p{Control}|\p{Surrogate}|[\uFFFE\uFFFF]/gu;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
