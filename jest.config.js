// Tests run in UTC, whatever the machine's time zone.
process.env.TZ = 'UTC';

const base = require('./.config/jest.config');
const { grafanaESModules, nodeModulesToTransform } = require('./.config/jest/utils');

const swc = base.transform['^.+\\.(t|j)sx?$'];
// Dependencies of the @grafana packages that are only published as ES modules.
const modules = [...grafanaESModules, 'd3-\\w+', 'internmap', 'delaunator', 'robust-predicates', 'lodash-es'];

const common = {
  transform: { '^.+\\.m?[tj]sx?$': swc },
  transformIgnorePatterns: [nodeModulesToTransform(modules)],
};

module.exports = {
  // Generous, so that a busy machine fails nothing.
  testTimeout: 120_000,
  projects: [
    { ...base, ...common, displayName: 'src', rootDir: __dirname, modulePathIgnorePatterns: ['<rootDir>/dist'] },
    {
      ...common,
      displayName: 'dashboards',
      rootDir: __dirname,
      testEnvironment: 'node',
      testMatch: ['<rootDir>/dashboards/**/*.test.ts'],
    },
  ],
};
