import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const ID = 'virtual:examples';

/** `import examples from 'virtual:examples'`: the YAML files of a folder by their path in it, in a fixed order. */
export function examplesModule(folder: string): Plugin {
  const resolved = `\0${ID}`;
  return {
    name: 'portcullis-examples',
    resolveId: (id) => (id === ID ? resolved : undefined),
    load(id) {
      if (id !== resolved) return undefined;
      const files: Record<string, string> = {};
      for (const file of yamlFiles(folder)) {
        this.addWatchFile(file);
        files[path.relative(folder, file).split(path.sep).join('/')] = readFileSync(file, 'utf8');
      }
      return `export default ${JSON.stringify(files)};`;
    },
  };
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.split(path.sep).includes('expected'))
    .sort()
    .map((name) => path.join(folder, name));
}
