import type { PolicyIndex } from '../engine/index.ts';
import { NodeCompiler } from './node-compiler.ts';
import { type CompileOptions, DEFAULT_OPTIONS } from './options.ts';
import type { Ruleset } from './ruleset.ts';

/**
 * A node's whole ruleset at once; {@link NodeCompiler} makes it and follows changes.
 * @param node the name of the node; pods of other nodes are peers only
 */
export function compileNode(index: PolicyIndex, node: string, options: CompileOptions = DEFAULT_OPTIONS): Ruleset {
  const compiler = new NodeCompiler(index, node, options);
  compiler.take();
  compiler.collect();
  return compiler.ruleset;
}
