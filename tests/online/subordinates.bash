#!/usr/bin/env bash
# The online side's own ceremonies, before the root's: the ready script `ceremonies/subordinate-key.yaml` makes the keys of the
# subordinate CAs on the token that will issue, and its bundles are what the root's people get.
#
#   subordinates.bash WORK
#
# The folder WORK gets `online` (token, log, bundles, PIN) and `ceremony/inputs`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
checks=$work/subordinates.checks
# shellcheck source=tests/online/checks.bash
. "$here/checks.bash"
# shellcheck source=tests/online/tokens.bash
. "$here/tokens.bash"

token_folder online
(umask 077 && echo "$ROOTRITE_TEST_PIN" >"$work/online/pin")
cd "$work/online"
{
    printf 'rootrite-site: 1\ntokens:\n'
    # Two people bring the PIN, each one half.
    token online issuing two-halves
    token online log
    echo 'preflight: {minimum-free: 1 MiB}'
} >site.yaml

# What a token of SoftHSM makes of the ready script: another policy, another class, and the days of the test. Nothing else of it.
ready() {
    sed -e 's/^policy: public-tls$/policy: private/' -e 's/{class: hardware, pin: two-people}/{class: any, pin: two-people}/' \
        -e "s/^window: .*/window: {from: $(date -u +%F)T00:00:00Z, to: $(date -u -d '+1 day' +%F)T20:00:00Z}/" \
        "$here/../../ceremonies/subordinate-key.yaml"
}
# How many lines differ.
differ_by() { (($(diff "$1" "$2" | grep -c '^>') == $3)); }

# held KEY: its script is held, and its bundle lies where the root's script takes it.
held() {
    must "the online side's script for $1 and its site are good" "$ROOTRITE" check "$1.yaml" --site site.yaml "${@:2}"
    must "the online side makes the key of $1 in a ceremony of its own" \
        env ROOTRITE_TEST_HALVES=issuing ROOTRITE_TEST_PAPER=e3.txt timeout 300 python3 "$here/people.py" "$1.txt" \
        "$ROOTRITE" run "$1.yaml" --site site.yaml --log log --out "$1" --plain
    local bundle=$1/bundle-2026-10-subordinate-$1
    must "its bundle verifies" "$ROOTRITE" verify "$bundle" --policy log/policy
    check "nobody typed a PIN into a file of it" silent grep -rlE "$ROOTRITE_TEST_PIN" "$1" log "$1.txt"
    mkdir -p "$work/ceremony/inputs" && cp -r "$bundle" "$work/ceremony/inputs/$1"
}

ready >e3.yaml
check 'it is the ready script but for policy, class and window' differ_by "$here/../../ceremonies/subordinate-key.yaml" e3.yaml 3
held e3
# The same for a key of another kind: the online side's log goes on.
ready | sed -e 's/e3/r1/g' -e 's/E3/R1/g' -e 's/algorithm: ecdsa-p384/algorithm: rsa-2048/' \
    -e 's/- create-log: {.*}/- confirm-log: {}/' >r1.yaml
held r1 --log log
