import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const here = import.meta.dirname;
const offices = [
  { name: "portal", source: join(here, "../src"), catalogues: join(here, "../src/i18n") },
  { name: "back office", source: join(here, "../../../backoffice/web/src"), catalogues: join(here, "../../../backoffice/web/src/i18n") },
];

function read(folder: string, language: string): Record<string, string> {
  return JSON.parse(readFileSync(join(folder, `${language}.json`), "utf8")) as Record<string, string>;
}

function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.(svelte|ts)$/.test(file)).map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
}

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort().join();

describe.each(offices)("texts of the $name", ({ source, catalogues }) => {
  const english = read(catalogues, "en");
  const text = sources(source);

  test.each(["fr", "de"])("%s has every key, and no other", (language) => {
    expect(Object.keys(read(catalogues, language)).sort()).toEqual(Object.keys(english).sort());
  });

  test.each(["fr", "de"])("%s fills in the same values", (language) => {
    for (const [key, translated] of Object.entries(read(catalogues, language))) expect(placeholders(translated), key).toBe(placeholders(english[key] ?? ""));
  });

  test("every key that a page asks for exists", () => {
    const asked = [...text.matchAll(/\bt\("([^"]+)"/g), ...text.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? "");
    expect(asked.length).toBeGreaterThan(15);
    expect([...new Set(asked)].filter((key) => !(key in english))).toEqual([]);
  });

  test("no key is left over", () => {
    const quoted = new Set([...text.matchAll(/["'`]([\w.:-]+)["'`]/g)].map((match) => match[1] ?? ""));
    const families = [...text.matchAll(/`([a-z]+(?:\.[a-z]+)*\.)\$\{/g)].map((match) => match[1] ?? "");
    const used = (key: string) => quoted.has(key) || quoted.has(key.replace(/_one$/, "")) || families.some((family) => key.startsWith(family));
    expect(Object.keys(english).filter((key) => !used(key))).toEqual([]);
  });
});
