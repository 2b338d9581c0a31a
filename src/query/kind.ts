import { type Format } from '../types';

import { type QueryType } from './question';

/** The parts of the form that a query type has. */
export type Part = 'measure' | 'groupBy' | 'interval' | 'topK' | 'limit' | 'format' | 'kinds' | 'live';

/** One query type as the editor shows it. Texts are functions, so that they follow the user's language. */
export interface QueryKind {
  type: QueryType;
  label: () => string;
  description: () => string;
  parts: Part[];
  formats: Array<{ value: Format; label: () => string }>;
}
