/** Real time that passes: chaos runs are on the clock of the machine. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
