/** The folder that all files of these names are in, with its slash at the end; empty when there is none. */
export function commonFolder(names: readonly string[]): string {
  const [first = '', ...rest] = names.map(folderOf);
  let common = first;
  for (const folder of rest) while (!folder.startsWith(common)) common = folderOf(common.slice(0, -1));
  return common;
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}
