/** The STAC item that a job's results point at: `{ndvi: {href}, item: {href: ".../stac/collections/results/items/abc"}}`. */
export function resultItem(results: Record<string, unknown>): { collection: string; item: string } | undefined {
  for (const output of Object.values(results)) {
    const address = (output as { href?: unknown } | null)?.href;
    if (typeof address !== "string") continue;
    const match = /\/stac\/collections\/([^/?#]+)\/items\/([^/?#]+)/.exec(address);
    if (match?.[1] && match[2]) return { collection: decodeURIComponent(match[1]), item: decodeURIComponent(match[2]) };
  }
  return undefined;
}
