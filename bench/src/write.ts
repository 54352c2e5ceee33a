import type { ApiObject, Json } from './cluster.ts';

/** The text forms a cluster can be written in: one JSON `List` as kubectl prints it, or YAML documents. */
export type Format = 'json' | 'yaml';

/** The text of some objects, in pieces that can be written one after the other. */
export function* textOf(objects: Iterable<ApiObject>, format: Format): Generator<string, void, undefined> {
  if (format === 'json') yield* jsonList(objects);
  else yield* yamlDocuments(objects);
}

function* jsonList(objects: Iterable<ApiObject>): Generator<string, void, undefined> {
  yield '{\n    "apiVersion": "v1",\n    "items": [';
  let separator = '\n';
  for (const object of objects) {
    yield separator + JSON.stringify(object, null, 4).replace(/^/gm, ' '.repeat(8));
    separator = ',\n';
  }
  yield '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n';
}

function* yamlDocuments(objects: Iterable<ApiObject>): Generator<string, void, undefined> {
  let separator = '';
  for (const object of objects) {
    yield separator + yamlLines(object, '').join('\n').concat('\n');
    separator = '---\n';
  }
}

/** Block style; a list stands at the indentation of its key, as kubectl writes it. */
function yamlLines(value: Json, indent: string): string[] {
  if (isList(value)) {
    return value.flatMap((item) => {
      const [first = '', ...rest] = isLeaf(item) ? [leaf(item)] : yamlLines(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  if (isLeaf(value)) return [indent + leaf(value)];
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, item]) => {
    if (isLeaf(item)) return [`${indent}${scalar(key)}: ${leaf(item)}`];
    return [`${indent}${scalar(key)}:`, ...yamlLines(item, isList(item) ? indent : `${indent}  `)];
  });
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether a value is written on the line of its key: everything but lists and maps that have something in them. */
function isLeaf(value: Json): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}

function leaf(value: Json): string {
  return typeof value === 'string' ? scalar(value) : JSON.stringify(value);
}

/** Bare where no reader can take it for anything but this string, quoted otherwise. */
function scalar(text: string): string {
  const bare = /^[a-zA-Z][a-zA-Z0-9_./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return bare ? text : JSON.stringify(text);
}
