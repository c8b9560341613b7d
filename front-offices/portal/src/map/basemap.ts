import Graticule from "ol/layer/Graticule.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import GeoJSON from "ol/format/GeoJSON.js";
import { Fill, Stroke, Style, Text } from "ol/style.js";
import type Feature from "ol/Feature.js";
import type { FeatureLike } from "ol/Feature.js";
import type { Geometry as OlGeometry } from "ol/geom.js";
import MultiPolygon from "ol/geom/MultiPolygon.js";
import Polygon from "ol/geom/Polygon.js";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { FeatureCollection, Position } from "geojson";
import coarse from "world-atlas/countries-110m.json?url";
import middle from "world-atlas/countries-50m.json?url";
import fine from "world-atlas/countries-10m.json?url";

/*
 * The background is Natural Earth, shipped with the portal: no tile host is asked. Three generalisations follow the zoom; the finer ones
 * are fetched when they are first looked at, and until they are there the coarser one stays.
 */

export interface MapColours {
  land: string; border: string; coast: string; grid: string; label: string; halo: string; foot: string; footFill: string; hot: string; hotFill: string;
}

export function coloursOf(element: Element): MapColours {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--map-${name}`).trim();
  return {
    land: read("land"), border: read("border"), coast: read("coast"), grid: read("grid"), label: read("label"), halo: read("halo"),
    foot: read("foot"), footFill: read("foot-fill"), hot: read("hot"), hotFill: read("hot-fill"),
  };
}

async function countries(url: string): Promise<FeatureCollection> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(answer.statusText);
  const topology = (await answer.json()) as Topology;
  const shapes = feature(topology, topology.objects.countries as GeometryCollection);
  for (const { geometry } of shapes.features) {
    if (geometry.type === "Polygon") geometry.coordinates.forEach(unwrap);
    else if (geometry.type === "MultiPolygon") for (const polygon of geometry.coordinates) polygon.forEach(unwrap);
  }
  return shapes;
}

/**
 * The topology is made for a sphere: rings cross the 180th meridian with a leap from 180 to -180, and Antarctica's ring goes round the
 * pole. On a plane a ring runs on past 180 instead (the map repeats the world), and one that goes round is closed along the map's edge.
 */
export function unwrap(ring: Position[]): void {
  let turn = 0;
  let before = ring[0]?.[0] ?? 0;
  for (const corner of ring) {
    const x = corner[0] ?? 0;
    if (x - before > 180) turn -= 360;
    else if (before - x > 180) turn += 360;
    before = x;
    corner[0] = x + turn;
  }
  const first = ring[0]?.[0] ?? 0;
  const last = ring[ring.length - 1]?.[0] ?? 0;
  if (Math.abs(last - first) > 180) ring.push([last, -85.06], [first, -85.06], [...(ring[0] ?? [])]);
}

/** Where a country's name stands: inside its largest part. */
function labelPoint(country: FeatureLike): OlGeometry | undefined {
  const shape = (country as Feature).getGeometry();
  const parts = shape instanceof MultiPolygon ? shape.getPolygons() : shape instanceof Polygon ? [shape] : [];
  let largest = parts[0];
  for (const part of parts) if (largest && part.getArea() > largest.getArea()) largest = part;
  return largest?.getInteriorPoint();
}

export class Basemap {
  readonly layers: (VectorLayer | Graticule)[];
  readonly #land: VectorLayer[];
  readonly #grid: Graticule;

  constructor(colours: MapColours) {
    const first = this.#level(coarse, { minZoom: -1, maxZoom: 99 });
    const second = this.#level(middle, { minZoom: 3, maxZoom: 99 }, first);
    const third = this.#level(fine, { minZoom: 6.5, maxZoom: 99 }, second);
    this.#land = [first, second, third];
    this.#grid = new Graticule({ wrapX: true, showLabels: true, zIndex: 2, strokeStyle: new Stroke({ color: colours.grid, width: 1 }), targetSize: 140, latLabelPosition: 0.992 });
    this.layers = [...this.#land, this.#grid];
    this.paint(colours);
  }

  #level(url: string, zooms: { minZoom: number; maxZoom: number }, coarser?: VectorLayer): VectorLayer {
    const source = new VectorSource({
      wrapX: true,
      loader: (extent, _resolution, projection, _done, failed) => {
        countries(url).then((shapes) => {
          source.addFeatures(new GeoJSON().readFeatures(shapes, { featureProjection: projection }) as Feature[]);
          coarser?.setMaxZoom(zooms.minZoom);
        }, () => {
          source.removeLoadedExtent(extent);
          failed?.();
        });
      },
    });
    return new VectorLayer({ source, ...zooms, zIndex: 0, updateWhileInteracting: true, declutter: "basemap" });
  }

  paint(colours: MapColours): void {
    // A broad light line below all land shows beside it in the sea only, as shallows do.
    const shallows = new Style({ stroke: new Stroke({ color: colours.coast, width: 9, lineJoin: "round" }), zIndex: 0 });
    const shape = new Style({ fill: new Fill({ color: colours.land }), stroke: new Stroke({ color: colours.border, width: 0.8 }), zIndex: 1 });
    const label = new Style({
      zIndex: 2,
      geometry: (country) => {
        const known = (country as Feature).get("label") as OlGeometry | undefined;
        const point = known ?? labelPoint(country);
        if (!known) (country as Feature).set("label", point, true);
        return point;
      },
      text: new Text({
        font: '500 12px "Figtree Variable", sans-serif', fill: new Fill({ color: colours.label }), stroke: new Stroke({ color: colours.halo, width: 3 }), overflow: false,
      }),
    });
    for (const layer of this.#land) {
      layer.setStyle((country, resolution) => {
        // 40 km to 1 km a pixel: where a country's name helps and the map is not yet about a scene.
        const ground = resolution > 1200 ? [shallows, shape] : [shape];
        if (resolution > 30000 || resolution < 900) return ground;
        label.getText()?.setText(String(country.get("name") ?? ""));
        return [...ground, label];
      });
    }
    const text = (align: CanvasTextAlign, baseline: CanvasTextBaseline) => new Text({
      font: '500 11px "Figtree Variable", sans-serif', textAlign: align, textBaseline: baseline, fill: new Fill({ color: colours.label }), stroke: new Stroke({ color: colours.halo, width: 3 }),
    });
    // The graticule has no setters: its styles are objects that are changed in place.
    const grid = this.#grid as unknown as { strokeStyle_: Stroke; lonLabelStyleBase_?: Style; latLabelStyleBase_?: Style; lineStyle_?: Style };
    grid.lineStyle_?.setStroke(new Stroke({ color: colours.grid, width: 1 }));
    grid.lonLabelStyleBase_?.setText(text("center", "bottom"));
    grid.latLabelStyleBase_?.setText(text("end", "middle"));
    this.#grid.changed();
  }
}
