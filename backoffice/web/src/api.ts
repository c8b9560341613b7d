import { Nadir, OAuth } from "@nadir/sdk";

const scope = ["openid", "profile", "email", "offline_access", "identity:account.read", "identity:user.read", "statistics:kpi.read", "platform:status.read"].join(" ");

export const oauth = new OAuth({ base: "", clientId: "nadir-backoffice", redirectUri: `${location.origin}/backoffice/callback`, scope });
export const nadir = new Nadir("", oauth);
