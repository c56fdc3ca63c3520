# dehydrated, writing the challenge into the web root.
#
# Its own choice, P-384 with a request that is signed over SHA-256, makes acme-proxy 0.7.0 issue a certificate that says
# P-256 and that nothing can read.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

dehydrated_with() {
    cat >"$2/config" <<END
CA="$3"
BASEDIR="$2"
WELLKNOWN="$webroot/.well-known/acme-challenge"
KEY_ALGO=prime256v1
CONTACT_EMAIL="operator@$1"
END
    timeout 120 dehydrated --config "$2/config" "${@:4}"
}

dehydrated_obtain() {
    dehydrated_with "$@" --register --accept-terms && with_webroot dehydrated_with "$@" --cron --domain "$1"
}

dehydrated_renew() { with_webroot dehydrated_with "$@" --cron --force --domain "$1"; }

dehydrated_revoke() { dehydrated_with "${@:1:3}" --revoke "$4"; }

dehydrated_file() { echo "$2/certs/$1/fullchain.pem"; }
