// The first load: what index.html names, and what those modules import at once, compressed. Fails above 250 KB.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const folder = new URL("../src/munshi/web/static/", import.meta.url).pathname;
const limit = 250 * 1000;
const html = readFileSync(join(folder, "index.html"), "utf8");
const first = new Set();

function take(file) {
  if (first.has(file)) return;
  first.add(file);
  if (!file.endsWith(".js")) return;
  const text = readFileSync(join(folder, "assets", file), "utf8");
  for (const [, name] of text.matchAll(/(?:import|from)\s*"\.\/([^"]+)"/g)) take(name);
}
for (const [, name] of html.matchAll(/"\.\/assets\/([^"]+)"/g)) take(name);

const size = (file) => gzipSync(readFileSync(join(folder, "assets", file))).length;
let total = gzipSync(html).length;
for (const file of readdirSync(join(folder, "assets"))) {
  const bytes = size(file);
  if (first.has(file)) total += bytes;
  console.log(`${first.has(file) ? "first" : "later"} ${(bytes / 1000).toFixed(1)} KB  ${file}`);
}
console.log(`first load: ${(total / 1000).toFixed(1)} KB compressed, limit ${limit / 1000} KB`);
if (/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(html)) {
  console.error("index.html holds an inline script or style, which the page's policy refuses");
  process.exit(1);
}
if (total > limit) process.exit(1);
