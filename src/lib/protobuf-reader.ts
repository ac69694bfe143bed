/**
 * Reads the protobuf wire format in place: field by field over one buffer, no objects, no reflection. Every length is
 * checked against the end before it is used. Hot path: all of remote write goes through it.
 * https://protobuf.dev/programming-guides/encoding/
 */

/** The bytes are not a message. */
export class ProtobufError extends Error {}

export const VARINT = 0;
export const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #end: number;
  /** Of the field that `next` found. */
  field = 0;
  wireType = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** Where reading goes on. */
  get offset(): number {
    return this.#at;
  }

  /** Reading goes on at another place of the same message, at which a field begins. */
  goTo(offset: number): void {
    this.#at = offset;
  }

  /** Bytes of the message that are not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Moves to the next field of the message; false at its end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.uint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    return true;
  }

  /** Reads on inside the message field just found; what it returns is to be given to `leave`. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  /** The same for a message that nothing but its length precedes, as in a file of many. */
  enterDelimited(bytesMax: number): number {
    const length = this.uint();
    if (length > bytesMax) throw new ProtobufError(`a message of ${length} bytes is longer than ${bytesMax}`);
    if (length > this.#end - this.#at) throw new ProtobufError('a message runs past the end');
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** A varint as a number; beyond 2^53 it loses digits. */
  uint(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at >= end) throw new ProtobufError('a varint runs past the end');
      const byte = bytes[at++]!; // in bounds, as below
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#at = at;
        return value;
      }
      scale *= 128;
    }
    throw new ProtobufError('a varint is longer than ten bytes');
  }

  /** An int64, two's complement in ten bytes where it is negative: milliseconds before 1970. */
  int(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    // 28 bits, then 4 + 31: two halves that hold their digits exactly.
    let low = 0;
    let high = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at >= end) throw new ProtobufError('a varint runs past the end');
      const byte = bytes[at++]!;
      if (i < 4) low += (byte & 0x7f) * scale;
      else high += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#at = at;
        const HIGH_BITS = 2 ** 36;
        const signed = high % HIGH_BITS >= HIGH_BITS / 2 ? (high % HIGH_BITS) - HIGH_BITS : high;
        return signed * 2 ** 28 + low;
      }
      scale = i === 3 ? 1 : scale * 128;
    }
    throw new ProtobufError('a varint is longer than ten bytes');
  }

  /** A sint32 or sint64: zigzag, so that small negative numbers are short. */
  sint(): number {
    const zigzag = this.uint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw new ProtobufError('a double runs past the end');
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** A view on the buffer, valid as long as it. */
  bytes(): Uint8Array {
    const length = this.#length();
    const found = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return found;
  }

  /** The reading of one number presupposes its wire type; who must not read another one in its place asks here first. */
  expect(wireType: number): void {
    if (this.wireType !== wireType) throw new ProtobufError(`field ${this.field} has wire type ${this.wireType}, not ${wireType}`);
  }

  /** Adds a repeated double, packed or not, to `into`; false where that would be more than `lengthMax`: the rest is left out. */
  doubles(into: number[], lengthMax: number): boolean {
    if (this.wireType !== BYTES) {
      this.expect(FIXED64);
      return addWithin(into, this.double(), lengthMax);
    }
    const outer = this.enter();
    while (this.#at < this.#end && into.length < lengthMax) into.push(this.double());
    const isWhole = this.#at === this.#end;
    this.leave(outer);
    return isWhole;
  }

  /** The same for a repeated sint32 or sint64. */
  sints(into: number[], lengthMax: number): boolean {
    if (this.wireType !== BYTES) {
      this.expect(VARINT);
      return addWithin(into, this.sint(), lengthMax);
    }
    const outer = this.enter();
    while (this.#at < this.#end && into.length < lengthMax) into.push(this.sint());
    const isWhole = this.#at === this.#end;
    this.leave(outer);
    return isWhole;
  }

  skip(): void {
    switch (this.wireType) {
      case VARINT:
        this.uint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case BYTES:
        this.#advance(this.#length());
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        throw new ProtobufError(`unknown wire type ${this.wireType}`);
    }
  }

  #length(): number {
    if (this.wireType !== BYTES) throw new ProtobufError(`field ${this.field} has wire type ${this.wireType}, not bytes`);
    const length = this.uint();
    if (length > this.#end - this.#at) throw new ProtobufError('a field runs past the end');
    return length;
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) throw new ProtobufError('a field runs past the end');
    this.#at += count;
  }
}

function addWithin(into: number[], value: number, lengthMax: number): boolean {
  if (into.length >= lengthMax) return false;
  into.push(value);
  return true;
}
