/** Whose shares the tests' shares are. */
export const owner = 'tester';
