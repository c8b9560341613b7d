/* The portal on a telephone, in the dark, in three languages and without a pointer. */
import test from "node:test";
import assert from "node:assert/strict";
import { audit, base, clean, launch, need, picture, signIn, tilesLoaded, visitor } from "./support.mjs";

const olinda = "landsat-7/olinda";

for (const [size, scheme] of [["phone", "light"], ["phone", "dark"], ["desktop", "dark"]]) {
  test(`${size}, ${scheme}`, { timeout: 400_000 }, async (t) => {
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await visitor(browser, { size, scheme });
    await page.goto(base);
    await page.locator("[data-item]").first().waitFor();
    await page.waitForLoadState("networkidle");
    await picture(page, `40-landing-${size}-${scheme}`);
    await audit(page, "landing");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out sideways");
    await page.goto(`${base}/#/scene/${olinda}?style=ndvi`);
    await page.getByTestId("layer-card").waitFor();
    await tilesLoaded(page);
    await picture(page, `41-scene-${size}-${scheme}`);
    await audit(page, "scene");
    await signIn(page, need("NADIR_DEMO_EMAIL"), need("NADIR_DEMO_PASSWORD"));
    await page.getByTestId("balance").waitFor();
    for (const place of ["orders", "wallet", "processing", "account"]) {
      await page.goto(`${base}/#/${place}`);
      await page.locator("h1").waitFor();
      await page.waitForLoadState("networkidle");
      await picture(page, `42-${place}-${size}-${scheme}`);
      await audit(page, place);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place}: nothing sticks out sideways`);
    }
    clean(watch);
  });
}

test("three languages, remembered", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser, { locale: "fr-FR" });
  await page.goto(base);
  await page.getByRole("heading", { name: "Trouver des images satellite" }).waitFor();
  await page.locator(".language").selectOption("de");
  await page.getByRole("heading", { name: "Satellitenbilder finden" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.locator("[data-item]").first().waitFor();
  await picture(page, "43-german-desktop-light");
  await page.reload();
  await page.getByRole("heading", { name: "Satellitenbilder finden" }).waitFor();
  clean(watch);
});

for (const [locale, word] of [["fr-FR", "Trouver"], ["de-DE", "finden"]]) {
  test(`nothing sticks out on a telephone in ${locale}`, { timeout: 240_000 }, async (t) => {
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await visitor(browser, { size: "phone", locale });
    await page.goto(base);
    await page.getByRole("heading", { name: word }).waitFor();
    await page.locator("[data-item]").first().waitFor();
    await picture(page, `44-${locale}-phone-light`);
    const wide = () => page.evaluate(() => [...document.querySelectorAll("header *, main *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".sr, .segmented")).map((element) => element.outerHTML.slice(0, 80)));
    assert.deepEqual(await wide(), []);
    await page.goto(`${base}/#/scene/${olinda}`);
    await page.getByTestId("price").waitFor();
    assert.deepEqual(await wide(), []);
    clean(watch);
  });
}

