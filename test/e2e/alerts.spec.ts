import { expect, test } from '@grafana/plugin-e2e';

interface Rule {
  name: string;
  health: string;
  state: string;
  lastError?: string;
  alerts?: Array<{ state: string; labels: Record<string, string> }>;
}

/** What the seeded fleet must raise. */
const FIRING = { NewCluster: /uncaught_exception/, ClusterGone: /return_to_null/ };

test.setTimeout(400_000);

test('the provisioned rules are evaluated and tell of the seeded fleet', async ({ request }) => {
  let rules: Rule[] = [];
  await expect
    .poll(
      async () => {
        const answer = await request.get('/api/prometheus/grafana/api/v1/rules');
        const { data } = await answer.json();
        rules = data.groups.flatMap((g: { rules: Rule[] }) => g.rules);
        const ours = rules.filter((r) => /^(NewCluster|Cluster\w+|CoverageLost)$/.test(r.name));
        return ours.map((r) => `${r.name} ${r.health} ${r.lastError ?? ''}`.trim()).sort();
      },
      // Rules are evaluated every five minutes.
      { timeout: 360_000, intervals: [5_000] }
    )
    .toEqual([
      'ClusterGone ok',
      'ClusterOnOneHost ok',
      'ClusterRelapsed ok',
      'ClusterSurge ok',
      'CoverageLost ok',
      'NewCluster ok',
    ]);
  for (const [name, cluster] of Object.entries(FIRING)) {
    const firing = rules.find((r) => r.name === name)?.alerts?.filter((a) => a.state.startsWith('Alerting')) ?? [];
    expect(firing.map((a) => a.labels.cluster).join()).toMatch(cluster);
  }
});
