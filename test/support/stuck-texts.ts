/** Texts at which a thread of `stuck-thread.ts` is stuck. */
export const endless = 'It goes on and on';
export const hungry = 'It takes all there is';
