import { type CrashQuery } from '../types';

import { questionOf, toBuilder, toRaw } from './mode';
import { DEFAULT_QUESTION, type Question } from './question';

const base: CrashQuery = { refId: 'A', mode: 'builder' };
const full: Question = {
  type: 'timeseries',
  measure: 'hosts',
  groupBy: ['crash.class', 'host.name'],
  filters: [
    { dimension: 'host.name', op: '=', values: ['leaf-1', '', '$host', 'a"b\\c'] },
    { dimension: 'service.name', op: '!~', values: ['x.*'] },
  ],
  cluster: 'other/null_deref in leafd',
  suppressed: 'include',
  topK: 5,
  interval: '1d',
  timeZone: 'Europe/Berlin',
};

describe('switching between form and text', () => {
  it.each<[string, Question]>([
    ['the default', DEFAULT_QUESTION],
    ['every field', full],
    ['records', { type: 'records', limit: 7 }],
    ['nothing', {}],
  ])('loses nothing of %s', (_, question) => {
    const there = toRaw({ ...base, query: question });
    const back = toBuilder(there);
    expect(there.mode).toBe('raw');
    expect(back.error).toBeUndefined();
    expect(back.query?.mode).toBe('builder');
    expect(back.query?.query).toEqual(question);
  });

  it('keeps the way in which the user wrote the text', () => {
    const raw = '{"type":"records",   "limit": 7}';
    const { query } = toBuilder({ ...base, mode: 'raw', raw });
    expect(toRaw(query!).raw).toBe(raw);
  });

  it('writes the text anew when the form changed', () => {
    const { query } = toBuilder({ ...base, mode: 'raw', raw: '{"type":"records","limit":7}' });
    const raw = toRaw({ ...query!, query: { type: 'records', limit: 8 } }).raw;
    expect(JSON.parse(raw!)).toEqual({ type: 'records', limit: 8 });
  });

  it.each([
    ['{"limit": $limit}', /not JSON/],
    ['[]', /one JSON object/],
    ['{"colour": 1}', /"colour" is not known/],
    ['{"type": "pie"}', /"type" can only/],
    ['{"groupBy": "host.name"}', /"groupBy" can only/],
    ['{"limit": 1.5}', /"limit" can only/],
    ['{"filters": [{"dimension": "host.name", "values": ["a"]}]}', /"filters" can only/],
    ['{"filters": [{"dimension": "host.name", "op": "=", "values": ["a"], "x": 1}]}', /"filters" can only/],
  ])('refuses to lose %s', (raw, reason) => {
    const { query, error } = toBuilder({ ...base, mode: 'raw', raw });
    expect(query).toBeUndefined();
    expect(error).toMatch(reason);
  });

  it('shows the default question for a query that has none', () => {
    expect(questionOf({ refId: 'A' })).toEqual(DEFAULT_QUESTION);
  });
});
