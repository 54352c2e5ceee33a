/**
 * Rules for names, label keys and label values, as messages (spec sections 3.2 to 3.4).
 *
 * Each function answers with every message that applies, in the server's order; an empty list means valid. Lengths
 * are UTF-8 bytes, also where the message says "characters".
 */

import { utf8Length } from '../go-text.ts';

const NONE: readonly string[] = [];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED_NAME})?`;

const LABEL_PATTERN = new RegExp(`^${LABEL}$`);
const SUBDOMAIN_PATTERN = new RegExp(`^${SUBDOMAIN}$`);
const QUALIFIED_NAME_PATTERN = new RegExp(`^${QUALIFIED_NAME}$`);
const LABEL_VALUE_PATTERN = new RegExp(`^${LABEL_VALUE}$`);

const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
  `an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const QUALIFIED_NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED_NAME}')`;
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  `end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is ` +
  `'${LABEL_VALUE}')`;

const LABEL_MAX = 63;
const SUBDOMAIN_MAX = 253;
const PORT_NAME_MAX = 15;

/** A DNS-1123 subdomain: the name of most objects. */
export function subdomainProblems(text: string): readonly string[] {
  return collect(
    utf8Length(text) > SUBDOMAIN_MAX && `must be no more than ${SUBDOMAIN_MAX} characters`,
    !isSubdomain(text) && SUBDOMAIN_MESSAGE,
  );
}

/** A DNS-1123 label: the name of a namespace. */
export function dnsLabelProblems(text: string): readonly string[] {
  return collect(
    utf8Length(text) > LABEL_MAX && `must be no more than ${LABEL_MAX} characters`,
    !LABEL_PATTERN.test(text) && (isSubdomain(text) ? 'must not contain dots' : LABEL_MESSAGE),
  );
}

/**
 * The prefix of a generated name. The server judges it with its last two characters replaced by `a` when it ends with
 * a dash, so that the dash, and whatever single ASCII character precedes it, are forgiven.
 */
export function generateNameProblems(text: string): readonly string[] {
  const forgiven = text.length > 1 && text.endsWith('-') && text.charCodeAt(text.length - 2) < 0x80;
  return subdomainProblems(forgiven ? `${text.slice(0, -2)}a` : text);
}

/** The key of a label: `[prefix/]name`. */
export function labelKeyProblems(key: string): readonly string[] {
  if (key.length <= LABEL_MAX && QUALIFIED_NAME_PATTERN.test(key)) return NONE;
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${QUALIFIED_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] ?? ''] : [undefined, key];
  return [
    ...(prefix === undefined ? NONE : prefixProblems(prefix)),
    ...collect(
      name === '' && 'name part must be non-empty',
      utf8Length(name) > LABEL_MAX && `name part must be no more than ${LABEL_MAX} bytes`,
      !QUALIFIED_NAME_PATTERN.test(name) && `name part ${QUALIFIED_NAME_RULE}`,
    ),
  ];
}

function prefixProblems(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return collect(
    utf8Length(prefix) > SUBDOMAIN_MAX && `prefix part must be no more than ${SUBDOMAIN_MAX} bytes`,
    !isSubdomain(prefix) && `prefix part ${SUBDOMAIN_MESSAGE}`,
  );
}

/** The key of an annotation: the rule of label keys after lower-casing. */
export function annotationKeyProblems(key: string): readonly string[] {
  // Go lower-cases letter by letter, so that U+0130 gives a plain `i`; JavaScript would add a combining dot.
  return labelKeyProblems(key.replaceAll('\u0130', 'i').toLowerCase());
}

/** The value of a label; empty is valid. */
export function labelValueProblems(value: string): readonly string[] {
  if (value.length <= LABEL_MAX && LABEL_VALUE_PATTERN.test(value)) return NONE;
  return collect(
    utf8Length(value) > LABEL_MAX && `must be no more than ${LABEL_MAX} bytes`,
    !LABEL_VALUE_PATTERN.test(value) && LABEL_VALUE_MESSAGE,
  );
}

/** The name of a port (an IANA service name). */
export function portNameProblems(name: string): readonly string[] {
  return collect(
    utf8Length(name) > PORT_NAME_MAX && `must be no more than ${PORT_NAME_MAX} characters`,
    !/^[-a-z0-9]+$/.test(name) && 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    !/[a-z]/.test(name) && 'must contain at least one letter (a-z)',
    name.includes('--') && 'must not contain consecutive hyphens',
    (name.startsWith('-') || name.endsWith('-')) && 'must not begin or end with a hyphen',
  );
}

function isSubdomain(text: string): boolean {
  return SUBDOMAIN_PATTERN.test(text);
}

function collect(...messages: readonly (string | false)[]): readonly string[] {
  return messages.every((message) => message === false) ? NONE : messages.filter((message) => message !== false);
}
