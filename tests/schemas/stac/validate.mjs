// Reads a JSON list of STAC documents from standard input; writes a line of JSON for each that is not valid, and at last how many were.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import validate from "stac-node-validator";

const schemas = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** A schema by its address, from disk only. What is not here (an extension of a provider's own) accepts everything. */
async function loader(uri) {
  const file = path.join(schemas, new URL(uri).host, new URL(uri).pathname);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : { $id: uri };
}

const documents = JSON.parse(fs.readFileSync(0, "utf8"));
let valid = 0;
for (const document of documents) {
  const report = await validate(document, { loader });
  const faults = [...report.results.core, ...Object.values(report.results.extensions).flat()];
  if (report.valid && !report.skipped) valid += 1;
  else console.log(JSON.stringify({ id: document.id, type: document.type, faults: faults.map((f) => `${f.instancePath ?? ""} ${f.message}`) }));
}
console.log(JSON.stringify({ valid }));
