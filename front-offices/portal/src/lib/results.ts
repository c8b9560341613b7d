/** The STAC item that a job's results speak of: `{ndvi: {href, item: ".../collections/results/items/abc"}}`. */
export function resultItem(results: Record<string, unknown>): { collection: string; item: string } | undefined {
  for (const output of Object.values(results)) {
    const value = (output as { value?: unknown } | null)?.value ?? output;
    const address = (value as { item?: unknown } | null)?.item;
    if (typeof address !== "string") continue;
    const match = /\/collections\/([^/?#]+)\/items\/([^/?#]+)/.exec(address);
    if (match?.[1] && match[2]) return { collection: decodeURIComponent(match[1]), item: decodeURIComponent(match[2]) };
  }
  return undefined;
}
