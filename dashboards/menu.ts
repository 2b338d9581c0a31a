import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';

/** The way from one stock dashboard to the others, with the same time range and archive. */
export function menu() {
  return new DashboardLinkBuilder('Epicurve')
    .type(DashboardLinkType.Dashboards)
    .tags(['epicurve'])
    .asDropdown(true)
    .keepTime(true)
    .includeVars(true);
}
