#!/usr/bin/env bash
# Holds the ceremony with people who agree, verifies its bundle and exports it; shows what is refused.
#
#   ceremony.bash WORK
#
# The folder WORK has the bundles of the online side in `ceremony/inputs`; it gets `ceremony` (tokens, log, output) and `export-<server>`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
checks=$work/ceremony.checks
# shellcheck source=tests/online/checks.bash
. "$here/checks.bash"
# shellcheck source=tests/online/tokens.bash
. "$here/tokens.bash"

token_folder ceremony
cd "$work/ceremony"
{
    printf 'rootrite-site: 1\ntokens:\n'
    token ceremony root
    token ceremony log
    echo 'preflight: {minimum-free: 1 MiB}'
} >site.yaml
sed -e "s/^window: .*/window: {from: $(date -u +%F)T00:00:00Z, to: $(date -u -d '+1 day' +%F)T20:00:00Z}/" \
    -e "s/next-due: [^,]*,/next-due: $(date -u -d '+300 days' +%F)T00:00:00Z,/" "$here/ceremony.yaml" >script.yaml
check 'a bundle that is not pinned is not taken' refused 2 'has no' "$ROOTRITE" check script.yaml --site site.yaml
for key in e3 r1; do
    sed -i "s/{bundle: inputs\/$key\(.*\)}/{bundle: inputs\/$key\1, sha256: $(sha256sum "inputs/$key/log.jsonl" | cut -d' ' -f 1)}/" script.yaml
done

must 'the script and the site are good' "$ROOTRITE" check script.yaml --site site.yaml
must 'people who agree conduct the ceremony' timeout 300 python3 "$here/people.py" screen.txt \
    "$ROOTRITE" run script.yaml --site site.yaml --log log --out out --plain
bundle=out/bundle-online-test
must 'its bundle verifies by the policy that the log began with' "$ROOTRITE" verify "$bundle" --policy log/policy
check "the root's log has the head of the online side's" grep -q '"origin_head":{"origin":"example.org/online-log"' "$bundle/log.jsonl"
check 'it is no practice ceremony' silent grep -l '"practice":true' "$bundle/manifest.json"
check 'nobody typed a PIN into a file of it' silent grep -rl "$ROOTRITE_TEST_PIN" log out screen.txt

# export SERVER OUT BUNDLE [OPTION…]
export_for() {
    local server=$1 out=$2 from=$3
    shift 3
    "$ROOTRITE" export "$from" --format "$server" --out "$out" --policy log/policy --module "$ROOTRITE_TEST_MODULE" \
        --token issuing --pin-file "$work/online/pin" --acme-url https://acme.test --crl-url http://crl.test/ \
        --issuer-url http://crt.test/ --profile classic --ca-owner 'Online Test' "$@"
}

# The key was made in another log than this one: for a server that looks for it by label or id, both are said.
key_id() { python3 "$here/pins.py" --key-id "$1" "$work"; }
declare -A only=([step-ca]=e3 [acme-proxy]=e3 [django-ca]=e3)
for server in folder boulder step-ca acme-proxy django-ca ccadb; do
    key=${only[$server]:-}
    export_this() { export_for "$server" "$@" ${key:+--certificate "$key" --key-label "$key" --key-id "$(key_id "$key")"}; }
    must "the export for $server is made" export_this "$work/export-$server" "$bundle"
    check "the export for $server: it is not made over itself" refused 2 exists export_this "$work/export-$server" "$bundle"
    check "the export for $server: it is the same when it is made again" export_this "$work/again" "$bundle" --installed-at "$work/export-$server"
    check "the export for $server: octet for octet" diff -r "$work/export-$server" "$work/again"
    check "the export for $server: no PIN and no private key is in it" silent grep -rlE "$ROOTRITE_TEST_PIN|PRIVATE KEY" "$work/export-$server"
    rm -rf "$work/again"
done

# refusing NAME CODE: a copy of the bundle that was changed is refused with its code, and nothing is exported.
refusing() {
    check "$1: refused with $2" refused 5 "$2" export_for folder "$work/never" spoilt
    check "$1: nothing is exported" test ! -e "$work/never" -a ! -e "$work/never.part"
    rm -rf spoilt
}
spoil() { rm -rf spoilt && cp -r "$bundle" spoilt; }
artifact() { sha256sum <(openssl x509 -in "out/certificates/$1.pem" -outform DER) | cut -d' ' -f 1; }

spoil && sed -i '1s/software/SOFTWARE/' spoilt/log.jsonl
refusing 'a line that was changed' E126
spoil && sed -i '$d' spoilt/log.jsonl
refusing 'a log cut short' E130
spoil && awk '/^— / { at = length($0) - 20; $0 = substr($0, 1, at - 1) (substr($0, at, 1) == "A" ? "B" : "A") substr($0, at + 1) } 1' \
    "$bundle/checkpoint" >spoilt/checkpoint
refusing 'a head whose signature was changed' E107
spoil && printf x >>"spoilt/artifacts/$(artifact e3).der"
refusing 'a certificate that was changed' E143
spoil && rm "spoilt/artifacts/$(artifact e3).der"
refusing 'a certificate that is missing' E141
spoil && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout /dev/null -days 1000 \
    -subj '/C=US/O=Online Test/CN=Online Test E3' -outform DER -out forged.der 2>/dev/null &&
    cp forged.der "spoilt/artifacts/$(sha256sum forged.der | cut -d' ' -f 1).der"
refusing 'a certificate that no record names' E140
check 'an expired root CRL: refused with E193' refused 5 E193 \
    export_for folder "$work/never" "$bundle" --at "$(date -u -d '+370 days' +%FT%TZ)"
check 'a practice ceremony of the same script' "$ROOTRITE" rehearse script.yaml --out rehearsed --quiet
check 'a bundle of another log: refused with E111' refused 5 E111 \
    export_for folder "$work/never" rehearsed/bundle-practice-online-test --practice
check 'a practice bundle is not exported unasked' refused 5 practice \
    "$ROOTRITE" export rehearsed/bundle-practice-online-test --format folder --out "$work/never"
check 'a practice bundle that was asked for says so' says PRACTICE \
    "$ROOTRITE" export rehearsed/bundle-practice-online-test --format folder --out "$work/practice" --practice
check 'and in its folder' test -s "$work/practice/PRACTICE"
check 'a production bundle is not exported as practice' refused 2 'no practice' \
    export_for folder "$work/never" "$bundle" --practice
check 'nothing was exported by any of these' test ! -e "$work/never" -a ! -e "$work/never.part"
