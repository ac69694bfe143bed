/** Why a command could not do its work, in words for the person at the terminal. Ends the command with exit code 1. */
export class Failure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Failure';
  }
}

/** The value, or its error thrown. */
export function orFail<T>(result: T): Exclude<T, { readonly error: string }> {
  if (typeof result === 'object' && result !== null && 'error' in result) throw new Failure(String(result.error));
  return result as Exclude<T, { readonly error: string }>;
}
