import { type Question } from './question';
import { problemOf, validate } from './validate';

describe('validate', () => {
  it.each<[string, Question, string[]]>([
    ['nothing', {}, []],
    ['a good question', { groupBy: ['a', 'b'], limit: 10_000, topK: 1, interval: '1.5h' }, []],
    ['variables', { interval: '$w', groupBy: ['$by'] }, []],
    ['too many dimensions', { groupBy: ['a', 'b', 'c', 'd', 'e'] }, ['groupBy']],
    ['limits out of bounds', { limit: 0, topK: 10_001 }, ['limit', 'topK']],
    ['no duration', { interval: '1 hour' }, ['interval']],
    ['a filter without a dimension', { filters: [{ dimension: '', op: '=', values: [] }] }, ['filters[0].dimension']],
    ['a filter without values', { filters: [{ dimension: 'host.name', op: '=', values: [] }] }, ['filters[0].values']],
    ['a verdict on no cluster', { type: 'verdict' }, ['cluster']],
    ['a verdict on a variable', { type: 'verdict', cluster: '$cluster' }, []],
    ['"not known" as a value', { filters: [{ dimension: 'host.name', op: '=', values: [''] }] }, []],
  ])('%s', (_, question, fields) => {
    expect(Object.keys(validate(question))).toEqual(fields);
  });
});

describe('problemOf', () => {
  it.each([
    ['groupBy[1]: "x" is not a dimension', { 'groupBy[1]': '"x" is not a dimension' }],
    [
      'filters[0].values[0]: error parsing regexp: missing )',
      { 'filters[0].values[0]': 'error parsing regexp: missing )' },
    ],
    ["archive can't be reached: dial tcp: lookup x", {}],
    [undefined, {}],
  ])('%s', (message, want) => {
    expect(problemOf(message)).toEqual(want);
  });
});
