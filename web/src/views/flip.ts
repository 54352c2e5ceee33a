import { locale } from '../state/preferences.ts';

/** Sentences of proposals in Chinese, by their pattern in English; the first that fits is used. */
const CHINESE: readonly (readonly [RegExp, string])[] = [
  [/^both directions need a change$/, '两个方向都需要修改'],
  [/^add (.+) to (ingress|egress) rule (\d+) of (.+)$/, '将 $1 加入 $4 的$2规则 $3'],
  [/^add an (ingress|egress) rule to (.+?): from (.+) on (.+)$/, '为 $2 增加一条$1规则：来自 $3，端口 $4'],
  [/^add an (ingress|egress) rule to (.+?): to (.+) on (.+)$/, '为 $2 增加一条$1规则：到 $3，端口 $4'],
  [/^add an (ingress|egress) rule to (.+?): (?:from|to) (.+)$/, '为 $2 增加一条$1规则：$3'],
  [/^take (.+) out of the except list of (.+)$/, '将 $1 从 $2 的 except 列表中去掉'],
  [/^remove (ingress|egress) rule (\d+) of (\S+(?: \([^)]*\))?)$/, '删除 $3 的$1规则 $2'],
  [/^remove (.+)$/, '删除 $1'],
  [
    /^no NetworkPolicy isolates (.+) for (ingress|egress): add one to namespace (.+) that selects (.+) and does not admit this$/,
    '没有 NetworkPolicy 隔离 $1 的$2：在命名空间 $3 中增加一条选中 $4 且不放行此流量的策略',
  ],
  [/^no policy can refuse the (ingress|egress) of (.+) here$/, '这里没有策略能拒绝 $2 的$1'],
];

const WORDS: Readonly<Record<string, string>> = { ingress: '入站', egress: '出站' };

/** A proposal of the analysis in the language of the page; where that has no pattern for it, as it is. */
export function flipText(text: string): string {
  if (locale.value === 'en') return text;
  for (const [pattern, chinese] of CHINESE) {
    const found = pattern.exec(text);
    if (found === null) continue;
    return chinese.replace(/\$(\d)/g, (_, number: string) => {
      const word = found[Number(number)] ?? '';
      return WORDS[word] ?? word;
    });
  }
  return text;
}
