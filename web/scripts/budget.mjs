/** First load of the console, as gzip sends it: fails when it grows beyond its budget. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const LIMITS = { js: 250_000, css: 30_000 };

const manifest = JSON.parse(await readFile("dist/.vite/manifest.json", "utf8"));

/** Everything the entry brings with it before a route is chosen, and what the heaviest first page adds. */
function closure(keys, seen = new Set()) {
  for (const key of keys) {
    if (seen.has(key)) continue;
    seen.add(key);
    closure(manifest[key]?.imports ?? [], seen);
  }
  return seen;
}

async function weigh(keys) {
  const files = new Set();
  for (const key of keys) {
    const chunk = manifest[key];
    if (chunk === undefined) throw new Error(`the manifest has no ${key}; was the console built?`);
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
  }
  const sum = { js: 0, css: 0 };
  for (const file of files) {
    const size = gzipSync(await readFile(`dist/${file}`), { level: 9 }).length;
    if (file.endsWith(".js")) sum.js += size;
    if (file.endsWith(".css")) sum.css += size;
  }
  return sum;
}

const first = ["index.html", "src/locales/pt-BR.json"];
const pages = ["src/app/pages/calls-route.tsx", "src/features/account/login-page.tsx"];
let over = false;
for (const page of pages) {
  const sum = await weigh(closure([...first, page]));
  for (const kind of ["js", "css"]) {
    const bad = sum[kind] > LIMITS[kind];
    over ||= bad;
    console.log(
      `${bad ? "OVER" : "ok  "} ${page}: ${kind} ${(sum[kind] / 1000).toFixed(1)} kB gz of ${LIMITS[kind] / 1000}`,
    );
  }
}
process.exit(over ? 1 : 0);
