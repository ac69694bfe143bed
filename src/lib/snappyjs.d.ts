/** The two halves of snappyjs that work on buffers of the caller; the package has no types of its own. */
declare module 'snappyjs/snappy_compressor.js' {
  export class SnappyCompressor {
    constructor(uncompressed: Uint8Array);
    maxCompressedLength(): number;
    compressToBuffer(out: Uint8Array): number;
  }
}
declare module 'snappyjs/snappy_decompressor.js' {
  export class SnappyDecompressor {
    constructor(compressed: Uint8Array);
    /** -1 when it is not a length. */
    readUncompressedLength(): number;
    uncompressToBuffer(out: Uint8Array): boolean;
  }
}
