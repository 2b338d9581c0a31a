import { t } from '@grafana/i18n';

import { ABOUT_ONE_CLUSTER, type Filter, MAX_FILTERS, MAX_GROUP_BY, MAX_LIMIT, type Question } from './question';

/** What is wrong, by the field's path as the archive names it: "limit", "filters[0].values". */
export type Problems = Record<string, string>;

const INTERVAL = /^(auto|\d+(\.\d+)?(ms|[smhdw])|\$.+)$/;

/** Finds what the archive would refuse, before it is asked. */
export function validate(q: Question): Problems {
  const problems: Problems = {};
  if ((q.groupBy?.length ?? 0) > MAX_GROUP_BY) {
    problems.groupBy = t('problem.group-by', 'At most {{max}} dimensions.', { max: MAX_GROUP_BY });
  }
  for (const field of ['limit', 'topK'] as const) {
    const n = q[field];
    if (n !== undefined && (n < 1 || n > MAX_LIMIT)) {
      problems[field] = t('problem.count', 'A number from 1 to {{max}}.', { max: MAX_LIMIT });
    }
  }
  if (typeof q.interval === 'string' && q.interval !== '' && !INTERVAL.test(q.interval)) {
    problems.interval = t('problem.interval', 'A duration such as 10m, 1h or 1d, or auto.');
  }
  if ((q.filters?.length ?? 0) > MAX_FILTERS) {
    problems.filters = t('problem.filters', 'At most {{max}} filters.', { max: MAX_FILTERS });
  }
  if (ABOUT_ONE_CLUSTER.includes(q.type ?? 'timeseries') && !q.cluster) {
    problems.cluster = t('problem.cluster', 'Choose a cluster.');
  }
  q.filters?.forEach((f, i) => Object.assign(problems, validateFilter(f, `filters[${i}]`)));
  return problems;
}

function validateFilter(f: Filter, path: string): Problems {
  if (f.dimension === '') {
    return { [`${path}.dimension`]: t('problem.dimension', 'Choose a dimension.') };
  }
  if (f.values.length === 0) {
    return { [`${path}.values`]: t('problem.values', 'Choose at least one value.') };
  }
  return {};
}

/** The archive's own objection, "field: what is wrong", by its field. */
export function problemOf(message: string | undefined): Problems {
  const [, field, text] = /^([a-zA-Z]\w*(?:\[\d+\]|\.\w+)*): ([\s\S]+)$/.exec(message ?? '') ?? [];
  return field ? { [field]: text } : {};
}
