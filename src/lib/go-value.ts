/**
 * Values with Go types, as reflection sees them: what a Go template computes with and what Go's fmt prints. Only what
 * a type lists can be reached from a template (fields by name, methods by name, map entries in a Map), so no
 * JavaScript property ever is. An invalid reflect.Value (nil without a type) is null.
 */
export type GoValue =
  | { readonly kind: 'bool'; readonly type: GoType; readonly bool: boolean }
  | { readonly kind: 'int' | 'uint'; readonly type: GoType; readonly int: bigint }
  | { readonly kind: 'float'; readonly type: GoType; readonly float: number }
  | { readonly kind: 'complex'; readonly type: GoType; readonly re: number; readonly im: number }
  | GoString
  | GoSlice
  | GoMap
  | GoStruct
  | GoPointer
  | GoInterface;

export type GoString = { readonly kind: 'string'; readonly type: GoType; readonly text: string };
/** Null items: a nil slice. */
export type GoSlice = { readonly kind: 'slice'; readonly type: GoType; readonly items: readonly (GoValue | null)[] | null };
/** Keys are strings, the only kind that either project hands to templates. Null entries: a nil map. */
export type GoMap = { readonly kind: 'map'; readonly type: GoType; readonly entries: ReadonlyMap<string, GoValue | null> | null };
/** `fields` run parallel to the type's; `native` is what its methods work on. */
export type GoStruct = {
  readonly kind: 'struct';
  readonly type: GoType;
  readonly fields: readonly (GoValue | null)[];
  readonly native?: unknown;
};
export type GoPointer = { readonly kind: 'pointer'; readonly type: GoType; readonly to: GoValue | null };
/** A value held in a variable of interface type: an element of []any, a map[string]any's value, a field `Value any`. */
type GoInterface = { readonly kind: 'interface'; readonly type: GoType; readonly value: GoValue | null };

type GoKind = GoValue['kind'];

export type GoType = {
  /** As %T prints it. */
  readonly name: string;
  readonly kind: GoKind;
  /** Of slices, maps and pointers. */
  readonly element?: GoType;
  /** Of structs, in order; a lower-case name is unexported. */
  readonly fields?: readonly GoField[];
  readonly methods?: ReadonlyMap<string, GoMethod>;
  /** A String method then can be called, but does not decide how a value prints. */
  readonly printsWithoutString?: true;
};

/** `json`: the name in JSON, where it is another. */
type GoField = { readonly name: string; readonly type: GoType; readonly json?: string };

/** A function with Go's signature. `call` throws a GoCallError where Go's returns an error or panics. */
export type GoFunction = {
  readonly parameters: readonly GoType[];
  /** The last parameter's type is then the element's. */
  readonly isVariadic: boolean;
  /** Takes time for each character of its texts, as regular expressions do. */
  readonly isSlow?: true;
  readonly call: (args: readonly (GoValue | null)[]) => GoValue | null;
};
export type GoMethod = Omit<GoFunction, 'call'> & {
  readonly call: (receiver: GoValue, args: readonly (GoValue | null)[]) => GoValue | null;
};

/** The error result of a Go function. */
export class GoCallError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GoCallError';
  }
}

export const BOOL: GoType = { name: 'bool', kind: 'bool' };
export const INT: GoType = { name: 'int', kind: 'int' };
export const INT64: GoType = { name: 'int64', kind: 'int' };
export const FLOAT64: GoType = { name: 'float64', kind: 'float' };
export const COMPLEX128: GoType = { name: 'complex128', kind: 'complex' };
export const STRING: GoType = { name: 'string', kind: 'string' };
export const UINT8: GoType = { name: 'uint8', kind: 'uint' };
export const ANY: GoType = { name: 'interface {}', kind: 'interface' };
export const sliceOf = (element: GoType): GoType => ({ name: `[]${element.name}`, kind: 'slice', element });
const mapOf = (element: GoType): GoType => ({ name: `map[string]${element.name}`, kind: 'map', element });
export const pointerTo = (element: GoType): GoType => ({ name: `*${element.name}`, kind: 'pointer', element });
export const STRINGS = sliceOf(STRING);
export const ANYS = sliceOf(ANY);
export const STRING_MAP = mapOf(STRING);
export const ANY_MAP = mapOf(ANY);

