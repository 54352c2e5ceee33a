declare module 'virtual:examples' {
  /** The YAML files of examples/ by their path in it. */
  const examples: Readonly<Record<string, string>>;
  export default examples;
}
