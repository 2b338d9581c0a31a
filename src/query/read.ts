import { t } from '@grafana/i18n';

import { QUERY_TYPES, type Question } from './question';

type Read = { question: Question; error?: undefined } | { question?: undefined; error: string };
type Check = (value: unknown) => boolean;

const oneOf =
  (...texts: string[]): Check =>
  (v) =>
    typeof v === 'string' && texts.includes(v);
const text: Check = (v) => typeof v === 'string';
const texts: Check = (v) => Array.isArray(v) && v.every(text);
const count: Check = (v) => Number.isInteger(v);
const filter: Check = (v) => matches(v, FILTER) && Object.keys(FILTER).every((key) => key in Object(v));

const FILTER: Record<string, Check> = { dimension: text, op: oneOf('=', '!=', '=~', '!~'), values: texts };

const QUESTION: Record<string, Check> = {
  type: oneOf(...QUERY_TYPES),
  measure: oneOf('crashes', 'hosts', 'rate', 'share'),
  groupBy: texts,
  filters: (v) => Array.isArray(v) && v.every(filter),
  cluster: text,
  suppressed: oneOf('exclude', 'include', 'only'),
  topK: count,
  limit: count,
  interval: (v) => text(v) || count(v),
  timeZone: text,
};

/** Reads a question's JSON text; the error says what a form can't show. */
export function readQuestion(json: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e);
    return {
      error: t('raw.not-json', 'This is not JSON, or holds variables outside of texts: {{reason}}', { reason }),
    };
  }
  const wrong = misfit(value, QUESTION);
  if (wrong !== undefined) {
    return { error: wrong };
  }
  return { question: value as Question };
}

function matches(value: unknown, checks: Record<string, Check>): boolean {
  return misfit(value, checks) === undefined;
}

/** Says what is not as the checks want it; undefined when all is. */
function misfit(value: unknown, checks: Record<string, Check>): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return t('raw.not-object', 'The query must be one JSON object.');
  }
  for (const [field, given] of Object.entries(value)) {
    if (!Object.hasOwn(checks, field)) {
      return t('raw.unknown-field', 'The field "{{field}}" is not known to the builder.', { field });
    }
    if (!checks[field](given)) {
      return t('raw.odd-value', 'The value of "{{field}}" can only be shown as text.', { field });
    }
  }
  return undefined;
}
