# dehydrated, writing the challenge into the web root.
# shellcheck shell=bash

dehydrated_with() {
    cat >"$2/config" <<END
CA="$3"
BASEDIR="$2"
WELLKNOWN="$webroot/.well-known/acme-challenge"
CONTACT_EMAIL="operator@$1"
END
    timeout 120 dehydrated --config "$2/config" "${@:4}"
}

dehydrated_obtain() {
    dehydrated_with "$@" --register --accept-terms && with_webroot dehydrated_with "$@" --cron --domain "$1"
}

dehydrated_renew() { with_webroot dehydrated_with "$@" --cron --force --domain "$1"; }

dehydrated_revoke() { dehydrated_with "$@" --revoke "$2/certs/$1/cert.pem"; }

dehydrated_file() { echo "$2/certs/$1/fullchain.pem"; }
