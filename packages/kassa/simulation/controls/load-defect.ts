import { registerHooks } from 'node:module';
import { controlNamed } from './defects.ts';

const SOURCE = new URL('../../src/', import.meta.url).href;

/**
 * Loads the named mistake into this process: every later import of its files gets the replaced text.
 * @throws Error when a file is loaded in which the text to replace does not stand exactly once
 */
export function loadDefect(name: string): void {
  const { edits } = controlNamed(name);
  registerHooks({
    load(url, context, next) {
      const mine = edits.filter(({ file }) => url === SOURCE + file);
      const loaded = next(url, context);
      if (mine.length === 0) return loaded;
      let text =
        typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      for (const { file, from, to } of mine) {
        if (text.split(from).length !== 2)
          throw new Error(`${name}: what it replaces stands not exactly once in ${file}`);
        text = text.replace(from, () => to);
      }
      return { ...loaded, source: text };
    },
  });
}
