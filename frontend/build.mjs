// Builds kemai/platform/ui/static/dist: app.js (+ lazy chunks), boot.js, app.css, icons.svg, favicon.svg, manifest.json.
// node build.mjs [--watch] ; fails when the first load outgrows its budget.
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";
import { gzipSync } from "node:zlib";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, watch as fsWatch } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const dist = resolve(root, "kemai/platform/ui/static/dist");
const JS_LIMIT = 90_000, JS_HARD = 150_000, CSS_LIMIT = 40_000;

const templates = () => files("kemai", /\/(templates|jinja2)\/.*\.html$/).concat(files("frontend/gallery", /\.html$/));
const sources = () => files("frontend/src", /\.ts$/);
const files = (dir, pattern) => readdirSync(join(root, dir), { recursive: true }).map((p) => join(root, dir, p)).filter((p) => pattern.test(p)).sort();
const read = (p) => readFileSync(p, "utf8");

// Tabler's own versions of these are never wanted: our components define them wholly.
const OURS = [/^btn/, /^card/, /^modal/, /^dropdown/, /^badge/, /^avatar/, /^navbar/, /^nav/, /^toast/, /^alert/, /^empty/, /^page/, /^steps?/, /^progress/, /^chart/, /^table/, /^tag/, /^timeline/, /^status/, /^icon/, /^offcanvas/, /^accordion/, /^carousel/, /^hr/, /^form-check/, /^form-switch/, /^form-control-/, /^input-group/, /^list-group/, /^breadcrumb/, /^pagination/, /^popover/, /^tooltip/, /^spinner/, /^placeholder/, /^markdown/, /^apexcharts/, /^ts-/, /^dropzone/, /^fslightbox/, /^plyr/, /^jvm/, /^fc-/, /^litepicker/, /^noUi/, /^tox/, /^hugerte/, /^sort/, /^tabs$/, /^tab-/, /^col-form/, /^form-label/, /^form-help/, /^form-hint/, /^chip/, /^flag/, /^payment/, /^bg-[a-z]+-lt/, /^kbd$/, /^wrap/, /^segmented/];

