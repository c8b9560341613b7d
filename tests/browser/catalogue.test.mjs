/* The administrator's page of the catalogue: add a harvest, run it, see what it brought and what it refused, change, pause, delete it;
   have the catalogue written to a file and take it. */
import test from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import { audit, base, clean, launch, need, picture, signIn, visitor } from "./support.mjs";

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Another catalogue of this test's own (tests/standins/stac). */
async function standin(t, items) {
  const child = spawn("/usr/bin/python3", [join(import.meta.dirname, "../standins/stac/server.py")], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  const there = `http://127.0.0.1:${port}`;
  const set = (state) => fetch(`${there}/control`, { method: "PUT", body: JSON.stringify(state) });
  await set({ items, collections: [collection("there")] });
  return { url: `${there}/stac`, set };
}

const collection = (id) => ({
  type: "Collection", stac_version: "1.0.0", id, title: "Browser test", description: "Made by a test.", license: "various", links: [],
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [["2020-01-01T00:00:00Z", null]] } },
});
const item = (n) => ({
  type: "Feature", stac_version: "1.0.0", id: `item-${n}`, collection: "there", bbox: [7, 50, 7, 50], links: [],
  assets: { data: { href: `https://example.org/there/${n}.tif` } }, geometry: { type: "Point", coordinates: [7, 50] },
  properties: { datetime: "2024-06-01T10:20:30Z", updated: `2024-06-02T00:00:${String(n).padStart(2, "0")}Z` },
});

/** Removes what the harvest brought, as the client that may. */
async function removeCollection(id) {
  const basic = Buffer.from(`${need("NADIR_CLIENT_ID")}:${need("NADIR_CLIENT_SECRET")}`).toString("base64");
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const given = await fetch(`${base}/oauth2/token`, { method: "POST", body, headers: { authorization: `Basic ${basic}` } });
  const headers = { authorization: `Bearer ${(await given.json()).access_token}` };
  const { features } = await (await fetch(`${base}/stac/search?collections=${id}&limit=1000`)).json();
  for (const found of features) await fetch(`${base}/stac/collections/${id}/items/${found.id}`, { method: "DELETE", headers });
  await fetch(`${base}/stac/collections/${id}`, { method: "DELETE", headers });
}

async function open(browser, look) {
  const seen = await visitor(browser, look);
  await seen.page.goto(`${base}/backoffice/#/catalogue`);
  await signIn(seen.page, need("NADIR_ADMIN_EMAIL"), need("NADIR_ADMIN_PASSWORD"));
  await seen.page.getByTestId("harvest-add").waitFor();
  return seen;
}

