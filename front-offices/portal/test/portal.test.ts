import { describe, expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { code } from "../src/lib/code.ts";
import { resultItem } from "../src/lib/results.ts";
import { sha256Hex } from "../src/lib/checksum.ts";
import { unwrap } from "../src/map/basemap.ts";
import { seriesFrom } from "../../../backoffice/web/src/series.ts";

describe("the search as code", () => {
  const query = { limit: 24, collections: ["it's"], bbox: [-1, 2, 3, 4], filter: { op: "<=", args: [{ property: "eo:cloud_cover" }, 30] }, "filter-lang": "cql2-json" };
  test("curl: a shell reads back the same query", () => {
    const line = code("curl", "http://localhost:8080", query).replace(/^curl/, "printf '%s\\n'");
    const words = execFileSync("sh", ["-c", line], { encoding: "utf8" }).trimEnd().split("\n");
    expect(JSON.parse(words[words.length - 1] ?? "")).toEqual(query);
  });
  test("Python: names and literals of that language", () => {
    const text = code("python", "http://localhost:8080", { ...query, flag: true, none: null });
    expect(text).toContain('"filter_lang": "cql2-json"');
    expect(text).toContain('"flag": True');
    expect(text).toContain('"none": None');
  });
  test("JavaScript holds the query as JSON", () => {
    expect(code("javascript", "http://localhost:8080", query)).toContain(JSON.stringify(query, null, 2));
  });
});

test("results point at their item", () => {
  const base = "http://localhost:8080";
  const ndvi = { href: `${base}/download/v1/items/results/a/assets/ndvi`, type: "image/tiff" };
  expect(resultItem({ ndvi, item: { href: `${base}/stac/collections/results/items/a%20b` } })).toEqual({ collection: "results", item: "a b" });
  expect(resultItem({ ndvi, count: 3, nothing: null })).toBeUndefined();
});

test("SHA-256 of FIPS 180-2, example B.1", async () => {
  expect(await sha256Hex(new Blob(["abc"]))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

describe("rings across the 180th meridian", () => {
  test("run on past it", () => {
    const ring = [[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]];
    unwrap(ring);
    expect(ring).toEqual([[179, 0], [181, 0], [181, 1], [179, 1], [179, 0]]);
  });
  test("a ring round the pole is closed along the edge of the map", () => {
    const ring = [[-180, -70], [-90, -70], [0, -70], [90, -70], [-180, -70]];
    unwrap(ring);
    expect(ring.slice(4)).toEqual([[180, -70], [180, -85.06], [-180, -85.06], [-180, -70]]);
  });
});

test("a series becomes seconds and values", () => {
  expect(seriesFrom([{ day: "1970-01-02", value: 5 }])).toEqual({ times: [86_400], values: [5] });
});
