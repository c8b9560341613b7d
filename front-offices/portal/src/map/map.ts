import OlMap from "ol/Map.js";
import View from "ol/View.js";
import Feature from "ol/Feature.js";
import type { FeatureLike } from "ol/Feature.js";
import Attribution from "ol/control/Attribution.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Zoom from "ol/control/Zoom.js";
import GeoJSON from "ol/format/GeoJSON.js";
import type { Geometry as OlGeometry } from "ol/geom.js";
import Draw, { createBox } from "ol/interaction/Draw.js";
import { defaults as interactions } from "ol/interaction/defaults.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import TileState from "ol/TileState.js";
import type ImageTile from "ol/ImageTile.js";
import { createXYZ } from "ol/tilegrid.js";
import { buffer, createEmpty, extend, getHeight, getWidth, isEmpty, type Extent } from "ol/extent.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";
import type { Geometry, StacItem } from "@nadir/sdk";
import { Basemap, coloursOf, type MapColours } from "./basemap.ts";
import { keyOf } from "../lib/search.svelte.ts";

export interface SceneTiles {
  url: string;
  /** WGS 84 degrees. */
  bounds: number[];
  minzoom: number;
  maxzoom: number;
  /** Fetches one tile with the visitor's token. */
  fetch?: (url: string, signal: AbortSignal) => Promise<Blob>;
}

const geojson = new GeoJSON();

function toMap(geometry: Geometry): OlGeometry | undefined {
  return geojson.readGeometry(geometry, { featureProjection: "EPSG:3857" }) ?? undefined;
}
const WORLD: Extent = [-180, -75, 180, 80];

/** The map and everything that lies on it. Geometries come and go in WGS 84 degrees. */
export class EarthMap {
  readonly map: OlMap;
  onHover: (key: string | undefined) => void = () => {};
  onSelect: (key: string) => void = () => {};
  onMove: () => void = () => {};
  /** Room that panels cover: [top, right, bottom, left] in pixels. */
  covered: () => number[] = () => [0, 0, 0, 0];

  readonly #target: HTMLElement;
  readonly #view: View;
  readonly #basemap: Basemap;
  readonly #footprints = new VectorSource({ wrapX: false });
  readonly #footprintLayer: VectorLayer;
  readonly #area = new VectorSource({ wrapX: false });
  readonly #areaLayer: VectorLayer;
  readonly #scene = new TileLayer<XYZ>({ zIndex: 5 });
  #draw: Draw | undefined;
  #hot: string | undefined;
  #colours: MapColours;

