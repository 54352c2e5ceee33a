import type { Breach } from '../../analysis/index.ts';
import type { Finding } from '../../analysis/lint/index.ts';
import { formatPorts } from '../../report/ports.ts';
import { count } from '../../report/text.ts';

/** Characters of one warning, and of all of an answer, that the API server keeps whole. */
const LONGEST_WARNING = 256;
const LONGEST_WARNINGS = 4096;
/** Characters of the message of a denial. */
const LONGEST_DENIAL = 2048;
/** Pairs that one denial names. */
const SHOWN_PAIRS = 3;

/** What is to be said of a change. */
export interface AdmissionVerdict {
  /** Why it is refused; empty: it is not. */
  readonly denials: readonly string[];
  readonly warnings: readonly string[];
}

/** `this change lets internet reach shop/db on 5432/TCP; guardrail payments.yaml line 7`. */
export function breachText({ result, worse }: Breach): string {
  const { assertion, counterexamples } = result;
  const pairs =
    worse.length > 0
      ? worse.flatMap(({ from, to, opened, closed }) =>
          from.flatMap((source) =>
            to.map((target) => ({ from: source, to: target, ports: assertion.expect === 'denied' ? opened : closed })),
          ),
        )
      : counterexamples;
  const [first] = pairs;
  const name = (id: string, end: 'from' | 'to'): string => endName(id, assertion[end]);
  const { file, line } = result.test.source.locate(assertion.path);
  const guardrail = `guardrail ${file} line ${line}`;
  if (first === undefined) return `this change breaks ${guardrail}: ${result.title}`;
  const said = new Set(
    pairs.map((pair) => {
      const ports = pair.ports.length === 0 ? '' : ` on ${formatPorts(pair.ports)}`;
      const [from, to] = [name(pair.from, 'from'), name(pair.to, 'to')];
      return assertion.expect === 'denied' ? `${from} reach ${to}${ports}` : `${from} from reaching ${to}${ports}`;
    }),
  );
  const shown = [...said].slice(0, SHOWN_PAIRS).join(', and ');
  const left = said.size - SHOWN_PAIRS;
  const more = left > 0 ? `, and ${count(left, 'more pair')}` : '';
  return `this change ${assertion.expect === 'denied' ? 'lets' : 'stops'} ${shown}${more}; ${guardrail}`;
}

/** An endpoint as people call it: without its kind, and the internet by that name where the assertion has it. */
function endName(id: string, patterns: Breach['result']['assertion']['from']): string {
  const named = id.replace(/\[[A-Z][A-Za-z]*\]/, '');
  const inside = named !== id || id.startsWith('node/');
  if (inside) return named;
  return patterns.some((pattern) => pattern.type === 'name' && pattern.name === 'internet')
    ? 'internet'
    : shortened(id, 80);
}

/** `spec.ingress[0]: message [rule-id]`. */
export function findingText({ path, message, code }: Finding): string {
  return `${path === undefined ? '' : `${path}: `}${message} [${code}]`;
}

/** Warnings within the limits of the API server; what does not fit is counted. */
export function fittingWarnings(warnings: readonly string[]): string[] {
  const kept: string[] = [];
  let left = LONGEST_WARNINGS - LONGEST_WARNING;
  for (const [at, text] of [...new Set(warnings)].entries()) {
    const warning = shortened(oneLine(text), LONGEST_WARNING);
    if (warning.length > left) {
      kept.push(`and ${count(warnings.length - at, 'more warning')}: portcullis lint tells them all`);
      break;
    }
    left -= warning.length;
    kept.push(warning);
  }
  return kept;
}

/** Denials as one message. */
export function denialMessage(denials: readonly string[]): string {
  return shortened(denials.map(oneLine).join('; '), LONGEST_DENIAL);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
