/* Saved searches in the portal: save one, see what it found, pause it, delete it; on a desktop and a telephone, in light and dark. */
import test from "node:test";
import assert from "node:assert/strict";
import { audit, base, clean, launch, need, picture, signIn, visitor } from "./support.mjs";

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** A token of the client that may publish. */
async function publisher() {
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const basic = Buffer.from(`${need("NADIR_CLIENT_ID")}:${need("NADIR_CLIENT_SECRET")}`).toString("base64");
  const answer = await fetch(`${base}/oauth2/token`, { method: "POST", body, headers: { authorization: `Basic ${basic}` } });
  return (await answer.json()).access_token;
}

async function api(token, method, path, body) {
  const answer = await fetch(base + path, {
    method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok ? "" : await answer.text()}`);
}

/** A collection of this test's own, gone after it. */
async function ownCollection(t) {
  const token = await publisher();
  const id = `test-saved-${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  await api(token, "POST", "/stac/collections", {
    type: "Collection", stac_version: "1.0.0", id, title: "Browser test", description: "Made by a test.", license: "various", links: [],
    extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [["2020-01-01T00:00:00Z", null]] } },
  });
  const path = `/stac/collections/${id}/items`;
  t.after(async () => {
    await api(token, "DELETE", `${path}/scene`).catch(() => {});
    await api(token, "DELETE", `/stac/collections/${id}`);
  });
  const publish = () => api(token, "POST", path, {
    type: "Feature", stac_version: "1.0.0", id: "scene", collection: id, bbox: [7.5, 50.5, 7.5, 50.5], links: [], assets: {},
    geometry: { type: "Point", coordinates: [7.5, 50.5] }, properties: { datetime: "2024-06-01T10:20:30Z" },
  });
  return { id, publish };
}

for (const [size, scheme] of [["desktop", "light"], ["desktop", "dark"], ["phone", "light"], ["phone", "dark"]]) {
  test(`save a search and hear of a scene: ${size}, ${scheme}`, { timeout: 400_000 }, async (t) => {
    const { id, publish } = await ownCollection(t);
    const browser = await launch();
    t.after(() => browser.close());
    const { page, watch } = await visitor(browser, { size, scheme });
    await page.goto(base);
    await signIn(page, need("NADIR_DEMO_EMAIL"), need("NADIR_DEMO_PASSWORD"));
    await page.getByTestId("balance").waitFor();
    await page.goto(`${base}/#/explore?collection=${id}&area=0,40,20,60&from=2024-01-01`);
    await page.getByText("No scene fits").waitFor();
    await page.getByTestId("save-search").click();
    await page.getByTestId("saved-save").waitFor();
    await picture(page, `60-save-search-${size}-${scheme}`);
    await audit(page, "the dialog that saves a search");
    const name = `Rhine ${size} ${scheme}`;
    await page.getByTestId("saved-name").fill(name);
    await page.getByTestId("saved-save").click();
    await page.getByText("Saved. New scenes appear").waitFor();

    await publish();
    await page.goto(`${base}/#/searches`);
    const card = page.locator("[data-saved]").filter({ hasText: name });
    await card.waitFor();
    for (let tries = 0; tries < 20 && !(await card.getByText("1 match").count()); tries++) {
      await page.waitForTimeout(300);
      await page.reload();
      await card.waitFor();
    }
    await card.locator("summary").click();
    await card.getByRole("link", { name: "scene" }).waitFor();
    await page.waitForLoadState("networkidle");
    await picture(page, `61-saved-searches-${size}-${scheme}`);
    await audit(page, "saved searches");
    assert.ok(await fits(page), "nothing sticks out sideways");

    await card.getByRole("button", { name: "Pause" }).click();
    await card.getByText("Paused").waitFor();
    await card.getByRole("button", { name: "Resume" }).click();
    await card.getByText("Watching").waitFor();
    await card.getByRole("link", { name: "Show on the map" }).click();
    await page.locator(`[data-item="${id}/scene"]`).waitFor();
    assert.equal(await page.locator("input[type=date]").first().inputValue(), "2024-01-01");

    await page.goto(`${base}/#/searches`);
    page.once("dialog", (dialog) => dialog.accept());
    await card.getByRole("button", { name: "Delete" }).click();
    await card.waitFor({ state: "detached" });
    clean(watch);
  });
}

test("a stranger is asked to sign in before a search is saved", { timeout: 240_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser, { locale: "fr-FR" });
  await page.goto(base);
  await page.locator("[data-item]").first().waitFor();
  await page.getByTestId("save-search").click();
  await page.getByRole("dialog").getByRole("button", { name: "Se connecter" }).waitFor();
  await audit(page, "the dialog for a stranger");
  await page.goto(`${base}/#/searches`);
  await page.getByRole("heading", { name: /connecter/i }).first().waitFor();
  clean(watch);
});
