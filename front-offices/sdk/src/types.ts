/** Shapes of the public APIs, as far as front offices read them. */

export type Position = number[];
export interface Geometry {
  type: "Polygon" | "MultiPolygon" | "Point" | "MultiPoint" | "LineString" | "MultiLineString";
  coordinates: unknown;
}
export type BBox = [number, number, number, number];

export interface StacLink { rel: string; href: string; type?: string; title?: string; method?: string; body?: unknown }
export interface StacAsset {
  href: string;
  title?: string;
  description?: string;
  type?: string;
  roles?: string[];
  "file:size"?: number;
  "file:checksum"?: string;
  "eo:bands"?: { name?: string; common_name?: string }[];
  [field: string]: unknown;
}
export interface StacItem {
  type: "Feature";
  id: string;
  collection: string;
  geometry: Geometry | null;
  bbox?: number[];
  properties: Record<string, unknown> & { datetime?: string | null };
  assets: Record<string, StacAsset>;
  links: StacLink[];
}
export interface StacCollection {
  id: string;
  title?: string;
  description?: string;
  license?: string;
  keywords?: string[];
  extent?: { spatial?: { bbox?: number[][] }; temporal?: { interval?: (string | null)[][] } };
  links: StacLink[];
}
export interface SearchQuery {
  collections?: string[];
  ids?: string[];
  bbox?: number[];
  intersects?: Geometry;
  /** RFC 3339 instant or interval `a/b`, `..` for open ends. */
  datetime?: string;
  limit?: number;
  [extension: string]: unknown;
}
export interface ItemPage { type: "FeatureCollection"; features: StacItem[]; links: StacLink[]; numberMatched?: number; numberReturned?: number }

export interface Me { user: string; email: string; name: string; roles: string[] }
export interface ApiKey { id: string; key?: string; name: string; scope: string; expires_at?: string | null; created_at?: string; last_used_at?: string | null }

export interface Licence { id: string; title: string; url?: string; text?: string }
export interface Offer {
  offer: string;
  collection: string;
  item?: string | null;
  model: "free" | "fixed" | "per_km2";
  /** Minor units. */
  price: number;
  currency: string;
  min_area_km2?: number | null;
  licence: Licence;
}
export interface QuoteLine {
  collection: string; item: string; offer: string; model: string; unit_price: number; area_km2?: number | null; price: number; owned?: boolean; licence: Licence;
}
/** `quote` and `expires_at` are null for those who are not signed in: they see the price, and can order nothing. */
export interface Quote { quote: string | null; total: number; currency: string; expires_at: string | null; lines: QuoteLine[] }
export interface Order {
  order: string; state: string; total: number; currency: string; created_at: string;
  lines?: { line?: string; collection: string; item: string; offer: string; price: number; area_km2?: number | null }[];
  receipt?: string;
}
export interface Wallet { currency: string; available: number; held: number }
export interface WalletTransaction { transaction: string; kind: string; reference?: string; amount: number; currency: string; created_at: string }
export interface Topup { topup: string; state: string; amount: number; currency?: string; client_secret?: string; publishable_key?: string; script?: string }

export interface ViewInfo {
  /** `legend`: address of a Legend, for styles with a colour ramp. */
  styles: { id: string; title: string; legend?: string }[];
  tiles: Record<string, string>;
  bounds: number[];
  minzoom: number;
  maxzoom: number;
}
export interface Legend { style: string; stops: { value: number; color: string; label?: string }[] }
/** "area": bought for an area of the scene; the file arrives cut to it. */
export type Access = "granted" | "area" | "sign_in" | "buy" | "not_for_sale";
export interface Downloads {
  access: Access;
  /** What was bought, with access "area". */
  areas?: Geometry[];
  assets: { asset: string; title?: string; type?: string; roles?: string[]; size?: number | null; sha256?: string; access: Access; href: string }[];
}

export interface JsonSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  [keyword: string]: unknown;
}
export interface ProcessSummary {
  id: string; version: string; title?: string; description?: string; keywords?: string[]; jobControlOptions?: string[]; links?: StacLink[];
  [extension: string]: unknown;
}
export interface ProcessInput { title?: string; description?: string; schema: JsonSchema; minOccurs?: number; maxOccurs?: number | "unbounded" }
export interface ProcessDescription extends ProcessSummary {
  inputs: Record<string, ProcessInput>;
  outputs: Record<string, { title?: string; description?: string; schema: JsonSchema }>;
}
export type JobStatus = "accepted" | "running" | "successful" | "failed" | "dismissed";
export interface Job {
  jobID: string; processID?: string; status: JobStatus; message?: string; progress?: number; created?: string; started?: string; finished?: string;
  updated?: string; links?: StacLink[]; [extension: string]: unknown;
}
export interface Estimate { amount: number; currency: string; pixels?: number }
export interface Package { process: string; version: string; title?: string; visibility?: string; created_at?: string }

export interface Share { share: string; collection: string; item: string; owner: string; with: { user: string; name: string }; created_at: string }

export interface ModuleStatus { module: string; alive: boolean; ready: boolean; checks?: Record<string, unknown> }
/** Totals since the beginning; money in minor units by currency. */
export interface Kpis {
  users: number; items: number; orders: number; revenue: Record<string, number>; topups?: Record<string, number>; jobs: Record<string, number>;
  downloads: number; tiles: number; bytes: number;
}

/** A search that is compared with every newly published item. `secret` is told once, when the webhook is set. */
export interface SavedSearch {
  saved_search: string;
  name: string;
  search: SearchQuery;
  state: "active" | "paused";
  language: string;
  mail: boolean;
  webhook: { url: string; secret?: string } | null;
  matched: number;
  matched_at: string | null;
  created_at: string;
}
/** What a harvest is made of or changed to. */
export interface HarvestChange {
  name?: string;
  kind?: "stac" | "odata" | "opensearch";
  url?: string;
  /** The source's collection to the name it has here; empty: all, by their own names. */
  collections?: Record<string, string>;
  query?: { bbox?: number[]; datetime?: string; filter?: unknown; limit?: number };
  secret?: string | null;
  /** null: only when told to. */
  every_minutes?: number | null;
  enabled?: boolean;
  removals?: "keep" | "remove";
  pause_ms?: number;
}
export interface HarvestRun {
  run: number;
  state: "running" | "waiting" | "done" | "failed";
  started_at: string;
  ended_at: string | null;
  everything: boolean;
  pages: number;
  created: number;
  updated: number;
  unchanged: number;
  duplicates: number;
  refused: number;
  removed: number;
  error: string | null;
}
/** Another catalogue that items are taken from. */
export interface Harvest extends Required<HarvestChange> {
  harvest: string;
  due_at: string | null;
  since: string | null;
  /** Items of it that are here. */
  items: number;
  last_run: HarvestRun | null;
}
/** The public catalogue, or some of its collections, as a file. */
export interface CatalogueExport {
  export: string;
  format: "static" | "ndjson" | "geoparquet";
  /** Empty: all. */
  collections: string[];
  state: "waiting" | "running" | "ready" | "failed";
  created_at: string;
  ended_at: string | null;
  expires_at: string | null;
  items: number | null;
  bytes: number | null;
  sha256: string | null;
  reason: string | null;
  href: string | null;
}
export interface HarvestRefusal { item: string | null; outcome: string; why: string }
export interface SearchMatch { collection: string; item: string; datetime: string; matched_at: string; href: string }
