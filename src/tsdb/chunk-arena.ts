/**
 * The memory of chunk data: slots of fixed sizes inside large buffers ("slabs"). Chunks are read where they lie, a freed
 * slot is used again for the next chunk of its size, and a slab without slots in use goes back to the system. Nothing
 * here is an object per chunk.
 *
 * Hot path. An address is a number: slab index × 65536 plus the slot's offset in units of 16 bytes.
 */
const UNIT = 16;
const SLAB_BYTES = 1 << 20;
/** The first slabs are smaller, so that a small head is small: there are some thirty slot sizes. */
const SLAB_BYTES_FIRST = 1 << 16;
const SLABS_FIRST = 48;
/** Readers look some bytes ahead of a chunk's end. */
const SLACK_BYTES = 8;
/** Empty slabs kept for the next allocation. */
const SPARE_SLABS = 4;
const NONE = 0xffff_ffff;

/** Slot sizes: steps of 16 bytes to 256, then four steps to each doubling. */
const SLOT_BYTES: readonly number[] = (() => {
  const sizes: number[] = [];
  for (let bytes = UNIT; bytes <= 256; bytes += UNIT) sizes.push(bytes);
  for (let bytes = 256; bytes < SLAB_BYTES / 4; bytes *= 2) sizes.push(bytes * 1.25, bytes * 1.5, bytes * 1.75, bytes * 2);
  return sizes;
})();
/** Class of the slots of a slab that holds one oversized chunk. */
const WHOLE_SLAB = SLOT_BYTES.length;

type Slab = {
  readonly bytes: Uint8Array;
  /** Bytes for slots. */
  readonly size: number;
  slotClass: number;
  /** Slots handed out at least once; those freed since are chained from `free` through their first four bytes. */
  used: number;
  live: number;
  free: number;
};

export class ChunkArena {
  readonly #slabs: (Slab | null)[] = [];
  /** Bytes of slab i, for readers: `slab(address)`. */
  readonly #bytes: Uint8Array[] = [];
  /** Indexes of slabs with a free slot, per class; the last is used first. */
  readonly #open: number[][] = SLOT_BYTES.map(() => []);
  readonly #spare: number[] = [];
  readonly #vacant: number[] = [];
  #slotBytes = 0;
  #slabBytes = 0;

  /** Bytes in slots that are in use. */
  get usedBytes(): number {
    return this.#slotBytes;
  }

  /** Bytes taken from the system. */
  get reservedBytes(): number {
    return this.#slabBytes;
  }

  /** The slab that holds a chunk; valid until the chunk is freed. */
  slab(address: number): Uint8Array {
    return this.#bytes[address >>> 16]!;
  }

  /** Where in its slab a chunk begins. */
  start(address: number): number {
    return (address & 0xffff) * UNIT;
  }

  /** How many bytes the chunk's slot has. */
  capacity(address: number): number {
    const slab = this.#slabs[address >>> 16]!;
    return slab.slotClass === WHOLE_SLAB ? slab.size : SLOT_BYTES[slab.slotClass]!;
  }

  /** A slot of at least `bytes`; what it holds is left over from before. */
  allocate(bytes: number): number {
    const slotClass = classOf(bytes);
    if (slotClass === WHOLE_SLAB) return this.#allocateWhole(bytes);
    const open = this.#open[slotClass]!;
    if (open.length === 0) open.push(this.#takeSlab(slotClass));
    const index = open[open.length - 1]!;
    const slab = this.#slabs[index]!;
    const slotBytes = SLOT_BYTES[slotClass]!;
    let slot = slab.free;
    if (slot !== NONE) slab.free = readU32(slab.bytes, slot * slotBytes);
    else slot = slab.used++;
    slab.live++;
    this.#slotBytes += slotBytes;
    if (isFull(slab, slotBytes)) open.pop();
    return index * 0x1_0000 + (slot * slotBytes) / UNIT;
  }

  free(address: number): void {
    const index = address >>> 16;
    const slab = this.#slabs[index]!;
    if (slab.slotClass === WHOLE_SLAB) {
      this.#slotBytes -= slab.size;
      this.#release(index);
      return;
    }
    const slotBytes = SLOT_BYTES[slab.slotClass]!;
    const wasFull = isFull(slab, slotBytes);
    const slot = this.start(address) / slotBytes;
    writeU32(slab.bytes, slot * slotBytes, slab.free);
    slab.free = slot;
    slab.live--;
    this.#slotBytes -= slotBytes;
    if (slab.live === 0) {
      const open = this.#open[slab.slotClass]!;
      const at = open.indexOf(index);
      if (at >= 0) open.splice(at, 1);
      if (this.#spare.length < SPARE_SLABS) this.#spare.push(index);
      else this.#release(index);
    } else if (wasFull) this.#open[slab.slotClass]!.push(index);
  }

  #takeSlab(slotClass: number): number {
    const slotsWanted = 4;
    const enough = SLOT_BYTES[slotClass]! * slotsWanted;
    const spare = this.#spare.findLastIndex((index) => this.#slabs[index]!.size >= enough);
    const index =
      spare >= 0
        ? this.#spare.splice(spare, 1)[0]!
        : this.#addSlab(this.#slabs.length < SLABS_FIRST && enough <= SLAB_BYTES_FIRST ? SLAB_BYTES_FIRST : SLAB_BYTES);
    const slab = this.#slabs[index]!;
    slab.slotClass = slotClass;
    slab.used = 0;
    slab.live = 0;
    slab.free = NONE;
    return index;
  }

  #allocateWhole(bytes: number): number {
    const index = this.#addSlab(bytes);
    const slab = this.#slabs[index]!;
    slab.slotClass = WHOLE_SLAB;
    slab.live = 1;
    this.#slotBytes += slab.size;
    return index * 0x1_0000;
  }

  #addSlab(bytes: number): number {
    const slab = { bytes: new Uint8Array(bytes + SLACK_BYTES), size: bytes, slotClass: 0, used: 0, live: 0, free: NONE };
    const index = this.#vacant.pop() ?? this.#slabs.length;
    this.#slabs[index] = slab;
    this.#bytes[index] = slab.bytes;
    this.#slabBytes += slab.bytes.length;
    return index;
  }

  #release(index: number): void {
    this.#slabBytes -= this.#slabs[index]!.bytes.length;
    this.#slabs[index] = null;
    this.#bytes[index] = NO_BYTES;
    this.#vacant.push(index);
  }
}

const isFull = (slab: Slab, slotBytes: number): boolean => slab.free === NONE && (slab.used + 1) * slotBytes > slab.size;

const NO_BYTES = new Uint8Array(0);

/** Class by size in units, up to 4 KiB. */
const SMALL_CLASSES = Uint8Array.from({ length: 4096 / UNIT + 1 }, (_, units) => SLOT_BYTES.findIndex((bytes) => bytes >= units * UNIT));

function classOf(bytes: number): number {
  if (bytes <= 4096) return SMALL_CLASSES[Math.ceil(bytes / UNIT)]!;
  const slotClass = SLOT_BYTES.findIndex((slotBytes) => slotBytes >= bytes);
  return slotClass < 0 ? WHOLE_SLAB : slotClass;
}

const readU32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
