import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';

import type { Filter } from '../src/query/question';
import type { VariableQuery } from '../src/types';

import { ARCHIVE } from './ask';

export function datasource() {
  return new DatasourceVariableBuilder('datasource').label('Archive').type(ARCHIVE.type);
}

/** A variable over a dimension's values: several may be chosen, none restricts nothing. */
export function values(name: string, label: string, dimension: string) {
  const query: VariableQuery = { refId: 'variable', dimension, limit: 1000 };
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(ARCHIVE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** A variable for one thing that the dashboard is about. */
export function one(name: string, label: string, dimension: string) {
  const query: VariableQuery = { refId: 'variable', dimension, limit: 1000 };
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(ARCHIVE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled)
    .multi(false)
    .includeAll(false);
}

export function filterBy(variable: string, dimension: string): Filter {
  return { dimension, op: '=', values: [`$${variable}`] };
}