export const goBool = (bool: boolean): GoValue => ({ kind: 'bool', type: BOOL, bool });
export const goInt = (int: number | bigint, type: GoType = INT): GoValue => ({ kind: 'int', type, int: BigInt(int) });
export const goFloat = (float: number): GoValue => ({ kind: 'float', type: FLOAT64, float });
export const goString = (text: string, type: GoType = STRING): GoString => ({ kind: 'string', type, text });
export const goSlice = (type: GoType, items: readonly (GoValue | null)[]): GoSlice => ({ kind: 'slice', type, items });
export const goMap = (type: GoType, entries: ReadonlyMap<string, GoValue | null>): GoMap => ({ kind: 'map', type, entries });
export const goPointer = (to: GoValue): GoPointer => ({ kind: 'pointer', type: pointerTo(to.type), to });

export const goFunction = (parameters: readonly GoType[], call: GoFunction['call']): GoFunction => ({
  parameters,
  isVariadic: false,
  call,
});
export const goVariadic = (parameters: readonly GoType[], call: GoFunction['call']): GoFunction => ({ parameters, isVariadic: true, call });
export const goMethod = (parameters: readonly GoType[], call: GoMethod['call']): GoMethod => ({ parameters, isVariadic: false, call });

/** The value as an element of a container of that element type: held in an interface where the type is one. */
export function asElement(element: GoType, value: GoValue | null): GoValue | null {
  if (element.kind !== 'interface' || value?.kind === 'interface') return value;
  return { kind: 'interface', type: element, value };
}

/** reflect.Zero. */
export function zeroValue(type: GoType): GoValue {
  switch (type.kind) {
    case 'bool':
      return { kind: 'bool', type, bool: false };
    case 'int':
    case 'uint':
      return { kind: type.kind, type, int: 0n };
    case 'float':
      return { kind: 'float', type, float: 0 };
    case 'complex':
      return { kind: 'complex', type, re: 0, im: 0 };
    case 'string':
      return { kind: 'string', type, text: '' };
    case 'slice':
      return { kind: 'slice', type, items: null };
    case 'map':
      return { kind: 'map', type, entries: null };
    case 'pointer':
      return { kind: 'pointer', type, to: null };
    case 'interface':
      return { kind: 'interface', type, value: null };
    case 'struct':
      return { kind: 'struct', type, fields: (type.fields ?? []).map((field) => zeroValue(field.type)) };
  }
}

/** The concrete value of an interface, null for a nil one; every other value is itself. */
export const indirectInterface = (value: GoValue | null): GoValue | null => (value?.kind === 'interface' ? value.value : value);

/** Through pointers and interfaces; `isNil` where one of them is nil, and `value` is then that one. */
export function indirect(value: GoValue | null): { readonly value: GoValue | null; readonly isNil: boolean } {
  let at = value;
  while (at !== null && (at.kind === 'pointer' || at.kind === 'interface')) {
    const next: GoValue | null = at.kind === 'pointer' ? at.to : at.value;
    if (next === null) return { value: at, isNil: true };
    at = next;
  }
  return { value: at, isNil: false };
}

/** How a value with a String method prints (fmt.Stringer), null for one without. */
export function stringerText(value: GoValue): string | null {
  const found = methodOf(value, 'String');
  if (found === null || found.receiver.type.printsWithoutString || found.method.parameters.length > 0) return null;
  const result = found.method.call(found.receiver, []);
  return result?.kind === 'string' ? result.text : null;
}

/** The method of the value's type or, as in Go, of the type that it points to. */
export function methodOf(value: GoValue, name: string): { readonly receiver: GoValue; readonly method: GoMethod } | null {
  const own = value.type.methods?.get(name);
  if (own !== undefined) return { receiver: value, method: own };
  if (value.kind !== 'pointer' || value.to === null) return null;
  const target = value.to.type.methods?.get(name);
  return target === undefined ? null : { receiver: value.to, method: target };
}
