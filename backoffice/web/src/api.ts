import { Nadir, OAuth } from "@nadir/sdk";

const scope = ["openid", "profile", "email", "offline_access", "identity:account.read", "identity:user.read", "statistics:kpi.read", "platform:status.read", "discovery:item.write"].join(" ");

/** Where identity sends people back to, registered with it. */
export const REDIRECT = `${location.origin}/backoffice/callback`;

export const oauth = new OAuth({ base: "", clientId: "nadir-backoffice", redirectUri: REDIRECT, scope });
export const nadir = new Nadir("", oauth);