  constructor(target: HTMLElement) {
    this.#target = target;
    this.#colours = coloursOf(target);
    this.#basemap = new Basemap(this.#colours);
    this.#view = new View({ center: fromLonLat([4, 22]), zoom: 2.3, minZoom: 1.2, maxZoom: 19, smoothExtentConstraint: true, enableRotation: false });
    this.#footprintLayer = new VectorLayer({ source: this.#footprints, zIndex: 6, style: (feature) => this.#footprintStyle(feature) });
    this.#areaLayer = new VectorLayer({ source: this.#area, zIndex: 7, style: () => this.#areaStyle() });
    this.map = new OlMap({
      target,
      view: this.#view,
      layers: [...this.#basemap.layers, this.#scene, this.#footprintLayer, this.#areaLayer],
      controls: [
        new Zoom(),
        new ScaleLine({ minWidth: 80 }),
        new Attribution({ collapsible: false, attributions: "Natural Earth" }),
      ],
      interactions: interactions({ altShiftDragRotate: false, pinchRotate: false }),
    });
    this.map.on("pointermove", (event) => {
      if (event.dragging || this.#draw) return;
      const key = this.#keyAt(event.pixel);
      target.style.cursor = key ? "pointer" : "";
      if (key !== this.#hot) this.onHover(key);
    });
    this.map.on("singleclick", (event) => {
      if (this.#draw) return;
      const key = this.#keyAt(event.pixel);
      if (key) this.onSelect(key);
    });
    this.map.on("moveend", () => this.onMove());
  }

  #keyAt(pixel: number[]): string | undefined {
    let key: string | undefined;
    this.map.forEachFeatureAtPixel(pixel, (feature) => {
      key = feature.get("key") as string;
      return true;
    }, { layerFilter: (layer) => layer === this.#footprintLayer, hitTolerance: 4 });
    return key;
  }

  /** Reads the colours again after the theme has changed. */
  repaint(): void {
    this.#colours = coloursOf(this.#target);
    this.#basemap.paint(this.#colours);
    this.#footprintLayer.changed();
    this.#areaLayer.changed();
  }

  /** Looks again how much of the map panels cover. */
  settle(): void {
    this.#view.padding = this.covered();
    this.map.updateSize();
  }

  /** Texts of the controls, which OpenLayers takes once and for all. */
  labels(zoomIn: string, zoomOut: string): void {
    for (const [name, text] of [["in", zoomIn], ["out", zoomOut]]) {
      const button = this.#target.querySelector(`.ol-zoom-${name}`);
      button?.setAttribute("title", text ?? "");
      button?.setAttribute("aria-label", text ?? "");
    }
  }

  #footprintStyle(feature: FeatureLike): Style | Style[] {
    const hot = feature.get("key") === this.#hot;
    const extent = feature.getGeometry()?.getExtent();
    // A footprint that covers half the world would only tint the map; it has its card.
    if (extent && getWidth(extent) > 2e7 && !hot) return [];
    // The scene on show is seen through its footprint.
    const outline = feature.get("outline") === true || (extent !== undefined && getWidth(extent) > 2e7);
    const stroke = new Stroke({ color: hot ? this.#colours.hot : this.#colours.foot, width: hot ? 3 : 2 });
    const style = new Style({ stroke, fill: new Fill({ color: outline ? "rgba(0,0,0,0)" : hot ? this.#colours.hotFill : this.#colours.footFill }), zIndex: hot ? 2 : 1 });
    const resolution = this.#view.getResolution() ?? 1;
    // A footprint smaller than a few pixels would be lost on a world map: mark its place.
    if (!extent || Math.max(getWidth(extent), getHeight(extent)) / resolution > 14) return style;
    const dot = new Style({
      geometry: (whole) => {
        const geometry = whole.getGeometry();
        return geometry && "getInteriorPoint" in geometry ? (geometry as { getInteriorPoint(): never }).getInteriorPoint() : geometry && "getInteriorPoints" in geometry ? (geometry as { getInteriorPoints(): never }).getInteriorPoints() : undefined;
      },
      image: new Circle({ radius: hot ? 8 : 6, fill: new Fill({ color: hot ? this.#colours.hot : this.#colours.foot }), stroke: new Stroke({ color: this.#colours.halo, width: 2.5 }) }),
      zIndex: hot ? 2 : 1,
    });
    return [style, dot];
  }

  #areaStyle(): Style[] {
    // Light under the dashes, so that they show on any picture.
    const light = new Style({ stroke: new Stroke({ color: this.#colours.halo, width: 5 }) });
    return [light, new Style({
      stroke: new Stroke({ color: this.#colours.hot, width: 2.5, lineDash: [7, 5] }), fill: new Fill({ color: "rgba(0, 0, 0, 0)" }),
      image: new Circle({ radius: 5, fill: new Fill({ color: this.#colours.hot }) }),
    })];
  }

  footprints(items: StacItem[], outline = false): void {
    this.#footprints.clear(true);
    const features: Feature[] = [];
    for (const item of items) {
      if (!item.geometry) continue;
      const geometry = toMap(item.geometry);
      if (!geometry) continue;
      features.push(new Feature({ geometry, key: keyOf(item), outline }));
    }
    this.#footprints.addFeatures(features);
  }

  highlight(key: string | undefined): void {
    this.#hot = key;
    this.#footprintLayer.changed();
  }

  area(area: Geometry | undefined): void {
    this.#area.clear();
    if (area) this.#area.addFeature(new Feature(toMap(area)));
  }

  /** Lets the visitor draw; resolves to undefined when it is given up (Escape, or `stopDrawing`). */
  draw(kind: "box" | "polygon"): Promise<Geometry | undefined> {
    this.stopDrawing();
    return new Promise((resolve) => {
      const draw = new Draw({
        type: kind === "box" ? "Circle" : "Polygon",
        ...(kind === "box" ? { geometryFunction: createBox() } : {}),
        style: () => this.#areaStyle(),
      });
      const escape = (event: KeyboardEvent) => {
        if (event.key === "Escape") this.stopDrawing();
      };
      const end = (area: Geometry | undefined) => {
        removeEventListener("keydown", escape);
        this.map.removeInteraction(draw);
        this.#target.style.cursor = "";
        if (this.#draw === draw) this.#draw = undefined;
        resolve(area);
      };
      draw.on("drawend", (event) => {
        const geometry = event.feature.getGeometry();
        const area = geometry && (geojson.writeGeometryObject(geometry, { featureProjection: "EPSG:3857", decimals: 6 }) as Geometry);
        // The click that ends a drawing must not also select what lies below it.
        setTimeout(() => end(area), 300);
      });
      draw.on("drawabort", () => end(undefined));
      addEventListener("keydown", escape);
      this.#draw = draw;
      this.#target.style.cursor = "crosshair";
      this.map.addInteraction(draw);
    });
  }

  stopDrawing(): void {
    const draw = this.#draw;
    if (!draw) return;
    this.#draw = undefined;
    draw.abortDrawing();
    draw.dispatchEvent("drawabort" as never);
  }

  scene(tiles: SceneTiles | undefined): void {
    if (!tiles) {
      this.#scene.setSource(null);
      return;
    }
    const extent = transformExtent(tiles.bounds, "EPSG:4326", "EPSG:3857");
    const source = new XYZ({ url: tiles.url, maxZoom: tiles.maxzoom, transition: 200, tileGrid: createXYZ({ minZoom: tiles.minzoom, maxZoom: tiles.maxzoom }) });
    const load = tiles.fetch;
    if (load) {
      source.setTileLoadFunction((tile, url) => {
        const image = (tile as ImageTile).getImage() as HTMLImageElement;
        const abort = new AbortController();
        load(url, abort.signal).then((blob) => {
          const address = URL.createObjectURL(blob);
          image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
          image.src = address;
        }, () => tile.setState(TileState.ERROR));
      });
    }
    this.#scene.setExtent(extent);
    this.#scene.setSource(source);
  }

  opacity(value: number): void {
    this.#scene.setOpacity(value);
  }

  /** Calls `told` with the number of tiles still on their way. */
  onTiles(told: (pending: number) => void): void {
    let pending = 0;
    this.#scene.on("change:source", () => {
      pending = 0;
      told(0);
      const source = this.#scene.getSource();
      const change = (by: number) => {
        if (source === this.#scene.getSource()) told((pending = Math.max(0, pending + by)));
      };
      source?.on("tileloadstart", () => change(1));
      source?.on(["tileloadend", "tileloaderror"], () => change(-1));
    });
  }

  /** Moves to degrees `[west, south, east, north]`. */
  fit(bbox: number[], options: { instant?: boolean; maxZoom?: number } = {}): void {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const clipped = [bbox[0] ?? 0, Math.max(bbox[1] ?? 0, -84), bbox[2] ?? 0, Math.min(bbox[3] ?? 0, 84)];
    const extent = buffer(transformExtent(clipped, "EPSG:4326", "EPSG:3857"), 10);
    this.settle();
    this.#view.fit(extent, { duration: options.instant || still ? 0 : 600, maxZoom: options.maxZoom ?? 14, padding: [24, 24, 24, 24] });
  }

  fitFootprints(instant = false): void {
    const all = createEmpty();
    for (const feature of this.#footprints.getFeatures()) {
      const geometry = feature.getGeometry();
      if (geometry) extend(all, geometry.getExtent());
    }
    if (isEmpty(all)) this.fit(WORLD, { instant });
    else this.fit(transformExtent(all, "EPSG:3857", "EPSG:4326"), { instant, maxZoom: 9 });
  }

  /** What is in sight and not under a panel, in degrees. */
  bbox(): number[] {
    const size = this.map.getSize() ?? [1, 1];
    const [top = 0, right = 0, bottom = 0, left = 0] = this.#view.padding ?? [];
    const corner = (x: number, y: number) => toLonLat(this.map.getCoordinateFromPixel([x, y]) ?? [0, 0]);
    const [west = -180, north = 85] = corner(left, top);
    const [east = 180, south = -85] = corner((size[0] ?? 0) - right, (size[1] ?? 0) - bottom);
    if (east <= west) return [-180, Math.max(-85, south), 180, Math.min(85, north)];
    return [west, Math.max(-85, south), east, Math.min(85, north)].map((value) => Number(value.toFixed(5)));
  }

  state(): string {
    const centre = toLonLat(this.#view.getCenter() ?? [0, 0]);
    return [centre[0]?.toFixed(4), centre[1]?.toFixed(4), this.#view.getZoom()?.toFixed(2)].join(",");
  }

  restore(text: string): boolean {
    const [x, y, zoom] = text.split(",").map(Number);
    if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(zoom)) return false;
    this.#view.setCenter(fromLonLat([x as number, y as number]));
    this.#view.setZoom(zoom as number);
    return true;
  }
}
