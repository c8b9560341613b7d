import type { Geometry, SavedSearch } from "@nadir/sdk";
import { areaToText } from "./area.ts";

/** What of a saved search the form of the explore page can show. `whole` is false when it asks for more than that. */
export interface Shown {
  params: URLSearchParams;
  collection?: string;
  from?: string;
  to?: string;
  cloud?: number;
  placed: boolean;
  whole: boolean;
}

/** The cloud cover that a filter asks for, if that is all it asks for: of scenes that know it, or of all, as the form asks. */
function cloudOf(filter: unknown): number | undefined {
  const { op, args } = (filter ?? {}) as { op?: string; args?: unknown[] };
  if (op === "or" && args?.length === 2 && (args[1] as { op?: string } | null)?.op === "isNull") return cloudOf(args[0]);
  if (op !== "<=" || args?.length !== 2) return undefined;
  const [property, most] = args;
  return (property as { property?: string } | null)?.property === "eo:cloud_cover" && typeof most === "number" ? most : undefined;
}

function areaOf(search: SavedSearch["search"]): Geometry | undefined {
  if (search.intersects) return search.intersects;
  if (!search.bbox) return undefined;
  const box = search.bbox.length === 6 ? [0, 1, 3, 4].map((at) => search.bbox?.[at] ?? 0) : search.bbox;
  const [west = 0, south = 0, east = 0, north = 0] = box;
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

export function shownOf(search: SavedSearch["search"]): Shown {
  const params = new URLSearchParams();
  const area = areaOf(search);
  const [from, to] = (search.datetime ?? "").split("/").map((time) => (/^\d{4}-\d\d-\d\d/.test(time) ? time.slice(0, 10) : undefined));
  const cloud = cloudOf(search.filter);
  const collection = search.collections?.length === 1 ? search.collections[0] : undefined;
  if (collection) params.set("collection", collection);
  if (from) params.set("from", from);
  if (to) params.set("to", to);
  if (cloud !== undefined) params.set("cloud", String(cloud));
  if (area) params.set("area", areaToText(area).replaceAll(", ", ","));
  const whole = (search.collections?.length ?? 0) <= 1 && !search.ids && !search.q && (search.filter === undefined || cloud !== undefined);
  return { params, placed: area !== undefined, whole, ...(collection ? { collection } : {}), ...(from ? { from } : {}), ...(to ? { to } : {}), ...(cloud !== undefined ? { cloud } : {}) };
}