test("every page of a search, once; clouds; a polygon; the search as code", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser);
  // Small pages, so that the few scenes of one collection fill several; other tests' scenes come and go elsewhere.
  await page.route("**/stac/search", (route) => {
    const body = route.request().postDataJSON();
    return route.continue(body ? { postData: JSON.stringify({ ...body, limit: 2 }) } : {});
  });
  await page.goto(`${base}/#/explore?collection=blue-marble`);
  await page.locator("[data-item]").first().waitFor();
  const more = page.getByTestId("more");
  for (let rounds = 0; rounds < 50 && (await more.count()) > 0; rounds++) {
    const before = await page.locator("[data-item]").count();
    await more.click();
    await page.waitForFunction((count) => document.querySelectorAll("[data-item]").length > count || !document.querySelector("[data-testid=more]"), before);
  }
  const shown = await page.locator("[data-item]").evaluateAll((cards) => cards.map((card) => card.getAttribute("data-item")));
  const { features } = await (await fetch(`${base}/stac/search?collections=blue-marble&limit=1000`)).json();
  assert.ok(features.length > 2, "there is more than one page");
  assert.deepEqual([...shown].sort(), features.map((item) => `${item.collection}/${item.id}`).sort());

  await page.goto(`${base}/#/explore?collection=landsat-8&cloud=5`);
  const landsat = (await (await fetch(`${base}/stac/search?collections=landsat-8&limit=1000`)).json()).features;
  const cover = (item) => item.properties["eo:cloud_cover"] ?? null;
  const clear = landsat.filter((item) => cover(item) === null || cover(item) <= 5);
  assert.ok(clear.length < landsat.length, "there is a cloudier scene to be left out");
  await page.getByRole("status").filter({ hasText: new RegExp(`^${clear.length} `) }).waitFor();
  assert.equal(await page.locator("[data-item]").count(), Math.min(clear.length, 2));
  assert.equal(await page.getByRole("slider", { name: "Cloud cover" }).inputValue(), "5");

  await page.goto(`${base}/#/explore?at=-34.9,-8,10`);
  await page.reload();
  await page.locator("[data-item]").first().waitFor();
  await page.getByTestId("draw-polygon").click();
  for (const [x, y] of [[800, 300], [1100, 320], [1000, 620]]) {
    await page.mouse.move(x, y, { steps: 3 });
    await page.mouse.click(x, y);
    await page.waitForTimeout(300);
  }
  await page.mouse.move(800, 300, { steps: 3 });
  await page.mouse.click(800, 300);
  await page.waitForFunction(() => document.querySelector("input[spellcheck=false]").value.startsWith("POLYGON"));
  const asked = page.waitForRequest((request) => request.url().endsWith("/stac/search"));
  await page.getByTestId("search").click();
  const { intersects, bbox } = (await asked).postDataJSON();
  assert.equal(intersects.type, "Polygon");
  assert.equal(intersects.coordinates[0].length, 4);
  assert.equal(bbox, undefined);

  await page.getByRole("button", { name: "Code" }).click();
  await page.getByRole("button", { name: "Python" }).click();
  await page.locator("dialog pre").filter({ hasText: '"intersects"' }).waitFor();
  await picture(page, "45-code-desktop-light");
  await audit(page, "the search as code");
  clean(watch);
});

test("with billing away, people still search, look and read about files", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser);
  watch.expected.push(/502.*\/billing\//);
  const problem = { type: "about:blank", title: "Module not reachable", status: 502, detail: "This part of the service is being restarted: try again in a few seconds." };
  await page.route("**/billing/**", (route) => route.fulfill({ status: 502, contentType: "application/problem+json", body: JSON.stringify(problem) }));
  await page.goto(base);
  await page.locator("[data-item]").first().waitFor();
  await page.goto(`${base}/#/scene/${olinda}`);
  await page.getByTestId("layer-card").waitFor();
  await page.locator("[data-asset=red]").waitFor();
  await page.getByRole("alert").filter({ hasText: "being restarted" }).waitFor();
  clean(watch);
});

test("by keyboard alone: skip the map, search, open a scene, change its style", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser);
  await page.goto(base);
  await page.locator("[data-item]").first().waitFor();
  const at = () => page.evaluate(() => ({ text: document.activeElement?.textContent?.trim() ?? "", item: document.activeElement?.getAttribute("data-item"), style: document.activeElement?.getAttribute("data-style") }));
  const tabTo = async (found) => {
    for (let steps = 0; steps < 60; steps++) {
      if (found(await at())) return;
      await page.keyboard.press("Tab");
    }
    assert.fail("the keyboard does not get there");
  };
  await page.keyboard.press("Tab");
  assert.equal((await at()).text, "Skip the map");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("-35.3, -8.4, -34.6, -7.7");
  const asked = page.waitForResponse((answer) => answer.url().endsWith("/stac/search") && Boolean(answer.request().postDataJSON().bbox));
  await page.keyboard.press("Enter");
  await asked;
  await tabTo((place) => place.item === olinda);
  await page.keyboard.press("Enter");
  await page.getByTestId("layer-card").waitFor();
  await tabTo((place) => place.style === "ndvi");
  await page.keyboard.press("Space");
  await page.getByTestId("legend").waitFor();
  clean(watch);
});

test("a link that is followed while the page writes its search into the address wins", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser);
  await page.goto(base);
  await page.locator("[data-item]").first().waitFor();
  // The browser tells of the new fragment later; the form (or the map, at the end of its flight) writes at once.
  await page.evaluate(() => {
    location.hash = "#/processing";
    document.querySelector("input[type=date]").dispatchEvent(new Event("change", { bubbles: true }));
  });
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => location.hash), "#/processing");
  await page.getByRole("heading", { level: 1, name: "Processing" }).waitFor({ timeout: 10_000 });
  clean(watch);
});
