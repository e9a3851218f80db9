/** Resolves in the next turn of the event loop, after what is due now. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
