# step-ca with the exported configuration. It makes its web certificate with its own key. This version has no CRL.
# shellcheck shell=bash

server_issuers() { echo e1 r1; }

server_directory() { echo https://acme.test/acme/acme/directory; }

server_start() { exec "$STEP_CA" "$work/export-step-ca/$1/ca.json"; }

# Debian's version answers nobody who asks about revocation: what can be seen is that it knows.
server_judge_revoked() {
    check "step-ca, $4: it knows that it is revoked" refused 1 'already' certbot_again "$2"
}

server_judge_refusals() { :; }
