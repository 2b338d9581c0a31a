import { type ScopedVars } from '@grafana/data';
import { type TemplateSrv } from '@grafana/runtime';

import { type CrashQuery } from '../types';

import { type Filter, type Question } from './question';

/** Replaces dashboard variables; what a variable leaves open restricts nothing. */
export function interpolate(query: CrashQuery, srv: TemplateSrv, scoped: ScopedVars): CrashQuery {
  if (query.mode === 'raw') {
    return { ...query, raw: srv.replace(query.raw ?? '', scoped, insideJson) };
  }
  return query.query ? { ...query, query: interpolateQuestion(query.query, srv, scoped) } : query;
}

function interpolateQuestion(q: Question, srv: TemplateSrv, scoped: ScopedVars): Question {
  const out: Question = { ...q };
  if (q.cluster !== undefined) {
    out.cluster = expand(q.cluster, srv, scoped)[0] || undefined;
  }
  if (q.groupBy) {
    out.groupBy = [...new Set(q.groupBy.flatMap((name) => expand(name, srv, scoped)))].filter((name) => name !== '');
  }
  if (typeof q.interval === 'string') {
    out.interval = srv.replace(q.interval, scoped);
  }
  if (q.filters) {
    out.filters = q.filters.flatMap((f) => interpolateFilter(f, srv, scoped));
  }
  return out;
}

function interpolateFilter(f: Filter, srv: TemplateSrv, scoped: ScopedVars): Filter[] {
  const dimension = srv.replace(f.dimension, scoped);
  if (f.values.some((v) => isAll(v, srv, scoped))) {
    return [];
  }
  if (f.op === '=~' || f.op === '!~') {
    return [{ ...f, dimension, values: f.values.map((v) => srv.replace(v, scoped, 'regex')) }];
  }
  const values = f.values.flatMap((v) => expand(v, srv, scoped));
  return values.length > 0 ? [{ ...f, dimension, values }] : [];
}

/** Whether the text is a variable at "All" that has no value of its own for it. */
function isAll(text: string, srv: TemplateSrv, scoped: ScopedVars): boolean {
  const name = /^(?:\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)\]\])$/.exec(text)?.slice(1).find(Boolean);
  if (!name || scoped[name]) {
    return false;
  }
  const variable = srv.getVariables().find((v) => v.name === name);
  if (!variable || !('current' in variable)) {
    return false;
  }
  const value = (variable.current as { value?: string | string[] }).value;
  const allValue = 'allValue' in variable ? variable.allValue : undefined;
  return !allValue && (Array.isArray(value) ? value.includes('$__all') : value === '$__all');
}

/** Every text that the variables in it make: "leaf-$n" with n = 1, 2 gives two. */
function expand(text: string, srv: TemplateSrv, scoped: ScopedVars): string[] {
  const lists: string[][] = [];
  const marked = srv.replace(text, scoped, (value: string | string[]) => {
    lists.push(Array.isArray(value) ? value : [String(value)]);
    return `\u0000${lists.length - 1}\u0000`;
  });
  return lists.reduce<string[]>(
    (texts, list, i) => texts.flatMap((s) => list.map((value) => s.split(`\u0000${i}\u0000`).join(value))),
    [marked]
  );
}

/** A value as it may stand inside of a JSON text; several close and open it: a","b. */
function insideJson(value: string | string[]): string {
  const list = Array.isArray(value) ? value : [String(value)];
  return list.map((v) => JSON.stringify(v).slice(1, -1)).join('","');
}
