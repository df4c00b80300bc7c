declare module 'commonmark-spec' {
  /** The examples of the specification, in its order; `number` counts from 1. In both texts `→` stands for a tab. */
  const specification: {
    tests: { markdown: string; html: string; section: string; number: number }[];
  };
  export default specification;
}
