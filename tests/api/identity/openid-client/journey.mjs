// Completes, with openid-client, what a front office does: discovery, code flow with PKCE through the real sign-in form, refresh, userinfo,
// introspection, client credentials, sign-out. Prints one line of JSON for each step that succeeded. Settings as in var/local.env.
import assert from 'node:assert/strict'
import * as client from 'openid-client'

const need = (name) => process.env[name] ?? assert.fail(`${name} is not set`)
const issuer = new URL(need('NADIR_URL'))
const redirectUri = 'http://127.0.0.1:9999/cb'
const insecure = { execute: [client.allowInsecureRequests] }
const done = (step) => console.log(JSON.stringify({ step }))

// A browser as small as can be: cookies, redirects up to the client's address, the first form of a page.
const cookies = new Map()
async function visit(url, options = {}) {
  for (let hops = 0; hops < 10; hops++) {
    const headers = { ...options.headers }
    if (cookies.size) headers.cookie = [...cookies].map(([k, v]) => `${k}=${v}`).join('; ')
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    const location = answer.headers.get('location')
    if (!location) return { url, answer, text: await answer.text() }
    url = new URL(location, url)
    if (url.href.startsWith(redirectUri)) return { url }
    options = {}
  }
  assert.fail('too many redirects')
}

const unescape = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&')

function submit(page, values) {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1] ?? assert.fail(`no form: ${page.text.slice(0, 300)}`)
  const fields = new URLSearchParams()
  for (const [input] of page.text.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name) fields.set(name, unescape(/value="([^"]*)"/.exec(input)?.[1] ?? ''))
  }
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  return visit(new URL(unescape(action), page.url), { method: 'POST', body: fields, headers: { origin: issuer.origin } })
}

// 1. Discovery.
const config = await client.discovery(issuer, need('NADIR_WEB_CLIENT_ID'), {}, client.ClientSecretBasic(need('NADIR_WEB_CLIENT_SECRET')), insecure)
assert.equal(config.serverMetadata().issuer, issuer.origin)
assert.ok(config.serverMetadata().supportsPKCE())
done('discovery')

// 2. Code flow with PKCE, state and nonce.
const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce()
const authorization = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri, scope: 'openid profile email offline_access', code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256', state, nonce,
})
let page = await submit(await visit(authorization), { email: need('NADIR_DEMO_EMAIL'), password: need('NADIR_DEMO_PASSWORD') })
if (page.text) page = await submit(page, { answer: 'allow' })
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
const tokens = await client.authorizationCodeGrant(config, page.url, { ...checks, maxAge: 3600 })
assert.ok(tokens.access_token && tokens.refresh_token && tokens.id_token)
const subject = tokens.claims().sub
done('code flow with PKCE')

// 3. The code is of no use a second time, and a wrong state is noticed by the client.
await assert.rejects(client.authorizationCodeGrant(config, page.url, { ...checks, expectedState: 'other' }))

// 4. Userinfo.
const person = await client.fetchUserInfo(config, tokens.access_token, subject)
assert.equal(person.email, need('NADIR_DEMO_EMAIL'))
done('userinfo')

// 5. Refresh with rotation.
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(fresh.refresh_token, tokens.refresh_token)
assert.equal(fresh.claims().sub, subject)
done('refresh')

// 6. Introspection and revocation.
assert.equal((await client.tokenIntrospection(config, fresh.access_token)).active, true)
await client.tokenRevocation(config, fresh.access_token)
assert.equal((await client.tokenIntrospection(config, fresh.access_token)).active, false)
done('introspection and revocation')

// 7. Sign-out.
const bye = client.buildEndSessionUrl(config, { id_token_hint: fresh.id_token, post_logout_redirect_uri: redirectUri, state: 'bye' })
const out = await visit(bye)
assert.equal(out.url.href, `${redirectUri}?state=bye`)
await assert.rejects(client.refreshTokenGrant(config, fresh.refresh_token), { error: 'invalid_grant' })
done('sign-out')

// 8. A client for itself, by both ways of sending its secret.
for (const method of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const machine = await client.discovery(issuer, need('NADIR_CLIENT_ID'), {}, method(need('NADIR_CLIENT_SECRET')), insecure)
  const own = await client.clientCredentialsGrant(machine, { scope: 'discovery:item.write' })
  assert.equal(own.token_type, 'bearer')
  assert.ok(own.access_token && own.scope === 'discovery:item.write')
}
done('client credentials')
