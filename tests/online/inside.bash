#!/usr/bin/env bash
# One server and every client, inside of a network namespace of their own.
#
#   inside.bash WORK SERVER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1 server=$2
checks=$work/$server.checks
read -ra clients <<<"$ROOTRITE_TEST_CLIENTS"
# shellcheck source=tests/online/checks.bash
. "$here/checks.bash"
# shellcheck source=/dev/null
. "$here/servers/$server.bash"
for client in "${clients[@]}"; do
    # shellcheck source=/dev/null
    . "$here/clients/$client.bash"
done

# Where a server and a client do not get along, the server's file says so.
if declare -F server_clients >/dev/null; then
    read -ra usable <<<"$(server_clients)"
    kept=()
    for client in "${clients[@]}"; do
        if [[ " ${usable[*]} " == *" $client "* ]]; then
            kept+=("$client")
        else
            echo "SKIPPED $server, $client: see servers/$server.bash"
        fi
    done
    clients=("${kept[@]}")
fi

# The network: loopback alone, every name below `test` on it.
ip link set lo up
mkdir -p "$work/net" "$work/web" "$work/$server"
echo 'nameserver 127.0.0.1' >"$work/net/resolv.conf"
mount --bind "$work/net/resolv.conf" /etc/resolv.conf
dnsmasq --no-daemon --no-hosts --no-resolv --conf-file=/dev/null --user= --group= --pid-file= \
    --listen-address=127.0.0.1 --bind-interfaces --address=/test/127.0.0.1 >"$work/net/dnsmasq.log" 2>&1 &

# What the clients trust: the server's own web certificate where it is not its own, and the root of the ceremony.
export WEB=$work/web
if [[ ! -f $WEB/cert.pem ]]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=acme.test -days 30 \
        -addext subjectAltName=DNS:acme.test -keyout "$WEB/key.pem" -out "$WEB/cert.pem" 2>/dev/null
fi
root=$work/ceremony/out/certificates/root-t1.pem
cat "$WEB/cert.pem" "$root" >"$work/net/trust.pem"
mount --bind "$work/net/trust.pem" /etc/ssl/certs/ca-certificates.crt
webroot=$work/$server/webroot
mkdir -p "$webroot/.well-known/acme-challenge"

# wait_for WHAT COMMAND…: until it succeeds, at most half a minute.
wait_for() {
    local what=$1
    shift
    for _ in {1..150}; do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        sleep 0.2
    done
    echo "error: waited half a minute for $what" >&2
    return 1
}

# Ends a process of this test and waits until it is gone.
stop() {
    kill "$1"
    wait "$1" 2>/dev/null || true
}

# Serves the web root for clients that only write into one, while COMMAND runs.
with_webroot() {
    local web code=0
    (cd "$webroot" && exec python3 -m http.server --bind 127.0.0.1 80) >"$work/$server/webroot.log" 2>&1 &
    web=$!
    wait_for 'the web server' curl --silent --output /dev/null http://127.0.0.1/
    "$@" || code=$?
    stop "$web"
    return "$code"
}

# What the token itself says of a private key.
never_extractable() {
    pkcs11-tool --module "$ROOTRITE_TEST_MODULE" --token-label issuing --login --pin "$ROOTRITE_TEST_PIN" \
        --list-objects --type privkey 2>&1 | awk -v wanted="$1" '
            /^ *label:/ { label = $2 }
            /^ *Access:/ && label == wanted { found++; print; good += /never extractable/ }
            END { exit !(found == 1 && good == 1) }'
}

serial() { openssl x509 -in "$1" -noout -serial; }
block() { awk -v wanted="$2" '/BEGIN CERTIFICATE/ { number++ } number == wanted' "$1"; }

# The chain ends at the root of the ceremony, and what signed the leaf is the artifact of the log, octet for octet.
judge() {
    local client=$1 name=$2 file=$3 issuer=$4
    block "$file" 1 >"$work/leaf.pem"
    block "$file" 2 | openssl x509 -outform DER -out "$work/issuer.der"
    check "$server, $client: the leaf has a path to the root of the ceremony" openssl verify -x509_strict \
        -purpose sslserver -verify_hostname "$name" -no-CApath -no-CAstore -CAfile "$root" -untrusted "$file" "$work/leaf.pem"
    local artifact
    artifact=$(sha256sum "$work/issuer.der" | cut -d' ' -f 1)
    check "$server, $client: what signed it is an artifact of the bundle" cmp "$work/issuer.der" \
        "$work/ceremony/out/bundle-online-test/artifacts/$artifact.der"
    check "$server, $client: it is $issuer" cmp "$work/issuer.der" \
        <(openssl x509 -in "$work/ceremony/out/certificates/$issuer.pem" -outform DER)
    check "$server, $client: its proof verifies by nothing but the policy" "$ROOTRITE" verify \
        "$work/ceremony/out/bundle-online-test/proofs/$artifact.tlog-proof" \
        --policy "$work/ceremony/log/policy" --artifact "$work/issuer.der"
}

for issuer in $(server_issuers); do
    token=$work/$server/$issuer
    # A token folder has one user at a time.
    mkdir -p "$token" && cp -r "$work/online/tokens" "$token/tokens"
    sed "s#^directories.tokendir.*#directories.tokendir = $token/tokens#" "$work/online/softhsm2.conf" >"$token/softhsm2.conf"
    export SOFTHSM2_CONF=$token/softhsm2.conf
    mkdir -p "$work/data/$server/$issuer"
    server_start "$issuer" >"$token/server.log" 2>&1 &
    process=$!
    directory=$(server_directory)
    must "$server serves with the key of $issuer on its token" wait_for 'its directory' curl --silent --fail "$directory"
    for client in "${clients[@]}"; do
        [[ $issuer == e3 || $client == certbot ]] || continue
        name=$client.$issuer.test
        folder=$token/$client
        mkdir -p "$folder"
        check "$server, $client: obtains a certificate for $name" "${client}_obtain" "$name" "$folder" "$directory"
        file=$("${client}_file" "$name" "$folder")
        [[ -n $held && -s $file ]] || continue
        judge "$client" "$name" "$file" "$issuer"
        first=$(serial "$file")
        check "$server, $client: renews it" "${client}_renew" "$name" "$folder" "$directory"
        judge "$client" "$name" "$file" "$issuer"
        check "$server, $client: the renewed one has another serial number" differ "$first" "$(serial "$file")"
        block "$file" 1 >"$folder/leaf.pem"
        if declare -F server_judge_issued >/dev/null; then
            server_judge_issued
        fi
        cp "$file" "$folder/revoked-chain.pem"
        block "$file" 1 >"$folder/revoked.pem"
        check "$server, $client: revokes it" "${client}_revoke" "$name" "$folder" "$directory" "$folder/revoked.pem"
        # Some clients rename what they revoked.
        block "$folder/revoked-chain.pem" 1 >"$folder/revoked.pem"
        server_judge_revoked
    done
    stop "$process"
    check "$server: the key of $issuer can never leave its token" never_extractable "$issuer"
    check "$server: no private key of $issuer is in a file" silent grep -rl 'PRIVATE KEY' \
        "$work/store/active/exports/$server" "$work/data/$server"
done
server_judge_refusals
