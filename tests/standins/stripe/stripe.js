/* The calls of Stripe.js that Nadir's portal makes, answered by the stand-in (docs.stripe.com/js). No card leaves for anywhere else. */
(() => {
    'use strict';
    const base = document.currentScript.src.replace(/\/v3\/?(\?.*)?$/, '');

    const call = async (method, path, key, params) => {
        const body = new URLSearchParams({ key, ...params });
        const options = method === 'GET' ? { method } : { method, body };
        try {
            const answer = await fetch(base + path + (method === 'GET' ? `?${body}` : ''), options);
            return await answer.json();
        } catch {
            return { error: { type: 'api_connection_error', message: 'The payment service cannot be reached. Try again.' } };
        }
    };

    const intentOf = (clientSecret) => String(clientSecret).split('_secret_')[0];

    const make = (tag, properties = {}, ...children) => {
        const node = Object.assign(document.createElement(tag), properties);
        node.append(...children);
        return node;
    };

    const field = (id, label, properties) => {
        const input = make('input', { id: `standin-${id}`, name: id, required: true, type: 'text', inputMode: 'numeric', ...properties });
        input.style.cssText = 'display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem;margin-top:.25rem';
        const caption = make('label', { htmlFor: input.id }, label, input);
        caption.style.cssText = 'display:block;margin:.5rem 0';
        return { caption, input };
    };

    /* The card form: labelled fields, an error region that is read out, and a note that no money moves. */
    class PaymentElement {
        constructor() {
            this.listeners = {};
            this.number = field('number', 'Card number', { autocomplete: 'cc-number', maxLength: 23, placeholder: '4242 4242 4242 4242' });
            this.expiry = field('expiry', 'Expiry (MM/YY)', { autocomplete: 'cc-exp', maxLength: 7, placeholder: '12/34' });
            this.cvc = field('cvc', 'Security code', { autocomplete: 'cc-csc', maxLength: 4, placeholder: '123' });
            this.fault = make('p', { role: 'alert', className: 'standin-error' });
            const note = make('p', {}, 'Test mode: no money moves. Card 4242 4242 4242 4242, any later expiry and any code, pays.');
            note.style.fontSize = 'smaller';
            this.root = make('fieldset', { className: 'standin-payment' }, make('legend', {}, 'Card (Stripe stand-in)'), note,
                this.number.caption, this.expiry.caption, this.cvc.caption, this.fault);
            this.root.addEventListener('input', () => {
                this.fault.textContent = '';
                this.emit('change', { complete: [this.number, this.expiry, this.cvc].every((f) => f.input.value !== ''), empty: false });
            });
        }
        emit(name, event = {}) {
            for (const listener of this.listeners[name] ?? []) listener({ elementType: 'payment', ...event });
        }
        on(name, listener) {
            (this.listeners[name] ??= []).push(listener);
            return this;
        }
        mount(place) {
            const node = typeof place === 'string' ? document.querySelector(place) : place;
            if (!node) throw new Error('The element to mount on is not there.');
            node.replaceChildren(this.root);
            queueMicrotask(() => this.emit('ready'));
        }
        unmount() {
            this.root.remove();
        }
        destroy() {
            this.unmount();
        }
        focus() {
            this.number.input.focus();
        }
        card() {
            const [month = '', year = ''] = this.expiry.input.value.split('/').map((part) => part.trim());
            return {
                'payment_method_data[type]': 'card',
                'payment_method_data[card][number]': this.number.input.value,
                'payment_method_data[card][exp_month]': month,
                'payment_method_data[card][exp_year]': year,
                'payment_method_data[card][cvc]': this.cvc.input.value.trim(),
            };
        }
        show(error) {
            this.fault.textContent = error.message ?? '';
            const faulty = { number: this.number, exp_month: this.expiry, exp_year: this.expiry, cvc: this.cvc }[error.param];
            faulty?.input.focus();
        }
    }

    /* The bank's question of 3-D Secure, as a dialog. Resolves to 'succeed' or 'fail'. */
    const askBank = () =>
        new Promise((resolve) => {
            const yes = make('button', { type: 'button', id: 'standin-3ds-complete' }, 'Complete');
            const no = make('button', { type: 'button', id: 'standin-3ds-fail' }, 'Fail');
            const dialog = make('dialog', { id: 'standin-3ds', ariaLabel: '3-D Secure test' },
                make('p', {}, 'Your bank asks you to confirm this payment (test mode).'), yes, ' ', no);
            const end = (outcome) => {
                dialog.remove();
                resolve(outcome);
            };
            yes.addEventListener('click', () => end('succeed'));
            no.addEventListener('click', () => end('fail'));
            dialog.addEventListener('cancel', () => end('fail'));
            document.body.append(dialog);
            dialog.showModal();
        });

    window.Stripe = (key) => {
        const result = (answer) => {
            if (answer.error) return { error: answer.error };
            return answer.last_payment_error ? { error: answer.last_payment_error } : { paymentIntent: answer };
        };
        const nextAction = async (intent, clientSecret) => {
            if (intent.error || intent.status !== 'requires_action') return intent;
            const outcome = await askBank();
            return call('POST', `/v1/payment_intents/${intent.id}/standin_3ds`, key, { client_secret: clientSecret, outcome });
        };
        return {
            elements({ clientSecret } = {}) {
                const elements = { clientSecret, payment: null };
                elements.create = (kind) => {
                    if (kind !== 'payment') throw new Error('The stand-in has the payment element only.');
                    return (elements.payment = new PaymentElement());
                };
                elements.getElement = () => elements.payment;
                elements.submit = async () => ({});
                return elements;
            },
            async confirmPayment({ elements, clientSecret = elements.clientSecret }) {
                const path = `/v1/payment_intents/${intentOf(clientSecret)}/confirm`;
                const intent = await call('POST', path, key, { client_secret: clientSecret, ...elements.payment.card() });
                const answer = result(await nextAction(intent, clientSecret));
                if (answer.error) elements.payment.show(answer.error);
                return answer;
            },
            async retrievePaymentIntent(clientSecret) {
                const answer = await call('GET', `/v1/payment_intents/${intentOf(clientSecret)}`, key, { client_secret: clientSecret });
                return answer.error ? { error: answer.error } : { paymentIntent: answer };
            },
            async handleNextAction({ clientSecret }) {
                const { paymentIntent, error } = await this.retrievePaymentIntent(clientSecret);
                return error ? { error } : result(await nextAction(paymentIntent, clientSecret));
            },
        };
    };
})();
