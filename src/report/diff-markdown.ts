import { type DiffRow, type DiffSource, type DiffTextOptions, diffRows, diffSummary, namedEnds } from './diff-words.ts';
import { formatPorts } from './ports.ts';
import { markdownCell } from './reach-table.ts';
import { count, visible } from './text.ts';

/** How the comment is written. */
export interface DiffMarkdownOptions extends DiffTextOptions {
  /** UTF-16 code units; rows that do not fit are counted. */
  readonly maxLength?: number;
}

/** GitHub takes comments of 65,536 characters, GitLab of a million. */
const MAX_LENGTH = 60_000;
/** Rows that are shown without unfolding. */
const OPEN_ROWS = 12;
/** Kept free for what follows the rows. */
const TAIL = 600;
const HEAD = '| From | To | Ports | Because |\n| --- | --- | --- | --- |\n';

/**
 * A comment for a pull request: a title, a line that counts, what was opened, and what was closed; long tables folded.
 * Its first line marks it, so that a later run can find and replace it.
 */
export function diffMarkdown(diff: DiffSource, options: DiffMarkdownOptions = {}): string {
  const { maxLength = MAX_LENGTH } = options;
  const { opened, closed } = diffRows(diff);
  let text = `<!-- portcullis diff -->\n### Reachability: ${markdownCell(diffSummary(diff, options))}\n`;
  for (const [title, rows, isOpened] of [
    ['Opened', opened, true],
    ['Closed', closed, false],
  ] as const) {
    if (rows.length === 0) continue;
    text += section(title, rows, isOpened, maxLength - TAIL - text.length);
  }
  return text + writtenPolicies(diff, maxLength - text.length);
}

function section(title: string, rows: readonly DiffRow[], opened: boolean, room: number): string {
  const pairs = rows.reduce((sum, row) => sum + row.pairs, 0);
  const folded = rows.length > OPEN_ROWS;
  const heading = `${title}: ${count(pairs, 'connection')}`;
  const before = folded ? `\n<details><summary>${heading}</summary>\n\n` : `\n**${heading}**\n\n`;
  const after = folded ? '\n</details>\n' : '';
  let text = before + HEAD;
  for (const [at, row] of rows.entries()) {
    const line = rowText(row, opened);
    if (text.length + line.length + after.length > room) {
      const left = rows.length - at;
      return `${at === 0 ? before : text}\n${count(left, 'row')} left out for length: see \`portcullis diff -o table\`.\n${after}`;
    }
    text += line;
  }
  return text + after;
}

function rowText({ from, to, pairs, group, because }: DiffRow, opened: boolean): string {
  const ports = formatPorts(opened ? group.opened : group.closed);
  const many = from.length > 1 && to.length > 1 ? `<br>${count(pairs, 'pair')}` : '';
  return `| ${ends(from)} | ${ends(to)} | ${ports}${many} | ${because.map(markdownCell).join('<br>')} |\n`;
}

function ends(ids: readonly string[]): string {
  const named = namedEnds(ids);
  return named
    .map((name, at) =>
      at < ids.length && ids[at] !== undefined && visible(ids[at]) === name ? code(name) : `and ${name}`,
    )
    .join('<br>');
}

/** Text in the type of code. A bar would end the column, a back quote the code. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function writtenPolicies({ policies }: DiffSource, room: number): string {
  const lines = (['added', 'removed', 'edited'] as const).flatMap((what) =>
    policies[what].map(({ kind, namespace, name }) => {
      const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
      return `- ${code(visible(object))} ${what}\n`;
    }),
  );
  if (lines.length === 0) return '';
  const before = `\n<details><summary>Policies: ${lines.length}</summary>\n\n`;
  const after = '\n</details>\n';
  let list = '';
  for (const [at, line] of lines.entries()) {
    const more = `- and ${lines.length - at} more\n`;
    if (before.length + list.length + line.length + more.length + after.length > room) {
      list += more;
      break;
    }
    list += line;
  }
  return before + list + after;
}
