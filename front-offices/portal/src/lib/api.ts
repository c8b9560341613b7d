import { Nadir, OAuth } from "@nadir/sdk";

export const CLIENT_ID = "nadir-portal";

const scope = [
  "openid", "profile", "email", "offline_access",
  "identity:account.read", "identity:account.write",
  "billing:order.read", "billing:order.write", "billing:wallet.read", "billing:wallet.write",
  "download:file.read",
  "sharing:share.read", "sharing:share.write",
  "discovery:search.read", "discovery:search.write",
  "processing:job.read", "processing:job.write", "processing:process.write",
].join(" ");

/** Where identity sends people back to, registered with it. */
export const REDIRECT = `${location.origin}/callback`;

export const oauth = new OAuth({ base: "", clientId: CLIENT_ID, redirectUri: REDIRECT, scope });
export const nadir = new Nadir("", oauth);

/**
 * Addresses in answers are absolute and carry the gateway's public name. Those of our own APIs are asked on this page's origin, so that
 * the portal works behind any name; others stay what they are.
 */
export function local(href: string): string {
  const url = new URL(href, location.href);
  return /^\/(download|view|stac|processing|billing)\//.test(url.pathname) ? url.pathname + url.search : href;
}
