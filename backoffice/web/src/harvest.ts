import type { Harvest, HarvestChange } from "@nadir/sdk";

/** A harvest as people type it. */
export interface HarvestForm {
  name: string; kind: NonNullable<HarvestChange["kind"]>; url: string; collections: string; bbox: string; datetime: string; filter: string;
  limit: string; every: string; pause: string; removals: NonNullable<HarvestChange["removals"]>; secret: string;
}

const text = (value: unknown) => (value === undefined || value === null ? "" : String(value));

export function formOf(harvest?: Harvest): HarvestForm {
  const { bbox, datetime, filter, limit } = harvest?.query ?? {};
  return {
    name: harvest?.name ?? "",
    kind: harvest?.kind ?? "stac",
    url: harvest?.url ?? "",
    collections: Object.entries(harvest?.collections ?? {}).map(([theirs, ours]) => (theirs === ours ? theirs : `${theirs} = ${ours}`)).join("\n"),
    bbox: (bbox ?? []).join(", "),
    datetime: datetime ?? "",
    filter: filter === undefined ? "" : typeof filter === "string" ? filter : JSON.stringify(filter),
    limit: text(limit),
    every: text(harvest?.every_minutes),
    pause: text(harvest?.pause_ms ?? 250),
    removals: harvest?.removals ?? "keep",
    secret: text(harvest?.secret),
  };
}

/** Which field is not what it should be; what is left to say, the server says. */
export class Unreadable extends Error {
  constructor(readonly field: "collections" | "bbox" | "filter") { super(field); }
}

function collectionsOf(lines: string): Record<string, string> {
  const pairs = lines.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [theirs = "", ours = theirs, ...rest] = line.split("=").map((name) => name.trim());
    if (!theirs || !ours || rest.length) throw new Unreadable("collections");
    return [theirs, ours];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function bboxOf(typed: string): number[] | undefined {
  if (!typed.trim()) return undefined;
  const parts = typed.split(/[,;\s]+/).filter(Boolean).map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isFinite(part))) throw new Unreadable("bbox");
  return parts;
}

/** CQL2 is JSON; OData's filter is the text it is. */
function filterOf(typed: string, kind: HarvestForm["kind"]): unknown {
  if (!typed.trim()) return undefined;
  if (kind === "odata") return typed.trim();
  try {
    return JSON.parse(typed);
  } catch {
    throw new Unreadable("filter");
  }
}

const whole = (typed: string) => (typed.trim() ? Number(typed) : undefined);

/** The whole harvest that the form says. */
export function harvestOf(form: HarvestForm): HarvestChange {
  const query = {
    bbox: bboxOf(form.bbox), datetime: form.datetime.trim() || undefined, filter: filterOf(form.filter, form.kind), limit: whole(form.limit),
  };
  return {
    name: form.name.trim(), kind: form.kind, url: form.url.trim(), collections: collectionsOf(form.collections),
    query: JSON.parse(JSON.stringify(query)) as HarvestChange["query"], every_minutes: whole(form.every) ?? null, pause_ms: whole(form.pause) ?? 250,
    removals: form.removals, secret: form.secret.trim() || null,
  };
}

/** JSON text with members in one order, to compare what came with what goes. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner && typeof inner === "object" && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));
}

/** Only what differs: another address, query, collections or removals make a harvest begin anew. The kind never changes. */
export function changeOf(harvest: Harvest, form: HarvestForm): HarvestChange {
  const wanted = Object.entries(harvestOf(form)).filter(([name, value]) => name !== "kind" && canonical(value) !== canonical(harvest[name as keyof Harvest] ?? null));
  return Object.fromEntries(wanted) as HarvestChange;
}

export function beginsAnew(change: HarvestChange): boolean {
  return ["url", "collections", "query", "removals"].some((name) => name in change);
}
