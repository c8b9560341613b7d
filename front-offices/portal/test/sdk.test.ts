import { describe, expect, test, vi } from "vitest";
import { Http, Nadir, Problem, challengeOf } from "@nadir/sdk";

const BASE = "https://gateway.test";
type Call = { url: string; method: string; headers: Record<string, string>; body: unknown };

/** Answers one response after the other and keeps what it was asked. */
function server(...answers: (Response | Error)[]): { fetch: typeof fetch; calls: Call[] } {
  const calls: Call[] = [];
  const fake = (async (url: string, init: RequestInit) => {
    calls.push({ url, method: init.method ?? "GET", headers: { ...(init.headers as Record<string, string>) }, body: init.body });
    const answer = answers.shift();
    if (!answer || answer instanceof Error) throw answer ?? new Error("no more answers");
    return answer;
  }) as typeof fetch;
  return { fetch: fake, calls };
}
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

describe("requests", () => {
  test("a problem document becomes a Problem with its code and field", async () => {
    const { fetch } = server(json({ type: "https://nadir.dev/problems/email-taken", title: "Taken", detail: "Use another.", field: "email" }, 409));
    const problem = await new Http(BASE, undefined, fetch).get("/x").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 409, code: "email-taken", message: "Use another.", field: "email" });
  });
  test("a retried purchase carries the same key", async () => {
    vi.useFakeTimers();
    const { fetch, calls } = server(new TypeError("network"), json({}, 503, { "retry-after": "1" }), json({ order: "o" }, 201));
    const buying = new Nadir(BASE, undefined, fetch).billing.order("q", ["l"], "key-1");
    await vi.runAllTimersAsync();
    expect(await buying).toEqual({ order: "o" });
    vi.useRealTimers();
    expect(calls.map((call) => call.headers["idempotency-key"])).toEqual(["key-1", "key-1", "key-1"]);
    expect(new Set(calls.map((call) => call.body)).size).toBe(1);
  });
  test("a POST without a key is sent once", async () => {
    const { fetch, calls } = server(json({}, 503), json({}));
    await expect(new Http(BASE, undefined, fetch).json("POST", "/x", { body: {} })).rejects.toMatchObject({ status: 503 });
    expect(calls).toHaveLength(1);
  });
  test("a refused token is renewed once and the request sent again", async () => {
    const { fetch, calls } = server(json({}, 401), json({ ok: true }));
    const tokens = { token: async () => "old", renew: async () => "new" };
    await new Http(BASE, tokens, fetch).get("/x");
    expect(calls.map((call) => call.headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });
  test("a token that cannot be renewed ends in the 401", async () => {
    const { fetch, calls } = server(json({ title: "no" }, 401));
    const tokens = { token: async () => "old", renew: async () => undefined };
    await expect(new Http(BASE, tokens, fetch).get("/x")).rejects.toMatchObject({ status: 401 });
    expect(calls).toHaveLength(1);
  });
  test("the token never leaves for another host", async () => {
    const { fetch, calls } = server(json({}));
    await new Http(BASE, { token: async () => "secret" }, fetch).get("https://elsewhere.test/x");
    expect(calls[0]?.headers.authorization).toBeUndefined();
  });
});

describe("lists", () => {
  test("cursor pages are followed to the end", async () => {
    const { fetch, calls } = server(json({ orders: [1, 2], next: "a/b" }), json({ orders: [3], next: null }));
    const all: unknown[] = [];
    for await (const order of new Nadir(BASE, undefined, fetch).billing.orders()) all.push(order);
    expect(all).toEqual([1, 2, 3]);
    expect(calls[1]?.url).toBe(`${BASE}/billing/v1/orders?cursor=a%2Fb`);
  });
  test("STAC search follows POST next links and merges their body", async () => {
    const next = { rel: "next", method: "POST", href: `${BASE}/stac/search`, merge: true, body: { token: "t2" } };
    const { fetch, calls } = server(json({ features: [{ id: "a" }], links: [next] }), json({ features: [{ id: "b" }], links: [] }));
    const ids: string[] = [];
    for await (const item of new Nadir(BASE, undefined, fetch).catalogue.all({ collections: ["c"], limit: 1 })) ids.push(item.id);
    expect(ids).toEqual(["a", "b"]);
    expect(JSON.parse(String(calls[1]?.body))).toEqual({ collections: ["c"], limit: 1, token: "t2" });
  });
  test("STAC search follows GET next links", async () => {
    const { fetch, calls } = server(json({ features: [], links: [{ rel: "next", href: `${BASE}/stac/search?token=t2` }] }), json({ features: [{ id: "b" }], links: [] }));
    const ids: string[] = [];
    for await (const item of new Nadir(BASE, undefined, fetch).catalogue.all({})) ids.push(item.id);
    expect(ids).toEqual(["b"]);
    expect(calls[1]).toMatchObject({ method: "GET", url: `${BASE}/stac/search?token=t2` });
  });
});

describe("jobs", () => {
  test("are polled until they have ended", async () => {
    vi.useFakeTimers();
    const { fetch } = server(json({ jobID: "j", status: "accepted" }), json({ jobID: "j", status: "running", progress: 40 }), json({ jobID: "j", status: "successful" }));
    const seen: (number | undefined)[] = [];
    const waiting = new Nadir(BASE, undefined, fetch).processing.wait("j", (job) => seen.push(job.progress));
    await vi.runAllTimersAsync();
    expect((await waiting).status).toBe("successful");
    vi.useRealTimers();
    expect(seen).toEqual([undefined, 40, undefined]);
  });
});

test("the PKCE challenge is that of RFC 7636, appendix B", async () => {
  expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});
