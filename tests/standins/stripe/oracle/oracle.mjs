// The official client against the stand-in: node oracle.mjs PORT SECRET_KEY. Prints one JSON line a case; fails with the first fault.
import assert from 'node:assert/strict';
import http from 'node:http';
import Stripe from 'stripe';

const [port, key] = process.argv.slice(2);
const options = { host: '127.0.0.1', port: Number(port), protocol: 'http', maxNetworkRetries: 0, telemetry: false };
const stripe = new Stripe(key, options);
const say = (name) => console.log(JSON.stringify({ ok: name }));
const refused = async (promise) => promise.then(() => assert.fail('it was taken'), (error) => error);

const create = (more = {}, request = {}) =>
    stripe.paymentIntents.create({ amount: 1234, currency: 'eur', metadata: { topup: 't1' }, ...more }, request);

let intent = await create();
assert.equal(intent.status, 'requires_payment_method');
assert.equal(intent.metadata.topup, 't1');
assert.match(intent.client_secret, new RegExp(`^${intent.id}_secret_`));
assert.equal((await stripe.paymentIntents.retrieve(intent.id)).id, intent.id);
say('create and retrieve');

intent = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
assert.equal(intent.status, 'succeeded');
assert.equal(intent.amount_received, 1234);
say('confirm');

let error = await refused(stripe.paymentIntents.cancel(intent.id));
assert.equal(error.code, 'payment_intent_unexpected_state');
say('a payment that succeeded is not cancelled');

intent = await create();
error = await refused(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa_chargeDeclined' }));
assert(error instanceof Stripe.errors.StripeCardError);
assert.equal(error.statusCode, 402);
assert.equal(error.code, 'card_declined');
assert.equal(error.decline_code, 'generic_decline');
assert.equal((await stripe.paymentIntents.retrieve(intent.id)).last_payment_error.code, 'card_declined');
say('decline');

intent = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_authenticationRequired' });
assert.equal(intent.status, 'requires_action');
assert.equal(intent.next_action.type, 'use_stripe_sdk');
assert.equal((await stripe.paymentIntents.cancel(intent.id)).status, 'canceled');
say('3-D Secure, then cancel');

const idempotencyKey = `oracle-${Date.now()}`;
const first = await create({}, { idempotencyKey }), second = await create({}, { idempotencyKey });
assert.equal(first.id, second.id);
assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
error = await refused(create({ amount: 999 }, { idempotencyKey }));
assert(error instanceof Stripe.errors.StripeIdempotencyError);
say('idempotency');

error = await refused(create({ amount: 49 }));
assert.equal(error.code, 'amount_too_small');
error = await refused(create({ currency: 'zzz' }));
assert(error instanceof Stripe.errors.StripeInvalidRequestError);
assert.equal(error.param, 'currency');
error = await refused(new Stripe('sk_test_wrong', options).paymentIntents.list());
assert(error instanceof Stripe.errors.StripeAuthenticationError);
error = await refused(stripe.paymentIntents.retrieve('pi_none'));
assert.equal(error.code, 'resource_missing');
say('errors');

const listed = [];
for await (const one of stripe.paymentIntents.list({ limit: 2 })) listed.push(one.id);
assert(listed.length >= 3 && new Set(listed).size === listed.length);
const events = await stripe.events.list({ limit: 100 });
assert(events.data.some((event) => event.type === 'payment_intent.succeeded'));
say('lists');

// Webhooks, as the official library reads them: the server was told to send to 127.0.0.1:PORT+1 under this secret.
const hook = await new Promise((resolve) => {
    const server = http.createServer((request, answer) => {
        let body = '';
        request.on('data', (part) => (body += part));
        request.on('end', () => {
            answer.end('ok');
            server.close();
            server.closeAllConnections?.();
            resolve({ body, signature: request.headers['stripe-signature'] });
        });
    });
    server.listen(Number(port) + 1, '127.0.0.1', () => create());
});
const event = stripe.webhooks.constructEvent(hook.body, hook.signature, 'whsec_oracle');
assert.match(event.type, /^payment_intent\./);
assert.throws(() => stripe.webhooks.constructEvent(hook.body + ' ', hook.signature, 'whsec_oracle'));
assert.throws(() => stripe.webhooks.constructEvent(hook.body, hook.signature, 'whsec_other'));
say('webhook signature');

// What the library signs; the caller checks it with Nadir's own code.
const payload = JSON.stringify({ id: 'evt_oracle', type: 'ping' });
console.log(JSON.stringify({ payload, header: stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_oracle' }) }));
