/** The syntax of Kubernetes' field and label selectors, as far as a configuration can be checked without the cluster. */

/** name=value, name==value, name!=value, separated by commas; a backslash escapes `,`, `=` and itself. Null: it is fine. */
export function checkFieldSelector(selector: string): string | null {
  for (const term of selector.split(/(?<!\\),/)) {
    if (term !== '' && !/^[^=!]+(?:==?|!=)/.test(term)) return `invalid selector: '${selector}'; can't understand '${term}'`;
  }
  return null;
}

const NAME = /[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?/.source;
const KEY = `${NAME}(?:/${NAME})?`;
const VALUE = `(?:${NAME})?`;
const REQUIREMENT = new RegExp(
  `^\\s*(?:!\\s*${KEY}|${KEY}(?:\\s*(?:==?|!=)\\s*${VALUE}|\\s*[<>]\\s*-?\\d+|\\s+(?:not)?in\\s*\\(\\s*${VALUE}(?:\\s*,\\s*${VALUE})*\\s*\\))?)\\s*$`,
);

/** key=value, key!=value, key in (a,b), key notin (a,b), key, !key, key>1, separated by commas. Null: it is fine. */
export function checkLabelSelector(selector: string): string | null {
  if (selector.trim() === '') return null;
  for (const requirement of selector.split(/,(?![^(]*\))/)) {
    if (requirement.length > 4096 || !REQUIREMENT.test(requirement)) return `unable to parse requirement: '${requirement.trim()}'`;
  }
  return null;
}
