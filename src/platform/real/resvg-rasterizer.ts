/**
 * Pictures by resvg, whose letters are DejaVu Sans; no font of the machine is looked for. Both packages are optional:
 * without them there are no pictures, which is said once. They are loaded for the first picture, which is drawn off this
 * thread.
 */
import { createRequire } from 'node:module';
import type { Log } from '../../model/log.ts';
import type { Rasterizer } from '../../model/rasterizer.ts';

type Draw = (svg: string, widthPx: number) => Promise<Uint8Array>;

export class ResvgRasterizer implements Rasterizer {
  readonly #log: Log;
  #loading: Promise<Draw | null> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  async png(svg: string, widthPx: number): Promise<Uint8Array | null> {
    this.#loading ??= this.#load();
    const draw = await this.#loading;
    if (draw === null) return null;
    try {
      return await draw(svg, widthPx);
    } catch (error) {
      this.#log.warn('a chart could not be drawn', { error: error instanceof Error ? error.message : String(error) });
      return null;
    }
  }

  async #load(): Promise<Draw | null> {
    try {
      const { renderAsync } = await import('@resvg/resvg-js');
      const fontFile = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
      const font = { loadSystemFonts: false, fontFiles: [fontFile], defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' };
      return async (svg, widthPx) => (await renderAsync(svg, { fitTo: { mode: 'width', value: widthPx }, font })).asPng();
    } catch (error) {
      this.#log.info('charts are not drawn: an optional package is missing', {
        error: error instanceof Error ? error.message : String(error),
      });
      return null;
    }
  }
}
