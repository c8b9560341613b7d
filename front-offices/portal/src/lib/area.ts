import GeoJSON from "ol/format/GeoJSON.js";
import WKT from "ol/format/WKT.js";
import { fromExtent } from "ol/geom/Polygon.js";
import type { Geometry as OlGeometry } from "ol/geom.js";
import { getArea } from "ol/sphere.js";
import type { Geometry } from "@nadir/sdk";

/** Why an area was refused: a key below `area.` in the catalogues. */
export class AreaError extends Error {
  constructor(readonly key: "unreadable" | "kind" | "range" | "large") {
    super(key);
  }
}

const geojson = new GeoJSON();
const wkt = new WKT();
/** More corners than this make a request of more than a hundred kilobytes. */
const MOST_CORNERS = 5000;

/** An area from what a person types or pastes: `west, south, east, north`, GeoJSON (geometry, feature, collection) or WKT; WGS 84 degrees. */
export function areaFromText(text: string): Geometry {
  const trimmed = text.trim();
  const numbers = trimmed.replace(/^\[|\]$/g, "").split(/[\s,;]+/).map(Number);
  if (numbers.length === 4 && numbers.every(Number.isFinite)) return areaFromBbox(numbers);
  let geometry: OlGeometry | undefined;
  try {
    if (trimmed.startsWith("{")) {
      const features = geojson.readFeatures(trimmed);
      if (features.length === 1) geometry = features[0]?.getGeometry();
      else throw new AreaError("kind");
    } else geometry = wkt.readGeometry(trimmed.replace(/^SRID=4326;/i, ""));
  } catch (error) {
    if (error instanceof AreaError) throw error;
    throw new AreaError("unreadable");
  }
  if (!geometry) throw new AreaError("unreadable");
  const type = geometry.getType();
  if (type !== "Polygon" && type !== "MultiPolygon") throw new AreaError("kind");
  const area = geojson.writeGeometryObject(geometry, { decimals: 6 }) as Geometry;
  const corners = (area.coordinates as unknown[]).flat(type === "Polygon" ? 1 : 2) as number[][];
  if (corners.length > MOST_CORNERS) throw new AreaError("large");
  if (corners.length < 4) throw new AreaError("unreadable");
  for (const [x = NaN, y = NaN] of corners) if (!(Math.abs(x) <= 180 && Math.abs(y) <= 90)) throw new AreaError("range");
  return area;
}

export function areaFromBbox(bbox: number[]): Geometry {
  const [west = NaN, south = NaN, east = NaN, north = NaN] = bbox;
  if (!(Math.abs(west) <= 180 && Math.abs(east) <= 180 && Math.abs(south) <= 90 && Math.abs(north) <= 90)) throw new AreaError("range");
  if (!(south < north && west < east)) throw new AreaError("range");
  return geojson.writeGeometryObject(fromExtent([west, south, east, north]), { decimals: 6 }) as Geometry;
}

/** `[west, south, east, north]` if the area is an upright rectangle, which search takes as the simpler `bbox`. */
export function bboxOf(area: Geometry): number[] | undefined {
  if (area.type !== "Polygon") return undefined;
  const rings = area.coordinates as number[][][];
  const ring = rings[0];
  if (rings.length !== 1 || ring?.length !== 5) return undefined;
  const xs = new Set(ring.map((corner) => corner[0]));
  const ys = new Set(ring.map((corner) => corner[1]));
  if (xs.size !== 2 || ys.size !== 2) return undefined;
  return [Math.min(...(xs as Set<number>)), Math.min(...(ys as Set<number>)), Math.max(...(xs as Set<number>)), Math.max(...(ys as Set<number>))];
}

/** True for an upright rectangle round `bbox`. */
export function contains(area: Geometry, bbox: number[]): boolean {
  const outer = bboxOf(area);
  const flat = bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox;
  const [west = 0, south = 0, east = 0, north = 0] = flat;
  return outer !== undefined && (outer[0] ?? 0) <= west && (outer[1] ?? 0) <= south && (outer[2] ?? 0) >= east && (outer[3] ?? 0) >= north;
}

/** Short text that `areaFromText` reads back; for the share link and the input field. */
export function areaToText(area: Geometry): string {
  const bbox = bboxOf(area);
  if (bbox) return bbox.map((value) => String(Number(value.toFixed(5)))).join(", ");
  const geometry = geojson.readGeometry(area);
  return geometry ? wkt.writeGeometry(geometry, { decimals: 5 }) : "";
}

/** Square kilometres on the sphere of the WGS 84 mean radius. The price comes from the server's own measure. */
export function areaKm2(area: Geometry): number {
  const geometry = geojson.readGeometry(area);
  return geometry ? getArea(geometry, { projection: "EPSG:4326" }) / 1e6 : 0;
}
