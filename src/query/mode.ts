import { isEqual } from 'lodash';

import { type CrashQuery } from '../types';

import { DEFAULT_QUESTION, type Question } from './question';
import { readQuestion } from './read';

/** The outcome of a switch: the query to save, or why the switch would lose something. */
export type Switched = { query: CrashQuery; error?: undefined } | { query?: undefined; error: string };

/** Shows the question as text. The user's own text is kept when it says the same. */
export function toRaw(query: CrashQuery): CrashQuery {
  const question = query.query ?? DEFAULT_QUESTION;
  const same = query.raw !== undefined && isEqual(readQuestion(query.raw).question, question);
  return { ...query, mode: 'raw', raw: same ? query.raw : JSON.stringify(question, null, 2) };
}

/** Shows the text as a form, unless the form could not show all of it. */
export function toBuilder(query: CrashQuery): Switched {
  const { question, error } = readQuestion(query.raw ?? '{}');
  return question ? { query: { ...query, mode: 'builder', query: question } } : { error };
}

/** The question that the form shows. */
export function questionOf(query: CrashQuery): Question {
  return query.query ?? DEFAULT_QUESTION;
}
