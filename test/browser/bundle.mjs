// Bundles the shell page with the real Grafana libraries.
import { build } from 'esbuild';

/** @param {string} outfile */
export async function bundle(outfile) {
  await build({
    entryPoints: ['test/browser/shell.tsx'],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    mainFields: ['module', 'browser', 'main'],
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.svg': 'text', '.woff': 'empty', '.woff2': 'empty', '.ttf': 'empty', '.png': 'dataurl' },
    minify: true,
    logLevel: 'error',
  });
}
