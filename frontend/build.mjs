// Builds kemai/platform/ui/static/dist: app.js (+ lazy chunks), boot.js, app.css, icons.svg, favicon.svg, manifest.json.
// node build.mjs [--watch] ; fails when the first load outgrows its budget.
import { build, context, transform } from "esbuild";
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

const js = {
  entryPoints: { app: join(here, "src/app.ts") }, outdir: dist, bundle: true, splitting: true, format: "esm", minify: true, metafile: true,
  target: ["chrome108", "safari15.4", "firefox115"], chunkNames: "chunks/[name]-[hash]", legalComments: "none", logLevel: "warning",
};
const boot = { entryPoints: { boot: join(here, "src/boot.ts") }, outdir: dist, bundle: true, format: "iife", minify: true, target: js.target, logLevel: "warning" };

function firstLoad(meta) {
  // app.js and everything it imports statically
  const outs = meta.outputs, seen = new Set(), todo = [Object.keys(outs).find((o) => o.endsWith("/app.js"))];
  while (todo.length) { const o = todo.pop(); if (!o || seen.has(o)) continue; seen.add(o); for (const i of outs[o].imports) if (i.kind === "import-statement") todo.push(i.path); }
  return [...seen];
}
const gz = (p) => gzipSync(readFileSync(p), { level: 9 }).length;
const kb = (n) => `${(n / 1000).toFixed(1)} kB`;

function report(meta, icons) {
  const first = firstLoad(meta).map((o) => resolve(process.cwd(), o));
  const jsSize = first.reduce((s, p) => s + gz(p), 0), cssSize = gz(join(dist, "app.css"));
  const chunks = Object.fromEntries(Object.entries(meta.outputs).filter(([, o]) => o.entryPoint?.includes("src/islands/")).map(([p, o]) => [o.entryPoint.replace(/.*\/|\.ts$/g, ""), relative(dist, resolve(process.cwd(), p))]));
  writeFileSync(join(dist, "manifest.json"), JSON.stringify({ app: "app.js", css: "app.css", first: first.map((p) => relative(dist, p)), islands: chunks, gzip: { js: jsSize, css: cssSize } }, null, 1));
  console.log(`first load ${kb(jsSize)} gz, css ${kb(cssSize)} gz, ${icons} icons ${kb(gz(join(dist, "icons.svg")))} gz`);
  for (const [name, p] of Object.entries(chunks)) console.log(`  island ${name.padEnd(10)} ${kb(gz(join(dist, p)))}`);
  if (jsSize > JS_LIMIT) console.warn(`first load over the target of ${kb(JS_LIMIT)}`);
  if (jsSize > JS_HARD || cssSize > CSS_LIMIT) { console.error("over budget"); process.exitCode = 1; }
}

async function all() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const [app] = await Promise.all([build(js), build(boot), css()]);
  report(app.metafile, sprite());
}

await all();
if (process.argv.includes("--watch")) {
  const ctx = await context(js);
  await ctx.watch();
  let timer;
  for (const dir of [join(here, "styles"), join(root, "kemai")]) fsWatch(dir, { recursive: true }, (_, f) => { if (!f || f.includes("static/dist") || !/\.(html|css|py)$/.test(f)) return; clearTimeout(timer); timer = setTimeout(() => { css(); sprite(); }, 150); });
  console.log("watching");
}
