/* One person's way through the marketplace, in a browser: from the landing page to a processed result. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import assert from "node:assert/strict";
import { audit, base, clean, launch, need, picture, signIn, tarball, tilesLoaded, visitor } from "./support.mjs";

const olinda = { collection: "landsat-7", item: "olinda" };
const person = { name: "Ada Journey", email: `journey-${randomBytes(6).toString("hex")}@nadir.example`, password: randomBytes(12).toString("base64url") };
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const amount = (text) => Number(text.replace(/[^\d.-]/g, ""));

async function balance(page) {
  return amount(await page.getByTestId("balance").innerText());
}

/** Waits until the purse shows something else than `before`, and gives that. */
async function newBalance(page, before) {
  await page.waitForFunction((text) => document.querySelector("[data-testid=balance]")?.textContent?.trim() !== text, before);
  return balance(page);
}

test("the journey", { timeout: 1_200_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const me = await visitor(browser);
  const { page, watch } = me;

  await t.test("visit: map, search and recent scenes without login", async () => {
    await page.goto(base);
    await page.locator("[data-item]").first().waitFor();
    assert.ok((await page.locator("[data-item]").count()) >= 3, "recent scenes are listed");
    await page.locator("[data-item] img").first().waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("[data-item] img")].some((image) => image.naturalWidth > 0));
    await page.waitForLoadState("networkidle");
    await picture(page, "01-landing-desktop-light");
    await audit(page, "landing");
    clean(watch);
  });

  await t.test("sign up and in by OpenID Connect", async () => {
    await page.getByTestId("register").click();
    await page.locator("input[name=name]").fill(person.name);
    await page.locator("input[name=email]").fill(person.email);
    await page.locator("input[name=password]").fill(person.password);
    await picture(page, "02-register-desktop-light");
    await audit(page, "registration");
    await page.locator("form button").first().click();
    await page.getByTestId("balance").waitFor();
    assert.equal(new URL(page.url()).search, "", "no code is left in the address");
    assert.equal(await balance(page), 0);

    await page.goto(`${base}/#/account`);
    await page.getByTestId("sign-out").click();
    await page.getByTestId("sign-in").waitFor();
    assert.equal(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.endsWith(".tokens")).length), 0);
    await signIn(page, person.email, person.password);
    await page.getByTestId("balance").waitFor();
    clean(watch);
  });

  await t.test("find: a place, and the link that restores the search", async () => {
    await page.goto(`${base}/#/explore`);
    const place = page.locator("input[spellcheck=false]").first();
    await place.fill("here and there");
    await place.press("Tab");
    await page.getByRole("alert").waitFor();
    await place.fill("-35.3, -8.4, -34.6, -7.7");
    await place.press("Tab");
    const asked = page.waitForRequest((request) => request.url().endsWith("/stac/search"));
    await page.getByTestId("search").click();
    assert.deepEqual(JSON.parse((await asked).postData()).bbox, [-35.3, -8.4, -34.6, -7.7]);
    const card = page.locator(`[data-item="${olinda.collection}/${olinda.item}"]`);
    await card.waitFor();
    await card.hover();
    await picture(page, "03-found-desktop-light");

    const link = page.url();
    const stranger = await visitor(browser);
    await stranger.page.goto(link);
    await stranger.page.locator(`[data-item="${olinda.collection}/${olinda.item}"]`).waitFor();
    assert.equal(await stranger.page.locator("input[spellcheck=false]").first().inputValue(), "-35.3, -8.4, -34.6, -7.7");
    clean(stranger.watch);
    await stranger.close();
    await card.click();
    await page.getByTestId("layer-card").waitFor();
    await page.reload();
    await page.getByTestId("layer-card").waitFor();
    await page.getByRole("link", { name: "Back to the results" }).click();
    await page.waitForFunction(() => document.querySelector("input[spellcheck=false]")?.value === "-35.3, -8.4, -34.6, -7.7");
    await card.click();
    await page.getByTestId("layer-card").waitFor();
    clean(watch);
  });

  await t.test("see: tiles in three styles, and the legend of NDVI", async () => {
    for (const style of ["true-color", "false-color", "ndvi"]) {
      const tile = style === "true-color" ? undefined : page.waitForResponse((answer) => answer.url().includes(`/${olinda.item}/${style}/`) && answer.ok());
      await page.locator(`[data-style="${style}"]`).click();
      if (tile) assert.equal((await tile).headers()["content-type"], "image/png");
      await tilesLoaded(page);
      await picture(page, `04-${style}-desktop-light`);
    }
    await page.getByTestId("legend").waitFor();
    assert.match(page.url(), /style=ndvi/);
    await page.locator('[data-style="true-color"]').click();
    await tilesLoaded(page);
    await audit(page, "scene");
    clean(watch);
  });

  await t.test("top up: a refused card, then one that pays", async () => {
    await page.goto(`${base}/#/wallet`);
    await page.getByTestId("top-up").click();
    await page.getByTestId("topup-next").click();
    const number = page.locator("input[name=number]");
    await number.fill("4000 0000 0000 0002");
    await page.locator("input[name=expiry]").fill("12/34");
    await page.locator("input[name=cvc]").fill("123");
    await picture(page, "05-card-desktop-light");
    await audit(page, "card form");
    watch.expected.push(/402.*\/standin\/stripe\//);
    await page.getByTestId("topup-pay").click();
    await page.locator("dialog [role=alert]").filter({ hasText: /declined/i }).first().waitFor();
    assert.equal(await balance(page), 0);
    const before = (await page.getByTestId("balance").innerText()).trim();
    await number.fill("4242 4242 4242 4242");
    await page.getByTestId("topup-pay").click();
    assert.equal(await newBalance(page, before), 25);
    watch.expected.length = 0;
    clean(watch);
  });

  let order;
  await t.test("buy: a quote for a drawn area, the licence, payment, the receipt", async () => {
    await page.goto(`${base}/#/scene/${olinda.collection}/${olinda.item}`);
    await page.getByTestId("quote").click();
    const whole = amount(await page.getByTestId("total").innerText());
    await page.getByTestId("layer-card").waitFor();
    await tilesLoaded(page);
    const frame = await page.getByTestId("map").boundingBox();
    // Right of the panel, around the middle of the scene: some of it, not all.
    const middle = { x: frame.x + frame.width / 2 + 214, y: frame.y + frame.height / 2 - 40 };
    await page.getByTestId("draw-box").click();
    await page.mouse.click(middle.x - 90, middle.y - 90);
    await page.mouse.move(middle.x, middle.y, { steps: 4 });
    await page.mouse.click(middle.x + 90, middle.y + 90);
    await page.getByTestId("quote").click();
    await page.getByTestId("quote-card").waitFor();
    const total = amount(await page.getByTestId("total").innerText());
    assert.ok(total > 0 && total < whole, `${total} for the area, ${whole} for the whole`);
    assert.ok(await page.getByTestId("pay").isDisabled(), "no payment without the licence");
    await page.getByTestId("accept").check();
    await picture(page, "06-quote-desktop-light");
    await audit(page, "quote");
    const paid = page.waitForResponse((answer) => answer.url().endsWith("/billing/v1/orders") && answer.request().method() === "POST");
    await page.getByTestId("pay").click();
    const answer = await paid;
    assert.equal(answer.status(), 201);
    assert.match(answer.request().headers()["idempotency-key"], /^[0-9a-f-]{36}$/);
    order = await answer.json();
    assert.equal(order.total, Math.round(total * 100));
    await page.getByTestId("order-done").waitFor();
    await page.getByText("An area of it is yours", { exact: true }).waitFor();
    await page.waitForFunction((left) => Math.abs(Number(document.querySelector("[data-testid=balance]").textContent.replace(/[^\d.-]/g, "")) - left) < 0.005, 25 - total);

    await page.goto(`${base}/#/orders`);
    await page.locator(`[data-order="${order.order}"]`).waitFor();
    await picture(page, "07-orders-desktop-light");
    await audit(page, "orders");
    const tab = me.context.waitForEvent("page");
    await page.locator(`[data-order="${order.order}"] button`).click();
    const receipt = await tab;
    await receipt.waitForURL(/^blob:/);
    await receipt.getByText(order.order.slice(-8)).first().waitFor();
    await picture(receipt, "08-receipt-desktop-light");
    await receipt.close();
    clean(watch);
  });

  await t.test("download: the bought area arrives with its checksum, in the browser and by a signed link", async () => {
    await page.goto(`${base}/#/scene/${olinda.collection}/${olinda.item}`);
    await page.getByTestId("area-hint").waitFor();
    const row = page.locator('[data-asset="red"]');
    await row.locator("button.name").click();
    const saved = page.waitForEvent("download");
    await row.getByTestId("download").click();
    const bytes = readFileSync(await (await saved).path());
    assert.equal(bytes.subarray(0, 2).toString(), "II");
    await row.getByTestId("verified").waitFor();
    await row.getByTestId("make-link").click();
    const command = await row.getByTestId("curl").innerText();
    const href = /'(https?:[^']+)'/.exec(command)[1];
    const linked = await fetch(href);
    assert.equal(linked.headers.get("x-checksum-sha256"), sha256(bytes));
    assert.equal(sha256(Buffer.from(await linked.arrayBuffer())), sha256(bytes));
    const part = await fetch(href, { headers: { range: "bytes=0-15" } });
    assert.equal(part.status, 206);
    await row.scrollIntoViewIfNeeded();
    await picture(page, "09-download-desktop-light");
    await audit(page, "downloads");
    clean(watch);
  });

  await t.test("process: NDVI runs, its result is on the map and may be downloaded", async () => {
    await page.locator('[data-process="ndvi"]').click();
    await page.getByTestId("estimate").waitFor();
    await picture(page, "10-process-desktop-light");
    await audit(page, "process form");
    await page.getByTestId("run").click();
    const job = page.locator('[data-status="successful"]').first();
    await job.waitFor({ timeout: 240_000 });
    await picture(page, "11-jobs-desktop-light");
    await audit(page, "jobs");
    const tile = page.waitForResponse((answer) => /\/view\/tiles\/results\//.test(answer.url()) && answer.ok());
    await job.getByTestId("open-result").click();
    assert.match((await (await tile).request().allHeaders()).authorization, /^Bearer /, "private tiles are asked for with the token");
    await tilesLoaded(page);
    await picture(page, "12-result-desktop-light");
    const row = page.locator('[data-asset="ndvi"]');
    await row.locator("button.name").click();
    const sum = await row.getByTestId("sha256").innerText();
    const saved = page.waitForEvent("download");
    await row.getByTestId("download").click();
    assert.equal(sha256(readFileSync(await (await saved).path())), sum);

    const result = page.url();
    await page.getByTestId("share-with").fill("nobody-here@nadir.example");
    watch.expected.push(/422.*sharing/);
    await page.getByTestId("share-with").press("Enter");
    await page.getByRole("alert").filter({ hasText: "Nobody here" }).waitFor();
    watch.expected.length = 0;
    await page.getByTestId("share-with").fill(need("NADIR_DEMO_EMAIL"));
    await page.getByTestId("share-with").press("Enter");
    await page.locator("[data-share]").waitFor();
    const friend = await visitor(browser);
    await friend.page.goto(base);
    await signIn(friend.page, need("NADIR_DEMO_EMAIL"), need("NADIR_DEMO_PASSWORD"));
    await friend.page.getByTestId("balance").waitFor();
    await friend.page.goto(result);
    await friend.page.getByText("Somebody has shared this result with you.").waitFor();
    await friend.page.getByTestId("layer-card").waitFor();
    clean(friend.watch);
    await friend.close();

    const stranger = await visitor(browser);
    stranger.watch.expected.push(/40[134]/);
    await stranger.page.goto(result);
    await stranger.page.getByRole("alert").first().waitFor();
    await stranger.close();
    clean(watch);
  });

  await t.test("an API key is shown once and works until it is revoked", async () => {
    await page.goto(`${base}/#/account`);
    await page.getByTestId("key-name").fill("notebook");
    await page.getByRole("button", { name: "Create key" }).click();
    const key = await page.getByTestId("api-key").innerText();
    const href = `${base}/download/v1/items/${olinda.collection}/${olinda.item}/assets/red`;
    const status = async () => (await fetch(href, { headers: { authorization: `Bearer ${key}`, range: "bytes=0-1" } })).status;
    const until = async (wanted) => {
      for (let tries = 0; tries < 50 && (await status()) !== wanted; tries++) await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(await status(), wanted);
    };
    await until(206);
    await picture(page, "13-account-desktop-light");
    await audit(page, "account");
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Revoke: notebook" }).click();
    await until(401);
    clean(watch);
  });

  await t.test("an ordinary user is refused the back office", async () => {
    await page.goto(`${base}/backoffice/`);
    await page.getByTestId("sign-in").click();
    await page.getByTestId("refused").waitFor();
    await picture(page, "14-refused-desktop-light");
    await audit(page, "refusal");
    clean(watch);
  });
  await me.close();
});