async function css() {
  const tabler = read(join(here, "node_modules/@tabler/core/dist/css/tabler.min.css"));
  const [purged] = await new PurgeCSS().purge({
    content: [...templates(), ...sources()].map((p) => ({ raw: read(p), extension: "html" })),
    css: [{ raw: tabler }],
    blocklist: OURS,
    safelist: { standard: [/^\[data-bs-theme/, ":root", "html", "body", "is-invalid"] },
    variables: false, keyframes: true, fontFace: true,
    defaultExtractor: (s) => s.match(/[A-Za-z0-9_-]+(?:\/[0-9]+)?/g) ?? [],
  });
  const tokens = read(join(here, "styles/tokens.css"));
  const ours = await build({ entryPoints: [join(here, "styles/app.css")], bundle: true, write: false, loader: { ".svg": "dataurl" } });
  const usedVars = dropUnusedVars(purged.css, ours.outputFiles[0].text + tokens);
  const out = await transform(`${usedVars}\n${tokens}\n${ours.outputFiles[0].text}`, { loader: "css", minify: true, target: ["chrome108", "safari15.4", "firefox115"] });
  writeFileSync(join(dist, "app.css"), out.code);
}

// Tabler declares some 1,500 custom properties; those nobody reads are dropped, repeatedly, until nothing changes.
function dropUnusedVars(text, alsoReads) {
  for (let i = 0; i < 6; i++) {
    const used = new Set([...(text + alsoReads).matchAll(/var\((--[\w-]+)/g)].map((m) => m[1]));
    const next = text.replace(/(?<=[{;])(--[\w-]+):[^;{}]*(;|(?=\}))/g, (all, name) => (used.has(name) ? all : ""));
    if (next === text) break;
    text = next;
  }
  return text;
}

function iconNames() {
  const names = new Set(read(join(here, "icons.txt")).split(/\s+/).filter((w) => w && !w.startsWith("#")));
  const certain = new Set();
  for (const p of templates()) {
    const text = read(p);
    for (const m of text.matchAll(/\bicon\(\s*["']([a-z0-9-]+)["']/g)) { names.add(m[1]); certain.add(`${m[1]}\t${relative(root, p)}`); }
    for (const m of text.matchAll(/["']([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["']/g)) names.add(m[1]);
  }
  for (const p of files("kemai", /\.py$/)) for (const m of read(p).matchAll(/icon["']?\s*[:=]\s*["']([a-z0-9-]+)["']/g)) names.add(m[1]);
  for (const p of sources()) for (const m of read(p).matchAll(/["'`]([a-z][a-z0-9]*(?:-[a-z0-9]+)*)["'`]/g)) names.add(m[1]);
  return { names, certain };
}
function sprite() {
  const { names, certain } = iconNames();
  const svg = (n) => join(here, "node_modules/@tabler/icons/icons/outline", `${n}.svg`);
  for (const line of certain) { const [n, where] = line.split("\t"); if (!existsSync(svg(n))) console.warn(`icon "${n}" does not exist (${where})`); }
  const symbols = [...names].sort().filter((n) => existsSync(svg(n))).map((n) => {
    const body = read(svg(n)).replace(/<!--[\s\S]*?-->/, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/<path[^>]*d="M0 0h24v24H0z"[^>]*>/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="i-${n}" viewBox="0 0 24 24">${body}</symbol>`;
  });
  writeFileSync(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
  writeFileSync(join(dist, "favicon.svg"), read(join(here, "favicon.svg")));
  return symbols.length;
}

const shared = { bundle: true, format: "esm", minify: true, metafile: true, outdir: dist, target: ["chrome108", "safari15.4", "firefox115"], legalComments: "none", logLevel: "warning" };

// Islands reach the core through one global instead of shared chunks: the first load stays a single file without a waterfall.
const coreFromPage = { name: "core", setup(b) {
  // these are pure and wanted by one island only: they travel with it
  b.onResolve({ filter: /\/core\/\w+$/ }, (args) => (/\/(conditions|cents)$/.test(args.path) ? undefined : { path: args.path.replace(/.*\//, ""), namespace: "core" }));
  b.onLoad({ filter: /.*/, namespace: "core" }, (args) => ({ contents: `module.exports = globalThis.kemai[${JSON.stringify(args.path)}]`, loader: "js" }));
} };
const toBuiltIsland = (built) => ({ name: "islands", setup(b) {
  b.onResolve({ filter: /\/islands\/\w+$/ }, (args) => ({ path: `./${built[args.path.replace(/.*\//, "")]}`, external: true }));
} });

async function scripts() {
  const entries = readdirSync(join(here, "src/islands")).filter((f) => /export (function|const) mount/.test(read(join(here, "src/islands", f)))).map((f) => join(here, "src/islands", f));
  const islands = await build({ ...shared, entryPoints: entries, outdir: join(dist, "chunks"), entryNames: "[name]-[hash]", plugins: [coreFromPage] });
  const built = Object.fromEntries(Object.entries(islands.metafile.outputs).filter(([, o]) => o.entryPoint).map(([p, o]) => [o.entryPoint.replace(/.*\/|\.ts$/g, ""), relative(dist, resolve(process.cwd(), p))]));
  await build({ ...shared, entryPoints: { app: join(here, "src/app.ts") }, plugins: [toBuiltIsland(built)] });
  await build({ ...shared, entryPoints: { boot: join(here, "src/boot.ts") }, format: "iife" });
  return built;
}
const gz = (p) => gzipSync(readFileSync(p), { level: 9 }).length;
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;

// the server sends these instead where the browser takes gzip
function compress(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) compress(path);
    else if (/\.(js|css|svg)$/.test(entry.name)) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}

function report(chunks, icons) {
  compress(dist);
  const jsSize = gz(join(dist, "app.js")) + gz(join(dist, "boot.js")), cssSize = gz(join(dist, "app.css"));
  writeFileSync(join(dist, "manifest.json"), JSON.stringify({ app: "app.js", boot: "boot.js", css: "app.css", islands: chunks, gzip: { js: jsSize, css: cssSize } }, null, 1));
  console.log(`first load ${kb(jsSize)} gz, css ${kb(cssSize)} gz, ${icons} icons ${kb(gz(join(dist, "icons.svg")))} gz`);
  for (const [name, p] of Object.entries(chunks)) console.log(`  island ${name.padEnd(10)} ${kb(gz(join(dist, p)))}`);
  if (jsSize > JS_LIMIT) console.warn(`first load over the target of ${kb(JS_LIMIT)}`);
  if (jsSize > JS_HARD || cssSize > CSS_LIMIT) { console.error("over budget"); process.exitCode = 1; }
}

async function all() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const [chunks] = await Promise.all([scripts(), css()]);
  report(chunks, sprite());
}

await all();
if (process.argv.includes("--watch")) {
  let timer;
  const again = (_, f) => { if (!f || f.includes("static/dist") || !/\.(html|css|py|ts)$/.test(f)) return; clearTimeout(timer); timer = setTimeout(() => all().catch((e) => console.error(e.message)), 150); };
  for (const dir of [join(here, "styles"), join(here, "src"), join(root, "kemai")]) fsWatch(dir, { recursive: true }, again);
  console.log("watching");
}
