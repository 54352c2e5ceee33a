import type { Locale } from '../state/preferences.ts';

const CHINESE: Readonly<Record<string, string>> = {
  Find: '查找',
  Replace: '替换',
  next: '下一个',
  previous: '上一个',
  all: '全部',
  'match case': '区分大小写',
  'by word': '全词匹配',
  regexp: '正则表达式',
  replace: '替换',
  'replace all': '全部替换',
  close: '关闭',
  'current match': '当前匹配',
  'on line': '位于行',
  'Go to line': '跳转到行',
  go: '跳转',
  'No diagnostics': '没有问题',
  Diagnostics: '问题',
  Completions: '补全',
  'Folded lines': '已折叠的行',
  'Unfolded lines': '已展开的行',
  to: '到',
  'folded code': '已折叠的代码',
  unfold: '展开',
  'Fold line': '折叠行',
  'Unfold line': '展开行',
};

/** The texts of the editor itself. */
export function phrases(locale: Locale): Readonly<Record<string, string>> {
  return locale === 'zh' ? CHINESE : {};
}
