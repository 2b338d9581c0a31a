import { type BackendSrv, type BackendSrvRequest, type FetchResponse, type TemplateSrv } from '@grafana/runtime';
import { from, type Observable } from 'rxjs';

/** Grafana's HTTP service, as far as a data source uses it. */
export const backend = {
  fetch: <T>(request: BackendSrvRequest): Observable<FetchResponse<T>> => from(send<T>(request)),
  get: async <T>(url: string) => (await send<T>({ url })).data,
} as unknown as BackendSrv;

async function send<T>({ url, method = 'GET', params, data }: BackendSrvRequest): Promise<FetchResponse<T>> {
  const query = Object.entries(params ?? {}).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(query.map(([name, value]) => [name, String(value)])).toString();
  const response = await fetch(search ? `${url}?${search}` : url, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  const answer = {
    data: await response.json(),
    status: response.status,
    statusText: response.statusText,
    ok: response.ok,
    headers: response.headers,
    redirected: response.redirected,
    type: response.type,
    url: response.url,
    config: { url },
  };
  if (!response.ok) {
    throw answer;
  }
  return answer;
}

/** Dashboard variables: this page has none. */
export const templates: TemplateSrv = {
  replace: (text = '') => text,
  getVariables: () => [],
  containsTemplate: () => false,
  updateTimeRange: () => {},
};
