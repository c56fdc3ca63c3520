# certbot, serving the challenge itself.
# shellcheck shell=bash

certbot_quietly() {
    local folder=$1
    shift
    timeout 120 certbot "$@" --non-interactive --config-dir "$folder/config" --work-dir "$folder/work" --logs-dir "$folder/logs"
}

certbot_obtain() {
    certbot_quietly "$2" certonly --standalone --agree-tos --email "operator@$1" --server "$3" --domain "$1"
}

# Without this option a renewal without a terminal sleeps up to eight minutes.
certbot_renew() { certbot_quietly "$2" renew --force-renewal --no-random-sleep-on-renew; }

certbot_revoke() {
    certbot_quietly "$2" revoke --server "$3" --cert-path "$2/config/live/$1/cert.pem" --no-delete-after-revoke
}

certbot_file() { echo "$2/config/live/$1/fullchain.pem"; }
