# The gateway's configuration: nginx.conf.in with this instance's values.
# shellcheck shell=bash

upstreams() { # shape
    local m service=monolith
    for m in "${MODULES[@]}"; do
        if [ "$1" = modular ]; then service=$m; fi
        printf '    upstream %s { server unix:%s/%s.sock max_fails=0; keepalive 32; keepalive_timeout 30s; }\n' "$m" "$RUN" "$service"
    done
    printf '    upstream stripe { server 127.0.0.1:%s max_fails=0; }\n' "$STRIPE_PORT"
}

nginx_conf() { # shape
    local listen="listen 127.0.0.1:$NADIR_PORT;"
    if grep -qs '^0\{31\}1 ' /proc/net/if_inet6; then listen+=" listen [::1]:$NADIR_PORT;"; fi
    # Our own module of nginx's (modules/download/pieces); where it was not built, or for another nginx, whole products are answered by 501.
    local load="" pieces="return 501;" module=$APP/lib/ngx_http_nadir_pieces.so probe=$NADIR_VAR/tmp/pieces
    printf 'load_module %s;\nevents { }\npid %s.pid;\n' "$module" "$probe" >"$probe.conf"
    if [ -f "$module" ] && nginx -t -q -e stderr -p "$NADIR_VAR/tmp" -c "$probe.conf" 2>/dev/null; then
        load="load_module $module;" pieces="nadir_pieces $DATA;"
    else
        warn "the gateway goes without $module: whole products are not sent as ZIP"
    fi
    mkdir -p "$NADIR_VAR/nginx"
    if is_root; then chown "$OWNER:" "$NADIR_VAR/nginx"; fi
    upstreams "$1" >"$NADIR_VAR/tmp/upstreams"
    sed -e "/@UPSTREAMS@/{r $NADIR_VAR/tmp/upstreams
d}" -e "s|@LISTEN@|$listen|" -e "s|@LOAD@|$load|" -e "s|@PIECES@|$pieces|" -e "s|@VAR@|$NADIR_VAR|g" -e "s|@DATA@|$DATA|g" -e "s|@APP@|$APP|g" \
        -e "s|@INCLUDE@|$APP/service|g" -e "s|@LOGIN_RATE@|${NADIR_LOGIN_RATE:-20}|" "$HERE/nginx.conf.in"
}
