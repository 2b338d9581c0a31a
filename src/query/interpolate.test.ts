import { type ScopedVars, type TypedVariableModel } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';
import { escapeRegExp } from 'lodash';

import { type CrashQuery } from '../types';

import { interpolate } from './interpolate';
import { type Question } from './question';

type Values = Record<string, string | string[]>;

/** Replaces as Grafana's own service does: "All" stands for every option. */
function templates(values: Values, all: string[] = [], options: string[] = []): TemplateSrv {
  const replace = (text = '', scoped: ScopedVars = {}, format?: unknown) =>
    text.replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, a, b) => {
      const name = a ?? b;
      const value = scoped[name]?.value ?? (all.includes(name) ? options : values[name]);
      if (value === undefined) {
        return whole;
      }
      if (typeof format === 'function') {
        return format(value);
      }
      const list = [value].flat();
      if (format === 'regex') {
        const escaped = list.map(escapeRegExp);
        return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
      }
      return list.join(',');
    });
  const variables = Object.keys(values).map(
    (name) =>
      ({ name, current: { value: all.includes(name) ? ['$__all'] : values[name] } }) as unknown as TypedVariableModel
  );
  return { replace, getVariables: () => variables, containsTemplate: () => true, updateTimeRange: () => {} };
}

function asked(query: Question, srv: TemplateSrv, scoped: ScopedVars = {}): Question {
  return interpolate({ refId: 'A', query }, srv, scoped).query!;
}

const filter = (op: '=' | '=~', ...values: string[]): Question => ({
  filters: [{ dimension: 'host.name', op, values }],
});

describe('dashboard variables', () => {
  it.each<[string, Question, TemplateSrv, Question]>([
    ['one value', filter('=', '$host'), templates({ host: 'leaf-1' }), filter('=', 'leaf-1')],
    ['several values', filter('=', '$host', 'z'), templates({ host: ['a', 'b'] }), filter('=', 'a', 'b', 'z')],
    [
      'values with commas, quotes and braces',
      filter('=', '$host'),
      templates({ host: ['a,b', '"{c}"'] }),
      filter('=', 'a,b', '"{c}"'),
    ],
    [
      'a part of a text',
      filter('=', 'leaf-${n}.$zone'),
      templates({ n: ['1', '2'], zone: 'x' }),
      filter('=', 'leaf-1.x', 'leaf-2.x'),
    ],
    ['All restricts nothing', filter('=', '$host'), templates({ host: '' }, ['host'], ['a', 'b']), { filters: [] }],
    ['All in an expression', filter('=~', '$host'), templates({ host: '' }, ['host'], ['a', 'b']), { filters: [] }],
    ['nothing chosen restricts nothing', filter('=', '$host'), templates({ host: [] }), { filters: [] }],
    [
      'special characters in an expression',
      filter('=~', '$host.*'),
      templates({ host: 'a.b(c' }),
      filter('=~', 'a\\.b\\(c.*'),
    ],
    ['several in an expression', filter('=~', '$host'), templates({ host: ['a', 'b'] }), filter('=~', '(a|b)')],
    ['an unknown variable stays', filter('=', '$nobody'), templates({}), filter('=', '$nobody')],
    [
      'grouping',
      { groupBy: ['$by', 'host.name'] },
      templates({ by: ['crash.class', 'host.name'] }),
      { groupBy: ['crash.class', 'host.name'] },
    ],
    ['a cluster', { cluster: '$cluster' }, templates({ cluster: 'other/x in y' }), { cluster: 'other/x in y' }],
    ['no cluster', { cluster: '$cluster' }, templates({ cluster: '' }), { cluster: undefined }],
    ['an interval', { interval: '$w' }, templates({ w: '1h' }), { interval: '1h' }],
  ])('%s', (_, question, srv, want) => {
    expect(asked(question, srv)).toEqual(want);
  });

  it('lets a repeated panel override "All"', () => {
    const srv = templates({ host: '' }, ['host'], ['a', 'b']);
    expect(asked(filter('=', '$host'), srv, { host: { value: 'b', text: 'b' } })).toEqual(filter('=', 'b'));
  });

  it('leaves the saved query as it was', () => {
    const query: CrashQuery = { refId: 'A', query: filter('=', '$host') };
    interpolate(query, templates({ host: 'x' }), {});
    expect(query.query).toEqual(filter('=', '$host'));
  });

  it('writes several values and special characters into raw text as JSON', () => {
    const raw = '{"filters":[{"dimension":"host.name","op":"=","values":["$host"]}]}';
    const out = interpolate({ refId: 'A', mode: 'raw', raw }, templates({ host: ['a"b', 'c\\d'] }), {});
    expect(JSON.parse(out.raw!)).toEqual(filter('=', 'a"b', 'c\\d'));
  });
});
