/* Map libraries in a browser, as people embed them: Leaflet, OpenLayers and MapLibre draw the services' layers where WMS draws them itself. */
import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { chromium } from "playwright-core";
import { base, clean, visitor } from "./support.mjs";

const require = createRequire(import.meta.url);
const SIDE = 512, ZOOM = 15, HALF = 20037508.342789244;
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".png": "image/png" };
const FOLDERS = {
  leaflet: dirname(require.resolve("leaflet/dist/leaflet.js")),
  ol: join(dirname(require.resolve("ol/package.json")), "dist"),
  maplibre: join(dirname(require.resolve("maplibre-gl/package.json")), "dist"),
};

/** A Landsat scene of the demo, and the middle of it. */
async function scene() {
  const found = await (await fetch(`${base}/stac/search?collections=landsat-8&limit=1`)).json();
  const { collection, id, bbox: [west, south, east, north] } = found.features[0];
  const lon = (west + east) / 2, lat = (south + north) / 2;
  const x = lon / 180 * HALF, y = Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI * HALF;
  const reach = SIDE / 2 * 2 * HALF / 256 / 2 ** ZOOM;
  return { layer: `${collection}/${id}`, lon, lat, x, y, box: [x - reach, y - reach, x + reach, y + reach] };
}

/** What each library is told; each sets window.done when its layer is complete. */
const pages = {
  "leaflet-xyz": (s) => leaflet(s, `L.tileLayer("${base}/view/tiles/${s.layer}/true-color/{z}/{x}/{y}.png")`),
  "leaflet-wms": (s) => leaflet(s, `L.tileLayer.wms("${base}/view/wms", { layers: "${s.layer}", styles: "true-color", format: "image/png", version: "1.3.0", transparent: true })`),
  "leaflet-formula": (s) => leaflet(s, `L.tileLayer("${base}/view/tiles/${s.layer}/index-NDVI/{z}/{x}/{y}.png?colormap=vegetation")`),
  "ol-xyz": (s) => openlayers(s, `new ol.layer.Tile({ source: new ol.source.XYZ({ url: "${base}/view/tiles/${s.layer}/true-color/{z}/{x}/{y}.png" }) })`),
  "ol-wms": (s) => openlayers(s, `new ol.layer.Image({ source: new ol.source.ImageWMS({ url: "${base}/view/wms", ratio: 1, params: { LAYERS: "${s.layer}", STYLES: "true-color" } }) })`),
  "ol-wmts": (s) => openlayers(s, `new ol.layer.Tile({ source: new ol.source.WMTS(ol.source.WMTS.optionsFromCapabilities(new ol.format.WMTSCapabilities().read(text), { layer: "${s.layer}", style: "true-color", matrixSet: "WebMercatorQuad" })) })`,
    `${base}/view/wmts/${s.layer}?SERVICE=WMTS&REQUEST=GetCapabilities`),
  "ol-ogc-tiles": (s) => openlayers(s, `new ol.layer.Tile({ source: new ol.source.OGCMapTile({ url: "${base}/view/ogc/collections/${s.layer.replace("/", ":")}/styles/true-color/map/tiles/WebMercatorQuad" }) })`),
  "maplibre-xyz": (s) => maplibre(s, `{ type: "raster", tileSize: 256, tiles: ["${base}/view/tiles/${s.layer}/true-color/{z}/{x}/{y}.png"] }`),
  "maplibre-tilejson": (s) => maplibre(s, `{ type: "raster", tileSize: 256, url: "${base}/view/v1/items/${s.layer}/true-color/tilejson.json" }`),
};

const head = (css) => `<!doctype html><meta charset="utf-8"><title>Map</title><link rel="icon" href="data:,">${css ? `<link rel="stylesheet" href="${css}">` : ""}
<style>body { margin: 0 } #map { width: ${SIDE}px; height: ${SIDE}px; background: #fff }</style><div id="map"></div>`;

function leaflet(s, layer) {
  return `${head("/test-map/leaflet/leaflet.css")}<script src="/test-map/leaflet/leaflet.js"></script><script>
    const map = L.map("map", { zoomControl: false, attributionControl: false, fadeAnimation: false, zoomAnimation: false }).setView([${s.lat}, ${s.lon}], ${ZOOM});
    const layer = ${layer}; layer.on("load", () => { window.done = true; }); layer.addTo(map);
  </script>`;
}