for (const [size, scheme] of [["desktop", "light"], ["desktop", "dark"], ["phone", "light"], ["phone", "dark"]]) {
  test(`harvest another catalogue: ${size}, ${scheme}`, { timeout: 400_000 }, async (t) => {
    const broken = { ...item(9), geometry: { type: "Polygon", coordinates: [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]] } };
    const source = await standin(t, [1, 2, 3, 4].map(item).concat(broken));
    const unique = `${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
    const ours = `test-harvested-${unique}`;
    const name = `Browser ${unique}`;
    t.after(() => removeCollection(ours));
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await open(browser, { size, scheme });

    await page.getByTestId("harvest-add").click();
    const form = page.getByTestId("harvest-form");
    await form.locator("[name=name]").fill(name);
    await form.locator("[name=url]").fill(source.url);
    await form.locator("[name=bbox]").fill("1, 2, 3");
    await form.locator("[name=collections]").fill(`there = ${ours}`);
    await page.getByTestId("harvest-save").click();
    await form.getByText("Four numbers").waitFor();
    await form.locator("[name=bbox]").fill("-180, -90, 180, 90");
    await picture(page, `70-harvest-form-${size}-${scheme}`);
    await audit(page, "the form of a harvest");
    assert.ok(await fits(page), "nothing of the form sticks out sideways");
    await page.getByTestId("harvest-save").click();

    const card = page.locator(`[data-harvest="${name}"]`);
    await card.getByText("never run").waitFor();
    await card.getByText("Runs only when told to").waitFor();
    await card.getByRole("button", { name: "Run now" }).click();
    await page.locator(`[data-harvest="${name}"][data-state=done]`).waitFor();
    assert.equal(await card.locator("[data-count=created]").textContent(), "4");
    assert.equal(await card.locator("[data-count=refused]").textContent(), "1");
    assert.equal(await card.getByTestId("items").textContent(), "4 items here");
    await card.locator("summary").click();
    await card.getByTestId("refusals").getByText("item-9").waitFor();
    await card.scrollIntoViewIfNeeded();
    await picture(page, `71-harvests-${size}-${scheme}`);
    await audit(page, "the harvests");
    assert.ok(await fits(page), "nothing sticks out sideways");
    const { numberMatched } = await (await fetch(`${base}/stac/search?collections=${ours}&limit=1`)).json();
    assert.equal(numberMatched, 4);

    // A change of the name only keeps how far it came; another address begins anew, and says so before it is saved.
    await card.getByRole("button", { name: "Edit" }).click();
    await form.locator("[name=every]").fill("60");
    assert.equal(await form.getByText("begins anew").count(), 0);
    await form.locator("[name=url]").fill(`${source.url}-nowhere`);
    await form.getByText("begins anew").waitFor();
    await page.getByTestId("harvest-save").click();
    await card.getByText("Next run:").waitFor();
    await source.set({ items: [], faults: [{ match: "/", times: 1000, status: 404 }] });
    await card.getByRole("button", { name: "Run now" }).click();
    await page.locator(`[data-harvest="${name}"][data-state=failed]`).waitFor();
    assert.match(await card.getByTestId("error").textContent(), /404/);
    await audit(page, "a harvest that failed");

    await card.getByRole("button", { name: "Pause" }).click();
    await page.locator(`[data-harvest="${name}"][data-state=paused]`).waitFor();
    assert.ok(await card.getByRole("button", { name: "Run now" }).isDisabled());
    await card.getByRole("button", { name: "Resume" }).click();
    await page.locator(`[data-harvest="${name}"][data-state=failed]`).waitFor();

    page.once("dialog", (dialog) => dialog.dismiss());
    await card.getByRole("button", { name: "Delete" }).click();
    assert.equal(await card.count(), 1, "a refused question deletes nothing");
    page.once("dialog", (dialog) => dialog.accept());
    await card.getByRole("button", { name: "Delete" }).click();
    await card.waitFor({ state: "detached" });
    clean(watch);
  });
}

for (const [size, scheme] of [["desktop", "light"], ["phone", "dark"]]) {
  test(`export the catalogue: ${size}, ${scheme}`, { timeout: 240_000 }, async (t) => {
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await open(browser, { size, scheme });
    const part = page.getByTestId("exports");
    await part.locator("[name=format]").selectOption("ndjson");
    await part.locator("[name=collections]").fill("there-is-no-such-collection");
    watch.expected.push(/422.*\/exports/);
    await part.getByRole("button", { name: "Start an export" }).click();
    await part.getByRole("alert").getByText("no public collection").waitFor();
    await part.locator("[name=collections]").fill("");
    const started = page.waitForResponse((answer) => answer.request().method() === "POST" && answer.url().endsWith("/exports") && answer.status() === 202);
    await part.getByRole("button", { name: "Start an export" }).click();
    const { export: id } = await (await started).json();
    const row = part.locator(`[data-export="${id}"]`);
    await row.getByText("ready").waitFor();
    await row.scrollIntoViewIfNeeded();
    await picture(page, `73-exports-${size}-${scheme}`);
    await audit(page, "the exports");
    assert.ok(await fits(page), "nothing sticks out sideways");
    const download = page.waitForEvent("download");
    await row.getByRole("button", { name: "Download" }).click();
    const file = await download;
    assert.match(file.suggestedFilename(), /^nadir-catalogue-.*\.ndjson\.gz$/);
    const lines = gunzipSync(readFileSync(await file.path())).toString().split("\n").filter(Boolean);
    assert.equal(`${lines.filter((line) => JSON.parse(line).type === "Feature").length} items`.replace(/^1 items/, "1 item"), (await row.getByTestId("items").textContent()).replaceAll(",", ""));
    page.once("dialog", (dialog) => dialog.accept());
    await row.getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
    clean(watch);
  });
}

for (const [locale, word] of [["fr-FR", "Ajouter une source"], ["de-DE", "Quelle hinzufügen"]]) {
  test(`the harvests in ${locale}, on a telephone`, { timeout: 240_000 }, async (t) => {
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await open(browser, { size: "phone", locale });
    await page.getByRole("button", { name: word }).click();
    await page.getByTestId("harvest-form").waitFor();
    await picture(page, `72-harvests-${locale}-phone-light`);
    await audit(page, `the harvests in ${locale}`);
    assert.ok(await fits(page), "nothing sticks out sideways");
    clean(watch);
  });
}
