# step-ca with the exported configuration. It makes its web certificate with its own key. This version has no CRL.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

server_issuers() { echo e3 r1; }

server_directory() { echo https://acme.test/acme/acme/directory; }

server_start() { exec "$STEP_CA" "$work/store/active/exports/step-ca/$1/ca.json"; }

# Debian's version answers nobody who asks about revocation: what can be seen is that it knows.
server_judge_revoked() {
    check "step-ca, $client: it knows that it is revoked" declined 'already' \
        "${client}_revoke" "$name" "$folder" "$directory" "$folder/revoked.pem"
}

server_judge_refusals() { :; }