function openlayers(s, layer, capabilities) {
  return `${head("")}<script src="/test-map/ol/ol.js"></script><script type="module">
    const text = ${capabilities ? `await (await fetch("${capabilities}")).text()` : "null"};
    const view = new ol.View({ center: [${s.x}, ${s.y}], zoom: ${ZOOM}, constrainResolution: true });
    const map = new ol.Map({ target: "map", controls: [], layers: [${layer}], view });
    // A source that still reads its metadata counts as rendered, with nothing.
    const ready = () => map.getLayers().getArray().every((one) => one.getSource().getState() === "ready");
    while (!ready()) await new Promise((go) => { setTimeout(go, 20); });
    map.once("rendercomplete", () => { window.done = true; });
    map.renderSync();
  </script>`;
}

function maplibre(s, source) {
  return `${head("/test-map/maplibre/maplibre-gl.css")}<script type="module">
    import * as maplibregl from "/test-map/maplibre/maplibre-gl.mjs";
    const style = { version: 8, sources: { here: ${source} }, layers: [{ id: "here", type: "raster", source: "here", paint: { "raster-fade-duration": 0 } }] };
    const map = new maplibregl.Map({ container: "map", attributionControl: false, interactive: false, center: [${s.lon}, ${s.lat}], zoom: ${ZOOM - 1}, style });
    map.once("idle", () => { window.done = true; });
  </script>`;
}

/** Serves the pages and the libraries at addresses of the gateway's, which knows nothing of them. */
async function serve(context, s) {
  await context.route(`${base}/test-map/**`, (route) => {
    const [, , name, file] = new URL(route.request().url()).pathname.split("/");
    if (!file) return route.fulfill({ contentType: "text/html", body: pages[name](s) });
    return route.fulfill({ contentType: TYPES[extname(file)] ?? "application/octet-stream", body: readFileSync(join(FOLDERS[name], file)) });
  });
}

/** The mean difference of a picture on the page from what WMS draws of the same box, and how much that varies; in steps of 255. */
function compare(page, shot, reference) {
  return page.evaluate(async ([one, other, side]) => {
    const pixels = async (url) => {
      const image = await createImageBitmap(await (await fetch(url)).blob());
      const canvas = new OffscreenCanvas(side, side).getContext("2d");
      canvas.drawImage(image, 0, 0);
      return canvas.getImageData(0, 0, side, side).data;
    };
    const [a, b] = [await pixels(one), await pixels(other)];
    let difference = 0, sum = 0, squares = 0;
    for (let i = 0; i < a.length; i++) {
      if (i % 4 === 3) continue;
      difference += Math.abs(a[i] - b[i]); sum += b[i]; squares += b[i] * b[i];
    }
    const n = a.length * 3 / 4;
    return { difference: difference / n, spread: Math.sqrt(squares / n - (sum / n) ** 2) };
  }, [`data:image/png;base64,${shot.toString("base64")}`, reference, SIDE]);
}

/* What they ask does not differ between the shapes: once is enough. */
test("map libraries draw the layers where they are", { skip: process.env.NADIR_SHAPE === "modular" }, async (t) => {
  const s = await scene();
  const browser = await chromium.launch({ executablePath: process.env.NADIR_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--enable-unsafe-swiftshader"] });
  t.after(() => browser.close());
  const query = `SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=${s.layer}&CRS=EPSG:3857&WIDTH=${SIDE}&HEIGHT=${SIDE}&FORMAT=image/png&BBOX=${s.box.join(",")}`;
  for (const name of Object.keys(pages)) {
    await t.test(name, async () => {
      const { context, page, watch, close } = await visitor(browser);
      try {
        await serve(context, s);
        await page.goto(`${base}/test-map/${name}`);
        await page.waitForFunction("window.done === true");
        const shot = await page.locator("#map").screenshot();
        const look = name.endsWith("formula") ? "STYLES=index-NDVI&colormap=vegetation" : "STYLES=true-color";
        const { difference, spread } = await compare(page, shot, `${base}/view/wms?${query}&${look}`);
        assert.ok(spread > 10, `the reference shows something: ${spread}`);
        assert.ok(difference < 0.25 * spread, `${difference} off, of ${spread}`);
        clean(watch);
      } finally {
        await close();
      }
    });
  }
});
