import { type AdHocVariableFilter } from '@grafana/data';

import { type CrashQuery } from '../types';

import { questionOf } from './mode';
import { type Filter, type Operator } from './question';
import { readQuestion } from './read';

/** Grafana's operators for several values are our "=" and "!=". */
const OPERATORS: Record<string, Operator> = { '=': '=', '!=': '!=', '=~': '=~', '!~': '!~', '=|': '=', '!=|': '!=' };

/**
 * Adds the dashboard's ad-hoc filters to a query. A question in raw mode gets
 * them too, unless its text is more than plain JSON.
 */
export function withAdhoc(query: CrashQuery, adhoc: AdHocVariableFilter[] = []): CrashQuery {
  const filters = adhoc.flatMap(filterOf);
  if (filters.length === 0) {
    return query;
  }
  if (query.mode === 'raw') {
    const { question } = readQuestion(query.raw ?? '');
    const raw = question && JSON.stringify({ ...question, filters: [...(question.filters ?? []), ...filters] });
    return raw ? { ...query, raw } : query;
  }
  const question = questionOf(query);
  return { ...query, query: { ...question, filters: [...(question.filters ?? []), ...filters] } };
}

function filterOf({ key, operator, value, values }: AdHocVariableFilter): Filter[] {
  const op = OPERATORS[operator];
  if (!op || key === '') {
    return [];
  }
  return [{ dimension: key, op, values: operator.endsWith('|') && values?.length ? values : [value] }];
}
