/** The escaping of Go's net/url, where JavaScript's differs: a URL shown or compared must be spelled the same. */
export const escapeQuery = (text: string): string => escapeAll(text).replaceAll('%20', '+');

/** Of a path: leaves /, and what has no meaning there. */
export const escapePath = (path: string): string => escapeAll(path).replace(/%(?:24|26|2B|2C|2F|3A|3B|3D|40)/g, decodeURIComponent);

/** All but letters, digits and -_.~ */
function escapeAll(text: string): string {
  return encodeURIComponent(text.replace(LONE_SURROGATE, '\ufffd')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const LONE_SURROGATE = /[\ud800-\udfff]/gu;
