# acme-proxy 0.7 with the exported configuration; where it listens and its web certificate are this test's own.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

server_issuers() { echo e3; }

server_directory() { echo https://acme.test/profile/default/directory; }

server_start() {
    cd "$work/store/active/exports/acme-proxy/$1" || return
    export ACME_PROXY_SERVER__BIND_ADDRESS=127.0.0.1:443 ACME_PROXY_SERVER__TLS__ENABLED=true
    export ACME_PROXY_SERVER__TLS__CERT_PATH=$WEB/cert.pem ACME_PROXY_SERVER__TLS__KEY_PATH=$WEB/key.pem
    export ACME_PROXY_LOGGING__ANSI=false
    exec "${XDG_CACHE_HOME:-$HOME/.cache}/rootrite/bin/acme-proxy"
}

# The leaf is on the CRL, and whoever asks for it refuses the leaf.
server_judge_revoked() {
    local crl=$work/acme-proxy/$issuer.crl who="acme-proxy, $client"
    # shellcheck disable=SC2317 # `wait_for` calls it
    on_crl() {
        local number
        number=$(serial "$1" | sed 's/^serial=//')
        curl --silent --fail --output "$crl" https://acme.test/profile/default/crl && [[ -n $number ]] &&
            openssl crl -inform DER -in "$crl" -noout -text | grep -q "Serial Number: $number\$"
    }
    # It makes the new CRL when it gets to it.
    check "$who: the revoked one is on the CRL" wait_for 'the CRL' on_crl "$folder/revoked.pem"
    openssl crl -inform DER -in "$crl" -out "$crl.pem"
    openssl crl -inform DER -in "$work/ceremony/out/crls/root-t1.crl" >>"$crl.pem"
    check "$who: the CRL is signed by the subordinate CA's key" says 'verify OK' openssl crl -inform DER -in "$crl" -noout \
        -CAfile "$work/ceremony/out/certificates/$issuer.pem"
    check "$who: with the root's CRL and this one it is refused" refused 2 'certificate revoked' openssl verify \
        -crl_check_all -CRLfile "$crl.pem" -no-CApath -no-CAstore -CAfile "$root" -untrusted "$folder/revoked-chain.pem" "$folder/revoked.pem"
}

# What it refuses of itself, so that nobody takes it for our doing.
server_judge_refusals() {
    local wrong=$work/acme-proxy/wrong
    mkdir -p "$wrong"
    sed -e "s#^cert_path.*#cert_path = \"$work/ceremony/out/certificates/r1.pem\"#" -e "s#$work/data/acme-proxy#$wrong#" \
        "$work/store/active/exports/acme-proxy/e3/config.toml" >"$wrong/config.toml"
    mkdir -p "$wrong/e3"
    check 'acme-proxy: a certificate of another key: it does not start' refused 1 '' timeout 20 env -C "$wrong" \
        "${XDG_CACHE_HOME:-$HOME/.cache}/rootrite/bin/acme-proxy"
}
