/** Go's os.Expand: $NAME, ${NAME} and the one-character names of the shell ($$, $1, $*) in a text. */

/** `lookup` is asked for each name, '$' among them. A broken ${ is dropped, as in Go. */
export function expandVariables(text: string, lookup: (name: string) => string): string {
  return text.replaceAll(
    /\$(?:\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|(\w+))?/g,
    (whole, braced?: string, open?: string, special?: string, name?: string) => {
      if (open !== undefined) return '';
      const asked = braced ?? special ?? name;
      if (asked === undefined) return whole;
      return asked === '' ? '' : lookup(asked);
    },
  );
}
