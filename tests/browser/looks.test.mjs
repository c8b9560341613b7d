/* The portal on a telephone, in the dark, in three languages and without a pointer. */
import test from "node:test";
import assert from "node:assert/strict";
import { audit, base, clean, launch, need, picture, signIn, tilesLoaded, visitor } from "./support.mjs";

const olinda = "landsat-7/olinda";

for (const [size, scheme] of [["phone", "light"], ["phone", "dark"], ["desktop", "dark"]]) {
  test(`${size}, ${scheme}`, { timeout: 180_000 }, async (t) => {
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

test("three languages, remembered", { timeout: 60_000 }, async (t) => {
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

test("by keyboard alone: skip the map, search, open a scene, change its style", { timeout: 60_000 }, async (t) => {
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
