import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import pluginJson from '../plugin.json';

type Texts = { [key: string]: string | Texts };

const read = (language: string): Map<string, string> =>
  new Map(flatten(JSON.parse(readFileSync(`src/locales/${language}/${pluginJson.id}.json`, 'utf8'))));

function flatten(texts: Texts, prefix = ''): Array<[string, string]> {
  return Object.entries(texts).flatMap(([key, value]): Array<[string, string]> =>
    typeof value === 'string' ? [[prefix + key, value]] : flatten(value, `${prefix}${key}.`)
  );
}

/** Every text of the sources: t('key', 'English'). */
function used(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!/(?<!\.test)\.tsx?$/.test(file)) {
      continue;
    }
    const source = readFileSync(join('src', file), 'utf8');
    for (const [, key, text] of source.matchAll(/\bt\(\s*'([^']+)',\s*'((?:[^'\\]|\\.)*)'/g)) {
      texts.set(key, text.replace(/\\'/g, "'"));
    }
    expect(source.match(/\bt\(\s*['"`]/g)?.length ?? 0).toBe([...source.matchAll(/\bt\(\s*'[^']+',\s*'/g)].length);
  }
  return texts;
}

const placeholders = (text: string) => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

it('finds the texts of the sources', () => {
  expect(used().size).toBeGreaterThan(100);
});

it('has the English of the sources', () => {
  expect(read('en-US')).toEqual(used());
});

it.each(pluginJson.languages)('has every text in %s, with the same placeholders', (language) => {
  const texts = read(language);
  expect([...texts.keys()].sort()).toEqual([...used().keys()].sort());
  for (const [key, english] of used()) {
    expect(texts.get(key)).toBeTruthy();
    expect([key, placeholders(texts.get(key)!)]).toEqual([key, placeholders(english)]);
  }
});
