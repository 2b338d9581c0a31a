import { LoadingPlaceholder } from '@grafana/ui';
import React, { type ComponentProps, lazy, Suspense } from 'react';

/** The editors are loaded when somebody edits; dashboards never need them. */
const Config = lazy(() => import(/* webpackChunkName: "config" */ './ConfigEditor'));
const Query = lazy(() => import(/* webpackChunkName: "query" */ './QueryEditor'));
const Variable = lazy(() => import(/* webpackChunkName: "variable" */ './VariableEditor'));

const waiting = <LoadingPlaceholder text="…" />;

export function LazyConfigEditor(props: ComponentProps<typeof Config>) {
  return (
    <Suspense fallback={waiting}>
      <Config {...props} />
    </Suspense>
  );
}

export function LazyQueryEditor(props: ComponentProps<typeof Query>) {
  return (
    <Suspense fallback={waiting}>
      <Query {...props} />
    </Suspense>
  );
}

export function LazyVariableEditor(props: ComponentProps<typeof Variable>) {
  return (
    <Suspense fallback={waiting}>
      <Variable {...props} />
    </Suspense>
  );
}
