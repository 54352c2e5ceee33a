import { say } from '../../../model/say.ts';
import { type Diagnostic, formatPath } from '../../../model/source.ts';
import { objectRef } from '../../../model/types.ts';
import type { LintContext } from '../context.ts';
import { irregularCidrs } from './addresses.ts';

/** Where a selector should be: a peer, or inside a selector beside matchLabels. */
const IN_PEER = /\.(from|to)\[\d+\]\.(matchLabels|matchExpressions)$/;
const IN_SELECTOR = /\b(podSelector|namespaceSelector)\.([^[\]]+)$/;

/** What reading, decoding and validating found: `invalid-input`, `unknown-field`, `misplaced-selector`. */
export function checkInput(context: LintContext): void {
  const explained = explainedPlaces(context);
  for (const diagnostic of context.input.diagnostics) {
    const { code, severity, object, path = '' } = diagnostic;
    if (code === 'unknown-field') {
      if (!misplaced(context, diagnostic)) {
        context.remark({ rule: 'unknown-field', path: [], severity, message: diagnostic.message, diagnostic });
      }
    } else if (severity === 'error' && !explained.has(placeKey(object, path))) {
      context.remark({ rule: 'invalid-input', path: [], message: diagnostic.message, diagnostic });
    }
  }
}

function misplaced(context: LintContext, diagnostic: Diagnostic): boolean {
  const { path = '' } = diagnostic;
  const peer = IN_PEER.exec(path);
  if (peer !== null) {
    const [, , field = ''] = peer;
    context.remark({
      rule: 'misplaced-selector',
      path: [],
      message: say`${field} stands directly in the peer, where it is dropped`,
      help: say`put it under podSelector: or namespaceSelector:`,
      diagnostic,
    });
    return true;
  }
  const selector = IN_SELECTOR.exec(path);
  if (selector === null) return false;
  const [, outer = '', field = ''] = selector;
  context.remark({
    rule: 'misplaced-selector',
    path: [],
    message: say`${field} stands directly in the ${outer}, where it is dropped: the selector matches more than it says`,
    help: diagnostic.help ?? say`put labels under matchLabels:`,
    diagnostic,
  });
  return true;
}

/** Errors that another rule tells better: peers left empty by what was dropped, CIDRs that the server refuses. */
function explainedPlaces(context: LintContext): ReadonlySet<string> {
  const places = new Set<string>();
  for (const { code, object, path = '' } of context.input.diagnostics) {
    if (code === 'unknown-field' && IN_PEER.test(path)) places.add(placeKey(object, path.replace(/\.[^.]*$/, '')));
  }
  for (const object of context.judged.objects) {
    for (const { path } of irregularCidrs(object)) places.add(placeKey(objectRef(object), formatPath(path)));
  }
  return places;
}

function placeKey(object: Diagnostic['object'], path: string): string {
  return JSON.stringify([object?.kind, object?.namespace, object?.name, path]);
}
