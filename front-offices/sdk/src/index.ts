export { Problem, type ProblemDocument } from "./problem.js";
export { Http, type RequestOptions, type TokenSource } from "./http.js";
export { OAuth, challengeOf, type OAuthOptions } from "./oauth.js";
export { Nadir, newIdempotencyKey } from "./client.js";
export type * from "./types.js";
