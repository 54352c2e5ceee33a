/** From a plain JSON-like value to a typed, defaulted object, or to diagnostics. */

import { DecodeContext, describeValue } from './decode/context.ts';
import { KINDS, type KindDecoder } from './decode/kinds.ts';
import { groupOf, reportMisspeltPolicy } from './decode/misspelt.ts';
import { isObject } from './decode/schema.ts';
import { goJson } from './go-text.ts';
import { say } from './say.ts';
import type { Diagnostic, ObjectRef, ObjectSource } from './source.ts';
import type { KubeObject } from './types.ts';

export interface DecodeOptions {
  /** Where the value was read; attached to the object and asked for the places of diagnostics. */
  readonly source?: ObjectSource;
  /** The namespace of namespaced objects that name none; `default` when absent. */
  readonly defaultNamespace?: string;
  /** Makes unknown fields errors, which drop the object, instead of warnings. */
  readonly strict?: boolean;
}

export interface Decoded {
  /** The object; absent when `diagnostics` has an error or the kind is not one that is decoded. */
  readonly object?: KubeObject;
  /** Set when the object is of a kind that network policy does not depend on. */
  readonly ignored?: { readonly apiVersion: string; readonly kind: string };
  /** Every problem found, not only the first. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Decodes one object as the API server does: types checked, `null` treated as absent, defaults filled in (spec
 * sections 1, 2 and 5). Never throws and never changes `value`, but the object may share parts of it.
 *
 * NetworkPolicy is read whole, and unknown fields are reported. The cluster-wide policies are custom resources, whose
 * schema the server checks on the raw value: all that it would refuse is an error here (spec cluster-network-policy
 * section 2). Of other kinds only what policies depend on is read; of what leads traffic in from outside, fields that
 * look misspelt are reported too.
 * Workloads of API versions that are no longer served are read with a warning, because their pod templates are the
 * same.
 *
 * Codes: `wrong-type`, `required`, `unsupported`, `missing-type`, `unknown-version`, `unknown-field`,
 * `former-version`, `bad-address`. Of cluster-wide policies also `invalid`, `too-long`, `too-many`, `duplicate`, and the
 * warnings `unknown-peer`, `namespace-ignored`, `bad-selector`, `bad-protocol`, `bad-port-name`, `empty-port-range`.
 * Of policies in a group that looks like theirs, the warning `unknown-group`.
 */
export function decodeObject(value: unknown, options: DecodeOptions = {}): Decoded {
  const { source, defaultNamespace = 'default', strict = false } = options;
  const context = new DecodeContext(() => looseRef(value, defaultNamespace), source, strict);
  const type = readType(value, context);
  if (type === undefined) return { diagnostics: context.diagnostics };
  const decoder = findDecoder(type, context);
  if (decoder === undefined) {
    return context.failed ? { diagnostics: context.diagnostics } : { ignored: type, diagnostics: context.diagnostics };
  }
  const object = decoder.decode(value, defaultNamespace, context);
  if (context.failed) return { diagnostics: context.diagnostics };
  return {
    object: source === undefined ? object : { ...object, source },
    diagnostics: context.diagnostics,
  };
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

function readType(value: unknown, context: DecodeContext): TypeMeta | undefined {
  if (!isObject(value)) {
    context.report('wrong-type', `expected object, got ${describeValue(value)}`);
    return undefined;
  }
  const apiVersion = readTypeField(value, 'apiVersion', 'apiVersion', context);
  const kind = readTypeField(value, 'kind', 'Kind', context);
  return apiVersion === undefined || kind === undefined ? undefined : { apiVersion, kind };
}

function readTypeField(
  value: Readonly<Record<string, unknown>>,
  field: 'apiVersion' | 'kind',
  spokenName: string,
  context: DecodeContext,
): string | undefined {
  const text = value[field];
  if (typeof text === 'string' && text !== '') return text;
  context.at([field], () => {
    if (text === undefined || text === null || text === '') {
      context.report('missing-type', `Object '${spokenName}' is missing in '${excerpt(value)}'`);
    } else {
      context.wrongType('string', text);
    }
  });
  return undefined;
}

const EXCERPT_LENGTH = 160;

function excerpt(value: unknown): string {
  const text = jsonText(value);
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}

function jsonText(value: unknown): string {
  try {
    return goJson(value);
  } catch {
    return '{…}'; // A cycle or a bigint, which YAML can express and JSON cannot.
  }
}

function findDecoder({ apiVersion, kind }: TypeMeta, context: DecodeContext): KindDecoder | undefined {
  const decoder = KINDS.get(kind);
  if (decoder?.apiVersion === apiVersion || decoder?.otherVersions.includes(apiVersion) === true) return decoder;
  if (decoder === undefined) {
    reportMisspeltPolicy(apiVersion, kind, KINDS, context);
    return undefined;
  }
  const { read, refused } = decoder.formerVersions;
  if (read.includes(apiVersion)) {
    context.at(['apiVersion'], () => {
      context.report('former-version', say`${apiVersion} ${kind} is no longer served; read as ${decoder.apiVersion}`, {
        severity: 'warning',
        help: say`use apiVersion: ${decoder.apiVersion}`,
      });
    });
    return decoder;
  }
  const groups = [decoder.apiVersion, ...read, ...refused].map(groupOf);
  if (groups.includes(groupOf(apiVersion))) {
    context.at(['apiVersion'], () => {
      context.report('unknown-version', `no matches for kind "${kind}" in version "${apiVersion}"`, {
        help: say`use apiVersion: ${decoder.apiVersion}`,
      });
    });
  } else reportMisspeltPolicy(apiVersion, kind, KINDS, context);
  return undefined;
}

/** The name of an object that may be malformed, for diagnostics. */
function looseRef(value: unknown, defaultNamespace: string): ObjectRef | undefined {
  if (!isObject(value)) return undefined;
  const { kind, metadata } = value;
  if (typeof kind !== 'string') return undefined;
  const text = (field: string): string => {
    const found = isObject(metadata) ? metadata[field] : undefined;
    return typeof found === 'string' ? found : '';
  };
  const name = text('name') || text('generateName');
  return KINDS.get(kind)?.namespaced === false
    ? { kind, name }
    : { kind, namespace: text('namespace') || defaultNamespace, name };
}
