import { type CrashQuery } from '../types';

import { hasFilter, toggled, withClicked } from './clicked';

const query: CrashQuery = { refId: 'A', query: { type: 'records' } };
const options = { key: 'host.name', value: 'a' };

it.each([
  ['ADD_FILTER', '='],
  ['ADD_FILTER_OUT', '!='],
])('adds a filter for %s', (type, op) => {
  expect(withClicked(query, { type, options }).query?.filters).toEqual([{ dimension: 'host.name', op, values: ['a'] }]);
});

it('names the dimension of a column', () => {
  const got = withClicked(query, { type: 'ADD_FILTER', options: { key: 'kind', value: 'abort' } });
  expect(got.query?.filters?.[0].dimension).toBe('crash.kind');
});

it('turns a filter around instead of asking for both', () => {
  const twice = withClicked(withClicked(query, { type: 'ADD_FILTER', options }), { type: 'ADD_FILTER_OUT', options });
  expect(twice.query?.filters).toEqual([{ dimension: 'host.name', op: '!=', values: ['a'] }]);
});

it('toggles and tells', () => {
  const on = toggled(query, { type: 'FILTER_FOR', options });
  expect(hasFilter(on, options)).toBe(true);
  expect(hasFilter(query, options)).toBe(false);
  expect(toggled(on, { type: 'FILTER_FOR', options }).query?.filters).toEqual([]);
});

it('reaches into raw text that is plain JSON and leaves the rest', () => {
  const raw = withClicked({ refId: 'A', mode: 'raw', raw: '{"type":"records"}' }, { type: 'ADD_FILTER', options });
  expect(JSON.parse(raw.raw!).filters).toHaveLength(1);
  const odd: CrashQuery = { refId: 'A', mode: 'raw', raw: '{"limit":$n}' };
  expect(withClicked(odd, { type: 'ADD_FILTER', options })).toBe(odd);
});
