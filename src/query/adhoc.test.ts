import { type CrashQuery } from '../types';

import { withAdhoc } from './adhoc';
import { DEFAULT_QUESTION } from './question';

const filter = { key: 'host.name', operator: '=', value: 'leaf-1' };
const wanted = { dimension: 'host.name', op: '=', values: ['leaf-1'] };

it('adds to the filters that are there', () => {
  const mine = { dimension: 'crash.kind', op: '!=' as const, values: ['abort'] };
  const query: CrashQuery = { refId: 'A', query: { type: 'records', filters: [mine] } };
  expect(withAdhoc(query, [filter]).query?.filters).toEqual([mine, wanted]);
});

it('adds to the default question', () => {
  expect(withAdhoc({ refId: 'A' }, [filter]).query).toEqual({ ...DEFAULT_QUESTION, filters: [wanted] });
});

it.each([
  ['=|', ['a', 'b'], '=', ['a', 'b']],
  ['!=|', ['a'], '!=', ['a']],
  ['=~', undefined, '=~', ['x.*']],
])('takes the operator %s', (operator, values, op, want) => {
  const got = withAdhoc({ refId: 'A' }, [{ key: 'host.name', operator, value: 'x.*', values }]);
  expect(got.query?.filters).toEqual([{ dimension: 'host.name', op, values: want }]);
});

it('leaves out what the archive can not compare', () => {
  const query: CrashQuery = { refId: 'A' };
  expect(withAdhoc(query, [{ key: 'host.name', operator: '<', value: '3' }])).toBe(query);
});

it('reaches into raw text that is plain JSON', () => {
  const got = withAdhoc({ refId: 'A', mode: 'raw', raw: '{"type":"records"}' }, [filter]);
  expect(JSON.parse(got.raw!)).toEqual({ type: 'records', filters: [wanted] });
  const odd: CrashQuery = { refId: 'A', mode: 'raw', raw: '{"limit":$n}' };
  expect(withAdhoc(odd, [filter])).toBe(odd);
});
