/** Makes a PNG of an SVG. Null where this machine cannot, or the drawing cannot be drawn; never rejects. */
export interface Rasterizer {
  png(svg: string, widthPx: number): Promise<Uint8Array | null>;
}
