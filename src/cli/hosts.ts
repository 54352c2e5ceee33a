import { readInputs } from '../kube/files.ts';
import type { AddressSet } from '../net/address-set.ts';
import { renderDiagnostics } from '../report/diagnostics.ts';
import type { Context } from './context.ts';
import { EXIT, UsageError } from './errors.ts';

/** The addresses of domain names, or the exit code when they cannot be read. */
export type Domains = { readonly domains: ReadonlyMap<string, AddressSet> } | { readonly exit: number };

/**
 * Reads the hosts files that `--resolve` names. What is wrong with them goes to standard error, and then there is no
 * answer. Throws {@link UsageError} when standard input would have to be read twice.
 */
export async function loadDomains({ flags, io, err, errStyle }: Context): Promise<Domains> {
  const paths = flags.list('resolve');
  if (paths.length === 0) return { domains: new Map() };
  if (paths.includes('-') && flags.list('filename').includes('-')) {
    throw new UsageError('-f - and --resolve - both mean standard input: name a file for one of them');
  }
  const { parseHosts } = await import('../analysis/index.ts');
  const { inputs, problems } = await readInputs(paths, { stdin: io.stdin, folders: false });
  const hosts = parseHosts(inputs.map(({ name, content }) => ({ name, content: asText(content) })));
  const diagnostics = [...problems, ...hosts.diagnostics];
  if (diagnostics.length === 0) return { domains: hosts.domains };
  const options = { style: errStyle, quiet: flags.on('quiet'), all: flags.on('verbose') };
  for (const text of renderDiagnostics(diagnostics, options)) err.add(text);
  err.add('portcullis: error: what --resolve names is not right, nothing was computed\n');
  return { exit: EXIT.usage };
}

function asText(content: string | Uint8Array): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}
