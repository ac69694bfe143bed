/** Mail addresses with commas between, in quotes or not; empty ones are passed over. */
export function addressesOf(text: string): readonly string[] {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []).map((address) => address.trim()).filter((address) => address !== '');
}

/** Without a name: `ana@example.org` of `Ana <ana@example.org>`. */
export const bareAddress = (address: string): string => /<([^>]*)>\s*$/.exec(address)?.[1]?.trim() ?? address;

export function domainOf(address: string): string {
  const bare = bareAddress(address);
  const domain = bare.slice(bare.lastIndexOf('@') + 1).replace(/[^A-Za-z0-9.-]/g, '');
  return domain === '' ? 'localhost' : domain;
}
