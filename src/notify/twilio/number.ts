/** Telephone numbers as the network takes them (ITU-T E.164): + and the country's code, at most 15 digits. */

/** What is wrong with a number and how to write it; null: nothing. */
export function numberProblem(text: string): { readonly message: string; readonly hint: string } | null {
  if (/^\+[1-9]\d{6,14}$/.test(text)) return null;
  return { message: `"${text.slice(0, SHOWN_MAX)}" is not a telephone number`, hint: hintFor(text) };
}

const SHOWN_MAX = 40;

function hintFor(text: string): string {
  const bare = text.replace(/[\s().\-/]/g, '');
  if (bare !== text && numberProblem(bare) === null) return `write it without spaces and dashes: "${bare}"`;
  const international = bare.replace(/^00/, '+');
  if (international !== bare && numberProblem(international) === null) return `write it with a plus sign: "${international}"`;
  if (/^[1-9]\d{9,14}$/.test(bare)) return `write it with a plus sign and the country's code, in quotes: "+${bare}"`;
  return 'write it with a plus sign, the country\'s code and the number, in quotes: "+4915112345678"';
}
