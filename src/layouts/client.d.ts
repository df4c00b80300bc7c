declare module '*?bundle' {
  /** The script with everything it imports, as one classic script. */
  const script: string;
  export default script;
}
