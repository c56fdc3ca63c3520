# certbot, serving the challenge itself.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

certbot_quietly() {
    local folder=$1 code=0
    shift
    timeout 120 certbot "$@" --non-interactive --config-dir "$folder/config" --work-dir "$folder/work" \
        --logs-dir "$folder/logs" || code=$?
    # Debian's version says an AttributeError where the server said what is wrong: that is in its log.
    ((code == 0)) || grep -h '"detail"' "$folder/logs/letsencrypt.log" || true
    return "$code"
}

certbot_obtain() {
    certbot_quietly "$2" certonly --standalone --agree-tos --email "operator@$1" --server "$3" --domain "$1"
}

# Without this option a renewal without a terminal sleeps up to eight minutes.
certbot_renew() { certbot_quietly "$2" renew --force-renewal --no-random-sleep-on-renew; }

certbot_revoke() {
    certbot_quietly "$2" revoke --server "$3" --cert-path "$4" --no-delete-after-revoke
}

certbot_file() { echo "$2/config/live/$1/fullchain.pem"; }