test("a scientist uploads an algorithm and runs it", { timeout: 600_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  const { page, watch } = await visitor(browser, { scheme: "dark" });
  const id = `brightness-${randomBytes(4).toString("hex")}`;
  const manifest = {
    id, version: "1.0.0", title: "Brightness of the visible bands", description: "The mean of red and green, times a factor.", runtime: "python3", entry: "main.py",
    inputs: { scene: { type: "scene", title: "Scene", bands: ["red", "green"] }, factor: { type: "number", title: "Factor", minimum: 0.1, maximum: 10, default: 1 } },
    outputs: { brightness: { title: "Brightness" } },
  };
  const program = `import json
from osgeo import gdal
gdal.UseExceptions()
job = json.load(open("/in/job.json"))
bands = [gdal.Open(job["inputs"]["scene"]["assets"][key]["path"]) for key in ("red", "green")]
print("progress 30 reading", flush=True)
red, green = (band.ReadAsArray().astype("float32") for band in bands)
out = gdal.GetDriverByName("GTiff").Create(job["result"], bands[0].RasterXSize, bands[0].RasterYSize, 1, gdal.GDT_Float32)
out.SetGeoTransform(bands[0].GetGeoTransform())
out.SetProjection(bands[0].GetProjection())
out.GetRasterBand(1).WriteArray((red + green) / 2 * job["parameters"]["factor"])
out = None
print("progress 100 done", flush=True)
`;
  await page.goto(`${base}/#/processing`);
  await signIn(page, need("NADIR_SCIENTIST_EMAIL"), need("NADIR_SCIENTIST_PASSWORD"));
  const upload = page.getByTestId("upload");
  await upload.waitFor({ state: "attached" });
  await upload.setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no package") });
  await page.getByRole("alert").waitFor();
  await upload.setInputFiles({ name: "brightness.tar.gz", mimeType: "application/gzip", buffer: tarball({ "process.json": JSON.stringify(manifest), "main.py": program }) });
  await page.locator(`[data-package="${id}"]`).waitFor();
  await picture(page, "20-packages-desktop-dark");
  await audit(page, "packages");
  await page.goto(`${base}/#/processing/${id}?collection=landsat-8&item=${await firstItem("landsat-8")}`);
  const factor = page.locator("[data-input=factor] input");
  await factor.fill("11");
  await factor.press("Tab");
  await page.locator("[data-input=factor] [role=alert]").waitFor();
  assert.ok(await page.getByTestId("run").isDisabled());
  await factor.fill("2.5");
  await page.getByTestId("estimate").waitFor();
  await picture(page, "21-own-process-desktop-dark");
  await page.getByTestId("run").click();
  const job = page.locator(`[data-job][data-process="${id}"]`);
  await page.locator(`[data-job][data-process="${id}"][data-status=successful]`).waitFor({ timeout: 240_000 });
  await job.getByRole("button", { name: "Log" }).click();
  await job.locator("pre").filter({ hasText: "progress 100" }).waitFor();
  await job.getByTestId("open-result").click();
  await page.getByTestId("layer-card").waitFor();
  await tilesLoaded(page);
  await picture(page, "22-own-result-desktop-dark");
  await audit(page, "result");
  page.once("dialog", (dialog) => dialog.accept());
  await page.goto(`${base}/#/processing`);
  await page.locator(`[data-package="${id}"] button`).click();
  await page.locator(`[data-package="${id}"]`).waitFor({ state: "detached" });
  clean(watch);
});

async function firstItem(collection) {
  const answer = await fetch(`${base}/stac/collections/${collection}/items?limit=1`);
  return encodeURIComponent((await answer.json()).features[0].id);
}

test("an administrator sees the back office", { timeout: 400_000 }, async (t) => {
  const browser = await launch();
  t.after(() => browser.close());
  for (const [size, scheme] of [["desktop", "light"], ["desktop", "dark"], ["phone", "light"]]) {
    const { page, watch, close } = await visitor(browser, { size, scheme });
    await page.goto(`${base}/backoffice/`);
    await signIn(page, need("NADIR_ADMIN_EMAIL"), need("NADIR_ADMIN_PASSWORD"));
    await page.locator('[data-module="billing"][data-state="ready"]').waitFor();
    await page.locator("[data-list=users] td").first().waitFor();
    await page.waitForLoadState("networkidle");
    await picture(page, `30-backoffice-${size}-${scheme}`);
    await audit(page, `back office, ${size} ${scheme}`);
    clean(watch);
    await close();
  }
});
