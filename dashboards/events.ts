import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

import type { AnnotationKind, Question } from '../src/query/question';
import type { CrashQuery } from '../src/types';

import { ARCHIVE } from './ask';

/** What happened to clusters, marked on the curves: one colour a meaning. */
export function events(name: string, color: string, kinds: AnnotationKind[], question: Question = {}) {
  const target: Omit<CrashQuery, 'refId'> = { mode: 'builder', kinds, query: { type: 'annotations', ...question } };
  return new AnnotationQueryBuilder()
    .name(name)
    .enable(true)
    .iconColor(color)
    .datasource(ARCHIVE)
    .target({ build: () => ({ refId: 'Anno', ...target }) as never });
}

/** Onsets, fixes and verdicts, of all clusters or of one. */
export function allEvents(question: Question = {}) {
  return [
    events('Onsets', 'orange', ['onset', 'new'], question),
    events('Fixes', 'green', ['fix', 'gone'], question),
    events('Relapses', 'red', ['relapse'], question),
    events('Rollouts', 'blue', ['deploy'], question),
    // Nothing seen of anything is a matter of the fleet, not of one cluster.
    ...(question.cluster ? [] : [events('Nothing seen', 'purple', ['blind'], question)]),
  ];
}
