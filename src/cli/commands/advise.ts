import { type Advice, advise, type FlowLog, readFlowLogs } from '../../analysis/index.ts';
import { readInputs } from '../../kube/files.ts';
import type { Diagnostic } from '../../model/source.ts';
import { adviceYaml } from '../../report/advice.ts';
import { renderDiagnostics } from '../../report/diagnostics.ts';
import { count } from '../../report/text.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { defaultNamespace, ingressController, loadUsable, podCidrs, scopeOf } from '../load.ts';

/** `portcullis advise`: the policies go to standard output, only when the engine found them right. */
export async function run(context: Context): Promise<number> {
  const { flags, out, err } = context;
  const prefixes = externalPrefixes(flags.text('external-prefix'));
  const { namespaces } = scopeOf(context);
  const files = flags.list('flows');
  if (files.includes('-') && flags.list('filename').includes('-')) {
    throw new UsageError('standard input cannot be both the flow log and the manifests');
  }
  const log = files.length === 0 ? undefined : await readLogs(context, files);
  if (log !== undefined && 'exit' in log) return log.exit;
  const usable = await loadUsable(context);
  if ('exit' in usable) return usable.exit;
  const advice = advise(usable.objects, {
    podCidrs: podCidrs(context),
    defaultNamespace: defaultNamespace(context),
    dns: !flags.on('no-dns'),
    prefixes,
    skipUnusable: flags.on('skip-unusable'),
    ...ingressController(context),
    ...(log === undefined ? {} : { flows: log.flows }),
    ...(namespaces === undefined ? {} : { namespaces }),
  });
  show(context, advice.diagnostics);
  if (advice.diagnostics.some(({ severity }) => severity === 'error')) {
    err.add('portcullis: error: no policies are printed, since they would not do what was asked\n');
    return EXIT.usage;
  }
  if (!flags.on('quiet')) err.add(summary(advice, log));
  await out.write(adviceYaml(advice.policies));
  return EXIT.ok;
}

async function readLogs(context: Context, files: readonly string[]): Promise<FlowLog | { readonly exit: number }> {
  const { inputs, problems } = await readInputs(files, { stdin: context.io.stdin, folders: false });
  if (problems.length > 0) {
    show(context, problems);
    return { exit: EXIT.usage };
  }
  const decoder = new TextDecoder();
  const texts = inputs.map(({ name, content }) => {
    return { name, text: typeof content === 'string' ? content : decoder.decode(content) };
  });
  const log = readFlowLogs(texts);
  show(context, log.diagnostics);
  if (log.diagnostics.some(({ severity }) => severity === 'error')) {
    context.err.add('portcullis: error: the flow log cannot be read whole, nothing was computed\n');
    return { exit: EXIT.usage };
  }
  return log;
}

function show({ err, errStyle, flags }: Context, diagnostics: readonly Diagnostic[]): void {
  const options = { style: errStyle, quiet: flags.on('quiet'), all: flags.on('verbose') };
  for (const text of renderDiagnostics(diagnostics, options)) err.add(text);
}

function summary({ policies }: Advice, log: FlowLog | undefined): string {
  const what = log === undefined ? 'what Services imply' : count(log.flows.length, 'kind of flow', 'kinds of flows');
  const denied = log === undefined || log.denied === 0 ? '' : `; ${count(log.denied, 'denied flow')} left out`;
  return `${count(policies.length, 'policy', 'policies')} for ${what}${denied}; checked: they admit all of it and nothing else between workloads\n`;
}

/** `24` or `24,64`: prefix lengths for IPv4 and IPv6. Throws {@link UsageError}. */
function externalPrefixes(text: string | undefined): { readonly IPv4: number; readonly IPv6: number } {
  if (text === undefined) return { IPv4: 32, IPv6: 128 };
  const [, first, second = '128'] = /^(\d{1,2})(?:,(\d{1,3}))?$/.exec(text) ?? [];
  const [IPv4, IPv6] = [Number(first ?? Number.NaN), Number(second)];
  if (!(IPv4 <= 32 && IPv6 <= 128)) {
    throw new UsageError(
      `--external-prefix "${text}" is not a prefix length such as 24, or two for IPv4 and IPv6: 24,64`,
    );
  }
  return { IPv4, IPv6 };
}
