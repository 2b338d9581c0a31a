import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';

import type { Question } from '../src/query/question';
import type { CrashQuery, Format } from '../src/types';

/** The data source that the viewer chose at the top of the dashboard. */
export const ARCHIVE = { type: 'epicurve-crasharchive-datasource', uid: '${datasource}' };

/** A panel's query to the archive. */
class Ask implements Builder<Dataquery> {
  constructor(private readonly query: CrashQuery) {}

  build(): Dataquery {
    return { ...this.query, datasource: ARCHIVE, _implementsDataqueryVariant: () => {} } as Dataquery;
  }
}

/** Crashes that go on as they arrive. */
export function live(query: Question, refId = 'A'): Builder<Dataquery> {
  return new Ask({ refId, mode: 'builder', query: { ...query, type: 'records' }, live: true });
}

export function ask(query: Question, format?: Format, refId = 'A'): Builder<Dataquery> {
  return new Ask({ refId, mode: 'builder', query, ...(format && { format }) });
}
