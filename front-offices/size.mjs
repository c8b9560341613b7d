/* The first load of the portal stays small: the page, its script and style, and what they import at once, compressed as the gateway does. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 180;
const dist = new URL("./portal/dist/", import.meta.url);
const html = readFileSync(new URL("index.html", dist), "utf8");
const files = ["index.html", ...[...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1])];
let total = 0;
for (const file of new Set(files)) total += gzipSync(readFileSync(new URL(file, dist)), { level: 6 }).length;
const kilobytes = Math.round(total / 1000);
console.log(`portal, first load: ${kilobytes} kB of ${LIMIT_KB} kB (gzip)`);
if (kilobytes > LIMIT_KB) process.exit(1);
