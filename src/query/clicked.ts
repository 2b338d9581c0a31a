import { type QueryFilterOptions, type QueryFixAction, type ToggleFilterAction } from '@grafana/data';

import { type CrashQuery } from '../types';

import { questionOf } from './mode';
import { type Filter, type Operator } from './question';
import { readQuestion } from './read';

/** Columns of the clusters table by the dimension that they show. */
const COLUMNS: Record<string, string> = { class: 'crash.class', kind: 'crash.kind', signature: 'crash.signature' };

/** Adds the filter of a click in Explore; an action that is not one changes nothing. */
export function withClicked(query: CrashQuery, action: QueryFixAction): CrashQuery {
  const op: Operator | undefined = { ADD_FILTER: '=' as const, ADD_FILTER_OUT: '!=' as const }[action.type];
  const { key, value } = action.options ?? {};
  return op && key
    ? change(query, (filters) => [...filters.filter(not(key, value)), filter(key, op, value ?? '')])
    : query;
}

/** Adds the filter, or takes it out where it is. */
export function toggled(query: CrashQuery, action: ToggleFilterAction): CrashQuery {
  const { key, value } = action.options;
  const op: Operator = action.type === 'FILTER_FOR' ? '=' : '!=';
  const there = filtersOf(query).some((f) => isFor(f, key, value) && f.op === op);
  return change(query, (filters) => [...filters.filter(not(key, value)), ...(there ? [] : [filter(key, op, value)])]);
}

export function hasFilter(query: CrashQuery, { key, value }: QueryFilterOptions): boolean {
  return filtersOf(query).some((f) => isFor(f, key, value) && f.op === '=');
}

function filter(key: string, op: Operator, value: string): Filter {
  return { dimension: COLUMNS[key] ?? key, op, values: [value] };
}

function isFor(f: Filter, key: string, value?: string): boolean {
  return f.dimension === (COLUMNS[key] ?? key) && f.values.length === 1 && f.values[0] === value;
}

const not = (key: string, value?: string) => (f: Filter) => !isFor(f, key, value);

function filtersOf(query: CrashQuery): Filter[] {
  const question = query.mode === 'raw' ? readQuestion(query.raw ?? '{}').question : questionOf(query);
  return question?.filters ?? [];
}

/** Raw text that is more than plain JSON stays as it is. */
function change(query: CrashQuery, to: (filters: Filter[]) => Filter[]): CrashQuery {
  if (query.mode === 'raw') {
    const { question } = readQuestion(query.raw ?? '{}');
    return question
      ? { ...query, raw: JSON.stringify({ ...question, filters: to(question.filters ?? []) }, null, 2) }
      : query;
  }
  const question = questionOf(query);
  return { ...query, query: { ...question, filters: to(question.filters ?? []) } };
}
