import { beforeEach, describe, expect, test, vi } from "vitest";
import { OAuth } from "@nadir/sdk";

/** As much of a browser as the sign-in needs. */
const store = new Map<string, string>();
const assigned: string[] = [];
vi.stubGlobal("sessionStorage", { getItem: (key: string) => store.get(key) ?? null, setItem: (key: string, value: string) => store.set(key, value), removeItem: (key: string) => store.delete(key) });
vi.stubGlobal("location", { assign: (url: string) => assigned.push(url), href: "https://gateway.test/" });

const answers: { status: number; body: unknown }[] = [];
const asked: URLSearchParams[] = [];
vi.stubGlobal("fetch", async (_url: string, init: { body: URLSearchParams }) => {
  asked.push(init.body);
  const answer = answers.shift() ?? { status: 500, body: {} };
  return new Response(JSON.stringify(answer.body), { status: answer.status });
});

const make = () => new OAuth({ base: "", clientId: "nadir-portal", redirectUri: "https://gateway.test/", scope: "openid" });
const idToken = (nonce: string) => `h.${Buffer.from(JSON.stringify({ nonce })).toString("base64url")}.s`;

async function begin(oauth: OAuth): Promise<URLSearchParams> {
  await oauth.signIn("#/orders");
  return new URL(assigned.at(-1) ?? "", "https://gateway.test").searchParams;
}

beforeEach(() => {
  store.clear();
  assigned.length = answers.length = asked.length = 0;
});

describe("sign-in", () => {
  test("asks for a code with PKCE and gives the verifier back once", async () => {
    const oauth = make();
    const query = await begin(oauth);
    expect(Object.fromEntries(query)).toMatchObject({ response_type: "code", client_id: "nadir-portal", code_challenge_method: "S256" });
    answers.push({ status: 200, body: { access_token: "a", refresh_token: "r", id_token: idToken(query.get("nonce") ?? ""), expires_in: 300 } });
    const back = new URL(`https://gateway.test/?code=c&state=${query.get("state")}`);
    expect(await oauth.finish(back)).toBe("#/orders");
    expect(asked[0]?.get("code_verifier")?.length).toBeGreaterThanOrEqual(43);
    expect(await oauth.token()).toBe("a");
    await expect(oauth.finish(back)).rejects.toMatchObject({ code: "state-mismatch" });
  });
  test("refuses an answer with another state or nonce", async () => {
    const oauth = make();
    await begin(oauth);
    await expect(oauth.finish(new URL("https://gateway.test/?code=c&state=forged"))).rejects.toMatchObject({ code: "state-mismatch" });
    const query = await begin(oauth);
    answers.push({ status: 200, body: { access_token: "a", id_token: idToken("other") } });
    await expect(oauth.finish(new URL(`https://gateway.test/?code=c&state=${query.get("state")}`))).rejects.toMatchObject({ code: "nonce-mismatch" });
    expect(oauth.signedIn).toBe(false);
  });
});

describe("refresh", () => {
  const old = () => store.set("nadir.nadir-portal.tokens", JSON.stringify({ access: "a", refresh: "r1", expires: 0 }));

  test("rotates, and runs once however many ask", async () => {
    old();
    const oauth = make();
    answers.push({ status: 200, body: { access_token: "b", refresh_token: "r2", expires_in: 300 } });
    expect(await Promise.all([oauth.token(), oauth.token(), oauth.token()])).toEqual(["b", "b", "b"]);
    expect(asked).toHaveLength(1);
    expect(store.get("nadir.nadir-portal.tokens")).toContain("r2");
  });
  test("a refusal ends the session, an outage does not", async () => {
    old();
    const oauth = make();
    const expired = vi.fn();
    oauth.onExpired = expired;
    answers.push({ status: 503, body: {} });
    await expect(oauth.token()).rejects.toMatchObject({ status: 503 });
    expect(oauth.signedIn).toBe(true);
    answers.push({ status: 400, body: { error: "invalid_grant" } });
    expect(await oauth.token()).toBeUndefined();
    expect(expired).toHaveBeenCalledOnce();
    expect(oauth.signedIn).toBe(false);
  });
});
