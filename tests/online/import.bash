#!/usr/bin/env bash
# Takes the bundle in as the online side does: judged by its own pins, staged by one person, activated by another; and
# shows that what is refused changes nothing of what a server is configured with.
#
#   import.bash WORK
#
# The folder WORK gets `people` (their keys), `pins` and `store`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
checks=$work/import.checks
# shellcheck source=tests/online/checks.bash
. "$here/checks.bash"
# shellcheck source=tests/online/tokens.bash
. "$here/tokens.bash"

bundle=$work/ceremony/out/bundle-online-test
mkdir -p "$work/people" "$work/pins"
for person in ann ben; do
    ssh-keygen -q -t ed25519 -N '' -C "$person" -f "$work/people/$person"
done
cp "$work/ceremony/log/policy" "$work/pins/policy"
python3 "$here/pins.py" "$bundle" "$work" >"$work/pins/pins.yaml"

# import_with PINS BUNDLE [OPTION…]: with the PIN of the online token on descriptor 3.
import_with() {
    local pins=$1 from=$2
    shift 2
    "$ROOTRITE" import "$from" --pins "$work/pins/$pins" "$@" 3<"$work/online/pin"
}
root_of() { sed -n 3p "$1/checkpoint" | base64 -d | od -An -v -tx1 | tr -d ' \n'; }
stage() { import_with pins.yaml "$1" --stage --person "$2" --key "$work/people/$2"; }
activate() { import_with pins.yaml "$1" --activate --person "$2" --key "$work/people/$2" --root "$(root_of "$1")"; }
# Everything of the store but the lock, and heads that are kept as evidence: one digest.
store() {
    [[ ! -e $work/store ]] || (
        cd "$work/store"
        { find . -path ./evidence -prune -o -type f ! -name lock -exec sha256sum {} + | sort; readlink active; } | sha256sum
    )
}

must 'the bundle is good by the pins, and the keys are on the online token' import_with pins.yaml "$bundle"
check 'nothing is changed by looking' test ! -e "$work/store"
must 'ann stages it' stage "$bundle" ann
check 'nothing is active yet' test ! -e "$work/store/active"
check 'ann does not activate what she staged' refused 3 ann activate "$bundle" ann
must 'ben activates it' activate "$bundle" ben
for server in acme-proxy step-ca django-ca; do
    must "the configuration of $server is active" test -s "$work/store/active/exports/$server/export.json"
    check "the configuration of $server has no PIN and no private key" silent \
        grep -rlE "$ROOTRITE_TEST_PIN|PRIVATE KEY" "$work/store/active/exports/$server"
done
before=$(store)

# never NAME CODE PINS BUNDLE: it is refused with its code, staged or not, and the store is as it was.
never() {
    check "import, $1: refused with $2" refused 5 "$2" import_with "$3" "$4" --stage --person ann --key "$work/people/ann"
    check "import, $1: what is active is as it was" test "$before" = "$(store)"
}
spoil() { rm -rf "$work/spoilt" && cp -r "$bundle" "$work/spoilt"; }
pins() { sed "$2" "$work/pins/pins.yaml" >"$work/pins/$1" && ! cmp -s "$work/pins/pins.yaml" "$work/pins/$1"; }

spoil && sed -i '1s/software/SOFTWARE/' "$work/spoilt/log.jsonl"
never 'a line that was changed' E126 pins.yaml "$work/spoilt"
spoil && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout /dev/null -days 1000 \
    -subj '/C=US/O=Online Test/CN=Online Test E3' -outform DER -out "$work/forged.der" 2>/dev/null &&
    cp "$work/forged.der" "$work/spoilt/artifacts/$(sha256sum "$work/forged.der" | cut -d' ' -f 1).der"
never 'a certificate that was signed and not logged' E140 pins.yaml "$work/spoilt"
never 'a practice ceremony' E158 pins.yaml "$work/ceremony/rehearsed/bundle-practice-online-test"

# A witness that never signed.
python3 - "$work/pins" <<'END'
import base64, hashlib, pathlib, sys
pins = pathlib.Path(sys.argv[1])
key = b"\x04" + bytes(range(32))
identifier = hashlib.sha256(b"witness.test\n" + key).digest()[:4].hex()
text = pins.joinpath("policy").read_text().splitlines()[0]
name = f"witness.test+{identifier}+{base64.b64encode(key).decode()}"
pins.joinpath("witnessed").write_text(f"{text}\nwitness w {name}\nquorum w\n")
END
pins witnessed.yaml 's/^policy: .*/policy: witnessed/'
never 'a head without the cosignature that is wanted' E110 witnessed.yaml "$bundle"

# The same script held again, on other tokens: every name is the same, and the root's key and the log's are others.
mkdir -p "$work/other" && cp -r "$work/ceremony/script.yaml" "$work/other"
cp -r "$work/ceremony/inputs" "$work/other"
token_folder other
{
    printf 'rootrite-site: 1\ntokens:\n'
    token other root
    token other log
    echo 'preflight: {minimum-free: 1 MiB}'
} >"$work/other/site.yaml"
must 'the same script is held with other keys' env -C "$work/other" timeout 300 python3 "$here/people.py" screen.txt \
    "$ROOTRITE" run script.yaml --site site.yaml --log log --out out --plain
forged=$work/other/out/bundle-online-test
never 'a root of the same name with another log key' E109 pins.yaml "$forged"
cp "$work/other/log/policy" "$work/pins/other"
pins other.yaml 's/^policy: .*/policy: other/'
never 'a root of the same name whose log key is trusted' E160 other.yaml "$forged"

# What is active already is not judged again: a store of its own for these.
elsewhere="s#^store: .*#store: $work/elsewhere#"
pins behind.yaml "$elsewhere; \$a last: {size: 100000, root: $(printf '0%.0s' {1..64})}"
never 'a log that is shorter than the one that was accepted' E132 behind.yaml "$bundle"
pins wrong-token.yaml "$elsewhere; "'s/label: issuing, id: [0-9a-f]*/label: issuing, id: 0102/'
pins other-key.yaml "$elsewhere; /^expected/,/^tools/s/spki-sha256: .*/spki-sha256: $(printf '0%.0s' {1..64})/"
never 'subordinate CAs of the same names with other keys' E167 other-key.yaml "$bundle"
never 'a token without the key' E180 wrong-token.yaml "$bundle"
pins other-module.yaml "$elsewhere; "'s/^modules: .*/modules: [0000000000000000000000000000000000000000000000000000000000000000]/'
never 'a module that nobody allowed' E156 other-module.yaml "$bundle"
