/** Typed arrays that grow: a column per field instead of an object per thing. Doubling keeps appending cheap. */
type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** `column` itself when it has `length` entries, else a longer copy with zeros behind. */
export function withLength<C extends Column>(column: C, length: number): C {
  if (length <= column.length) return column;
  const Constructor = column.constructor as new (length: number) => C;
  const grown = new Constructor(Math.max(length, column.length * 2));
  grown.set(column);
  return grown;
}
