/* What the browser tests share: a browser that is watched, pictures, the accessibility audit, accounts. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start an instance and source its local.env, or use tests/run`);
  return value;
}

export const base = need("NADIR_URL");
export const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const pictures = process.env.NADIR_SCREENSHOTS ?? join(import.meta.dirname, "screenshots");
mkdirSync(pictures, { recursive: true });

export async function launch() {
  const executablePath = process.env.NADIR_CHROMIUM ?? "/usr/bin/chromium";
  assert.ok(existsSync(executablePath), `${executablePath} is not there: install chromium`);
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/**
 * A fresh visitor. Whatever the page asks of another host, writes to the console as an error or throws is kept in `faults`;
 * `expected` lists patterns of console errors that a step provokes on purpose.
 */
export async function visitor(browser, { size = "desktop", scheme = "light", locale = "en-GB" } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme, locale, reducedMotion: "reduce", acceptDownloads: true });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
  const watch = { faults: [], expected: [] };
  const host = new URL(base).host;
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && url.host !== host) watch.faults.push(`request to another host: ${request.url()}`);
  });
  const watchPage = (page) => {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const text = `${message.text()} (${message.location().url})`;
      if (!watch.expected.some((pattern) => pattern.test(text))) watch.faults.push(`console: ${text}`);
    });
    page.on("pageerror", (error) => watch.faults.push(`script: ${error.stack ?? error.message}`));
  };
  context.on("page", watchPage);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return { context, page, watch, close: () => context.close() };
}

export function clean(watch) {
  const faults = watch.faults.splice(0);
  assert.deepEqual(faults, []);
}

/** A picture for people to look at. */
export async function picture(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** No violation of WCAG 2.2 A and AA that axe-core can find. */
export async function audit(page, name) {
  // Cross-document parts are audited on their own; the map's canvas has nothing that axe could read.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } }));
  const told = violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary?.split("\n").slice(1, 2)}`).join("; ")}`);
  assert.deepEqual(told, [], `accessibility of ${name}`);
}

/** Waits until the map has drawn what it was asked to. */
export async function tilesLoaded(page) {
  await page.waitForFunction(() => document.querySelector("[data-testid=layer-card]")?.getAttribute("data-pending") === "0");
  await page.waitForTimeout(300);
}

export async function signIn(page, email, password) {
  await page.getByTestId("sign-in").click();
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(password);
  await page.locator("form button").first().click();
}

/** A scientist's package as tar.gz: `files` by name. */
export function tarball(files) {
  const folder = mkdtempSync(join(tmpdir(), "nadir-package-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return execFileSync("tar", ["-C", folder, "-czf", "-", ...Object.keys(files)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
