# Accounts, clients and secrets of a local instance, written down for people and scripts in var/local.env.
# shellcheck shell=bash

ADMIN_EMAIL=admin@nadir.example
DEMO_EMAIL=demo@nadir.example
SCIENTIST_EMAIL=scientist@nadir.example
CLIENT_ID=nadir-local
WEB_CLIENT_ID=nadir-web

make_secrets() {
    local name
    for name in postgres identity link s3 admin_password demo_password scientist_password client_secret web_client_secret; do
        secret "$name" >/dev/null
    done
    [ -s "$SECRETS/stripe_secret_key" ] || printf 'sk_test_%s' "$(random_hex 24)" | write_owned "$SECRETS/stripe_secret_key" 600
    [ -s "$SECRETS/stripe_publishable_key" ] || printf 'pk_test_%s' "$(random_hex 24)" | write_owned "$SECRETS/stripe_publishable_key" 600
    [ -s "$SECRETS/stripe_webhook" ] || printf 'whsec_%s' "$(random_hex 24)" | write_owned "$SECRETS/stripe_webhook" 600
}

identity_tool() { as_owner env NADIR_DB_IDENTITY_FILE="$SECRETS/db_identity" NADIR_PUBLIC_URL="$NADIR_URL" "$APP/bin/nadir-identity" "$@" >/dev/null; }

# What the accounts and clients are made from: when it changes, nadir-identity brings them to it.
accounts_state() {
    echo "$NADIR_URL"
    cat "$HERE/accounts.sh" "$SECRETS"/*_password "$SECRETS"/*client_secret
}

make_accounts() {
    accounts_state | unchanged accounts && return
    step "Making accounts and clients"
    [ -x "$APP/bin/nadir-identity" ] || { warn "nadir-identity is not built: no accounts"; return; }
    identity_tool user-add --email "$ADMIN_EMAIL" --password-file "$SECRETS/admin_password" --name "Nadir Admin" --role admin
    identity_tool user-add --email "$DEMO_EMAIL" --password-file "$SECRETS/demo_password" --name "Dora Demo"
    identity_tool user-add --email "$SCIENTIST_EMAIL" --password-file "$SECRETS/scientist_password" --name "Sam Scientist" --role scientist
    identity_tool client-add --id nadir-portal --name "Nadir portal" --kind public --first-party --redirect "$NADIR_URL/callback"
    identity_tool client-add --id nadir-backoffice --name "Nadir back office" --kind public --first-party --redirect "$NADIR_URL/backoffice/callback"
    identity_tool client-add --id "$CLIENT_ID" --name "Local scripts" --kind confidential --secret-file "$SECRETS/client_secret" \
        --grant client_credentials --scope "discovery:item.write billing:order.read billing:order.write billing:wallet.read download:file.read processing:job.read processing:job.write"
    identity_tool client-add --id "$WEB_CLIENT_ID" --name "Example web application" --kind confidential --secret-file "$SECRETS/web_client_secret" \
        --redirect http://127.0.0.1:9999/cb
    accounts_state | remember accounts
}

write_local_env() {
    local new=$NADIR_VAR/local.env.new
    rm -f "$new"
    (umask 077 && cat >"$new") <<E2
NADIR_URL=$NADIR_URL
NADIR_ADMIN_EMAIL=$ADMIN_EMAIL
NADIR_ADMIN_PASSWORD=$(secret admin_password)
NADIR_DEMO_EMAIL=$DEMO_EMAIL
NADIR_DEMO_PASSWORD=$(secret demo_password)
NADIR_SCIENTIST_EMAIL=$SCIENTIST_EMAIL
NADIR_SCIENTIST_PASSWORD=$(secret scientist_password)
NADIR_CLIENT_ID=$CLIENT_ID
NADIR_CLIENT_SECRET=$(secret client_secret)
NADIR_WEB_CLIENT_ID=$WEB_CLIENT_ID
NADIR_WEB_CLIENT_SECRET=$(secret web_client_secret)
NADIR_VAR=$NADIR_VAR
NADIR_DATA=$DATA
NADIR_PORT=$NADIR_PORT
NADIR_PORT_BASE=$NADIR_PORT_BASE
NADIR_SHAPE=$1
NADIR_WEBHOOK_PORT=$WEBHOOK_PORT
E2
    mv "$new" "$NADIR_VAR/local.env"
}
