// Bundles the shell page with the real Grafana libraries.
import { build } from 'esbuild';

/**
 * Bundles with the libraries of this checkout, or of another folder with node_modules.
 * @param {string} outfile
 * @param {string} [libraries]
 */
export async function bundle(outfile, libraries) {
  await build({
    ...(libraries && { plugins: [from(libraries)] }),
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

/** Resolves the shell's own imports of packages in another folder; what packages import follows from there. */
function from(folder) {
  return {
    name: 'libraries',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[@a-z]/ }, ({ path, kind, importer, pluginData }) => {
        if (pluginData === folder || importer.includes('node_modules') || kind === 'entry-point') {
          return undefined;
        }
        return resolve(path, { kind, resolveDir: folder, pluginData: folder });
      });
    },
  };
}
